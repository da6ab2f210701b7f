//! Which tones and which lengths a melody has.

use super::GridNote;
use crate::music::PitchClass;

/// Lengths that are told apart, in steps; longer ones count as the longest.
const LONGEST: usize = 192;

/// Notes by their tones above a tonic and by their lengths.
#[derive(Debug, Clone, PartialEq)]
pub struct Histograms {
    /// Notes on each semitone above the tonic.
    pub tones: [f64; 12],
    /// Notes by length, from no step to two whole notes.
    pub lengths: Vec<f64>,
}

impl Default for Histograms {
    fn default() -> Self {
        Self { tones: [0.0; 12], lengths: vec![0.0; LONGEST + 1] }
    }
}

impl Histograms {
    /// Counts notes. Without a tonic only their lengths.
    pub fn add(&mut self, notes: &[GridNote], tonic: Option<PitchClass>) {
        for note in notes {
            if let Some(tonic) = tonic {
                self.tones[usize::from(tonic.distance_up_to(PitchClass::of(note.pitch)))] += 1.0;
            }
            self.lengths[(note.steps as usize).min(LONGEST)] += 1.0;
        }
    }

    /// What two have in common of their tones and of their lengths: see [`overlap`].
    pub fn overlaps(&self, other: &Self) -> [f64; 2] {
        [overlap(&shares(&self.tones), &shares(&other.tones)), overlap(&shares(&self.lengths), &shares(&other.lengths))]
    }
}

/// Counts as shares of their sum; zeros where there are none.
fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| if total > 0.0 { count / total } else { 0.0 }).collect()
}

/// How much two lists of shares have in common, 0 to 1: the sum of the smaller of each two, which M. J. Swain and D. H.
/// Ballard, "Color indexing", International Journal of Computer Vision 7 (1991), call the intersection of histograms.
pub fn overlap(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x.min(*y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_melody_has_all_tones_in_common_and_a_faster_one_no_lengths() {
        let tune = |up: u8, steps: u32| {
            let notes: Vec<GridNote> =
                [0, 4, 7, 4].iter().map(|p| GridNote { step: 0, steps, pitch: 60 + p + up }).collect();
            let mut histograms = Histograms::default();
            histograms.add(&notes, Some(PitchClass::of(up)));
            histograms
        };
        // Shares are quarters and halves: nothing is rounded.
        assert_eq!(tune(0, 12).overlaps(&tune(5, 12)), [1.0, 1.0]);
        assert_eq!(tune(0, 12).overlaps(&tune(2, 6)), [1.0, 0.0]);
        assert_eq!(tune(0, 12).overlaps(&Histograms::default()), [0.0, 0.0]);
    }
}
