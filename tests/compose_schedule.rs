//! When modes plan: before its time, at the boundary that was chosen, and the same however they are asked.

mod compose_support;

use compose_support::{Bench, CALL, OTHER, Script, busy_script, from, settings};
use oneiro::bridge::{HeardKind, Plan};
use oneiro::compose::{Boundary, Mode, Order, Settings, Turn};
use oneiro::time::{Beats, Bpm, TimeSignature};

#[test]
fn the_same_music_gives_the_same_notes_however_it_is_asked() {
    for mode in Mode::ALL {
        let script = busy_script(mode, &settings(5)).order(21.3, Order::Another).order(26.2, Order::Mode(Mode::Answer));
        let often: Vec<f64> = (0..900).map(|i| f64::from(i) * 0.0397).collect();
        let seldom = [11.2, 11.21, 29.9];
        let plans = [&often[..], &seldom, &[]].map(|asked| {
            let mut bench = Bench::default();
            bench.perform(&script, asked, 36.0);
            bench.plans.into_iter().map(|(_, plan)| plan).collect::<Vec<_>>()
        });
        assert!(plans[0].len() > if mode == Mode::Harmonise { 2 } else { 8 }, "{mode}");
        assert!(plans[0] == plans[1] && plans[0] == plans[2], "{mode}");
    }
}

#[test]
fn plans_come_before_their_time_when_it_is_asked_often() {
    for mode in Mode::ALL {
        let mut bench = Bench::default();
        let often: Vec<f64> = (0..640).map(|i| f64::from(i) * 0.05).collect();
        bench.perform(&busy_script(mode, &settings(6)), &often, 32.0);
        for (pos, plan) in &bench.plans {
            assert!(plan.at().0 > *pos, "{mode}: {plan:?} came at {pos}");
        }
    }
}

#[test]
fn answers_have_a_tenth_of_a_second_at_any_tempo_and_are_the_same_at_each() {
    let notes = [120.0, 300.0, 600.0].map(|bpm| {
        let mut script = Script::common(8).set(0.0, &settings(2)).play(0.0, &CALL);
        let time_signature = TimeSignature::COMMON;
        script.events[0].1 = HeardKind::Transport { playing: true, tempo: Bpm(bpm), time_signature, epoch: 0 };
        let mut bench = Bench::default();
        let often: Vec<f64> = (0..640).map(|i| f64::from(i) * 0.025).collect();
        bench.perform(&script, &often, 16.0);
        for (pos, plan) in &bench.plans {
            let seconds = (plan.at().0 - pos) * 60.0 / bpm;
            assert!(seconds >= 0.09, "{plan:?} came at {pos}, {seconds} s before its time at {bpm}");
        }
        bench.notes().iter().map(|n| (n.onset.0, n.pitch)).collect::<Vec<_>>()
    });
    assert!(notes[0].len() > 4);
    // The call ends before any of these leads begins.
    assert!(notes[0] == notes[1], "{notes:?}");
    assert!(!notes[2].is_empty());
}

#[test]
fn a_tempo_that_changes_on_the_way_neither_loses_nor_doubles_an_answer() {
    for (at, bpm) in [(3.5, 400.0), (6.2, 60.0), (9.0, 500.0), (14.9, 30.0), (15.9, 700.0)] {
        let mut script = Script::common(16).set(0.0, &settings(2)).play(0.0, &CALL).play(16.0, &OTHER);
        let time_signature = TimeSignature::COMMON;
        let tempo = |bpm| HeardKind::Transport { playing: true, tempo: Bpm(bpm), time_signature, epoch: 0 };
        script.events[0].1 = tempo(200.0);
        script.events.push((at, tempo(bpm)));
        script.events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let phrases = |asked: &[f64]| {
            let mut bench = Bench::default();
            bench.perform(&script, asked, 33.0);
            let phrase = |plan: &Plan| match plan {
                Plan::Phrase { at, duration, .. } => Some((at.0, duration.0)),
                _ => None,
            };
            (bench.plans.iter().filter_map(|(_, plan)| phrase(plan)).collect::<Vec<_>>(), bench.notes())
        };
        let often: Vec<f64> = (0..660).map(|i| f64::from(i) * 0.05).collect();
        let (starts, notes) = phrases(&often);
        assert_eq!(starts, [(8.0, 8.0), (24.0, 8.0)], "{bpm} from {at}");
        assert!(notes == phrases(&[]).1, "{bpm} from {at}");
    }
}

#[test]
fn modes_change_at_the_boundary_that_was_chosen() {
    for (switch_at, first) in [(Boundary::Bar, 12.0), (Boundary::Beat, 10.0)] {
        let mut own = settings(2);
        own.direction.switch_at = switch_at;
        let script = Script::common(10).set(0.0, &own).play(0.0, &CALL);
        let mut bench = Bench::default();
        bench.perform(&script.order(9.2, Order::Mode(Mode::Harmonise)), &[9.5], 9.6);
        assert_eq!(bench.director.status().mode, Mode::Answer);
        assert_eq!(bench.director.status().next_mode, Some(Mode::Harmonise));
        bench.perform(&Script::default(), &[first - 0.25], first - 0.25);
        assert_eq!((bench.director.status().mode, bench.director.status().turn), (Mode::Harmonise, Turn::Waiting));
        assert!(bench.notes().iter().all(|n| n.onset.0 < first), "the rest of the answer is withdrawn");
    }
}

#[test]
fn a_new_stretch_of_time_begins_with_an_empty_memory() {
    let jump =
        |epoch| HeardKind::Transport { playing: true, tempo: Bpm(120.0), time_signature: TimeSignature::COMMON, epoch };
    let mut bench = Bench::default();
    bench.perform(&Script::common(4).set(0.0, &settings(3)).play(0.0, &CALL), &[], 14.0);
    let first = bench.within(8.0, 16.0);
    bench.plans.clear();
    let mut again = Script::common(4).play(0.0, &CALL);
    again.events[0].1 = jump(1);
    bench.perform(&again, &[], 14.0);
    assert_eq!(from(&bench.within(8.0, 16.0), 8.0), from(&first, 8.0));
    assert!(bench.plans.iter().all(|(_, plan)| plan.epoch() == 1));
}

#[test]
fn settings_out_of_range_are_refused_and_change_nothing() {
    let mut bench = Bench::new(false);
    let mut wrong = settings(1);
    wrong.direction.vary = 1.5;
    let error = bench.director.order(Beats(0.0), Order::Settings(Box::new(wrong))).unwrap_err();
    assert_eq!(error.to_string(), "vary 1.5: 0 to 1 is needed");
    assert_eq!(*bench.director.settings(), Settings::default());
}
