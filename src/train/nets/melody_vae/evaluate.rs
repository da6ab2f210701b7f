//! Figures of a melody VAE: how well phrases come back, how the latent space is used, how phrases turn into one another.

pub use crate::music::figures::overlap;

use super::walk::SCALE;
use crate::music::encoding::{DURATIONS, REACH, REST};
use crate::music::phrase::CodedPhrase;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
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

/// What phrases are like, as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Character {
    /// Phrases.
    pub phrases: usize,
    /// Notes a bar.
    pub notes_a_bar: f64,
    /// Mean distance of a phrase's highest and lowest note, in semitones.
    pub range: f64,
    /// Mean distance of successive notes, in semitones.
    pub leap: f64,
    /// Share of notes that lie in the major scale that holds most of their phrase's notes.
    pub in_one_scale: f64,
    /// Share of time that is rest.
    pub rest: f64,
    /// Share of phrases that no other one equals.
    pub distinct: f64,
    /// Shares of note lengths, by duration class.
    #[serde(skip)]
    pub lengths: Vec<f64>,
    /// Shares of tones, in semitones above the tonic.
    #[serde(skip)]
    pub tones: Vec<f64>,
}

impl Character {
    /// Of some phrases.
    pub fn of(phrases: &[CodedPhrase]) -> Self {
        let (mut sounding, mut leaps, mut inside) = (0, Vec::new(), 0);
        let (mut ranges, mut silent, mut whole, mut bars) = (Vec::new(), 0, 0, 0);
        let (mut lengths, mut tones) = (vec![0.0; DURATIONS.len()], vec![0.0; 12]);
        for phrase in phrases {
            let placed = notes(phrase);
            let pitches = || placed.iter().map(|n| i32::from(n.pitch));
            sounding += placed.len();
            leaps.extend(placed.windows(2).map(|w| f64::from(w[1].pitch.abs_diff(w[0].pitch))));
            ranges.extend(pitches().max().zip(pitches().min()).map(|(high, low)| f64::from(high - low)));
            let fitting = |tonic: i32| pitches().filter(|p| SCALE.contains(&(p - tonic).rem_euclid(12))).count();
            inside += (0..12).map(fitting).max().unwrap_or(0);
            let steps = phrase.form.steps();
            silent += steps.saturating_sub(placed.iter().map(|n| n.steps).sum());
            whole += steps;
            bars += phrase.form.bars as usize;
            for token in phrase.tokens.iter().filter(|t| t.pitch != REST) {
                lengths[usize::from(token.duration)] += 1.0;
                tones[(i32::from(token.pitch) - REACH - 1).rem_euclid(12) as usize] += 1.0;
            }
        }
        let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
        let shares = |all: Vec<f64>| all.iter().map(|n| n / sounding.max(1) as f64).collect();
        let distinct = phrases.iter().collect::<HashSet<_>>().len();
        Self {
            phrases: phrases.len(),
            notes_a_bar: share(sounding, bars),
            range: mean(&ranges),
            leap: mean(&leaps),
            in_one_scale: share(inside, sounding),
            rest: share(silent as usize, whole as usize),
            distinct: share(distinct, phrases.len()),
            lengths: shares(lengths),
            tones: shares(tones),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::encoding::Token;
    use crate::music::phrase::Form;
    use crate::time::TimeSignature;

    fn phrase(events: &[(u8, u8)]) -> CodedPhrase {
        let form = Form { metre: TimeSignature::new(2, 4).unwrap(), bars: 1 };
        CodedPhrase { form, tokens: events.iter().map(|&(duration, pitch)| Token { duration, pitch }).collect() }
    }

    #[test]
    fn divergence_is_that_of_normal_distributions() {
        assert_eq!(kl_nats(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
        // KL(N(1, 4) ‖ N(0, 1)) = ½(1 + 4 − 1 − ln 4)
        assert!((kl_nats(&[1.0], &[4f32.ln()]) - (2.0 - 4f64.ln() / 2.0)).abs() < 1e-6);
        let means = [[0.0_f32, 1.0, 0.05], [0.0, -1.0, 0.0]];
        assert_eq!(active_units(means.iter().map(|m| &m[..])), 1);
    }

    #[test]
    fn a_shifted_rhythm_loses_notes_by_number_and_keeps_those_that_still_stand_right() {
        let (eighth, quarter) = (9, 15);
        let wanted = phrase(&[(eighth, 37), (eighth, 39), (quarter, 41)]);
        let found = phrase(&[(quarter, 37), (quarter, 41)]);
        let same = NoteMatch::of(&wanted, &wanted);
        assert_eq!((same.both(), same.placed_f1()), (1.0, 1.0));
        let other = NoteMatch::of(&wanted, &found);
        assert_eq!((other.pitch, other.duration, other.both, other.placed), (1, 0, 0, 2));
        assert_eq!(other.placed_f1(), 0.8);
    }

    #[test]
    fn scales_and_densities_are_counted_from_the_notes() {
        let scale = phrase(&[(9, 37), (9, 39), (9, 41), (9, 38)]);
        let character = Character::of(&[scale.clone(), scale]);
        assert_eq!((character.notes_a_bar, character.range, character.distinct), (4.0, 4.0, 0.5));
        assert_eq!(character.in_one_scale, 0.75, "three of four: a whole tone apart, and one between");
        assert!((overlap(&character.tones, &character.tones) - 1.0).abs() < 1e-12);
    }
}
