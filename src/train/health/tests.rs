//! Each rule on figures that should set it off, and all rules on figures of healthy runs. The shapes are those of real
//! logs.

use super::*;
use crate::train::history::{Examples, Session};

/// A history of `lines` lines, ten steps apart, with a figure as a function of the run's share, 0 to 1.
struct Made(History);

impl Made {
    fn new() -> Self {
        let session = Session { decisive: Some("bits".into()), ..Session::default() };
        Self(History { sessions: vec![(0, session)], ..History::default() })
    }

    fn train(mut self, name: &str, lines: usize, figure: impl Fn(f64) -> f64) -> Self {
        let points = (1..=lines).map(|n| {
            // A little noise that is always the same.
            let noise = 1.0 + 0.02 * ((n * 7919 % 101) as f64 / 50.0 - 1.0);
            (n as u64 * 10, noise * figure(n as f64 / lines as f64))
        });
        self.0.train.insert(name.into(), points.collect());
        self.0.step = self.0.step.max(lines as u64 * 10);
        self.0.steps = self.0.step;
        self
    }

    fn validation(mut self, name: &str, every: u64, figures: &[f64]) -> Self {
        let points = figures.iter().enumerate().map(|(n, v)| ((n as u64 + 1) * every, *v));
        self.0.validation.insert(name.into(), points.collect());
        self
    }

    fn rules(&self) -> Vec<Rule> {
        warnings(&self.0).into_iter().map(|w| w.rule).collect()
    }
}

/// Falls from `a` to `b`, fast at first.
fn falling(a: f64, b: f64) -> impl Fn(f64) -> f64 {
    move |share| b + (a - b) * (-8.0 * share).exp()
}

/// The figures of a GAN whose discriminator keeps ahead, but not too far.
fn gan() -> Made {
    Made::new()
        .train("d/loss", 200, |s| if s < 0.03 { 7.9 } else { 2.5 - 0.8 * (-20.0 * s).exp() })
        .train("g/loss", 200, falling(7.7, 5.1))
        .train("seen/real", 200, |s| 2.9 - 0.9 * s.min(0.3))
        .train("seen/painted", 200, |s| -1.9 + 0.6 * s)
        .train("d/gradient_norm", 200, |s| 9.0 + 3.0 * s)
        .train("g/gradient_norm", 200, |s| if s < 0.02 { 14.0 } else { 58.0 })
        .validation("spread", 100, &[0.66, 0.68, 0.71, 0.74, 0.78, 0.82, 0.83, 0.84])
}

/// The figures of a melody network up to its best state.
fn melody() -> Made {
    Made::new()
        .train("melody/loss", 450, falling(3.2, 0.95))
        .train("melody/gradient_norm", 450, |s| 0.3 + 0.7 * (-30.0 * s).exp())
        .validation("bits", 500, &[1.45, 1.334, 1.291, 1.272, 1.264, 1.259, 1.258, 1.2593, 1.2585])
}

fn vae() -> Made {
    Made::new()
        .train("vae/loss", 300, falling(5.0, 2.0))
        .train("kl", 300, |s| 14.0 * (1.0 - (-5.0 * s).exp()))
        .train("kl_weight", 300, |s| s * 0.001)
        .train("vae/gradient_norm", 300, |_| 0.8)
}

#[test]
fn healthy_runs_are_left_alone() {
    for (name, run) in [("gan", gan()), ("melody", melody()), ("vae", vae()), ("nothing yet", Made::new())] {
        assert_eq!(run.rules(), [], "{name}: {:?}", warnings(&run.0));
    }
}

#[test]
fn nothing_is_said_before_there_is_enough_to_judge_by() {
    let young = Made::new().train("a/loss", 12, |s| 1.0 + s).train("seen/real", 12, |_| 40.0);
    assert_eq!(young.rules(), []);
}

#[test]
fn a_discriminator_that_wins_is_told_of() {
    let by_loss = gan().train("d/loss", 200, |s| 8.0 * (-30.0 * s).exp());
    assert_eq!(by_loss.rules(), [Rule::DiscriminatorWins]);
    let by_scores = gan().train("seen/real", 200, |s| 2.0 + 8.0 * s).train("seen/painted", 200, |s| -2.0 - 7.0 * s);
    assert_eq!(by_scores.rules(), [Rule::DiscriminatorWins]);
    let told = warnings(&by_scores.0).remove(0).to_string();
    assert!(told.contains("real ones 9.6") && told.contains("learning rate"), "{told}");
}

#[test]
fn a_discriminator_that_tells_nothing_apart_is_told_of() {
    let lost = gan().train("seen/real", 200, |_| 0.1).train("seen/painted", 200, |_| 0.1);
    assert_eq!(lost.rules(), [Rule::DiscriminatorLost]);
}

#[test]
fn collapsed_modes_are_told_of() {
    let low = gan().validation("spread", 200, &[0.3, 0.25, 0.2]);
    assert_eq!(low.rules(), [Rule::ModeCollapse]);
    let fallen = gan().validation("spread", 100, &[0.7, 0.85, 0.84, 0.45, 0.41]);
    assert_eq!(fallen.rules(), [Rule::ModeCollapse]);
    let once = gan().validation("spread", 100, &[0.7, 0.85, 0.84, 0.41, 0.8]);
    assert_eq!(once.rules(), []);
}

#[test]
fn a_collapsed_posterior_is_told_of() {
    for collapsed in [vae().train("kl", 300, |s| 20.0 * (-20.0 * s).exp()), vae().train("kl", 300, |_| 1e-4)] {
        assert_eq!(collapsed.rules(), [Rule::PosteriorCollapse]);
    }
    let mut early = vae().train("kl", 300, |_| 1e-4);
    early.0.steps = 100_000;
    assert_eq!(early.rules(), []);
}

#[test]
fn gradients_that_vanish_or_explode_are_told_of() {
    let vanished = melody().train("melody/gradient_norm", 450, |s| if s < 0.7 { 0.4 } else { 1e-5 });
    assert_eq!(vanished.rules(), [Rule::VanishingGradients]);
    let exploded = melody().train("melody/gradient_norm", 450, |s| if s < 0.97 { 0.4 } else { 30.0 });
    assert_eq!(exploded.rules(), [Rule::ExplodingGradients]);
    // What is learnt to the end needs no gradient.
    let learnt = Made::new()
        .train("a/loss", 300, |s| 2.0 * (-12.0 * s).exp())
        .train("a/gradient_norm", 300, |s| (-14.0 * s).exp());
    assert_eq!(learnt.rules(), []);
}

#[test]
fn overfitting_is_told_of_with_the_step_that_was_best() {
    let figures = [1.45, 1.334, 1.291, 1.272, 1.264, 1.259, 1.258, 1.2593, 1.2616, 1.2632];
    let over = melody().train("melody/loss", 500, falling(3.2, 0.93)).validation("bits", 500, &figures);
    assert_eq!(over.rules(), [Rule::Overfitting]);
    let told = warnings(&over.0).remove(0).evidence;
    assert!(told.contains("step 3500 with 1.258 and is 1.263"), "{told}");
    let jumpy = [1.4, 1.2, 1.0, 1.1, 1.05, 1.12, 1.06, 1.11, 1.08];
    assert_eq!(melody().validation("bits", 500, &jumpy).rules(), [Rule::Overfitting]);
    let on_a_plateau = [1.4, 1.2, 1.0, 1.01, 1.002, 1.008, 1.001, 1.009, 1.003];
    assert_eq!(melody().validation("bits", 500, &on_a_plateau).rules(), []);
}

#[test]
fn a_loss_that_does_not_fall_is_told_of() {
    let stuck = melody().train("melody/loss", 450, |_| 3.2);
    assert_eq!(stuck.rules(), [Rule::NotLearning]);
    let rising = melody().train("melody/loss", 450, |s| 3.2 + s);
    assert_eq!(rising.rules(), [Rule::NotLearning]);
}

#[test]
fn too_few_examples_and_a_run_that_broke_off_are_told_of() {
    let mut run = melody();
    run.0.sessions[0].1.examples = Some(Examples { count: 7, enough: 100, what: "pictures".into() });
    run.0.ended = Some(format!("{BROKEN}step 20: a/loss is NaN"));
    assert_eq!(run.rules(), [Rule::Broken, Rule::TooLittleData]);
    let told = warnings(&run.0);
    assert!(told[0].to_string().contains("a/loss is NaN"));
    assert!(told[1].to_string().contains("7 pictures"));
    run.0.ended = Some("finished".into());
    run.0.sessions[0].1.examples = Some(Examples { count: 100, enough: 100, what: "pictures".into() });
    assert_eq!(run.rules(), []);
}

#[test]
fn figures_are_shown_with_four_digits() {
    let told = [0.0, 1.0, 1.2579, 876.45, 31_234.4, 0.0123456, 1.5e-7, -2.25, 2e9].map(shown);
    assert_eq!(told, ["0", "1", "1.258", "876.5", "31234", "0.01235", "1.5e-7", "-2.25", "2e9"]);
}
