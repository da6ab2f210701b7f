//! Which picture comes when: an endless sequence of which any part can be asked for.

use super::{Dataset, Error, Split};
use crate::train::random::random;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

impl Dataset {
    /// For numbers `first` to `first + count` of the sequence: the picture, and the random source of its crop.
    pub(super) fn draws(
        &self,
        split: Split,
        seed: u64,
        first: u64,
        count: usize,
    ) -> Result<Vec<(usize, ChaCha8Rng)>, Error> {
        let lists: Vec<_> =
            self.places[&split].iter().zip(&self.sources).filter(|(list, _)| !list.is_empty()).collect();
        if lists.is_empty() {
            return Err(Error::EmptySplit(split, self.items.len()));
        }
        let weights: Vec<f64> = lists.iter().map(|(_, source)| f64::from(source.weight)).collect();
        let mut round: Option<(usize, u64, Vec<usize>)> = None;
        let mut draws = Vec::with_capacity(count);
        for number in first..first.saturating_add(count as u64) {
            let (source, turn) = share(&weights, number);
            let list = lists[source].0;
            let (lap, place) = (turn / list.len() as u64, (turn % list.len() as u64) as usize);
            let order = match &round {
                Some((s, l, order)) if (*s, *l) == (source, lap) => order[place],
                _ => {
                    let mut order = list.clone();
                    order.shuffle(&mut random(seed, 1 + source as u64, lap));
                    let picked = order[place];
                    round = Some((source, lap, order));
                    picked
                }
            };
            draws.push((order, random(seed, 0, number)));
        }
        Ok(draws)
    }
}

/// Deals number after number to the sources in proportion to their weights, as evenly as whole numbers allow:
/// (source, how many it had before). The first source takes a number where ⌊(n+1)·w⌋ > ⌊n·w⌋; the rest go round the
/// others in the same way.
fn share(weights: &[f64], number: u64) -> (usize, u64) {
    let (mut number, mut source) = (number, 0);
    loop {
        let rest: f64 = weights[source..].iter().sum();
        let part = weights[source] / rest;
        if source + 1 == weights.len() || part >= 1.0 {
            return (source, number);
        }
        let before = (number as f64 * part).floor() as u64;
        let after = ((number as f64 + 1.0) * part).floor() as u64;
        if after > before {
            return (source, before);
        }
        number -= before;
        source += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn every_source_counts_its_turns_without_a_gap_and_gets_its_share() {
        let weights = [3.0, 1.0, 2.5];
        let mut turns = [0; 3];
        for number in 0..6500 {
            let (source, turn) = share(&weights, number);
            assert_eq!(turn, turns[source], "number {number} for source {source}");
            turns[source] += 1;
        }
        for (count, weight) in turns.iter().zip(weights) {
            assert!((*count as f64 - 1000.0 * weight).abs() <= 2.0, "{turns:?}");
        }
    }
}
