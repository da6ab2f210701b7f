//! Workers that panic: the sound goes on, notes have their ends, one line says what happened, and nothing hangs at the end. A worker
//! panics where `ONEIRO_PANIC` asks it to, in a process of its own.
#![cfg(all(unix, feature = "play", debug_assertions))]

mod fault_support;
mod play_support;
mod render_support;

use fault_support::{another, own_part, said};
use oneiro::bridge::{Part, lessons};
use oneiro::model::inspect::inspect_bytes;
use oneiro::play::lock;
use oneiro::take::Event;
use oneiro::time::Beats;
use oneiro::train::learner::{Learner, LearnerNews, LearnerWorker};
use play_support::{answers, instrument, play_until, recorded, tells};
use render_support::{Stage, bytes, melody_model, names};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// What this program does in other processes; as a test it does nothing.
#[test]
fn part() {
    let Some((name, folder)) = own_part() else { return };
    if name == "learner" {
        return learn();
    }
    let running = instrument(&folder);
    match name.as_str() {
        "a composer that fails once" => {
            play_until(&running, "it has failed", || tells(&running, "begins anew"));
            let now = lock(running.scene()).clock.pos_beats;
            play_until(&running, "it answers again", || answers(&running, now) >= 3);
        }
        "a composer that fails again and again" => {
            play_until(&running, "it is given up", || tells(&running, "nothing is answered from here on"));
            let began = Instant::now();
            play_until(&running, "a second has passed", || began.elapsed() > Duration::from_secs(1));
        }
        "a stagehand that fails" => {
            play_until(&running, "it has failed", || tells(&running, "looking after the session has failed"));
            play_until(&running, "it is answered", || answers(&running, Beats::ZERO) >= 3);
        }
        other => panic!("nobody plays {other}"),
    }
    play_support::end(running);
}

/// Learns twice.
fn learn() {
    let (teacher, pupil) = lessons(4);
    let shipped = inspect_bytes("melody.onnx", bytes(melody_model())).unwrap();
    let learner = Learner::new(shipped, oneiro::train::learner::Settings::default()).unwrap();
    let worker = LearnerWorker::spawn(learner, pupil, |news| {
        if let LearnerNews::Failed(_) = news {
            println!("told: nothing more is learnt");
        }
    });
    let began = Instant::now();
    teacher.undo();
    while teacher.newest().is_none() {
        assert!(began.elapsed() < PATIENCE, "no model came");
        std::thread::sleep(Duration::from_millis(5));
    }
    teacher.undo();
    // Nobody takes a lesson any more, and nobody who plays is held up by that.
    while teacher.phrase(Vec::new()) {
        assert!(began.elapsed() < PATIENCE, "it learns on");
        std::thread::sleep(Duration::from_millis(5));
    }
    teacher.undo();
    assert!(teacher.newest().is_none());
    drop(teacher);
    worker.join();
    println!("told: learnt");
}

/// Lets a part play with a panic somewhere, and gives what it told.
fn told(part: &str, panic: &str, folder: &Path) -> Vec<String> {
    let output = another(part, folder, None).env("ONEIRO_PANIC", panic).env("ONEIRO_LINK", "off").output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    said.lines().filter_map(|line| Some(line.split_once("told: ")?.1.to_owned())).collect()
}

#[test]
fn a_composer_that_panics_begins_anew_and_answers_again() {
    let folder = tempdir().unwrap();
    let told = told("a composer that fails once", "composer:400", folder.path());
    let about: Vec<_> = told.iter().filter(|line| line.contains("the composer has failed")).collect();
    assert!(
        !about.is_empty() && about.iter().all(|line| line.contains("ONEIRO_PANIC asked for it, worker.rs:")),
        "{told:?}"
    );
    recorded(folder.path());
}

#[test]
fn a_composer_that_panics_again_and_again_is_given_up_and_the_player_plays_on() {
    let folder = tempdir().unwrap();
    let told = told("a composer that fails again and again", "composer:60+", folder.path());
    let count = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert_eq!([count("is given up"), count("nothing is answered from here on")], [1, 1], "{told:?}");
    let take = recorded(folder.path());
    let last = |whose| {
        take.moments
            .iter()
            .filter(|m| matches!(m.event, Event::On(part, ..) if part == whose))
            .map(|m| m.sample)
            .next_back()
    };
    let [call, answer] = [Part::Call, Part::Answer].map(|part| last(part).unwrap_or(0));
    assert!(call > answer + 22_050, "the player is not heard any more: {call}, {answer}");
}

#[test]
fn a_stagehand_that_panics_ends_notes_and_goes_on() {
    let folder = tempdir().unwrap();
    let told = told("a stagehand that fails", "stagehand:130+", folder.path());
    assert!(told.iter().any(|line| line.contains("notes were let go")), "{told:?}");
    recorded(folder.path());
}

#[test]
fn a_learner_that_panics_learns_no_more_and_holds_nobody_up() {
    let folder = tempdir().unwrap();
    assert_eq!(told("learner", "learner:2", folder.path()), ["nothing more is learnt", "learnt"]);
}

#[test]
fn a_rendering_whose_thread_panics_says_so_keeps_what_there_is_and_goes_on() {
    let stage = Stage::new(15.9, 240.0);
    let render = |panic: &str| {
        let mut command = stage.plain();
        command.args(["render", "tune.mid", "--quiet", "--size", "32", "--fps", "10", "-o", "film/", "-o", "film.mid"]);
        command.env("ONEIRO_PANIC", panic).env("RUST_BACKTRACE", "0").output().unwrap()
    };
    for (panic, about) in [("film:9", "painting has failed"), ("sink:5", "writing has failed")] {
        let output = render(panic);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        let [error] = errors[..] else { panic!("{said}") };
        assert!(error.contains(about) && error.contains("ONEIRO_PANIC asked for it"), "{said}");
        let there = names(stage.path());
        assert!(!there.iter().any(|name| name == "film" || name == "film.mid"), "{there:?}");
    }
    let output = render("");
    assert!(output.status.success(), "{}", said(&output));
    assert!(names(&stage.path().join("film")).len() > 30);
    assert!(names(stage.path()).iter().all(|name| !name.starts_with('.')), "{:?}", names(stage.path()));
}
