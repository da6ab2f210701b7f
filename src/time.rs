//! Musical and audio time.
//!
//! Positions in music are [`Beats`]: quarter notes, as hosts count them, negative in pre-roll.
//! Positions in sound are samples at a [`SampleRate`]. A [`TempoMap`] leads from one to the other.

use serde::{Deserialize, Serialize};

/// A position or a length in quarter notes.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Beats(pub f64);

/// Tempo in quarter notes a minute; finite and above zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bpm(pub f64);

/// Audio samples a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(pub u32);

/// A metre such as 6/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeSignature {
    /// Beats of the metre in a bar: 1 to 64.
    pub numerator: u8,
    /// Note value of one: a power of two, 1 to 64.
    pub denominator: u8,
}

impl TimeSignature {
    /// Four quarter notes a bar.
    pub const COMMON: Self = Self { numerator: 4, denominator: 4 };

    /// Length of a bar in quarter notes.
    pub fn bar_beats(self) -> Beats {
        Beats(4.0 * f64::from(self.numerator) / f64::from(self.denominator))
    }
}

/// Where the music is, as the host or the internal clock tells it at the start of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    /// Whether time runs.
    pub playing: bool,
    /// Position of the block's first sample.
    pub pos_beats: Beats,
    /// Tempo at that position.
    pub tempo: Bpm,
    /// Metre at that position.
    pub time_signature: TimeSignature,
}
