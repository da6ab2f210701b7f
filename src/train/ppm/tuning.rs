use super::table::{Escape, Params, Smoothing, Table};
use super::view::{Seen, View};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What a model has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// The training tunes.
    LongTerm,
    /// The tune at hand, up to the event that is predicted.
    ShortTerm,
}

/// One model of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What it has counted.
    pub memory: Memory,
    /// What it sees.
    pub view: View,
    /// Its settings.
    pub params: Params,
}

/// How distributions are mixed: each weighs (entropy / highest entropy) to the power of −`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// A product of powers instead of a sum.
    pub geometric: bool,
    /// The exponent; 0 weighs all alike.
    pub exponent: f64,
}

/// The longest context that tables are made for.
pub(super) const LONG_ORDER: usize = 12;
pub(super) const SHORT_ORDER: usize = 24;

/// A member and, for the long-term ones, its counts.
pub(super) struct Model<'a> {
    pub member: Member,
    pub table: Option<&'a Table>,
}

/// Bits that a mixture of models needs for one target of some tunes, under each of several outer mixes.
///
/// Long-term models are mixed by `long`, short-term ones by `short`, the two results by each of `outer`.
pub(super) fn bits(tunes: &[Seen], models: &[Model<'_>], long: Mix, short: Mix, outer: &[Mix]) -> Vec<f64> {
    let zero = || vec![0.0; outer.len()];
    let add = |mut a: Vec<f64>, b: Vec<f64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    // Summed in order of the tunes, so that the figure does not hang on threads.
    let each: Vec<Vec<f64>> = tunes.par_iter().map(|tune| tune_bits(tune, models, long, short, outer)).collect();
    each.into_iter().fold(zero(), add)
}

fn tune_bits(tune: &Seen, models: &[Model<'_>], long: Mix, short: Mix, outer: &[Mix]) -> Vec<f64> {
    let mut total = vec![0.0; outer.len()];
    let Some(first) = models.first() else { return total };
    let (target, classes) = (first.member.view.target, first.member.view.classes());
    let length = tune.len(target);
    let mut own: Vec<Table> = models.iter().map(|_| Table::default()).collect();
    let mut contexts = Vec::new();
    let mut dists = vec![vec![0.0; classes]; models.len()];
    for at in 0..length {
        let class = tune.class(target, at);
        for (n, model) in models.iter().enumerate() {
            let Member { view, params, .. } = model.member;
            let shift = tune.shift(view.target, at);
            tune.contexts(view, at, params.order.min(SHORT_ORDER), &mut contexts);
            match model.table {
                Some(table) => table.predict(&contexts, &params, shift, &mut dists[n]),
                None => {
                    own[n].predict(&contexts, &params, shift, &mut dists[n]);
                    own[n].count(&contexts, class, shift);
                }
            }
        }
        let mixed = by_memory(models.iter().map(|m| m.member.memory).zip(&dists), long, short);
        let mixed: Vec<&[f64]> = mixed.iter().map(Vec::as_slice).collect();
        for (sum, &mix) in total.iter_mut().zip(outer) {
            *sum -= blend(&mixed, mix)[usize::from(class)].log2();
        }
    }
    total
}

/// Mixes what the long-term members say, and what the short-term ones say: at most two distributions.
pub(super) fn by_memory<'a>(
    dists: impl Iterator<Item = (Memory, &'a Vec<f64>)> + Clone,
    long: Mix,
    short: Mix,
) -> Vec<Vec<f64>> {
    let of = |memory| dists.clone().filter(move |(m, _)| *m == memory).map(|(_, d)| d.as_slice()).collect::<Vec<_>>();
    let groups = [(of(Memory::LongTerm), long), (of(Memory::ShortTerm), short)];
    groups.into_iter().filter(|(g, _)| !g.is_empty()).map(|(g, mix)| blend(&g, mix)).collect()
}

/// Mixes distributions; a single one comes back as it is.
pub(super) fn blend(dists: &[&[f64]], mix: Mix) -> Vec<f64> {
    if let [only] = dists {
        return only.to_vec();
    }
    let highest = (dists[0].len() as f64).log2();
    let weight = |d: &&[f64]| {
        let entropy: f64 = d.iter().map(|&p| if p > 0.0 { -p * p.log2() } else { 0.0 }).sum();
        (entropy / highest).max(1e-4).powf(-mix.exponent)
    };
    let weights: Vec<f64> = dists.iter().map(weight).collect();
    let all: f64 = weights.iter().sum();
    let mut out = vec![0.0; dists[0].len()];
    for (dist, weight) in dists.iter().zip(&weights) {
        let share = weight / all;
        for (o, &p) in out.iter_mut().zip(*dist) {
            *o += share * if mix.geometric { p.max(1e-12).log2() } else { p };
        }
    }
    if mix.geometric {
        out.iter_mut().for_each(|o| *o = o.exp2());
    }
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|o| *o /= sum);
    out
}

/// Chooses a member's settings on validation tunes, one setting after the other, twice round.
pub(super) fn tune_member(tunes: &[Seen], memory: Memory, view: View, table: Option<&Table>) -> (Member, f64) {
    let start = Params {
        order: 5,
        escape: if memory == Memory::LongTerm { Escape::C } else { Escape::Ax },
        smoothing: Smoothing::Interpolated,
        update_exclusion: memory == Memory::ShortTerm,
        star: false,
    };
    let mix = Mix { geometric: false, exponent: 0.0 };
    let cost = |params| {
        let models = [Model { member: Member { memory, view, params }, table }];
        bits(tunes, &models, mix, mix, &[mix])[0]
    };
    let mut best = (start, cost(start));
    let mut tried = vec![start];
    let longest: &[usize] = if memory == Memory::LongTerm {
        &[1, 2, 3, 4, 6, 8, 10, LONG_ORDER]
    } else {
        &[2, 3, 4, 7, 10, 16, SHORT_ORDER]
    };
    for _ in 0..2 {
        let p = best.0;
        let mut candidates: Vec<Params> = Vec::new();
        let kinds = [Escape::A, Escape::C, Escape::D, Escape::Ax];
        for escape in kinds {
            for update_exclusion in [false, true] {
                candidates.push(Params { escape, update_exclusion, ..p });
            }
        }
        best = cheapest(candidates, best, &mut tried, cost);
        let p = best.0;
        let orders = longest.iter().map(|&order| Params { order, ..p });
        best = cheapest(orders.collect(), best, &mut tried, cost);
        let p = best.0;
        let last = vec![
            Params { smoothing: Smoothing::Backoff, ..p },
            Params { smoothing: Smoothing::Interpolated, ..p },
            Params { star: !p.star, ..p },
            Params { star: true, order: *longest.last().unwrap_or(&p.order), ..p },
        ];
        best = cheapest(last, best, &mut tried, cost);
    }
    (Member { memory, view, params: best.0 }, best.1)
}

fn cheapest(
    candidates: Vec<Params>,
    mut best: (Params, f64),
    tried: &mut Vec<Params>,
    cost: impl Fn(Params) -> f64,
) -> (Params, f64) {
    for candidate in candidates {
        if !tried.contains(&candidate) {
            tried.push(candidate);
            let bits = cost(candidate);
            if bits < best.1 {
                best = (candidate, bits);
            }
        }
    }
    best
}
