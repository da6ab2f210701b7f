//! What goes wrong beside the audio: a desk that panics, a model that loops for ever, a host that is stopped. The host goes on, notes
//! have their ends, and the editor says what happened. Each is played in a process of its own.
#![cfg(all(unix, debug_assertions))]

#[path = "support/desk.rs"]
mod desk;
#[path = "../../tests/support/endless.rs"]
mod endless;
#[path = "../../tests/fault_support/mod.rs"]
mod fault_support;
mod host;

use desk::Desk;
use fault_support::{Closed, another, bound, lines, own_part, said, signal};
use host::{Daw, INSTRUMENT, Out, answers, assert_paired, load};
use oneiro::model::spec::Kind;
use oneiro_plugin::presets;
use oneiro_plugin::view::{ModelState, Wish};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// A round: a call of two bars, and what is answered.
const ROUND: f64 = 16.0;

/// Plays rounds in a host; where answers began, in beats.
fn rounds(daw: &mut Daw, count: u32) -> Vec<f64> {
    let (start, mut notes) = (daw.now, Vec::new());
    for round in 0..count {
        let from = ROUND * f64::from(round);
        let (call, end) = (daw.call(daw.zero.1 + from), start + daw.samples(from + ROUND));
        notes.extend(daw.play_to(end, &call, || 512));
    }
    daw.playing = false;
    notes.extend(daw.block(512, &[]));
    daw.playing = true;
    assert_paired(&notes);
    let begins = answers(&notes).into_iter().filter(|note| note.on);
    begins.map(|note| (note.sample - start) as f64 / daw.samples(1.0) as f64).collect()
}

fn host(offline: bool) -> Daw {
    let mut daw = Daw::open(&load(), INSTRUMENT);
    daw.offline(offline);
    daw.activate(48_000.0, 512);
    daw
}

/// Blocks in their time, with calls and answers, in the middle of which the process is stopped.
fn play_in_time() {
    let mut daw = host(false);
    daw.tempo = 300.0;
    let (began, mut next, mut notes, mut paused) = (Instant::now(), Instant::now(), Vec::new(), None);
    // When the last block began: no pause lies beside what is between two of these.
    let mut last = began;
    let begun = |notes: &[Out]| answers(notes).iter().filter(|note| note.on).count();
    loop {
        assert!(began.elapsed() < Duration::from_secs(60), "{} answers were heard", begun(&notes));
        let call = daw.call((daw.beats_at(daw.now) / ROUND).floor() * ROUND);
        let (before, heard) = (std::mem::replace(&mut last, Instant::now()), begun(&notes));
        if last - before > Duration::from_secs(2) {
            // A host goes on as if there had been no pause.
            (paused, next) = (Some(heard), last);
        }
        notes.extend(daw.block(480, &call));
        next += Duration::from_millis(10);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        if heard < 2 && begun(&notes) >= 2 {
            println!("plays");
        }
        if paused.is_some_and(|heard| begun(&notes) >= heard + 4) {
            break;
        }
    }
    daw.playing = false;
    notes.extend(daw.block(480, &[]));
    assert_paired(&notes);
    println!("told: played");
}

/// What this program does in other processes; as a test it does nothing.
#[test]
fn part() {
    let Some((name, folder)) = own_part() else { return };
    match name.as_str() {
        "a host" => println!("told: {:?}", rounds(&mut host(true), 4)),
        "an editor" => {
            let mut desk = Desk::new();
            desk.play_to(64);
            let notices = desk.look().notices;
            notices.iter().for_each(|notice| println!("told: {}", notice.text));
            println!("told: {:?}", desk.answers.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        }
        "a host with a model that loops" => {
            let mut daw = host(false);
            // Until it was opened, and asked, and ended; the host goes on all the while.
            let (began, mut longest, mut notes) = (Instant::now(), Duration::ZERO, Vec::new());
            // It ends where no key is held.
            while began.elapsed() < Duration::from_secs(6) || daw.beats_at(daw.now) % ROUND < 9.0 {
                let call = daw.call((daw.beats_at(daw.now) / ROUND).floor() * ROUND);
                let before = Instant::now();
                notes.extend(daw.block(480, &call));
                longest = longest.max(before.elapsed());
                std::thread::sleep(Duration::from_millis(2));
            }
            daw.playing = false;
            notes.extend(daw.block(480, &[]));
            assert_paired(&notes);
            assert!(
                !notes.is_empty() && answers(&notes).is_empty() && longest < Duration::from_millis(1500),
                "{longest:?}"
            );
            // Another model answers in another instance of the same process.
            std::fs::remove_file(folder.join("melody-rnn-loops.onnx")).unwrap();
            println!("told: {:?}", rounds(&mut host(true), 1));
            daw.playing = true;
            daw.block(480, &[]);
        }
        "an editor with a model that loops" => {
            let mut desk = Desk::new();
            desk.play_to(16);
            assert_eq!(desk.file(0), "melody-rnn-loops");
            desk.look().notices.iter().for_each(|notice| println!("told: {}", notice.text));
            assert!(desk.answers.is_empty());
            desk.shared.wish(Wish::Choose(Kind::MelodyRnn, Some("melody-rnn".to_owned())));
            desk.play_to(32);
            assert!(matches!(&desk.look().models[0], ModelState::Ready { file, .. } if file == "melody-rnn"));
            println!("told: {:?}", desk.answers.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        }
        "a host in time" => play_in_time(),
        "a preset" => {
            let written = presets::write(&folder, "mine", "", |_| 0.0, &Default::default());
            println!("told: {}", written.unwrap_err());
        }
        other => panic!("nobody plays {other}"),
    }
}

/// What a part tells.
fn told(command: &mut Command) -> Vec<String> {
    let output = command.env("ONEIRO_LINK", "off").output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    said.lines().filter_map(|line| Some(line.split_once("told: ")?.1.to_owned())).collect()
}

/// Where answers began.
fn beats(line: &str) -> Vec<f64> {
    let numbers = line.trim_matches(['[', ']']).split(", ").filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn a_desk_that_panics_begins_anew_and_answers_again() {
    let folder = tempdir().unwrap();
    let host = told(another("a host", folder.path(), None).env("ONEIRO_PANIC", "desk:700"));
    let answered = beats(&host[0]);
    let whole = beats(&told(&mut another("a host", folder.path(), None))[0]);
    assert!(whole.iter().filter(|at| **at > 32.0).count() > 8, "{whole:?}");
    assert!(answered.len() < whole.len() && answered.iter().any(|at| (32.0..64.0).contains(at)), "{answered:?}");
}

#[test]
fn the_editor_says_what_became_of_the_desk_and_when_it_is_given_up() {
    let folder = tempdir().unwrap();
    let told = told(another("an editor", folder.path(), None).env("ONEIRO_PANIC", "desk:250+"));
    let said = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    // The same notice is shown once.
    assert_eq!([said("it begins anew"), said("switch the plugin off and on in the host")], [1, 1], "{told:?}");
    assert_eq!(said("the composer has failed (ONEIRO_PANIC asked for it, mod.rs:"), 2, "{told:?}");
    let answered = beats(told.last().unwrap());
    assert!(answered.iter().all(|at| *at < 33.0), "{answered:?}");
}

fn with_a_model_that_loops(folder: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/melody-rnn.onnx");
    let looping = endless::looping(&std::fs::read(shipped).unwrap(), "state0", "log_duration");
    std::fs::write(folder.join("melody-rnn-loops.onnx"), looping).unwrap();
}

#[test]
fn a_model_that_loops_for_ever_is_ended_while_the_host_goes_on_and_others_answer() {
    let folder = tempdir().unwrap();
    with_a_model_that_loops(folder.path());
    let play = |part: &str, seconds: &str| {
        let mut command = another(part, folder.path(), None);
        told(command.env("ONEIRO_MODELS", folder.path()).env("ONEIRO_MODEL_SECONDS", seconds))
    };
    let told = play("an editor with a model that loops", "0.5");
    let ended = "melody-rnn-loops.onnx: took longer than 0.5 s and was ended";
    assert!(told.iter().filter(|line| line.contains(ended)).count() == 1, "{told:?}");
    let answered = beats(told.last().unwrap());
    assert!(!answered.is_empty() && answered.iter().all(|at| *at >= 16.0), "{answered:?}");
    let told = play("a host with a model that loops", "2");
    assert!(!beats(&told[0]).is_empty(), "{told:?}");
}

#[test]
fn a_host_that_is_stopped_for_seconds_goes_on_and_nothing_sounds_for_ever() {
    let folder = tempdir().unwrap();
    let mut child = another("a host in time", folder.path(), None).env("ONEIRO_LINK", "off").spawn().unwrap();
    let mut told = lines(&mut child);
    assert!(told.any(|line| line.contains("plays")), "nothing was answered");
    signal(child.id(), "STOP");
    std::thread::sleep(Duration::from_secs(3));
    signal(child.id(), "CONT");
    assert!(told.any(|line| line.contains("told: played")), "it did not go on");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_preset_that_cannot_be_kept_names_its_folder_and_leaves_what_was_there() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "what was there").unwrap();
    let closed = Closed::new(folder.path());
    let Some(mut program) = bound(&std::env::current_exe().unwrap()) else { return };
    program.args(["--exact", "part", "--nocapture"]).env("FAULT_PART", "a preset").env("FAULT_FOLDER", folder.path());
    let told = told(&mut program);
    drop(closed);
    assert!(told.len() == 1 && told[0].contains("mine.toml") && told[0].contains("Permission denied"), "{told:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
