//! Whether gradients still have a size that one can learn with.

use super::{Rule, Warning, ends, mean, median, shown};
use crate::train::history::{History, Series};

/// Share of its usual size below which a gradient moves nothing.
const VANISHED: f64 = 1e-3;
/// Size below which it moves nothing in any case, single precision being what it is.
const NOTHING: f64 = 1e-8;
/// Times its usual size above which a gradient has exploded.
const EXPLODED: f64 = 20.0;

/// Gradients' norms, by objective.
fn norms(history: &History) -> impl Iterator<Item = (&str, &Series)> {
    history.train.iter().filter_map(|(name, s)| Some((name.strip_suffix("/gradient_norm")?, s)))
}

pub(super) fn vanishing(history: &History) -> Option<Warning> {
    let (objective, usual, last) = norms(history).find_map(|(objective, s)| {
        let (_, last) = ends(s)?;
        let usual = median(&s[..s.len() / 2]);
        // Where the loss has gone as well, there is nothing left to learn.
        let loss = history.train.get(&format!("{objective}/loss")).and_then(|s| ends(s));
        let learnt = loss.is_some_and(|(first, last)| last.abs() < 0.1 * first.abs());
        ((last < VANISHED * usual || last < NOTHING) && !learnt).then_some((objective, usual, last))
    })?;
    Some(Warning {
        rule: Rule::VanishingGradients,
        what: format!("Vanishing gradients: {objective} hardly moves any more"),
        evidence: format!("their norm is {}, usually {}", shown(last), shown(usual)),
        advice:
            "Begin again with a lower learning rate; a unit that never answers, a saturated output or a loss that is \
                 cut off is the usual cause"
                .into(),
    })
}

pub(super) fn exploding(history: &History) -> Option<Warning> {
    let (objective, usual, last) = norms(history).find_map(|(objective, s)| {
        ends(s)?;
        let (earlier, latest) = s.split_at(s.len() - 5);
        let (usual, last) = (median(earlier), mean(latest));
        (last > EXPLODED * usual && usual > 0.0).then_some((objective, usual, last))
    })?;
    Some(Warning {
        rule: Rule::ExplodingGradients,
        what: format!("Exploding gradients: those of {objective} are many times their usual size"),
        evidence: format!("their norm is {}, usually {}", shown(last), shown(usual)),
        advice: "Lower the learning rate; go on from the checkpoint if the losses come back by themselves".into(),
    })
}
