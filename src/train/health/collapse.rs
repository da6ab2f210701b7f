//! Whether what is made still differs, and whether a latent space is still used.

use super::{FEWEST_STEPS, Rule, Warning, ends, shown};
use crate::train::history::{History, Series};

/// Spread among samples, as a share of the data's, below which they are the same again and again.
const ALIKE: f64 = 0.35;
/// Share of the widest spread so far that is a fall.
const FALLEN: f64 = 0.6;

pub(super) fn modes(history: &History) -> Option<Warning> {
    let spread = history.validation.get("spread")?;
    let [.., (_, before), (step, last)] = spread[..] else { return None };
    let widest = spread.iter().map(|(_, v)| *v).fold(f64::MIN, f64::max);
    let low = step >= FEWEST_STEPS && last < ALIKE && before < ALIKE;
    let fallen = last < FALLEN * widest && before < FALLEN * widest;
    (low || fallen).then(|| Warning {
        rule: Rule::ModeCollapse,
        what: "Mode collapse: samples are nearly all alike".into(),
        evidence: format!(
            "they differ {} times as much as the data does; the most so far was {}",
            shown(last),
            shown(widest)
        ),
        advice:
            "Use the model of an earlier step, lower the learning rates, use larger batches, or give more and more \
                 varied examples"
                .into(),
    })
}

/// Nats below which a KL divergence carries nothing.
const NOTHING: f64 = 0.01;
/// Share of its greatest value, and nats, below which a KL divergence has fallen away.
const LOST: (f64, f64) = (0.02, 0.5);

pub(super) fn posterior(history: &History) -> Option<Warning> {
    // While the weight of the divergence rises, in the first part of a run, it says nothing yet.
    if history.steps > 0 && history.step < history.steps / 5 {
        return None;
    }
    let (name, first, last) = history.train.iter().filter(|(name, _)| is_divergence(name)).find_map(|(name, s)| {
        let (_, last) = ends(s)?;
        let most = greatest(s);
        (last.abs() < NOTHING || (last < LOST.0 * most && last < LOST.1)).then_some((name, most, last))
    })?;
    Some(Warning {
        rule: Rule::PosteriorCollapse,
        what: "Posterior collapse: the encoder says nothing, and the decoder makes do without it".into(),
        evidence: format!("{name} is {}; the most so far was {}", shown(last), shown(first)),
        advice:
            "Weigh the divergence less or let its weight rise more slowly, allow more free bits, or make the decoder \
                 weaker (more dropout, a smaller one)"
                .into(),
    })
}

fn greatest(series: &Series) -> f64 {
    series.iter().map(|(_, v)| *v).fold(0.0, f64::max)
}

/// Whether a figure is a KL divergence, rather than its weight.
fn is_divergence(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let of = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    of(&["kl", "kld"]) && !of(&["weight", "beta", "rate", "norm", "free", "target", "floor", "units"])
}
