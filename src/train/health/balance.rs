//! Whether a GAN's two sides are a match for each other.

use super::{Rule, Warning, ends, shown};
use crate::train::history::History;

/// Share of its first value below which the discriminator's loss says that it has won.
const WON: f64 = 0.05;
/// Distance between the scores of real and painted pictures that no generator comes back from, in logits.
const FAR: f64 = 10.0;
/// The distance of an untrained or beaten discriminator.
const NEAR: f64 = 0.02;

pub(super) fn discriminator_wins(history: &History) -> Option<Warning> {
    let gap = latest_gap(history);
    let loss = history.train.get("d/loss").and_then(|s| ends(s));
    let won = loss.is_some_and(|(first, last)| first > 0.0 && last >= 0.0 && last < WON * first);
    if !won && gap.as_ref().is_none_or(|(_, gap)| *gap < FAR) {
        return None;
    }
    let mut evidence = Vec::new();
    if let Some((first, last)) = loss {
        evidence.push(format!("its loss is {}, at the start {}", shown(last), shown(first)));
    }
    if let Some((text, _)) = gap {
        evidence.push(text);
    }
    Some(Warning {
        rule: Rule::DiscriminatorWins,
        what: "The discriminator wins: it tells every painted example from a real one, so the generator learns little"
            .into(),
        evidence: evidence.join("; "),
        advice: "Lower the discriminator's learning rate, augment more or longer, or give it more examples".into(),
    })
}

pub(super) fn discriminator_lost(history: &History) -> Option<Warning> {
    let (text, gap) = latest_gap(history)?;
    (gap.abs() < NEAR).then(|| Warning {
        rule: Rule::DiscriminatorLost,
        what: "The discriminator tells nothing apart, so the generator is told nothing".into(),
        evidence: text,
        advice: "Raise the discriminator's learning rate, or lower the generator's".into(),
    })
}

/// How far apart real and painted examples are scored at present: in words, and in logits.
fn latest_gap(history: &History) -> Option<(String, f64)> {
    let last = |name: &str| Some(ends(history.train.get(name)?)?.1);
    let (real, painted) = (last("seen/real")?, last("seen/painted")?);
    let text = format!("it scores real ones {} and painted ones {}", shown(real), shown(painted));
    Some((text, real - painted))
}
