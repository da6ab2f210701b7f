//! The melody model played event by event says the same as the network over the whole tune.

use oneiro::compose::{MelodyModel, Place};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::encoding::{DURATION_CLASSES, END, EncodedTune, PITCH_CLASSES, bar_steps, metre_class};
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro::train::nets::melody_rnn::{Config, Scorer, Tune, performing_graph, performing_model};
use oneiro::train::program::Device;
use oneiro::train::step::draw;
use oneiro::train::tensor::Tensors;
use prost::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn weights(config: Config) -> Tensors {
    let g = performing_graph(config);
    g.parameters().iter().map(|p| (p.name.clone(), draw(&p.init, &p.name, g.shape(p.var), 5))).collect()
}

/// A tune with a motif that comes back, so that copying has something to copy.
fn tune(seed: u64) -> EncodedTune {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let motif = (0..8).map(|_| (rng.random_range(55..80_u8), [6, 12, 24, 36][rng.random_range(0..4)]));
    let motif = motif.collect::<Vec<_>>();
    let mut events = Vec::new();
    for round in 0..4 {
        for &(pitch, steps) in &motif {
            events.push(MelodyEvent { pitch: (round != 2 || steps != 6).then_some(pitch), steps });
        }
        events.push(MelodyEvent { pitch: Some(rng.random_range(55..80)), steps: 48 });
    }
    let metre = TimeSignature { numerator: 3, denominator: 4 };
    EncodedTune::new(&Melody { title: String::new(), metre, start_step: 48, events }).unwrap()
}

#[test]
fn streaming_a_tune_costs_the_same_bits_as_the_whole_at_once() {
    let config = Config::new(24, 8);
    let weights = weights(config);
    let (mut proto, spec) = performing_model(config, &weights, "test");
    spec.store(&mut proto).unwrap();
    let session =
        Session::from_bytes("test", proto.encode_to_vec(), Kind::MelodyRnn, &SessionOptions::default()).unwrap();
    let mut model = MelodyModel::new(session).unwrap();
    let mut scorer = Scorer::new(config, &weights, Device::Cpu { threads: 1 }).unwrap();
    for seed in [1, 2] {
        let tune = tune(seed);
        let whole = scorer.score(&[Tune::from(&tune)]).unwrap();
        model.forget();
        let (mut duration_nats, mut pitch_nats) = (0.0, 0.0);
        let bar = bar_steps(tune.metre);
        for (i, at) in tune.positions().into_iter().enumerate() {
            let place = Place { position: at % bar, metre: metre_class(tune.metre), bars: at as f32 / bar as f32 };
            let expected = model.expect(place).unwrap();
            assert_eq!(expected.log_pitch.len(), DURATION_CLASSES * PITCH_CLASSES);
            let total: f32 = expected.log_duration.iter().map(|l| l.exp()).sum();
            assert!((total - 1.0).abs() < 1e-4, "durations are a distribution, and sum to {total}");
            let Some(&token) = tune.tokens.get(i) else {
                duration_nats -= f64::from(expected.log_duration[usize::from(END)]);
                break;
            };
            duration_nats -= f64::from(expected.log_duration[usize::from(token.duration)]);
            let row = usize::from(token.duration) * PITCH_CLASSES;
            pitch_nats -= f64::from(expected.log_pitch[row + usize::from(token.pitch)]);
            model.hear(expected, token);
        }
        let bits = |nats: f64| nats / std::f64::consts::LN_2 / tune.notes() as f64;
        let first = 6.0 / tune.notes() as f64;
        let (duration, pitch) = (bits(duration_nats), bits(pitch_nats) + first);
        assert!((duration - whole.duration_bits).abs() < 1e-3, "seed {seed}: {duration} streamed, {whole} whole");
        assert!((pitch - whole.pitch_bits).abs() < 1e-3, "seed {seed}: {pitch} streamed, {whole} whole");
    }
}
