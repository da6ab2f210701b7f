//! A director with the shipped networks, a player and an ear for what is planned.
#![allow(dead_code)] // not every test uses all of it

use oneiro::bridge::{AudioSide, Heard, HeardKind, Part, Plan, SecondTones, Stage, StageSizes};
use oneiro::compose::{Controls, Corner, Director, MelodyModel, Mode, Order, PhraseModel, Settings};
use oneiro::model::inspect::inspect_bytes;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::Note;
use oneiro::time::{Beats, Bpm, TimeSignature};
use std::path::Path;

/// Two bars in G major, a little loose in time.
pub const CALL: [(f64, f64, u8); 9] = [
    (0.01, 0.9, 67),
    (1.0, 0.48, 69),
    (1.49, 0.5, 71),
    (2.0, 1.4, 74),
    (3.5, 0.5, 72),
    (4.0, 0.5, 71),
    (4.5, 0.5, 69),
    (5.0, 1.0, 66),
    (6.0, 1.9, 67),
];

/// Two bars of another shape in the same key.
pub const OTHER: [(f64, f64, u8); 8] = [
    (0.0, 0.5, 79),
    (0.5, 0.5, 78),
    (1.0, 0.5, 76),
    (1.5, 0.5, 74),
    (2.0, 2.0, 71),
    (4.0, 1.0, 72),
    (5.0, 1.0, 69),
    (6.0, 2.0, 67),
];

fn model(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name)
}

pub fn phrase_model() -> PhraseModel {
    let file = model("melody-vae-2.onnx");
    let inspected = inspect_bytes("melody-vae-2.onnx", std::fs::read(&file).unwrap()).unwrap();
    PhraseModel::new(inspected, &SessionOptions::default()).unwrap()
}

pub fn melody_model() -> MelodyModel {
    let session = Session::open(&model("melody-rnn.onnx"), Kind::MelodyRnn, &SessionOptions::default()).unwrap();
    MelodyModel::new(session).unwrap()
}

/// What happens in a performance, in order of position.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub events: Vec<(f64, HeardKind)>,
    pub orders: Vec<(f64, Order)>,
}

impl Script {
    /// Bars of a metre, and time that runs from beat 0.
    pub fn new(metre: TimeSignature, bars: i32) -> Self {
        let transport = HeardKind::Transport { playing: true, tempo: Bpm(120.0), time_signature: metre, epoch: 0 };
        let mut events = vec![(0.0, transport)];
        for bar in 0..bars {
            events.push((f64::from(bar) * metre.bar_beats().0, HeardKind::Bar { bar, time_signature: metre }));
        }
        Self { events, orders: Vec::new() }
    }

    pub fn common(bars: i32) -> Self {
        Self::new(TimeSignature::COMMON, bars)
    }

    pub fn play(mut self, from: f64, notes: &[(f64, f64, u8)]) -> Self {
        for &(at, length, pitch) in notes {
            self.events.push((from + at, HeardKind::NoteOn { pitch, velocity: 80 }));
            self.events.push((from + at + length, HeardKind::NoteOff { pitch }));
        }
        // Stable, and ends before beginnings at one place.
        self.events.sort_by(|a, b| {
            let rank = |kind: &HeardKind| u8::from(matches!(kind, HeardKind::NoteOn { .. }));
            a.0.total_cmp(&b.0).then(rank(&a.1).cmp(&rank(&b.1)))
        });
        self
    }

    pub fn order(mut self, at: f64, order: Order) -> Self {
        self.orders.push((at, order));
        self
    }

    pub fn set(self, at: f64, settings: &Settings) -> Self {
        self.order(at, Order::Settings(Box::new(settings.clone())))
    }
}

/// Controls as they are, with a seed.
pub fn settings(seed: u64) -> Settings {
    Settings { controls: Controls { seed, ..Controls::default() }, ..Settings::default() }
}

/// Two phrases with a gap after each, both captured; chords for those who improvise, which are low.
pub fn busy_script(mode: Mode, settings: &Settings) -> Script {
    let chords = [(0.0, 7.5, 43), (0.0, 7.5, 47), (0.0, 7.5, 50), (8.1, 7.8, 48), (8.1, 7.8, 52), (8.1, 7.8, 55)];
    let script = Script::common(16).set(0.0, settings).order(0.0, Order::Mode(mode));
    match mode {
        Mode::Improvise => script.play(0.0, &chords).play(16.0, &chords),
        Mode::Morph => script
            .play(0.0, &CALL)
            .order(7.9, Order::Capture(Corner::A))
            .play(8.0, &OTHER)
            .order(15.9, Order::Capture(Corner::B)),
        _ => script.play(0.0, &CALL).play(16.0, &OTHER),
    }
}

/// A director with its audio side.
pub struct Bench {
    pub director: Director,
    pub audio: AudioSide,
    /// Every plan as it came, with the position at which the director was asked.
    pub plans: Vec<(f64, Plan)>,
    /// Whether it thinks ahead each time it was asked.
    pub ahead: bool,
}

impl Default for Bench {
    fn default() -> Self {
        Self::new(true)
    }
}

impl Bench {
    pub fn new(phrases: bool) -> Self {
        let Stage { audio, composer, .. } = Stage::new(StageSizes { plans: 16_384, heard: 16_384, show: 16 });
        let director = Director::new(melody_model(), phrases.then(phrase_model), composer);
        Self { director, audio, plans: Vec::new(), ahead: false }
    }

    /// Performs a script up to a position; it is asked at the given positions and at the end.
    pub fn perform(&mut self, script: &Script, asked: &[f64], end: f64) {
        for (at, order) in &script.orders {
            // Orders count from their positions on, however early they are given.
            if self.director.status().history.1 == 0 && self.plans.is_empty() && *at <= 0.0 {
                self.director.order(Beats(*at), order.clone()).unwrap();
            }
        }
        let mut orders = script.orders.iter().filter(|(at, _)| *at > 0.0).peekable();
        let mut events = script.events.iter().peekable();
        for &pos in asked.iter().chain([&end]) {
            while let Some((at, kind)) = events.next_if(|(at, _)| *at < pos) {
                // Orders go before what comes after them, as a clock would have it.
                while let Some((at, order)) = orders.next_if(|(given, _)| given <= at) {
                    self.director.order(Beats(*at), order.clone()).unwrap();
                }
                self.audio.heard.send(Heard { pos_beats: Beats(*at), kind: *kind }).unwrap();
            }
            while let Some((at, order)) = orders.next_if(|(given, _)| *given <= pos) {
                self.director.order(Beats(*at), order.clone()).unwrap();
            }
            self.director.run_to(Beats(pos)).unwrap();
            while let Some(plan) = self.audio.plans.receive() {
                self.plans.push((pos, plan));
            }
            if self.ahead {
                self.director.rehearse();
            }
        }
    }

    /// The notes that a performer would play: withdrawn ones are gone.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = Vec::new();
        for (_, plan) in &self.plans {
            match *plan {
                Plan::Note { note, .. } => {
                    assert_eq!(note.part, Part::Answer);
                    let (onset, duration) = (note.at, note.duration);
                    notes.push(Note { onset, duration, pitch: note.pitch, velocity: note.velocity });
                }
                Plan::Withdraw { from, .. } => notes.retain(|note| note.onset < from),
                Plan::Phrase { .. } | Plan::Chord { .. } | Plan::Second { .. } => {}
            }
        }
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
        notes
    }

    /// What the audio side was told of the second voice, with where.
    pub fn seconds(&self) -> Vec<(f64, Option<SecondTones>)> {
        let second = |plan: &Plan| match *plan {
            Plan::Second { at, tones, .. } => Some((at.0, tones)),
            _ => None,
        };
        self.plans.iter().filter_map(|(_, plan)| second(plan)).collect()
    }

    pub fn within(&self, from: f64, to: f64) -> Vec<Note> {
        self.notes().into_iter().filter(|n| n.onset.0 >= from && n.onset.0 < to).collect()
    }
}

/// The notes of a performance that is asked every beat, after its orders before beat 0.
pub fn perform(script: &Script, end: f64) -> Bench {
    let mut bench = Bench::default();
    let asked: Vec<f64> = (0..end as i32).map(f64::from).collect();
    bench.perform(script, &asked, end);
    bench
}

/// Notes as seen from a position.
pub fn from(notes: &[Note], at: f64) -> Vec<(f64, f64, u8, u8)> {
    let round = |x: f64| (x * 1e6).round() / 1e6;
    notes.iter().map(|n| (round(n.onset.0 - at), round(n.duration.0), n.pitch, n.velocity)).collect()
}

/// One voice: nothing overlaps.
pub fn one_voice(notes: &[Note]) -> bool {
    notes.windows(2).all(|w| w[0].end().0 <= w[1].onset.0 + 1e-9) && notes.iter().all(|n| n.duration.0 > 0.0)
}
