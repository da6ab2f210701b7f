use super::Part;
use crate::time::{Beats, Bpm, TimeSignature};
use serde::{Deserialize, Serialize};

/// Something worth seeing, stamped with its musical position. A show is a pure function of these, so a recorded
/// stream draws the same pictures again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShowEvent {
    /// Where.
    pub pos_beats: Beats,
    /// What.
    pub kind: ShowKind,
}

/// What there is to see.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShowKind {
    /// A note begins.
    NoteOn {
        /// Who plays it.
        part: Part,
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// A note ends.
    NoteOff {
        /// Who played it.
        part: Part,
        /// MIDI key number: 0 to 127.
        pitch: u8,
    },
    /// A beat of the metre (in 6/8 an eighth note).
    Beat {
        /// Its number in the bar, from 0.
        in_bar: u8,
    },
    /// A bar begins; its first [`ShowKind::Beat`] follows at the same position.
    Bar {
        /// Its number; bar 0 begins at beat 0.
        bar: i32,
        /// Its metre.
        time_signature: TimeSignature,
    },
    /// The transport started, stopped, jumped or changed tempo or metre.
    Transport {
        /// Whether time runs.
        playing: bool,
        /// Tempo from here on.
        tempo: Bpm,
        /// Raised by every stop and jump.
        epoch: u32,
    },
    /// A phrase begins.
    Phrase {
        /// Who plays it.
        part: Part,
        /// How long it will be.
        duration: Beats,
    },
    /// The harmony changes.
    Chord {
        /// Pitch class of the root: 0 is C, 11 is B.
        root: u8,
        /// Bit n is set where pitch class n belongs to the chord.
        pitch_classes: u16,
    },
    /// How loud the last beat of the metre was.
    Energy {
        /// 0 is -60 dBFS RMS or less, 1 is full scale; linear in decibels between.
        level: f32,
    },
}
