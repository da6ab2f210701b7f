//! Which tunes belong together, and which part they go to.

use super::{Corpus, CorpusReport, CorpusTune};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Length of the runs that are compared.
const RUN: usize = 6;
/// Share of common runs that makes two tunes kin.
const KIN: f64 = 0.25;
/// Tunes up to which every run is compared. Of more tunes a part of the runs is, chosen by their hashes, which estimates
/// the same shares in bounded memory.
const COMPARED: usize = 20_000;
/// Tunes that hold a run from which on it tells nothing, where runs are chosen.
const COMMON: usize = 500;
/// Families from which on each one's part follows from its hash alone; below, hashes are ranked, so that no part is
/// empty by chance.
const MANY: usize = 200;
/// Share of the families, in percent, that tests hold where there are many; validation holds as many.
const HELD: u16 = 5;
/// The same where there are few, as one in so many.
const FEW_ONE_IN: usize = 10;

/// Where a family goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Validation,
    Test,
}

impl Corpus {
    /// Drops duplicates, finds families and splits them. The order of `tunes` changes the order within a part, but not
    /// what goes where.
    pub fn split(tunes: Vec<CorpusTune>, mut report: CorpusReport) -> Self {
        let before = tunes.len();
        let mut seen = HashSet::new();
        let tunes = tunes.into_iter().filter(|t| seen.insert(t.once.tokens.clone())).collect::<Vec<_>>();
        report.duplicates = before - tunes.len();
        let families = families(&tunes);
        report.families = families.len();
        report.largest_family = families.iter().map(Vec::len).max().unwrap_or(0);
        let parts = parts(&families.iter().map(|family| hash_of(family, &tunes)).collect::<Vec<_>>());
        let mut corpus = Self { report, ..Self::default() };
        for (family, part) in families.into_iter().zip(parts) {
            let part = match part {
                Part::Train => &mut corpus.train,
                Part::Validation => &mut corpus.validation,
                Part::Test => &mut corpus.test,
            };
            part.extend(family.into_iter().map(|i| tunes[i].clone()));
        }
        corpus
    }
}

/// Hashes of the runs of (interval, duration), one of `sample`.
fn runs(tune: &CorpusTune, sample: u64) -> BTreeSet<u64> {
    let pairs = tune.once.tokens.windows(2).map(|w| [w[1].pitch.wrapping_sub(w[0].pitch), w[1].duration]);
    let pairs = pairs.collect::<Vec<_>>();
    pairs
        .windows(RUN)
        .map(|run| u64::from_le_bytes(Sha256::digest(run.concat())[..8].try_into().expect("8 bytes")))
        .filter(|hash| hash.is_multiple_of(sample))
        .collect()
}

/// Sets of tunes that are joined by likeness or by their origin, as indices, each in order.
fn families(tunes: &[CorpusTune]) -> Vec<Vec<usize>> {
    let sample = tunes.len().div_ceil(COMPARED).max(1) as u64;
    let sets = tunes.par_iter().map(|tune| runs(tune, sample)).collect::<Vec<_>>();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (i, set) in sets.iter().enumerate() {
        set.iter().for_each(|&run| holders.entry(run).or_default().push(i));
    }
    if sample > 1 {
        holders.retain(|_, tunes| tunes.len() < COMMON);
    }
    let mut joined = Joined::new(tunes.len());
    for (i, set) in sets.iter().enumerate() {
        let mut common: HashMap<usize, usize> = HashMap::new();
        for holders in set.iter().filter_map(|run| holders.get(run)) {
            holders.iter().filter(|&&j| j < i).for_each(|&j| *common.entry(j).or_default() += 1);
        }
        for (j, shared) in common {
            if shared as f64 >= KIN * set.len().min(sets[j].len()) as f64 {
                joined.join(i, j);
            }
        }
    }
    let mut of_origin: HashMap<&str, usize> = HashMap::new();
    for (i, tune) in tunes.iter().enumerate().filter(|(_, tune)| !tune.origin.is_empty()) {
        joined.join(i, *of_origin.entry(&tune.origin).or_insert(i));
    }
    let mut families: HashMap<usize, Vec<usize>> = HashMap::new();
    for i in 0..tunes.len() {
        families.entry(joined.root(i)).or_default().push(i);
    }
    let mut families = families.into_values().collect::<Vec<_>>();
    families.sort();
    families
}

/// Disjoint sets of numbers; each set's root is its smallest.
struct Joined(Vec<usize>);

impl Joined {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// The smallest hash among a family's tunes, each from the tune's symbols alone: whichever tune is met first, and
/// under whatever name, the family's hash is the same.
fn hash_of(family: &[usize], tunes: &[CorpusTune]) -> [u8; 32] {
    let hash = |&i: &usize| -> [u8; 32] {
        let symbols = tunes[i].once.tokens.iter().flat_map(|t| [t.duration, t.pitch]).collect::<Vec<_>>();
        Sha256::digest(symbols).into()
    };
    family.iter().map(hash).min().unwrap_or_default()
}

/// The part of each family, from its hash.
fn parts(hashes: &[[u8; 32]]) -> Vec<Part> {
    // The last bytes: the first ones of a smallest hash are small.
    let tail = |hash: &[u8; 32]| u16::from_le_bytes([hash[30], hash[31]]);
    if hashes.len() >= MANY {
        let part = |hash| match tail(hash) % 100 {
            share if share < HELD => Part::Test,
            share if share < 2 * HELD => Part::Validation,
            _ => Part::Train,
        };
        return hashes.iter().map(part).collect();
    }
    let mut ranked = (0..hashes.len()).collect::<Vec<_>>();
    ranked.sort_by_key(|&i| (tail(&hashes[i]), hashes[i]));
    let held = hashes.len().div_ceil(FEW_ONE_IN);
    let (validation, test) = match hashes.len() {
        0 | 1 => (0, 0),
        2 => (1, 0),
        _ => (held, held),
    };
    let mut parts = vec![Part::Train; hashes.len()];
    ranked.iter().take(validation).for_each(|&i| parts[i] = Part::Validation);
    ranked.iter().skip(validation).take(test).for_each(|&i| parts[i] = Part::Test);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_families_fill_every_part_and_many_keep_their_shares() {
        let count = |parts: &[Part], part| parts.iter().filter(|p| **p == part).count();
        let hashes = |n: usize| (0..n).map(|i| Sha256::digest(i.to_le_bytes()).into()).collect::<Vec<[u8; 32]>>();
        for (families, validation, test) in [(1, 0, 0), (2, 1, 0), (3, 1, 1), (20, 2, 2), (199, 20, 20)] {
            let parts = parts(&hashes(families));
            assert_eq!((count(&parts, Part::Validation), count(&parts, Part::Test)), (validation, test), "{families}");
        }
        let parts = parts(&hashes(4000));
        for part in [Part::Validation, Part::Test] {
            assert!((150..250).contains(&count(&parts, part)), "{} of 4000", count(&parts, part));
        }
    }
}
