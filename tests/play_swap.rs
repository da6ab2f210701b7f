//! Another model in the place of one, while it plays: nothing is heard of it but other melodies, from the next phrase on.

mod compose_support;
mod render_support;

use compose_support::{Bench, CALL, OTHER, Script, from, melody_model, phrase_model};
use oneiro::bridge::{Part, RingReceiver, RingSender, SampleClock, Stage, WatcherSide, ring};
use oneiro::compose::{Corner, Director, MelodyModel, Mode, Order, PhraseModel, Refusal};
use oneiro::live::{Instrument, Order as Wanted, OrderKind, PlayerKind, Report, ReportKind, Setup};
use oneiro::model::inspect::inspect_bytes;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::time::{Beats, Bpm, SampleRate};
use render_support::bytes;
use std::path::Path;
use std::sync::Arc;

const RATE: SampleRate = SampleRate(48_000);
const SAMPLES_PER_BEAT: f64 = 24_000.0;

/// A network of other sizes and other weights.
fn stranger() -> MelodyModel {
    let options = SessionOptions::default();
    let bytes = bytes(render_support::melody_model());
    MelodyModel::new(Session::from_bytes("stranger.onnx", bytes, Kind::MelodyRnn, &options).unwrap()).unwrap()
}

/// Phrases of four bars, where the usual ones have two.
fn long_phrases() -> PhraseModel {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/melody-vae-4.onnx");
    let inspected = inspect_bytes("melody-vae-4.onnx", std::fs::read(file).unwrap()).unwrap();
    PhraseModel::new(inspected, &SessionOptions::default()).unwrap()
}

struct Rig {
    instrument: Instrument,
    orders: RingSender<Wanted>,
    reports: RingReceiver<Report>,
    watcher: WatcherSide,
    director: Director,
    sound: Vec<[f32; 2]>,
    /// Answers that began: position in beats and pitch.
    answers: Vec<(f64, u8)>,
}

impl Rig {
    fn new() -> Self {
        let Stage { audio, composer, watcher } = Stage::default();
        let ((mut orders, ordered), (reporter, reports)) = (ring(4096), ring(8192));
        let clock = Arc::new(SampleClock::new(RATE));
        let instrument = Instrument::prepare(Setup::new(RATE), Bpm(120.0), audio, ordered, reporter, clock);
        orders.send(Wanted { sample: 0, kind: OrderKind::Run(true) }).unwrap();
        let director = Director::new(melody_model(), Some(phrase_model()), composer);
        Self { instrument, orders, reports, watcher, director, sound: Vec::new(), answers: Vec::new() }
    }

    fn play(&mut self, beat: f64, notes: &[(f64, f64, u8)]) {
        for &(at, length, pitch) in notes {
            let sample = |at: f64| ((beat + at) * SAMPLES_PER_BEAT) as u64;
            let (on, off) = (PlayerKind::NoteOn { pitch, velocity: 80 }, PlayerKind::NoteOff { pitch });
            for (sample, kind) in [(sample(at), on), (sample(at + length), off)] {
                self.orders.send(Wanted { sample, kind: OrderKind::Play(kind) }).unwrap();
            }
        }
    }

    fn run_to(&mut self, beat: f64) {
        while (self.sound.len() as f64) < beat * SAMPLES_PER_BEAT {
            let (mut left, mut right) = ([0.0; 256], [0.0; 256]);
            self.instrument.block(self.sound.len() as u64 * 1_000_000_000 / 48_000, &mut left, &mut right);
            self.sound.extend(left.into_iter().zip(right).map(<[f32; 2]>::from));
            while let Some(report) = self.reports.receive() {
                if let ReportKind::Note { part: Part::Answer, pitch, velocity: 1.. } = report.kind {
                    self.answers.push((report.sample as f64 / SAMPLES_PER_BEAT, pitch));
                }
            }
            self.director.follow(self.watcher.clock.read()).unwrap();
        }
    }
}

/// A call, an answer, another call and another answer; in the middle of the first answer something is done.
fn perform(meanwhile: impl FnOnce(&mut Director)) -> Rig {
    let mut rig = Rig::new();
    rig.play(0.05, &CALL);
    rig.play(16.5, &OTHER);
    rig.run_to(10.0);
    meanwhile(&mut rig.director);
    rig.run_to(32.0);
    rig
}

#[test]
fn the_sound_around_a_swap_is_the_sound_without_it() {
    let alone = perform(|_| ());
    let swapped = perform(|director| {
        director.replace_melody(stranger()).unwrap();
        director.replace_phrases(long_phrases());
    });
    // The present phrase plays on to its end and its last sounds, through the swap and beyond: no click, no gap.
    let end = (24.0 * SAMPLES_PER_BEAT) as usize;
    let sounding = alone.sound[..end].chunks(4800).skip(87).take(5).all(|s| s.iter().any(|x| x[0].abs() > 1e-3));
    assert!(sounding, "an answer sounds when the model is changed");
    let differs = alone.sound[..end].iter().zip(&swapped.sound).position(|(a, b)| a != b);
    assert_eq!(differs, None);
    let after = |rig: &Rig| rig.answers.iter().filter(|n| n.0 > 24.0).copied().collect::<Vec<_>>();
    assert!(after(&alone).len() >= 2 && after(&swapped).len() >= 2, "{:?} {:?}", alone.answers, swapped.answers);
    assert_ne!(after(&alone), after(&swapped), "another network answers");
    let counters = &swapped.watcher.counters;
    assert_eq!(counters.late_dropped.get() + counters.late_moved.get(), 0);
}

#[test]
fn the_same_network_in_its_own_place_changes_nothing() {
    let alone = perform(|_| ());
    let swapped = perform(|director| director.replace_melody(melody_model()).unwrap());
    assert_eq!(alone.answers, swapped.answers, "it hears what the old one had heard");
}

#[test]
fn phrases_of_an_old_network_can_be_asked_for_after_a_swap() {
    for mode in [Mode::Answer, Mode::Vary] {
        let mut bench = Bench::default();
        bench.perform(&Script::common(20).order(0.0, Order::Mode(mode)).play(0.0, &CALL), &[9.0], 16.1);
        bench.director.replace_melody(stranger()).unwrap();
        bench.director.replace_phrases(long_phrases());
        let first = from(&bench.within(8.0, 16.0), 8.0);
        let more = Script::default().order(16.2, Order::Again).order(28.2, Order::Another);
        bench.perform(&more, &[20.0, 30.0], 40.0);
        assert_eq!(from(&bench.within(20.0, 28.0), 20.0), first, "{mode}: what was written is played again");
        let another = from(&bench.within(32.0, 40.0), 32.0);
        let refusal = bench.director.status().refusal;
        if mode == Mode::Vary {
            assert_eq!((another.len(), refusal), (0, Some(Refusal::OtherNetwork)));
        } else {
            assert!(!another.is_empty() && another != first && refusal.is_none(), "{another:?} {refusal:?}");
        }
    }
}

#[test]
fn captured_phrases_are_morphed_by_the_network_that_comes() {
    let mut bench = Bench::default();
    let script =
        Script::common(24).play(0.0, &CALL).order(7.9, Order::Capture(Corner::A)).order(8.0, Order::Mode(Mode::Morph));
    bench.perform(&script, &[9.0, 12.0], 19.0);
    bench.director.replace_phrases(long_phrases());
    bench.perform(&Script::default(), &[30.0], 44.0);
    let status = bench.director.status();
    assert_eq!((status.refusal, status.captured[0]), (None, true));
    let notes = bench.within(28.0, 44.0);
    assert!(!notes.is_empty() && notes.iter().all(|n| n.onset >= Beats(28.0)), "a phrase of four bars: {notes:?}");
}
