//! Models come and go while an instance plays: what is planned is played, what was captured and played before stays, and
//! what is missing is told while the one before plays on.

#[path = "support/desk.rs"]
mod desk;

use desk::Desk;
use oneiro::compose::{Corner, Order};
use oneiro::model::spec::Kind;
use oneiro_plugin::state::{ModelMark, Wanted};
use oneiro_plugin::view::{ModelState, Wish};

#[test]
fn a_model_takes_anothers_place_from_the_next_phrase_on_and_everything_else_stays() {
    let mut desk = Desk::new();
    desk.play_to(7);
    desk.shared.wish(Wish::Order(Order::Capture(Corner::B)));
    // In the middle of the first answer.
    desk.play_to(11);
    assert_eq!(desk.file(0), "melody-rnn");
    let (before, history) = (desk.file(1), desk.look().seen.status.history);
    assert_eq!(history, (1, 1));
    let captured = desk.look().captured;
    assert!(captured[Corner::B as usize].is_some());
    let other = if before == "melody-vae-2" { "melody-vae-4" } else { "melody-vae-2" };
    desk.shared.wish(Wish::Choose(Kind::MelodyVae, Some(other.to_owned())));
    desk.play_to(23);
    assert_eq!(desk.file(1), other);
    assert_eq!((desk.look().seen.status.history, desk.look().captured), ((1, 1), captured.clone()));
    let mut alone = Desk::new();
    alone.play_to(23);
    assert_eq!(desk.answers, alone.answers, "the answer is not played to its end");
    assert!(matches!(&desk.shared.kept().models[1], Wanted::Model(mark) if mark.file == format!("{other}.onnx")));

    // Another than is here: it is told, the project goes on wanting it, and what plays plays on.
    let missing = ModelMark { name: "Lost".into(), file: "lost.onnx".into(), sha256: "00".repeat(32) };
    desk.shared.kept().models[1] = Wanted::Model(missing.clone());
    desk.shared.wish(Wish::LookAgain);
    desk.play_to(26);
    assert!(desk.told("the project's model Lost"), "{:?}", desk.look().notices);
    assert_eq!(desk.shared.kept().models[1], Wanted::Model(missing));
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, Some("melody-nobody".to_owned())));
    desk.play_to(28);
    assert!(desk.told("there is no model file melody-nobody.onnx"), "{:?}", desk.look().notices);
    assert_eq!(desk.file(0), "melody-rnn");

    // None at all, and the usual one again.
    desk.shared.wish(Wish::Choose(Kind::MelodyVae, None));
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, None));
    desk.play_to(30);
    assert_eq!(desk.look().models, [ModelState::Off, ModelState::Off]);
    let silent = desk.answers.len();
    desk.play_to(48);
    assert!(desk.answers[silent..].iter().all(|(at, _)| *at < 30.5), "{:?}", desk.answers);
    desk.shared.wish(Wish::Choose(Kind::MelodyRnn, Some("melody-rnn".to_owned())));
    desk.play_to(64);
    assert_eq!(desk.file(0), "melody-rnn");
    assert!(desk.answers.iter().any(|(at, _)| *at >= 56.0), "{:?}", desk.answers);
    assert_eq!(desk.look().captured, captured);
}
