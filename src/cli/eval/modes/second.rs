//! What the second voice is to the first.

use oneiro::music::Note;
use oneiro::music::STEPS_PER_BEAT;
use serde::Serialize;

/// Figures of the second voice. Shares lie between 0 and 1, distances are in grid steps of 1/24 of a quarter note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SecondVoice {
    /// Notes of the first voice, and the share of them that have a second.
    pub notes: usize,
    pub accompanied: f64,
    /// Share of seconds that are thirds and sixths; fourths, fifths and octaves; anything else.
    pub thirds_and_sixths: f64,
    pub other_consonances: f64,
    pub dissonances: f64,
    /// How far a second begins after its first, at most and in the mean.
    pub latest: f64,
    pub delay: f64,
    /// How far it ends from it, at most.
    pub end: f64,
}

impl SecondVoice {
    /// Of pairs of voices.
    pub fn of<'a>(pairs: impl Iterator<Item = (&'a [Note], &'a [Note])>) -> Self {
        let mut all = Self::default();
        let mut kinds = [0_usize; 3];
        for (first, second) in pairs {
            all.notes += first.len();
            for note in second {
                // The note that it goes with began last.
                let Some(lead) = first.iter().rev().find(|n| n.onset.0 <= note.onset.0 + 1e-3) else { continue };
                let steps = |beats: f64| beats.abs() * f64::from(STEPS_PER_BEAT);
                let delay = steps(note.onset.0 - lead.onset.0);
                all.delay += delay;
                all.latest = all.latest.max(delay);
                all.end = all.end.max(steps(note.end().0 - lead.end().0));
                kinds[match note.pitch.abs_diff(lead.pitch) {
                    3 | 4 | 8 | 9 => 0,
                    5 | 7 | 12 => 1,
                    _ => 2,
                }] += 1;
            }
        }
        let seconds = kinds.iter().sum::<usize>();
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        all.accompanied = share(seconds, all.notes);
        all.delay /= seconds.max(1) as f64;
        [all.thirds_and_sixths, all.other_consonances, all.dissonances] = kinds.map(|kind| share(kind, seconds));
        all
    }
}
