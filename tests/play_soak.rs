//! Some minutes at the instrument under random hands; `oneiro bench soak` plays an hour.
#![cfg(feature = "play")]

mod compose_support;

use compose_support::{melody_model, phrase_model};
use oneiro::play::soak;

#[test]
fn random_hands_leave_nothing_stuck_and_nothing_lost() {
    let mut answered = 0;
    for seed in [1, 2, 3] {
        let report = soak(seed, 70.0, melody_model(), Some(phrase_model()), &mut |_| ());
        assert!(report.is_sound(), "{report:#?}");
        assert!(report.looks == 2 && report.phrases > 3, "{report:#?}");
        let [call, answer, _] = report.notes;
        assert!(call > 200 && answer > 0, "seed {seed}: {call} notes were answered with {answer}");
        answered += answer;
    }
    assert!(answered > 100, "{answered} notes of answers in three sessions");
}

#[test]
fn the_same_seed_does_the_same() {
    let notes = || {
        let report = soak(3, 20.0, melody_model(), None, &mut |_| ());
        (report.notes, report.phrases, report.acts)
    };
    assert_eq!(notes(), notes());
}

#[test]
fn the_command_tells_what_it_found() {
    let mut command = assert_cmd::Command::cargo_bin("oneiro").unwrap();
    let done = command.args(["bench", "soak", "--minutes", "0.1", "--seed", "4", "--json"]).assert().success();
    let report: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(
        [&report["seed"], &report["faults"], &report["looks"], &report["counters"]["plans_refused"]],
        [4, 0, 1, 0]
    );
    assert!(report["music_seconds"].as_f64().unwrap() >= 6.0 && report["acts"].as_u64().unwrap() > 5);
}
