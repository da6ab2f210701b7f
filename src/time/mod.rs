//! Musical and audio time.
//!
//! Positions in music are [`Beats`]: quarter notes, as hosts count them, negative in pre-roll.
//! Positions in sound are samples at a [`SampleRate`]. A [`TempoMap`] leads from one to the other;
//! a [`MetreMap`] tells bars and the beats in them.

mod beats;
mod error;
mod metre_map;
mod tempo_map;

pub use error::TimeError;
pub use metre_map::{Bar, BarPosition, MetreChange, MetreMap};
pub use tempo_map::{TempoChange, TempoMap};

use serde::{Deserialize, Serialize};

/// A position or a length in quarter notes.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Beats(pub f64);

/// Tempo in quarter notes a minute; finite and above zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bpm(pub f64);

impl Bpm {
    /// Slowest tempo that [`Bpm::new`] accepts.
    pub const MIN: Self = Self(1.0);
    /// Fastest tempo that [`Bpm::new`] accepts.
    pub const MAX: Self = Self(10_000.0);

    /// A tempo that was checked: finite, from [`Bpm::MIN`] to [`Bpm::MAX`].
    ///
    /// # Errors
    /// [`TimeError::Tempo`] for anything else.
    pub fn new(quarters_a_minute: f64) -> Result<Self, TimeError> {
        // A NaN lies in no range.
        if (Self::MIN.0..=Self::MAX.0).contains(&quarters_a_minute) {
            Ok(Self(quarters_a_minute))
        } else {
            Err(TimeError::Tempo { bpm: quarters_a_minute, min: Self::MIN.0, max: Self::MAX.0 })
        }
    }

    /// Seconds that a quarter note lasts.
    pub fn seconds_per_beat(self) -> f64 {
        60.0 / self.0
    }
}

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

    /// A metre that was checked.
    ///
    /// # Errors
    /// [`TimeError::Metre`] unless the numerator is 1 to 64 and the denominator a power of two up to 64.
    pub fn new(numerator: u8, denominator: u8) -> Result<Self, TimeError> {
        if (1..=64).contains(&numerator) && denominator.is_power_of_two() && denominator <= 64 {
            Ok(Self { numerator, denominator })
        } else {
            Err(TimeError::Metre { numerator, denominator })
        }
    }

    /// Length of a bar in quarter notes.
    pub fn bar_beats(self) -> Beats {
        Beats(4.0 * f64::from(self.numerator) / f64::from(self.denominator))
    }

    /// Length of one beat of the metre in quarter notes: a half in 6/8, one in 4/4.
    pub fn beat_beats(self) -> Beats {
        Beats(4.0 / f64::from(self.denominator))
    }

    /// Whether the metre groups its beats in threes: 6/8, 9/8, 12/8 and their like, not 3/8 or 3/4.
    pub fn is_compound(self) -> bool {
        self.denominator >= 8 && self.numerator > 3 && self.numerator.is_multiple_of(3)
    }

    /// Length in quarter notes of the pulse that one taps a foot to: a beat, or three of them in a compound metre.
    pub fn pulse_beats(self) -> Beats {
        self.beat_beats() * if self.is_compound() { 3.0 } else { 1.0 }
    }
}

impl std::fmt::Display for TimeSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// Where the music is, as the host or the internal clock tells it at the start of a block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
