use crate::music::encoding::{DURATION_CLASSES, END, EncodedTune, PITCH_CLASSES, REACH, REST, bar_steps};
use serde::{Deserialize, Serialize};

/// What a model predicts, and in which symbols it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Duration classes.
    Duration,
    /// Pitch classes, counted as pitch above the first note.
    Relative,
    /// Pitch classes, counted as interval to the note before.
    Interval,
}

/// What a model sees of a tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    /// What it predicts.
    pub target: Target,
    /// Past events show their interval.
    pub interval: bool,
    /// Past events show their pitch above the first note.
    pub relative: bool,
    /// Past events show their duration.
    pub duration: bool,
    /// The metre and the place in the bar are the nearest part of the context.
    pub position: bool,
}

impl View {
    /// Number of symbols of the predicted distribution.
    pub fn classes(self) -> usize {
        if self.target == Target::Duration { DURATION_CLASSES } else { PITCH_CLASSES }
    }
}

/// A tune as the views look at it.
#[derive(Clone)]
pub(super) struct Seen {
    /// Duration class of each event and of the end.
    pub durations: Vec<u8>,
    /// Pitch class of each event.
    pub pitches: Vec<u8>,
    /// The pitch class that sounded last before each event.
    pub before: Vec<u8>,
    /// Metre and place in the bar.
    places: Vec<u64>,
    /// Bits of a tune are divided by these.
    pub notes: usize,
}

/// An interval is kept as a symbol from 1 to 145; 0 is a rest.
const NO_INTERVAL: i32 = 73;

impl Seen {
    pub(super) fn new(tune: &EncodedTune) -> Self {
        let mut durations: Vec<u8> = tune.tokens.iter().map(|t| t.duration).collect();
        durations.push(END);
        let pitches: Vec<u8> = tune.tokens.iter().map(|t| t.pitch).collect();
        // The first sounding note is the one that pitches are relative to: its interval is none.
        let mut last = 1 + REACH as u8;
        let mut before = Vec::with_capacity(pitches.len());
        for &pitch in &pitches {
            before.push(last);
            if pitch != REST {
                last = pitch;
            }
        }
        let metre = u64::from(tune.metre.numerator) << 8 | u64::from(tune.metre.denominator);
        let bar = bar_steps(tune.metre);
        let places = tune.positions().iter().map(|p| metre << 16 | u64::from(p % bar)).collect();
        Self { durations, pitches, before, places, notes: tune.notes() }
    }

    /// Things to predict under a target.
    pub(super) fn len(&self, target: Target) -> usize {
        if target == Target::Duration { self.durations.len() } else { self.pitches.len() }
    }

    /// The class that comes at `at`.
    pub(super) fn class(&self, target: Target, at: usize) -> u8 {
        if target == Target::Duration { self.durations[at] } else { self.pitches[at] }
    }

    /// What is added to a class to count it under this target.
    pub(super) fn shift(&self, target: Target, at: usize) -> i32 {
        if target == Target::Interval { NO_INTERVAL - i32::from(self.before[at]) } else { 0 }
    }

    /// Keys of the contexts of order 0, 1, 2 … at a place.
    pub(super) fn contexts(&self, view: View, at: usize, order: usize, out: &mut Vec<u64>) {
        out.clear();
        let mut key = 0x9e37_79b9_7f4a_7c15;
        out.push(key);
        let mut push = |element: u64| {
            key = mix(key, element);
            out.push(key);
            out.len() <= order
        };
        if view.target != Target::Duration && !push(u64::from(self.durations[at]) | 1 << 40) {
            return;
        }
        if view.position && !push(self.places[at] | 1 << 41) {
            return;
        }
        for past in (0..at).rev() {
            if !push(self.element(view, past)) {
                return;
            }
        }
        // The start of the tune is an event of its own.
        push(u64::MAX);
    }

    fn element(&self, view: View, at: usize) -> u64 {
        let pitch = self.pitches[at];
        let rest = pitch == REST;
        let interval = if rest { 0 } else { i32::from(pitch) - i32::from(self.before[at]) + NO_INTERVAL };
        let mut element = 1 << 42;
        if view.interval {
            element |= interval as u64;
        }
        if view.relative {
            element |= u64::from(pitch) << 8;
        }
        if view.duration {
            element |= (u64::from(self.durations[at]) + 1) << 16;
        }
        element
    }
}

/// Folds one more element into a context key (the finaliser of SplitMix64).
fn mix(key: u64, element: u64) -> u64 {
    let mut z = (key ^ element).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
