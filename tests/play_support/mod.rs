//! The instrument with all its threads, under somebody's hands.
#![allow(dead_code)] // each test program uses a part

use crate::render_support::{bytes, melody_model};
use oneiro::bridge::Part;
use oneiro::compose::MelodyModel;
use oneiro::controls::{Control, Settings};
use oneiro::devices::midi::MidiChoice;
use oneiro::devices::sound::SoundChoice;
use oneiro::live::LatePolicy;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::moment::now_ns;
use oneiro::play::{ControlMap, Models, Options, Running, Scene, lock};
use oneiro::take::{Event, ModelMark, Take, read_take};
use oneiro::time::{Beats, TimeSignature};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// How to play without devices, fast and with short answers, and to record it from the start.
pub fn options(record: &Path) -> Options {
    let mut settings = Settings::default();
    settings.set(Control::TEMPO, 300.0);
    settings.set(Control::by_name("phrase-length").unwrap(), 1.0);
    Options {
        sound: SoundChoice { none: true, rate: Some(44_100), ..SoundChoice::default() },
        midi: MidiChoice { none: true, ..MidiChoice::default() },
        settings,
        metre: TimeSignature::COMMON,
        late: LatePolicy::NextStep(Beats(0.25)),
        map: ControlMap::default(),
        map_path: None,
        sound_font: None,
        record_path: record.to_owned(),
        record: true,
    }
}

/// A small network for melodies, and none for phrases.
pub fn models() -> Models {
    let usual = SessionOptions::default();
    let session = Session::from_bytes("melody.onnx", bytes(melody_model()), Kind::MelodyRnn, &usual).unwrap();
    let mark = ModelMark { name: "random-melody".into(), sha256: "0".repeat(64) };
    Models { melody: Some((MelodyModel::new(session).unwrap(), mark)), ..Models::default() }
}

/// An instrument that records what it plays.
pub fn instrument(folder: &Path) -> Running {
    Running::start(options(&folder.join("s.oneiro-session")), models()).unwrap()
}

/// Plays two keys a beat until something is so.
pub fn play_until(running: &Running, what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    for pitch in [60_u8, 62, 64, 65, 67, 65, 64, 62].into_iter().cycle() {
        if done() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}: {:?}", lock(running.scene()).messages);
        running.intake().press(now_ns(), pitch, 90);
        std::thread::sleep(Duration::from_millis(70));
        running.intake().release(now_ns(), pitch);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a message tells of something.
pub fn tells(running: &Running, text: &str) -> bool {
    is_told(&lock(running.scene()), text)
}

fn is_told(scene: &Scene, text: &str) -> bool {
    scene.messages.iter().any(|(_, message)| message.contains(text))
}

/// Waits until something is to be seen.
pub fn wait_until(running: &Running, what: &str, seen: impl Fn(&Scene) -> bool) {
    let began = Instant::now();
    while !seen(&lock(running.scene())) {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}: {:?}", lock(running.scene()).messages);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a message tells of something.
pub fn wait_until_told(running: &Running, text: &str) {
    wait_until(running, text, |scene| is_told(scene, text));
}

/// Notes of answers that began after a position.
pub fn answers(running: &Running, after: Beats) -> usize {
    lock(running.scene()).notes.iter().filter(|note| note.part == Part::Answer && note.from > after).count()
}

/// Ends it with a key held, which is not to take long, and prints what it told.
pub fn end(running: Running) {
    running.intake().press(now_ns(), 72, 50);
    std::thread::sleep(Duration::from_millis(60));
    let scene = std::sync::Arc::clone(running.scene());
    let began = Instant::now();
    drop(running);
    assert!(began.elapsed() < Duration::from_secs(5), "its end took {:?}", began.elapsed());
    lock(&scene).messages.iter().for_each(|(_, message)| println!("told: {message}"));
}

/// What was recorded, in which every note has its end.
pub fn recorded(folder: &Path) -> Take {
    let take = read_take(&folder.join("s.oneiro-session")).unwrap();
    let mut sounding = std::collections::BTreeSet::new();
    for moment in &take.moments {
        match moment.event {
            Event::On(part, pitch, _) => assert!(sounding.insert((part.index(), pitch)), "{part:?} {pitch} twice"),
            Event::Off(part, pitch) => {
                assert!(sounding.remove(&(part.index(), pitch)), "{part:?} {pitch} has no start")
            }
            _ => {}
        }
    }
    assert!(sounding.is_empty() && !take.broken_off, "{sounding:?} sound for ever");
    take
}
