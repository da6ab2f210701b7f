//! Thinking ahead saves time, and changes no note.

mod compose_support;

use compose_support::{Bench, CALL, OTHER, Script};
use oneiro::compose::{Controls, Corner, Direction, Mode, Order, Settings};
use proptest::prelude::*;

/// Performs a script, asked at every grid step, with or without thinking ahead.
fn play(script: &Script, end: f64, ahead: bool) -> Bench {
    let mut bench = Bench::new(true);
    bench.ahead = ahead;
    let steps: Vec<f64> = (1..(end * 24.0) as u32).map(|step| f64::from(step) / 24.0).collect();
    bench.perform(script, &steps, end);
    bench
}

fn settings(seed: u64, vary: f64, timing: f64) -> Settings {
    let mut controls = Controls { seed, ..Controls::default() };
    controls.expression.timing = oneiro::time::Beats(timing);
    Settings { controls, direction: Direction { vary, ..Direction::default() }, ..Settings::default() }
}

fn order() -> impl Strategy<Value = Order> {
    let mode = prop::sample::select(Mode::ALL.to_vec()).prop_map(Order::Mode);
    let set = (0_u64..9, 0.0_f64..1.0).prop_map(|(seed, vary)| Order::Settings(Box::new(settings(seed, vary, 0.02))));
    let other = prop::sample::select(vec![
        Order::Again,
        Order::Another,
        Order::Undo,
        Order::Redo,
        Order::Capture(Corner::A),
        Order::Capture(Corner::C),
    ]);
    prop_oneof![3 => mode, 1 => set, 2 => other]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn thinking_ahead_changes_no_plan(
        mode in prop::sample::select(Mode::ALL.to_vec()),
        notes in prop::collection::vec((0.0_f64..30.0, 0.05_f64..2.0, 48_u8..84), 10..40),
        orders in prop::collection::vec((0.1_f64..30.0, order()), 0..8),
    ) {
        let mut script = Script::common(9).set(0.0, &settings(3, 0.5, 0.01)).order(0.0, Order::Mode(mode));
        let mut orders = orders;
        orders.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (at, order) in orders {
            script = script.order(at, order);
        }
        let script = script.play(0.0, &notes);
        let [plain, ahead] = [false, true].map(|ahead| play(&script, 32.0, ahead));
        prop_assert_eq!(plain.plans, ahead.plans);
    }
}

#[test]
fn what_was_thought_out_is_there_when_it_is_due() {
    for mode in [Mode::Answer, Mode::Continue, Mode::Improvise, Mode::Vary] {
        let script = Script::common(8).set(0.0, &settings(1, 0.5, 0.0)).order(0.0, Order::Mode(mode));
        let script = script.play(0.0, &CALL).play(16.0, &OTHER);
        let [plain, ahead] = [false, true].map(|ahead| play(&script, 31.0, ahead));
        assert_eq!(plain.plans, ahead.plans, "{mode}");
        assert_eq!(plain.director.foreseen(), 0);
        assert!(ahead.director.foreseen() >= 2, "{mode}: {} phrases", ahead.director.foreseen());
    }
}

#[test]
fn a_note_in_the_last_step_is_answered_too() {
    let script = Script::common(8).set(0.0, &settings(1, 0.5, 0.0));
    // The reply to two bars is decided a quarter of a beat before they end.
    let late = script.clone().play(0.0, &CALL[..8]).play(0.0, &[(7.73, 0.2, 76)]);
    let [plain, ahead] = [false, true].map(|ahead| play(&late, 12.0, ahead));
    assert_eq!(plain.plans, ahead.plans);
    assert_eq!(ahead.director.foreseen(), 0);
    let in_time = play(&script.play(0.0, &CALL[..8]), 12.0, true);
    assert_eq!(in_time.director.foreseen(), 1);
    assert_ne!(in_time.notes(), ahead.notes(), "the last note is heard");
}
