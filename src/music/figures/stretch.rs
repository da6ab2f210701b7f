//! Notes of one voice between two positions, on the grid.

use super::mean;
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::Beats;

/// A note on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridNote {
    /// Where it begins, in steps of 1/24 of a quarter note from beat 0.
    pub step: i64,
    /// How long it lasts; above zero.
    pub steps: u32,
    /// MIDI key number.
    pub pitch: u8,
}

/// Notes of one voice between two positions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stretch {
    /// In order.
    pub notes: Vec<GridNote>,
    /// Where it begins and where it ends, in steps from beat 0.
    pub span: (i64, i64),
}

impl Stretch {
    /// The notes that begin from one position to another, on the grid and cut at the end; one after the other.
    pub fn new(notes: &[Note], (from, to): (Beats, Beats)) -> Self {
        let span = (from.nearest_step(STEPS_PER_BEAT), to.nearest_step(STEPS_PER_BEAT));
        let place = |n: &Note| {
            let (step, end) = (n.onset.nearest_step(STEPS_PER_BEAT), n.end().nearest_step(STEPS_PER_BEAT));
            GridNote { step, steps: (end.min(span.1) - step).max(1) as u32, pitch: n.pitch }
        };
        let mut notes: Vec<GridNote> = notes.iter().map(place).filter(|n| (span.0..span.1).contains(&n.step)).collect();
        notes.sort_by_key(|n| (n.step, n.pitch));
        Self { notes, span }
    }

    pub(super) fn beats(&self) -> f64 {
        (self.span.1 - self.span.0).max(0) as f64 / f64::from(STEPS_PER_BEAT)
    }

    /// Notes in a quarter note.
    pub(super) fn density(&self) -> f64 {
        self.notes.len() as f64 / self.beats().max(1e-9)
    }

    pub(super) fn mean_pitch(&self) -> f64 {
        mean(self.notes.iter().map(|n| f64::from(n.pitch)))
    }

    /// Semitones from the lowest to the highest note.
    pub(super) fn reach(&self) -> f64 {
        let pitches = || self.notes.iter().map(|n| n.pitch);
        pitches().max().zip(pitches().min()).map_or(0.0, |(high, low)| f64::from(high - low))
    }

    /// Where notes begin in each bar, in steps from the bar's line.
    pub(super) fn rhythms(&self, bar: i64) -> Vec<Vec<i64>> {
        let first = self.span.0.div_euclid(bar);
        let count = (self.span.1 - first * bar + bar - 1).max(0) / bar;
        let mut bars = vec![Vec::new(); count as usize];
        for note in &self.notes {
            if let Some(rhythm) = bars.get_mut((note.step.div_euclid(bar) - first).max(0) as usize) {
                rhythm.push(note.step.rem_euclid(bar));
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_to_the_grid_and_end_with_their_stretch() {
        let note = |at: f64, length: f64| Note { onset: Beats(at), duration: Beats(length), pitch: 60, velocity: 80 };
        let stretch =
            Stretch::new(&[note(3.99, 4.0), note(1.0, 0.5), note(4.51, 9.0), note(8.0, 1.0)], (Beats(2.0), Beats(8.0)));
        let placed: Vec<_> = stretch.notes.iter().map(|n| (n.step, n.steps)).collect();
        assert_eq!(placed, [(96, 96), (108, 84)]);
    }
}
