//! An instrument that learns from the player while it plays, and forgets it when it is told to.
#![cfg(feature = "play")]

mod play_support;
mod render_support;

use oneiro::bridge::Part;
use oneiro::model::inspect::inspect_bytes;
use oneiro::model::library::Folder;
use oneiro::model::spec::Kind;
use oneiro::play::{Models, Options, Running, Wish, lock};
use oneiro::time::Beats;
use oneiro::train::learner::{Learner, Settings};
use play_support::{answers, models, options, play_until, tells, wait_until_told};
use render_support::{bytes, melody_model, write};
use std::path::Path;

fn learning(folder: &Path) -> Running {
    let shipped = inspect_bytes("melody.onnx", bytes(melody_model())).unwrap();
    let learner = Learner::new(shipped, Settings { steps: 2, ..Settings::default() }).unwrap();
    let options = Options { record: false, ..options(&folder.join("s.oneiro-session")) };
    Running::start(options, Models { learner: Some(learner), ..models() }).unwrap()
}

#[test]
fn it_learns_from_phrases_answers_all_the_while_and_forgets_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let running = learning(folder.path());
    let learnt = || lock(running.scene()).learnt;
    assert_eq!(learnt(), Some(0));
    play_until(&running, "two phrases are learnt", || learnt() >= Some(2));
    let now = lock(running.scene()).clock.pos_beats;
    play_until(&running, "it answers with what it has learnt", || answers(&running, now) >= 3);
    running.wish(Wish::Unlearn);
    wait_until_told(&running, "what was learnt is forgotten");
    let now = lock(running.scene()).clock.pos_beats;
    play_until(&running, "it answers as before", || answers(&running, now) >= 3);
    let scene = lock(running.scene());
    let sounding = scene.notes.iter().filter(|note| note.part == Part::Answer && note.from < now).count();
    assert!(sounding > 0 && scene.losses.dropped == 0, "{:?}", scene.losses);
}

#[test]
fn another_model_ends_it_and_who_does_not_learn_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (model, mut spec) = melody_model();
    spec.name = "another-melody".into();
    write((model, spec), folder.path(), "b-melody.onnx");
    let running = learning(folder.path());
    running.wish(Wish::Library(vec![Folder { path: folder.path().to_owned(), why: "a test" }]));
    play_until(&running, "a phrase is learnt", || lock(running.scene()).learnt >= Some(1));
    running.wish(Wish::NextModel(Kind::MelodyRnn));
    wait_until_told(&running, "nothing more is learnt");
    play_until(&running, "it answers", || answers(&running, Beats::ZERO) >= 3);
    assert_eq!(lock(running.scene()).learnt, None);
    assert!(!tells(&running, "there is nothing to forget"));
    running.wish(Wish::Unlearn);
    wait_until_told(&running, "there is nothing to forget");
}
