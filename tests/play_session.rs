//! A session without any device: keys are pressed, answers come, everything is recorded, and the recording plays the same
//! notes again.
#![cfg(feature = "play")]

mod play_support;
mod render_support;

use oneiro::bridge::{Part, ShowKind};
use oneiro::compose::{Mode, Refusal};
use oneiro::controls::Control;
use oneiro::model::library::Folder;
use oneiro::model::spec::Kind;
use oneiro::moment::now_ns;
use oneiro::music::midi::{ReadOptions, read_midi_file};
use oneiro::play::{Models, Options, Running, Scene, Wish, lock};
use oneiro::render::{Job, Target, render_take};
use oneiro::take::{Event, Take, read_take};
use play_support::{models, options, wait_until, wait_until_told};
use render_support::{melody_model, write};
use std::time::{Duration, Instant};

/// Plays two keys a beat until an answer sounds, for a minute at most.
fn play(running: &Running) {
    let until = Instant::now() + Duration::from_secs(60);
    let answered = || lock(running.scene()).notes.iter().filter(|n| n.part == Part::Answer).count() >= 3;
    for pitch in [60_u8, 62, 64, 65, 67, 65, 64, 62].into_iter().cycle() {
        if answered() || Instant::now() > until {
            break;
        }
        running.intake().press(now_ns(), pitch, 90);
        std::thread::sleep(Duration::from_millis(70));
        running.intake().release(now_ns(), pitch);
        std::thread::sleep(Duration::from_millis(20));
    }
    // One is left to the end of the session.
    running.intake().press(now_ns(), 72, 50);
    running.wish(Wish::Set(Control::SOUND, 2.0));
    running.wish(Wish::Set(Control::CAPTURE_B, 1.0));
    running.wish(Wish::Set(Control::by_name("temperature").unwrap(), 0.5));
    running.wish(Wish::Set(Control::MODE, 3.0));
    let last_key = |scene: &Scene| scene.notes.iter().any(|note| note.part == Part::Call && note.pitch == 72);
    wait_until(running, "the last key is heard, and the last order followed", |scene| {
        last_key(scene) && scene.status.mode == Mode::Morph
    });
}

fn notes_on(take: &Take, whose: Part) -> Vec<u8> {
    let pitch =
        |event: &Event| if let Event::On(part, pitch, _) = event { (*part == whose).then_some(*pitch) } else { None };
    take.moments.iter().filter_map(|m| pitch(&m.event)).collect()
}

#[test]
fn a_session_is_answered_recorded_and_played_again_note_for_note() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.oneiro-session");
    let running = Running::start(options(&path), models()).unwrap();
    play(&running);
    let losses = lock(running.scene()).losses;
    drop(running);
    let take = read_take(&path).unwrap();
    assert!(!take.broken_off && take.header.rate.0 == 44_100 && take.header.controls["tempo"] == 300.0);
    assert_eq!(take.header.model.as_ref().unwrap().name, "random-melody");
    let answers = notes_on(&take, Part::Answer);
    assert!(answers.len() >= 3, "{:?}", take.moments);
    let ons = take.moments.iter().filter(|m| matches!(m.event, Event::On(..))).count();
    let offs = take.moments.iter().filter(|m| matches!(m.event, Event::Off(..))).count();
    assert_eq!(ons, offs, "every note has ended");
    let chosen: Vec<u8> = take
        .moments
        .iter()
        .filter_map(|m| if let Event::Phrase(phrase) = &m.event { Some(phrase) } else { None })
        .flat_map(|phrase| phrase.notes.iter().map(|n| n.pitch))
        .collect();
    if losses.late_moved == 0 {
        assert_eq!(answers[..], chosen[..answers.len()], "what sounds is what was chosen");
    } else {
        // On a machine that is much too busy notes come late and are moved: then they are at least no others.
        assert!(answers.iter().all(|pitch| chosen.contains(pitch)), "{answers:?} of {chosen:?}");
    }
    let changed =
        |m: &&oneiro::take::Moment| matches!(&m.event, Event::Control(name, value) if name == "sound" && *value == 2.0);
    assert!(take.moments.iter().any(|m| changed(&m)), "control moves are recorded");
    // What the composer was ordered to do is recorded with the position from which on it counts.
    let beats = take.length as f64 / 44_100.0 * 300.0 / 60.0;
    let orders: Vec<(&str, f64)> = take
        .moments
        .iter()
        .filter_map(
            |m| if let Event::Order(name, value, at) = &m.event { Some((name.as_str(), *value, at)) } else { None },
        )
        .inspect(|(name, _, at)| assert!((0.0..=beats).contains(&at.0) && at.0 > 0.0, "{name} at {at:?} of {beats}"))
        .map(|(name, value, _)| (name, value))
        .collect();
    assert_eq!(orders, [("capture-b", 1.0), ("temperature", 0.5), ("mode", 3.0)]);

    let midi = folder.path().join("again.mid");
    let wav = folder.path().join("again.wav");
    let targets = [&midi, &wav].map(|p| Target::from_name(&p.display().to_string()).unwrap()).to_vec();
    let job = Job { size: oneiro::picture::VideoSize { width: 64, height: 64 }, ..Job::new(targets) };
    let rendered = render_take(&take, Vec::new(), &job, &mut ()).unwrap();
    assert_eq!(rendered.recording.lost, 0);
    let seen: Vec<u8> = rendered
        .recording
        .show
        .iter()
        .filter_map(
            |e| if let ShowKind::NoteOn { part: Part::Answer, pitch, .. } = e.kind { Some(pitch) } else { None },
        )
        .collect();
    assert_eq!(seen, answers, "the performer plays every note again");
    let sound = std::fs::read(&wav).unwrap();
    let samples = hound::WavReader::open(&wav).unwrap().samples::<i32>().map(Result::unwrap).collect::<Vec<_>>();
    assert!(samples.iter().any(|x| x.abs() > 1 << 16));

    // In the MIDI file each note lies where it sounded, to a tick.
    let score = read_midi_file(&midi, &ReadOptions::default()).unwrap();
    let part = score.parts.iter().find(|p| p.name == "Answer").unwrap();
    let first = take.moments.iter().find(|m| matches!(m.event, Event::On(Part::Answer, ..))).unwrap();
    let seconds = first.sample as f64 / 44_100.0;
    let read = score.tempo.seconds_at(part.notes[0].onset);
    assert!((read - seconds).abs() < 0.002, "{read} s, was {seconds} s");
    assert_eq!(part.notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), answers);
    // And twice the same.
    render_take(&take, Vec::new(), &job, &mut ()).unwrap();
    assert!(std::fs::read(&wav).unwrap() == sound);
}

#[test]
fn without_a_model_one_plays_on_and_a_take_never_takes_anothers_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.oneiro-session");
    for _ in 0..2 {
        let running = Running::start(options(&path), Models::default()).unwrap();
        running.intake().press(now_ns(), 60, 90);
        wait_until(&running, "the key is heard", |scene| !scene.notes.is_empty());
    }
    for name in ["s.oneiro-session", "s-2.oneiro-session"] {
        assert_eq!(notes_on(&read_take(&folder.path().join(name)).unwrap(), Part::Call), [60], "{name}");
    }
}

#[test]
fn modes_are_switched_while_it_plays_and_what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { record: false, ..options(&folder.path().join("s.oneiro-session")) };
    let running = Running::start(options, models()).unwrap();
    running.wish(Wish::Set(Control::MODE, 3.0));
    wait_until_told(&running, "there is no phrase network");
    let status = lock(running.scene()).status.clone();
    assert_eq!((status.mode, status.refusal), (Mode::Morph, Some(Refusal::NoNetwork)));
    // It goes on without: with the melody network, which answers.
    play(&running);
    assert!(lock(running.scene()).status.history.1 > 0);
}

#[test]
fn models_are_changed_while_it_plays_and_a_broken_file_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.oneiro-session");
    let (model, mut spec) = melody_model();
    spec.name = "another-melody".into();
    write((model, spec), folder.path(), "b-melody.onnx");
    std::fs::write(folder.path().join("a-broken.onnx"), b"no model at all").unwrap();
    let running = Running::start(options(&path), models()).unwrap();
    running.wish(Wish::Library(vec![Folder { path: folder.path().to_owned(), why: "a test" }]));
    running.wish(Wish::NextModel(Kind::MelodyRnn));
    wait_until_told(&running, "melody model: another-melody");
    wait_until_told(&running, "a-broken.onnx");
    assert_eq!(lock(running.scene()).model.as_deref(), Some("another-melody"));
    running.wish(Wish::NextModel(Kind::MelodyRnn));
    wait_until_told(&running, "there is no other melody model");
    running.wish(Wish::NextModel(Kind::MelodyVae));
    wait_until_told(&running, "there is no other phrase model");
    play(&running);
    assert!(lock(running.scene()).status.history.1 > 0, "it answers");
    drop(running);
    let take = read_take(&path).unwrap();
    let changes =
        take.moments.iter().filter(|m| matches!(&m.event, Event::Model(mark) if mark.name == "another-melody"));
    assert_eq!(changes.count(), 1, "the record tells of it");
}

#[test]
fn a_model_comes_where_there_was_none() {
    let folder = tempfile::tempdir().unwrap();
    write(melody_model(), folder.path(), "melody.onnx");
    let options = Options { record: false, ..options(&folder.path().join("s.oneiro-session")) };
    let running = Running::start(options, Models::default()).unwrap();
    running.wish(Wish::Library(vec![Folder { path: folder.path().to_owned(), why: "a test" }]));
    running.wish(Wish::NextModel(Kind::MelodyRnn));
    wait_until_told(&running, "melody model: random-melody");
    play(&running);
    assert!(lock(running.scene()).status.history.1 > 0, "it answers");
}
