//! How much a line repeats itself, and how much of another it takes up.

use super::GridNote;
use std::collections::HashSet;

/// Intervals with durations that make a figure: four notes.
const FIGURE: usize = 3;

/// An interval in semitones and the length of the note that it leads to, in steps: the same in every key.
pub type Move = (i16, u32);

/// The moves of a line, one fewer than notes.
pub fn moves(notes: &[GridNote]) -> Vec<Move> {
    let step = |w: &[GridNote]| (i16::from(w[1].pitch) - i16::from(w[0].pitch), w[1].steps);
    notes.windows(2).map(step).collect()
}

/// Figures of three moves, and how many of them were there before: in the line itself, or in another.
pub fn repeated(line: &[Move], other: Option<&[Move]>) -> (usize, usize) {
    let mut known: HashSet<&[Move]> = other.unwrap_or(&[]).windows(FIGURE).collect();
    let mut repeated = 0;
    for figure in line.windows(FIGURE) {
        repeated += usize::from(known.contains(figure));
        if other.is_none() {
            known.insert(figure);
        }
    }
    (repeated, line.len().saturating_sub(FIGURE - 1))
}

/// Share of a line that its longest loop takes: something that is followed at once by itself, whole at least once. 0 where
/// nothing is.
pub fn longest_loop(line: &[Move]) -> f64 {
    let mut longest = 0;
    for period in 1..=line.len() / 2 {
        let mut run = 0;
        for at in period..line.len() {
            run = if line[at] == line[at - period] { run + 1 } else { 0 };
            if run >= period {
                longest = longest.max(run + period);
            }
        }
    }
    longest as f64 / line.len().max(1) as f64
}

/// Into how many pieces a line falls when each is the longest that was there before, in `known` or in the line itself, or a
/// single move that was not: the factors of J. Ziv and A. Lempel, "A universal algorithm for sequential data compression",
/// IEEE Transactions on Information Theory 23 (1977). Few of them mean that the line compresses well.
pub fn factors(known: &[Move], line: &[Move]) -> usize {
    let all: Vec<Move> = known.iter().chain(line).copied().collect();
    let (mut at, mut factors) = (known.len(), 0);
    while at < all.len() {
        let common = |from: usize| (0..all.len() - at).take_while(|&i| all[from + i] == all[at + i]).count();
        at += (0..at).map(common).max().unwrap_or(0).max(1);
        factors += 1;
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_told_from_a_return_and_from_a_new_line() {
        let ab = [(2, 12), (-1, 24)];
        let looped: Vec<Move> = ab.iter().cycle().take(8).copied().collect();
        assert_eq!((longest_loop(&looped), repeated(&looped, None)), (1.0, (4, 6)));
        let fresh: Vec<Move> = (0..8).map(|i| (i, 12)).collect();
        assert_eq!((longest_loop(&fresh), repeated(&fresh, None)), (0.0, (0, 6)));
        let back: Vec<Move> = fresh.iter().chain(&[(9, 6)]).chain(&fresh).copied().collect();
        assert_eq!((longest_loop(&back), repeated(&back, None).0), (0.0, 6));
        assert_eq!(repeated(&fresh[2..], Some(&fresh)), (4, 4));
        assert_eq!((longest_loop(&[]), repeated(&[], None)), (0.0, (0, 0)));
    }

    #[test]
    fn what_was_heard_before_falls_into_few_pieces() {
        let fresh: Vec<Move> = (0..8).map(|i| (i, 12)).collect();
        assert_eq!((factors(&[], &fresh), factors(&fresh, &fresh), factors(&fresh, &fresh[3..])), (8, 1, 1));
        let same = [(0, 12); 9];
        assert_eq!(factors(&[], &same), 2, "one that is new, and what follows from it");
    }
}
