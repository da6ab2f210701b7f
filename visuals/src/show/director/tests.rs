//! The show directed.

use super::*;
use crate::show::scene::{Source, shipped};
use oneiro::bridge::Part;
use oneiro::picture::Course;
use oneiro::time::{Bpm, TimeSignature};

fn event(at: f64, kind: ShowKind) -> ShowEvent {
    ShowEvent { pos_beats: Beats(at), kind }
}

/// A show that has heard two bars of three quarter notes.
fn show() -> Show {
    let mut show = Show::new(shipped(), 1);
    for bar in 0..2 {
        let start = 3.0 * f64::from(bar);
        show.hear(&event(start, ShowKind::Bar { bar, time_signature: TimeSignature::new(3, 4).unwrap() }));
        for beat in 0..3_u8 {
            show.hear(&event(start + f64::from(beat), ShowKind::Beat { in_bar: beat }));
        }
    }
    show
}

#[test]
fn a_scene_comes_on_the_bar_or_the_beat_whenever_it_was_chosen_and_however_frames_fall() {
    for (when, begins) in [(0.0, 4.3), (1.0, 5.0), (2.0, 6.0)] {
        for step in [0.01, 0.07, 0.9] {
            let mut show = show();
            show.tell(Control::SwitchAt, when, Beats(4.3), 0.0);
            show.tell(Control::SceneFade, 2.0, Beats(4.3), 0.0);
            show.frame(Beats(4.3), 0.0);
            show.tell(Control::Scene, 4.0, Beats(4.3), 0.0);
            let mut at = 4.3;
            let mut plan = show.frame(Beats(at), 0.0);
            while at < begins + 1.0 {
                at = (at + step).min(begins + 1.0);
                plan = show.frame(Beats(at), 0.0);
                assert_eq!(plan.layers.len() == 2, at >= begins, "at {at}, to begin at {begins}");
            }
            // Half way through its fade, by the same amount whatever the frames.
            assert!((plan.share - 0.5).abs() < 1e-6 && plan.layers[1].scene == 3, "{}", plan.share);
            let plan = show.frame(Beats(begins + 2.0), 0.0);
            assert_eq!((plan.layers.len(), plan.layers[0].scene), (1, 3));
        }
    }
}

#[test]
fn scenes_come_by_themselves_after_their_bars() {
    let mut show = show();
    show.tell(Control::Auto, 2.0, Beats::ZERO, 0.0);
    show.tell(Control::SceneFade, 0.0, Beats::ZERO, 0.0);
    for (at, scene) in [(5.9, 0), (6.0, 1), (11.9, 1), (12.0, 2), (18.1, 3)] {
        show.frame(Beats(at), 0.0);
        assert_eq!(show.scene().0, scene, "at {at}");
    }
}

#[test]
fn black_fades_in_seconds_and_freeze_and_strobe_are_told() {
    let mut show = show();
    show.tell(Control::BlackFade, 2.0, Beats::ZERO, 10.0);
    show.tell(Control::Black, 1.0, Beats::ZERO, 10.0);
    show.tell(Control::Freeze, 1.0, Beats::ZERO, 10.0);
    show.tell(Control::Strobe, 1.0, Beats::ZERO, 10.0);
    for (seconds, light) in [(10.0, 1.0), (11.0, 0.5), (12.0, 0.0), (99.0, 0.0)] {
        let plan = show.frame(Beats(4.0), seconds);
        assert!((plan.light - light).abs() < 1e-6 && plan.frozen && plan.guard, "{seconds}: {}", plan.light);
    }
    assert!(show.frame(Beats(6.0), 99.0).strobe > 0.9 && show.frame(Beats(6.5), 99.0).strobe == 0.0);
}

#[test]
fn notes_push_the_walk_a_jump_does_not_tear_it_and_loops_close() {
    let mut show = show();
    show.frame(Beats(5.0), 0.0);
    show.hear(&event(5.0, ShowKind::NoteOn { part: Part::Call, pitch: 64, velocity: 127 }));
    let wish = show.wish(Beats(5.2));
    assert!(matches!(wish.pushes[..], [(4, amount)] if amount > 0.5), "{:?}", wish.pushes);
    assert!(wish.sources[Source::Paintings.place()]);
    let before = show.wish(Beats(5.0)).travelled;
    show.hear(&event(0.0, ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: 1 }));
    assert!((show.wish(Beats(0.0)).travelled - before).abs() < 1e-9);
    show.tell(Control::Walk, 1.0, Beats::ZERO, 0.0);
    show.tell(Control::LoopBars, 4.0, Beats::ZERO, 0.0);
    let (a, b) = (show.wish(Beats(1.3)), show.wish(Beats(13.3)));
    let Course::Loop(count) = a.course else { panic!("{:?}", a.course) };
    assert!((b.travelled - a.travelled - f64::from(count)).abs() < 1e-9, "{} to {}", a.travelled, b.travelled);
}

#[test]
fn whatever_is_told_and_heard_a_frame_is_fit_to_be_drawn() {
    let mut show = show();
    for i in 0..3000_u32 {
        let spec = &crate::show::controls::CONTROLS[(i * 7 % 37) as usize % crate::show::controls::CONTROLS.len()];
        let value = [f64::NAN, f64::INFINITY, -5.0, 0.3, 900.0][i as usize % 5];
        let at = [f64::NAN, f64::from(i) * 0.1, -4.0, 1e12][(i / 5) as usize % 4];
        show.tell(spec.control, value, Beats(at), f64::from(i) * 0.02);
        if i % 50 == 0 {
            show.hear(&event(at, ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: i }));
        }
        let plan = show.frame(Beats(at), f64::from(i) * 0.02);
        assert!((1..=2).contains(&plan.layers.len()) && (0.0..=1.0).contains(&plan.light), "{plan:?}");
        assert!(plan.layers.iter().all(|l| l.dials.iter().all(|d| d.is_finite())), "{i}: {plan:?}");
        assert!(show.wish(Beats(at)).travelled.is_finite(), "{i}");
    }
}
