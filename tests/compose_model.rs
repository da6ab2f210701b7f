//! The performing model, fed event by event, expects what the network it was trained as expects.

mod render_support;

use oneiro::compose::{ComposeError, Freedom, MelodyModel, Place};
use oneiro::model::onnx::{DimensionValue, ModelProto};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::{Dim, Kind, ModelSpec};
use oneiro::music::encoding::{DURATIONS, EncodedTune, PHASES, PITCH_CLASSES, metre_class};
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro::train::graph::{Graph, Weights};
use oneiro::train::nets::melody_rnn::{Bucket, Events, MelodyRnn, Tune};
use oneiro::train::program::{Device, Forward};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use render_support::{bytes, config, melody_model, melody_weights};

fn open(model: (ModelProto, ModelSpec)) -> Result<MelodyModel, ComposeError> {
    let options = SessionOptions::default();
    MelodyModel::new(Session::from_bytes("melody.onnx", bytes(model), Kind::MelodyRnn, &options).unwrap())
}

/// A tune with motifs that come back, rests and a pick-up.
fn tune() -> EncodedTune {
    let bar = [(Some(67), 24), (Some(69), 12), (Some(71), 12), (None, 12), (Some(74), 36)];
    let events: Vec<(Option<u8>, u16)> =
        [(Some(62), 12), (Some(64), 12)].into_iter().chain(bar).chain(bar).chain([(Some(67), 96)]).collect();
    let events = events.into_iter().map(|(pitch, steps)| MelodyEvent { pitch, steps }).collect();
    let melody = Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 72, events };
    EncodedTune::new(&melody).unwrap()
}

/// Costs of each event's duration and pitch in nats, by the graph that is trained.
fn trained_costs(tune: &EncodedTune) -> [Vec<f32>; 2] {
    let tune = Tune::from(tune);
    let bucket = Bucket { rows: tune.rows(), tunes: 1 };
    let shape = [1, bucket.rows];
    let mut g = Graph::new();
    let events = Events {
        duration: g.input_indices("duration", &shape),
        pitch: g.input_indices("pitch", &shape),
        position: g.input_indices("position", &shape),
        metre: g.input_indices("metre", &shape),
        phase: g.input("phase", &[1, bucket.rows, PHASES]),
    };
    let targets = ["target_duration", "target_pitch"].map(|name| g.input_indices(name, &shape));
    let matches = ["match_full", "match_rhythm"].map(|name| g.input(name, &[1, bucket.rows, bucket.rows]));
    let costs = MelodyRnn::new(&mut g, config()).costs(events, targets, matches, None);
    let model = g.to_model(&[("d", costs.duration), ("p", costs.pitch)], Weights::Inside(&melody_weights()));
    let mut feeds = bucket.feeds(&[&tune], config().durations, config().pitches);
    feeds.retain(|name, _| !name.starts_with("weight_"));
    let out = Forward::new(&model, Device::Cpu { threads: 1 }).unwrap().run(&feeds).unwrap();
    ["d", "p"].map(|name| out[name].data.clone())
}

#[test]
fn event_by_event_it_expects_what_the_trained_network_expects() {
    let tune = tune();
    let [durations, pitches] = trained_costs(&tune);
    let mut model = open(melody_model()).unwrap();
    for (i, (&token, position)) in tune.tokens.iter().zip(tune.positions()).enumerate() {
        let place = Place { position: position % 96, metre: metre_class(tune.metre), bars: position as f32 / 96.0 };
        let expectation = model.expect(place).unwrap();
        let duration = usize::from(token.duration);
        let found = [
            -expectation.log_duration[duration],
            -expectation.log_pitch[duration * PITCH_CLASSES + usize::from(token.pitch)],
        ];
        for (found, wanted) in found.into_iter().zip([durations[i], pitches[i]]) {
            assert!((found - wanted).abs() < 2e-3, "event {i}: {found} nats, {wanted} in training");
        }
        model.hear(expectation, token);
    }
    assert_eq!(model.heard(), tune.tokens.len());
    // The bar came twice: after its four first events the fifth is what followed earlier.
    let after = &tune.tokens[2..6];
    after.iter().for_each(|&token| {
        let expectation = model.expect(Place { position: 0, metre: 0, bars: 4.0 }).unwrap();
        model.hear(expectation, token);
    });
    let next: Vec<_> = model.continuations(4).collect();
    assert_eq!(next, [tune.tokens[6]; 2]);
    assert_eq!(DURATIONS[usize::from(next[0].duration)], 36);
}

#[test]
fn a_memory_of_fixed_length_expects_the_same() {
    let mut model = open(melody_model()).unwrap();
    // As earlier versions wrote it: always so many entries, whatever was heard.
    let (mut proto, mut spec) = melody_model();
    let fixed = 96;
    for input in spec.inputs.iter_mut().filter(|t| t.shape[0] == Dim::Named("memory".into())) {
        input.shape[0] = Dim::Fixed(fixed);
        let graph = proto.graph.as_mut().unwrap();
        let declared = graph.input.iter_mut().find(|v| v.name.as_deref() == Some(&input.name)).unwrap();
        let shape = declared.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut().unwrap();
        shape.dim[0].value = Some(DimensionValue::Fixed(fixed as i64));
    }
    assert_eq!(spec.inputs.iter().filter(|t| t.shape[0] == Dim::Fixed(fixed)).count(), 6);
    let mut old = open((proto, spec)).unwrap();
    let tune = tune();
    // More events than the first size of an open memory, less than the fixed one holds.
    for i in 0..80 {
        let token = tune.tokens[i % tune.tokens.len()];
        let place = Place { position: 6 * (i as u32 % 16), metre: 0, bars: i as f32 / 16.0 };
        let [a, b] = [&mut model, &mut old].map(|m| m.expect(place).unwrap());
        let pairs = a.log_duration.iter().chain(&a.log_pitch).zip(b.log_duration.iter().chain(&b.log_pitch));
        for (a, b) in pairs {
            assert!((a - b).abs() < 1e-3, "event {i}: {a} and {b}");
        }
        // What is only listened to is remembered as what was expected first.
        if i % 3 == 0 {
            model.listen(place, token).unwrap();
        } else {
            model.hear(a, token);
        }
        old.hear(b, token);
    }
}

#[test]
fn a_model_that_cannot_be_played_with_is_refused_with_its_name_and_the_reason() {
    type Case<'a> = (&'a str, &'a dyn Fn(&mut ModelSpec));
    let cases: [Case; 4] = [
        ("codes music as `other` 1", &|spec| spec.vocabulary.as_mut().unwrap().coding = "other".into()),
        ("table of durations", &|spec| spec.vocabulary.as_mut().unwrap().durations.truncate(9)),
        ("no input `keys`", &|spec| spec.inputs.retain(|t| t.name != "keys")),
        ("input `state0` has no fixed shape", &|spec| {
            let state = spec.inputs.iter_mut().find(|t| t.name == "state0").unwrap();
            state.shape[1] = Dim::Named("any".into());
        }),
    ];
    for (reason, change) in cases {
        let (model, mut spec) = melody_model();
        change(&mut spec);
        let message = open((model, spec)).expect_err("the model must be refused").to_string();
        assert!(message.starts_with("melody.onnx: cannot compose: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn a_tune_is_gone_on_with_to_the_step_and_the_same_after_anything_else() {
    let mut model = open(melody_model()).unwrap();
    let opening = tune();
    let end = *opening.positions().last().unwrap();
    let mut go_on = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        model.go_on(&opening, 100, Freedom::default(), &mut rng).unwrap()
    };
    let first = go_on(1);
    assert_eq!(first.tokens[..opening.tokens.len()], opening.tokens);
    assert_eq!(*first.positions().last().unwrap(), end + 100);
    assert_ne!(go_on(2), first, "seeds 1 and 2");
    assert_eq!(go_on(1), first);
}
