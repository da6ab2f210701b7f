//! A network that learns from the player foresees the player's next phrases better, and forgets all of it on demand.

use oneiro::bridge::lessons;
use oneiro::compose::{MelodyModel, Place};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::music::encoding::{DURATIONS, EncodedTune, PITCH_CLASSES, PlacedToken, REST, bar_steps, metre_class};
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro::train::learner::{Learner, LearnerWorker, Settings};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::{Duration, Instant};

/// Phrases that are learnt from, and those that come next.
const PHRASES: (usize, usize) = (8, 6);

fn shipped() -> Inspected {
    inspect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/melody-rnn.onnx")).unwrap()
}

/// A player who makes phrases of two bars out of two motifs in a whole-tone scale, each time moved and ended anew.
fn performance(seed: u64) -> Vec<Vec<PlacedToken>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let motifs: [&[(i32, u16)]; 2] =
        [&[(0, 36), (3, 12), (1, 12), (5, 36)], &[(4, 18), (2, 6), (5, 18), (1, 6), (3, 48)]];
    let phrases = PHRASES.0 + PHRASES.1;
    let mut events = vec![MelodyEvent { pitch: Some(70), steps: 96 }];
    for _ in 0..2 * phrases {
        let at = rng.random_range(-2..3);
        let motif = motifs[rng.random_range(0..2)];
        let last = rng.random_range(0..6);
        events.extend(motif.iter().enumerate().map(|(i, &(degree, steps))| {
            let degree = if i + 1 == motif.len() { last } else { degree };
            MelodyEvent { pitch: Some((66 + 2 * (at + degree)) as u8), steps }
        }));
    }
    let melody = Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 0, events };
    let coded = EncodedTune::new(&melody).unwrap();
    let bar = bar_steps(coded.metre);
    let mut heard: Vec<Vec<PlacedToken>> = vec![Vec::new(); phrases];
    for (&token, at) in coded.tokens.iter().zip(coded.positions()).skip(1) {
        let (position, bars) = (at % bar, at as f32 / bar as f32);
        let placed = PlacedToken { token, position, metre: metre_class(coded.metre), bars };
        heard[((at / bar) as usize - 1) / 2].push(placed);
    }
    heard
}

/// Bits a note of the phrases that come next, everything before them heard: as on stage.
fn bits_of_the_next(session: Session, phrases: &[Vec<PlacedToken>]) -> f64 {
    let mut model = MelodyModel::new(session).unwrap();
    let (mut bits, mut notes) = (0.0, 0);
    for (n, event) in phrases.iter().enumerate().flat_map(|(n, p)| p.iter().map(move |e| (n, e))) {
        let place = Place { position: event.position, metre: event.metre, bars: event.bars };
        let expectation = model.expect(place).unwrap();
        let (duration, pitch) = (usize::from(event.token.duration), usize::from(event.token.pitch));
        assert!(duration < DURATIONS.len());
        if n >= PHRASES.0 {
            let log = expectation.log_duration[duration] + expectation.log_pitch[duration * PITCH_CLASSES + pitch];
            bits -= f64::from(log) / std::f64::consts::LN_2;
            notes += usize::from(event.token.pitch != REST);
        }
        model.hear(expectation, event.token);
    }
    bits / f64::from(notes as u32)
}

#[test]
fn the_next_phrases_cost_fewer_bits_and_undo_gives_the_shipped_figures_back() {
    const SEED: u64 = 1;
    let phrases = performance(SEED);
    let plain = Session::from_inspected(shipped(), &SessionOptions::default()).unwrap();
    let before = bits_of_the_next(plain, &phrases);
    let mut learner = Learner::new(shipped(), Settings { steps: 4, ..Settings::default() }).unwrap();
    assert_eq!(bits_of_the_next(learner.session().unwrap(), &phrases), before, "nothing learnt yet, seed {SEED}");
    let start = Instant::now();
    for phrase in &phrases[..PHRASES.0] {
        assert!(learner.learn(phrase).unwrap());
    }
    let spent = start.elapsed().as_secs_f64() / PHRASES.0 as f64;
    let after = bits_of_the_next(learner.session().unwrap(), &phrases);
    println!("seed {SEED}: {before:.3} bits a note became {after:.3}; {spent:.2} s a phrase");
    assert!(after < 0.93 * before, "{before} bits a note became {after}, seed {SEED}");
    learner.undo().unwrap();
    assert_eq!(bits_of_the_next(learner.session().unwrap(), &phrases), before, "seed {SEED}");
}

#[test]
fn memory_is_bounded_and_nothing_to_learn_is_no_harm() {
    let settings = Settings { steps: 1, phrases: 3, ..Settings::default() };
    let mut learner = Learner::new(shipped(), settings).unwrap();
    assert!(!learner.learn(&[]).unwrap());
    let phrases = performance(3);
    let long = phrases.concat();
    assert!(learner.learn(&long).unwrap());
    for phrase in &phrases[..4] {
        learner.learn(phrase).unwrap();
    }
    assert_eq!(learner.phrases(), 3);
    // Another metre begins: stretches do not reach across.
    let waltz = phrases[5].iter().map(|e| PlacedToken { metre: 2, ..*e }).collect::<Vec<_>>();
    assert!(learner.learn(&waltz).unwrap());
}

#[test]
fn a_worker_learns_beside_the_player_who_takes_the_newest_model() {
    let phrases = performance(4);
    let (teacher, pupil) = lessons(4);
    let settings = Settings { steps: 2, ..Settings::default() };
    let worker = LearnerWorker::spawn(Learner::new(shipped(), settings).unwrap(), pupil, |_| ());
    let wait = || {
        let start = Instant::now();
        loop {
            if let Some(session) = teacher.newest() {
                return session;
            }
            assert!(start.elapsed() < Duration::from_secs(120), "no model came");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let mut model = MelodyModel::new(Session::from_inspected(shipped(), &SessionOptions::default()).unwrap()).unwrap();
    let place = Place { position: 0, metre: 0, bars: 0.0 };
    let first = model.expect(place).unwrap().log_duration.clone();
    assert!(teacher.phrase(phrases[0].clone()));
    model.adopt(wait()).unwrap();
    assert_ne!(model.expect(place).unwrap().log_duration, first);
    teacher.undo();
    model.adopt(wait()).unwrap();
    assert_eq!(model.expect(place).unwrap().log_duration, first);
    drop(teacher);
    worker.join();
}
