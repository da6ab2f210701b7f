//! Whether anything is learnt, and whether it is more than the examples themselves.

use super::{Rule, Warning, ends, mean, shown};
use crate::train::history::{Examples, History, lowest};

pub(super) fn broken(history: &History) -> Option<Warning> {
    let reason = history.ended.as_deref()?.strip_prefix(BROKEN)?;
    Some(Warning {
        rule: Rule::Broken,
        what: "The run broke off".into(),
        evidence: reason.to_owned(),
        advice: "Mend the cause and go on from the last good checkpoint with --resume".into(),
    })
}

/// How the reason of an ending begins in the log where it was an error.
pub const BROKEN: &str = "error: ";

pub(super) fn too_little_data(history: &History) -> Option<Warning> {
    let Examples { count, enough, what } = history.session()?.examples.as_ref()?;
    (count < enough).then(|| Warning {
        rule: Rule::TooLittleData,
        what: format!("Too little data: {count} {what} are soon learnt by heart"),
        evidence: format!("at least {enough} are advisable"),
        advice: "Give more of them; train a shorter time or a smaller --preset; begin with a model that is trained, \
                 where the kind can be fine-tuned"
            .into(),
    })
}

/// Share of its first value above which a loss has not fallen.
const STUCK: f64 = 0.98;

pub(super) fn not_learning(history: &History) -> Option<Warning> {
    // The losses of a game rise and fall with the other side's.
    if history.train.keys().any(|name| name.starts_with("d/") || name.starts_with("seen/")) {
        return None;
    }
    let losses = history.train.iter().filter(|(name, _)| name.ends_with("loss"));
    let (name, first, last) = losses.clone().find_map(|(name, s)| {
        let (_, last) = ends(s)?;
        let first = mean(&s[..2]);
        let stuck = last > first - (1.0 - STUCK) * first.abs();
        stuck.then_some((name, first, last))
    })?;
    Some(Warning {
        rule: Rule::NotLearning,
        what: format!("Nothing is learnt: {name} does not fall"),
        evidence: format!("it is {}, at the start {}", shown(last), shown(first)),
        advice: "Change the learning rate tenfold, first down, then up; look whether the data is what you think it is"
            .into(),
    })
}

/// Validations in a row, each worse than the one before, that make a trend.
const WORSE: usize = 3;
/// How much worse than the best the latest is then, at least, as a share.
const BY: f64 = 0.002;

pub(super) fn overfitting(history: &History) -> Option<Warning> {
    let (name, figures) = history.decisive()?;
    let (step, best) = lowest(figures)?;
    let (now, last) = *figures.last()?;
    let latest = &figures[figures.len().checked_sub(WORSE + 1)?..];
    let rising = latest.windows(2).all(|w| w[1].1 > w[0].1) && latest[0].0 >= step;
    // Figures that are jumpy need no trend, if all of the latest are well above the best.
    let above = figures.iter().filter(|(at, _)| *at > step).count() >= 2 * WORSE
        && latest.iter().all(|(_, v)| v - best > 10.0 * BY * best.abs());
    if !(rising || above) || last - best < BY * best.abs() {
        return None;
    }
    let (loss, then, at_present) =
        history.train.iter().filter(|(name, _)| name.ends_with("loss")).find_map(|(name, series)| {
            let around = series.iter().filter(|(at, _)| at.abs_diff(step) <= (now - step) / 4);
            let then = mean(&around.copied().collect::<Vec<_>>());
            let present = mean(&series[series.len() - (series.len() / 20).max(5).min(series.len())..]);
            (present < then).then_some((name, then, present))
        })?;
    Some(Warning {
        rule: Rule::Overfitting,
        what: "Overfitting: the examples are learnt by heart, and what was not seen gets worse".into(),
        evidence: format!(
            "{name} was best at step {step} with {} and is {}, while {loss} fell from {} to {}",
            shown(best),
            shown(last),
            shown(then),
            shown(at_present)
        ),
        advice:
            "The best state is kept, and is what the model is made from; train a shorter time, give more examples, or \
                 use more dropout or a smaller --preset"
                .into(),
    })
}
