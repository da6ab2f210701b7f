//! Again, another, undo, redo, hold and locked bars.

mod compose_support;

use compose_support::{Bench, CALL, OTHER, Script, from, one_voice, perform};
use oneiro::compose::{Boundary, Controls, Corner, DirectorWorker, Mode, Order, Settings};
use oneiro::time::Beats;

fn settings(seed: u64) -> Settings {
    let mut settings = Settings { controls: Controls { seed, ..Controls::default() }, ..Settings::default() };
    // What stays must stay to the hair.
    settings.controls.expression.timing = Beats(0.03);
    settings.controls.expression.dynamics = 8.0;
    settings
}

/// A call at beat 0, and its answer from 8 to 16.
fn call(mode: Mode, seed: u64) -> Script {
    Script::common(20).set(0.0, &settings(seed)).order(0.0, Order::Mode(mode)).play(0.0, &CALL)
}

#[test]
fn again_is_the_same_and_another_is_not_and_undo_and_redo_are_exact() {
    for mode in [Mode::Answer, Mode::Vary] {
        let script = call(mode, 4)
            .order(16.1, Order::Again)
            .order(28.1, Order::Another)
            .order(40.1, Order::Another)
            .order(52.1, Order::Undo)
            .order(60.1, Order::Undo)
            .order(68.1, Order::Redo);
        let bench = perform(&script, 78.0);
        let [first, again, second, third, undone, twice, redone] =
            [8.0, 20.0, 32.0, 44.0, 56.0, 64.0, 72.0].map(|at| from(&bench.within(at, at + 6.0), at));
        assert!(!first.is_empty(), "{mode}");
        assert_eq!(first, again, "{mode}");
        assert!(second != first && third != second && third != first, "{mode}");
        assert_eq!(undone, second, "{mode}");
        assert_eq!(twice, first, "{mode}");
        assert_eq!(redone, second, "{mode}");
        assert_eq!(bench.director.status().history, (2, 3), "{mode}");
    }
}

#[test]
fn another_morph_is_another_phrase_and_the_mode_goes_on_after_it() {
    let script = call(Mode::Morph, 3).order(7.9, Order::Capture(Corner::A)).order(20.5, Order::Another);
    let bench = perform(&script, 44.0);
    // The first call was answered, for nothing had been captured.
    let [first, other, next] = [16.0, 24.0, 32.0].map(|at| from(&bench.within(at, at + 8.0), at));
    assert!(first.len() > 4 && other.len() > 1 && first != other, "{first:?} {other:?}");
    let pitches = |notes: &[(f64, f64, u8, u8)]| notes.iter().map(|n| n.2).collect::<Vec<_>>();
    assert_eq!(pitches(&next), pitches(&first), "the knob has not moved");
}

#[test]
fn locked_bars_stay_to_the_hair() {
    for (mode, locked) in [(Mode::Answer, 0b01), (Mode::Answer, 0b10), (Mode::Vary, 0b01), (Mode::Vary, 0b10)] {
        let mut other_bars_changed = false;
        for seed in 0..4 {
            let mut own = settings(seed);
            own.direction.locked = locked;
            own.direction.vary = 0.9;
            let bench = perform(&call(mode, seed).set(0.1, &own).order(16.1, Order::Another), 29.0);
            let bars = |at: f64| [0.0, 4.0].map(|bar| from(&bench.within(at + bar, at + bar + 4.0), at));
            let (first, second) = (bars(8.0), bars(20.0));
            let kept = usize::from(locked == 0b10);
            // A straying hand may have begun the second bar a little before its line.
            let early = |n: &(f64, f64, u8, u8)| n.0 > 3.9 && n.0 < 4.0;
            let clean = |notes: &[(f64, f64, u8, u8)]| notes.iter().filter(|n| !early(n)).copied().collect::<Vec<_>>();
            let case = format!("{mode}, lock {locked:02b}, seed {seed}");
            assert_eq!(clean(&first[kept]), clean(&second[kept]), "{case}");
            other_bars_changed |= first[1 - kept] != second[1 - kept];
            assert!(one_voice(&bench.notes()), "{case}");
        }
        assert!(other_bars_changed, "{mode}, lock {locked:02b}");
    }
}

#[test]
fn what_is_held_is_repeated_until_it_is_let_go() {
    let mut held = settings(2);
    held.direction.hold = true;
    let script = call(Mode::Continue, 2).set(12.0, &held).set(38.0, &settings(2));
    let bench = perform(&script, 56.0);
    let slots: Vec<(f64, f64)> = bench
        .plans
        .iter()
        .filter_map(|(_, plan)| match plan {
            oneiro::bridge::Plan::Phrase { at, duration, .. } => Some((at.0, duration.0)),
            _ => None,
        })
        .collect();
    // From beat 9 to the bar line at 16: seven beats, again and again until after 38.
    assert_eq!(slots[..6], [(9.0, 7.0), (16.0, 7.0), (23.0, 7.0), (30.0, 7.0), (37.0, 7.0), (44.0, 8.0)]);
    let [first, second, third] = [9.0, 16.0, 30.0].map(|at| from(&bench.within(at, at + 7.0), at));
    assert_eq!(first, second);
    assert_eq!(first, third);
}

#[test]
fn a_repetition_waits_for_what_still_sounds() {
    for seed in 0..4 {
        let mut own = settings(seed);
        own.direction.switch_at = Boundary::Beat;
        let script = call(Mode::Answer, seed).set(0.1, &own).order(9.5, Order::Again).play(30.0, &OTHER);
        let bench = perform(&script, 30.0);
        let notes = bench.notes();
        assert!(one_voice(&notes), "seed {seed}: {notes:?}");
        let repeat = bench.plans.iter().filter_map(|(_, plan)| match plan {
            oneiro::bridge::Plan::Phrase { at, .. } => Some(at.0),
            _ => None,
        });
        let starts: Vec<f64> = repeat.collect();
        assert_eq!(starts.len(), 2, "seed {seed}");
        assert!(starts[1] >= 10.0 && starts[1] < 16.0 && starts[1].fract() == 0.0, "seed {seed}: {starts:?}");
    }
}

#[test]
fn orders_without_a_history_are_harmless() {
    let mut script = Script::common(4);
    for order in [Order::Again, Order::Another, Order::Undo, Order::Redo, Order::Capture(Corner::D)] {
        script = script.order(1.0, order);
    }
    let bench = perform(&script, 12.0);
    assert_eq!(bench.notes(), []);
    assert_eq!(bench.director.status().history, (0, 0));
    assert_eq!(bench.director.status().refused, 1, "nothing could be captured");
}

#[test]
fn a_thread_of_its_own_plays_the_same() {
    let script = call(Mode::Answer, 7);
    let alone = perform(&script, 20.0).notes();
    let Bench { director, mut audio, .. } = Bench::default();
    let worker = DirectorWorker::spawn(director);
    for (at, order) in &script.orders {
        worker.order(Beats(*at), order.clone()).unwrap();
    }
    // Orders are told with their positions.
    let mut followed = Vec::new();
    while followed.len() < script.orders.len() {
        followed.extend(worker.news().and_then(|news| news.order));
        std::thread::yield_now();
    }
    assert_eq!(followed, script.orders.iter().map(|(at, order)| (Beats(*at), order.clone())).collect::<Vec<_>>());
    for (at, kind) in &script.events {
        audio.heard.send(oneiro::bridge::Heard { pos_beats: Beats(*at), kind: *kind }).unwrap();
    }
    let news = worker.run_to(Beats(20.0)).unwrap();
    assert!(news.error.is_none());
    let notes: Vec<_> = news.phrases.iter().flat_map(|phrase| phrase.phrase.notes.clone()).collect();
    assert_eq!(notes, alone);
}
