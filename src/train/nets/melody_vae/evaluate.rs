//! Figures of a melody VAE: how well phrases come back, how the latent space is used, how phrases turn into one another.

use crate::music::encoding::{DURATIONS, REST};
use crate::music::phrase::CodedPhrase;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Variance of a mean over phrases above which a latent unit counts as active, in parts of the prior's (Burda et al.
/// 2016, section 5.2).
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// Divergence of N(mu, e^logvar) from N(0, 1) in nats: ½ Σ (mu² + e^logvar − 1 − logvar).
pub fn kl_nats(mu: &[f32], logvar: &[f32]) -> f64 {
    let each = mu.iter().zip(logvar).map(|(&m, &v)| (f64::from(m), f64::from(v)));
    each.map(|(m, v)| 0.5 * (m * m + v.exp() - 1.0 - v)).sum()
}

/// Units whose means vary with the phrase.
pub fn active_units<'a>(means: impl Iterator<Item = &'a [f32]>) -> usize {
    let (mut count, mut sums): (f64, Vec<[f64; 2]>) = (0.0, Vec::new());
    for mean in means {
        sums.resize(mean.len(), [0.0; 2]);
        count += 1.0;
        for (sum, &m) in sums.iter_mut().zip(mean) {
            sum[0] += f64::from(m);
            sum[1] += f64::from(m).powi(2);
        }
    }
    let variance = |[sum, squares]: [f64; 2]| squares / count - (sum / count).powi(2);
    sums.into_iter().filter(|&s| variance(s) > ACTIVE_VARIANCE).count()
}

/// A note of a phrase: where it starts and how long it sounds, in steps, and its pitch class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedNote {
    /// Steps from the start of the phrase.
    pub onset: u32,
    /// Steps.
    pub steps: u32,
    /// Pitch class of the coding.
    pub pitch: u8,
}

/// The notes of a phrase.
pub fn notes(phrase: &CodedPhrase) -> Vec<PlacedNote> {
    let placed = phrase.tokens.iter().zip(phrase.positions()).filter(|(t, _)| t.pitch != REST);
    let note = |(t, onset): (&crate::music::encoding::Token, u32)| PlacedNote {
        onset,
        steps: u32::from(DURATIONS[usize::from(t.duration)]),
        pitch: t.pitch,
    };
    placed.map(note).collect()
}

/// How many notes of a phrase another one has too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoteMatch {
    /// Notes of the first phrase.
    pub wanted: usize,
    /// Notes of the other.
    pub found: usize,
    /// The n-th note has the same pitch.
    pub pitch: usize,
    /// The n-th note has the same duration.
    pub duration: usize,
    /// The n-th note has the same pitch, duration and onset.
    pub both: usize,
    /// Notes with the same onset and pitch, wherever they stand in the order.
    pub placed: usize,
}

impl NoteMatch {
    /// Compares `found` with `wanted`.
    pub fn of(wanted: &CodedPhrase, found: &CodedPhrase) -> Self {
        let (a, b) = (notes(wanted), notes(found));
        let mut counts = Self { wanted: a.len(), found: b.len(), ..Self::default() };
        for (x, y) in a.iter().zip(&b) {
            counts.pitch += usize::from(x.pitch == y.pitch);
            counts.duration += usize::from(x.steps == y.steps);
            counts.both += usize::from(x == y);
        }
        let heard: BTreeMap<u32, u8> = b.iter().map(|n| (n.onset, n.pitch)).collect();
        counts.placed = a.iter().filter(|n| heard.get(&n.onset) == Some(&n.pitch)).count();
        counts
    }

    /// Share of the wanted notes that came with pitch, duration and onset.
    pub fn both(&self) -> f64 {
        share(self.both, self.wanted)
    }

    /// Harmonic mean of precision and recall of (onset, pitch).
    pub fn placed_f1(&self) -> f64 {
        share(2 * self.placed, self.wanted + self.found)
    }
}

/// `part` of `whole`, 0 where there is nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl AddAssign for NoteMatch {
    fn add_assign(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.found += other.found;
        self.pitch += other.pitch;
        self.duration += other.duration;
        self.both += other.both;
        self.placed += other.placed;
    }
}
