use super::view::{Seen, View};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// How much a context keeps for what it has not seen. `n` events, `t` kinds of them, `t1` kinds seen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escape {
    /// 1 / (n + 1)
    A,
    /// t / (n + t)
    C,
    /// (t / 2) / n, every count lowered by a half
    D,
    /// (t1 + 1) / (n + t1 + 1)
    Ax,
}

/// How longer and shorter contexts come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Smoothing {
    /// Shorter contexts add to what longer ones say.
    Interpolated,
    /// Shorter contexts speak only of what longer ones have not seen (exclusion).
    Backoff,
}

/// Settings of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Longest context in elements, 0 to 24.
    pub order: usize,
    /// Escape method.
    pub escape: Escape,
    /// Smoothing.
    pub smoothing: Smoothing,
    /// A symbol is counted only in contexts no shorter than the longest that knew it.
    pub update_exclusion: bool,
    /// Start at the shortest context that has only ever seen one symbol (PPM*), else at the longest.
    pub star: bool,
}

/// Passes on a key that is already mixed.
#[derive(Default)]
pub(super) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// A symbol, its count, and its count under update exclusion.
type Counts = Vec<(u8, u32, u32)>;

/// Counts of what followed each context.
#[derive(Default)]
pub(super) struct Table {
    nodes: HashMap<u64, Counts, BuildHasherDefault<Same>>,
}

impl Table {
    /// Counts whole tunes.
    pub(super) fn learn(&mut self, tunes: &[Seen], view: View, order: usize) {
        let mut contexts = Vec::new();
        for tune in tunes {
            for at in 0..tune.len(view.target) {
                tune.contexts(view, at, order, &mut contexts);
                self.count(&contexts, tune.class(view.target, at), tune.shift(view.target, at));
            }
        }
    }

    /// Counts one event in all its contexts.
    pub(super) fn count(&mut self, contexts: &[u64], class: u8, shift: i32) {
        let symbol = symbol(class, shift);
        let mut known = false;
        for &context in contexts.iter().rev() {
            let counts = self.nodes.entry(context).or_default();
            match counts.iter_mut().find(|c| c.0 == symbol) {
                Some(entry) => {
                    entry.1 += 1;
                    entry.2 += u32::from(!known);
                    known = true;
                }
                None => counts.push((symbol, 1, u32::from(!known))),
            }
        }
    }

    /// Writes the distribution over classes into `out`; it sums to 1.
    pub(super) fn predict(&self, contexts: &[u64], params: &Params, shift: i32, out: &mut [f64]) {
        let known = contexts.iter().take(params.order + 1).map_while(|c| self.nodes.get(c));
        let mut nodes: Vec<&Counts> = known.collect();
        if params.star
            && let Some(first) = nodes.iter().position(|n| n.len() == 1)
        {
            nodes.truncate(first + 1);
        }
        match params.smoothing {
            Smoothing::Interpolated => interpolate(&nodes, params, shift, out),
            Smoothing::Backoff => back_off(&nodes, params, shift, out),
        }
        let sum: f64 = out.iter().sum();
        out.iter_mut().for_each(|p| *p /= sum);
    }
}

fn symbol(class: u8, shift: i32) -> u8 {
    if shift == 0 || class == 0 { class } else { (i32::from(class) + shift) as u8 }
}

/// The class of a counted symbol here, where it is one.
fn class(symbol: u8, shift: i32, classes: usize) -> Option<usize> {
    let class = if shift == 0 || symbol == 0 { i32::from(symbol) } else { i32::from(symbol) - shift };
    // An interval that would lead to class 0 leads out of range: class 0 is the rest.
    let low = i32::from(shift != 0 && symbol != 0);
    (class >= low && (class as usize) < classes).then_some(class as usize)
}

/// What one context says: (weight of a count, what a count is lowered by, share left for others).
fn shares(n: f64, t: f64, t1: f64, escape: Escape) -> (f64, f64, f64) {
    match escape {
        Escape::A => (1.0 / (n + 1.0), 0.0, 1.0 / (n + 1.0)),
        Escape::C => (1.0 / (n + t), 0.0, t / (n + t)),
        Escape::D => (1.0 / n, 0.5, t / (2.0 * n)),
        Escape::Ax => (1.0 / (n + t1 + 1.0), 0.0, (t1 + 1.0) / (n + t1 + 1.0)),
    }
}

fn interpolate(nodes: &[&Counts], params: &Params, shift: i32, out: &mut [f64]) {
    let classes = out.len();
    out.fill(1.0 / classes as f64);
    for node in nodes {
        let used = || entries(node, params, shift, classes);
        let (n, t, t1) = totals(used());
        if n > 0.0 {
            let (weight, less, left) = shares(n, t, t1, params.escape);
            out.iter_mut().for_each(|p| *p *= left);
            used().for_each(|(class, count)| out[class] += (count - less) * weight);
        }
    }
}

fn back_off(nodes: &[&Counts], params: &Params, shift: i32, out: &mut [f64]) {
    let classes = out.len();
    out.fill(0.0);
    let mut open = vec![true; classes];
    let mut mass = 1.0;
    for node in nodes.iter().rev() {
        let used: Vec<(usize, f64)> = entries(node, params, shift, classes).filter(|&(c, _)| open[c]).collect();
        let (n, t, t1) = totals(used.iter().copied());
        if n > 0.0 {
            let (weight, less, left) = shares(n, t, t1, params.escape);
            for (class, count) in used {
                out[class] = mass * (count - less) * weight;
                open[class] = false;
            }
            mass *= left;
        }
    }
    let unseen = open.iter().filter(|&&o| o).count();
    for (p, open) in out.iter_mut().zip(open) {
        if open {
            *p = mass / unseen as f64;
        }
    }
}

/// Classes and counts of a context that are possible here.
fn entries<'a>(
    node: &'a Counts,
    params: &'a Params,
    shift: i32,
    classes: usize,
) -> impl Iterator<Item = (usize, f64)> + 'a {
    node.iter().filter_map(move |&(symbol, count, excluded)| {
        let count = if params.update_exclusion { excluded } else { count };
        (count > 0).then_some((class(symbol, shift, classes)?, f64::from(count)))
    })
}

/// Events, kinds, and kinds seen once.
fn totals(entries: impl Iterator<Item = (usize, f64)>) -> (f64, f64, f64) {
    entries.fold((0.0, 0.0, 0.0), |(n, t, t1), (_, c)| (n + c, t + 1.0, t1 + f64::from(u8::from(c == 1.0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ppm::Target;

    const ALL: [Escape; 4] = [Escape::A, Escape::C, Escape::D, Escape::Ax];

    #[test]
    fn every_distribution_sums_to_one_and_leaves_nothing_impossible() {
        let mut table = Table::default();
        for (contexts, class) in [([1, 2, 3], 40), ([1, 2, 3], 41), ([1, 2, 4], 40), ([1, 5, 6], 0)] {
            table.count(&contexts, class, 30);
        }
        for escape in ALL {
            for smoothing in [Smoothing::Interpolated, Smoothing::Backoff] {
                for (update_exclusion, star) in [(false, false), (true, false), (false, true)] {
                    let params = Params { order: 2, escape, smoothing, update_exclusion, star };
                    for shift in [30, 36, 71, -1] {
                        let mut out = vec![0.0; 74];
                        table.predict(&[1, 2, 3], &params, shift, &mut out);
                        assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{params:?} {shift}");
                        assert!(out.iter().all(|&p| p > 0.0), "{params:?} {shift}");
                    }
                }
            }
        }
    }

    #[test]
    fn method_c_gives_the_shares_of_its_formula() {
        let mut table = Table::default();
        for class in [7, 7, 7, 9] {
            table.count(&[1], class, 0);
        }
        let params =
            Params { order: 0, escape: Escape::C, smoothing: Smoothing::Backoff, update_exclusion: false, star: false };
        let mut out = vec![0.0; 12];
        table.predict(&[1], &params, 0, &mut out);
        assert!((out[7] - 3.0 / 6.0).abs() < 1e-12 && (out[9] - 1.0 / 6.0).abs() < 1e-12);
        assert!((out[0] - (2.0 / 6.0) / 10.0).abs() < 1e-12);
        assert_eq!(
            View { target: Target::Relative, interval: true, relative: false, duration: true, position: false }
                .classes(),
            74
        );
    }
}
