//! Some minutes at the instrument under random hands; `oneiro bench soak` plays an hour.
#![cfg(feature = "play")]

mod compose_support;

use compose_support::{melody_model, phrase_model};
use oneiro::play::soak;

#[test]
fn random_hands_leave_nothing_stuck_and_nothing_lost() {
    for seed in [1, 2] {
        let report = soak(seed, 70.0, melody_model(), Some(phrase_model()), &mut |_| ());
        assert!(report.is_sound(), "{report:#?}");
        assert!(report.looks == 2 && report.phrases > 3, "{report:#?}");
        let [call, answer, _] = report.notes;
        assert!(call > 200 && answer > 20, "seed {seed}: {call} notes were answered with {answer}");
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let notes = || {
        let report = soak(3, 20.0, melody_model(), None, &mut |_| ());
        (report.notes, report.phrases, report.acts)
    };
    assert_eq!(notes(), notes());
}
