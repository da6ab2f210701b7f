//! What is wrong with a run, in words, from the figures of its log.
//!
//! A rule says nothing until there are enough figures to judge by. It compares a run with itself, or with the
//! scale that a figure has by its definition; thresholds were set so that healthy runs of every kind pass.

mod balance;
mod collapse;
mod gradients;
mod learning;

pub use learning::BROKEN;

use super::history::History;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Which rule it is of; the same for as long as the trouble lasts.
    pub rule: Rule,
    /// What is wrong.
    pub what: String,
    /// The figures that say so.
    pub evidence: String,
    /// What can be done.
    pub advice: String,
}

/// What the rules look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The run has ended for a reason that is none of the user's.
    Broken,
    /// There are too few examples.
    TooLittleData,
    /// A loss has not fallen.
    NotLearning,
    /// Held-out figures get worse while training figures get better.
    Overfitting,
    /// A GAN's discriminator tells everything apart.
    DiscriminatorWins,
    /// A GAN's discriminator tells nothing apart.
    DiscriminatorLost,
    /// A generator makes the same again and again.
    ModeCollapse,
    /// A VAE does not use its latent space.
    PosteriorCollapse,
    /// Gradients have become so small that nothing moves.
    VanishingGradients,
    /// Gradients have become many times what they were.
    ExplodingGradients,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}). {}", self.what, self.evidence, self.advice)
    }
}

/// All that is wrong with a run at present.
pub fn warnings(history: &History) -> Vec<Warning> {
    let rules = [
        learning::broken,
        learning::too_little_data,
        learning::not_learning,
        learning::overfitting,
        balance::discriminator_wins,
        balance::discriminator_lost,
        collapse::modes,
        collapse::posterior,
        gradients::vanishing,
        gradients::exploding,
    ];
    rules.iter().filter_map(|rule| rule(history)).collect()
}

/// Steps that must have been made before training figures are judged.
const FEWEST_STEPS: u64 = 300;
/// Lines of the log that must be there.
const FEWEST_LINES: usize = 20;

/// The start and the latest part of a training figure, where there is enough to compare: a tenth of all lines each,
/// at least five.
fn ends(series: &[(u64, f64)]) -> Option<(f64, f64)> {
    let enough = series.len() >= FEWEST_LINES && series.last()?.0 >= FEWEST_STEPS;
    let part = (series.len() / 10).max(5);
    enough.then(|| (mean(&series[..part]), mean(&series[series.len() - part..])))
}

fn mean(series: &[(u64, f64)]) -> f64 {
    series.iter().map(|(_, v)| v).sum::<f64>() / series.len().max(1) as f64
}

/// The middle one of the values.
fn median(series: &[(u64, f64)]) -> f64 {
    let mut values = series.iter().map(|(_, v)| *v).collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A figure as it is shown: four digits, without needless noughts.
pub fn shown(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !(1e-3..1e6).contains(&size) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
    } else {
        let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests;
