use super::Warning;
use crate::music::Note;
use crate::time::{Beats, MetreMap, TempoMap};

/// The channel of drums in General MIDI, counted from 0 (musicians say 10).
pub const DRUM_CHANNEL: u8 = 9;

/// The notes of one channel of one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name of the track, or empty.
    pub name: String,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// General MIDI program, 0 to 127: the first that the channel is set to in the track.
    pub program: u8,
    /// Track of the file that it came from, counted from 0.
    pub track: usize,
    /// Whether the pitches are drums, not tones.
    pub is_drums: bool,
    /// In order of onset, then pitch; no two of the same pitch overlap.
    pub notes: Vec<Note>,
}

impl Part {
    /// A part to be written: track 0, drums where the channel says so.
    pub fn new(name: impl Into<String>, channel: u8, program: u8, notes: Vec<Note>) -> Self {
        Self { name: name.into(), channel, program, track: 0, is_drums: channel == DRUM_CHANNEL, notes }
    }

    /// Where the last note ends.
    pub fn end(&self) -> Beats {
        self.notes.iter().map(|n| n.end()).fold(Beats::ZERO, Beats::max)
    }
}

/// A piece of music: what a MIDI file holds, put in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Score {
    /// In order of track, then channel; each with at least one note when read from a file.
    pub parts: Vec<Part>,
    /// Tempo throughout.
    pub tempo: TempoMap,
    /// Metre throughout.
    pub metres: MetreMap,
    /// What had to be repaired; empty for a clean file.
    pub warnings: Vec<Warning>,
}

impl Score {
    /// Where the last note of all ends.
    pub fn end(&self) -> Beats {
        self.parts.iter().map(Part::end).fold(Beats::ZERO, Beats::max)
    }

    /// How long the piece lasts, in seconds from beat 0.
    pub fn duration_seconds(&self) -> f64 {
        self.tempo.seconds_at(self.end())
    }

    /// Number of notes in all parts.
    pub fn note_count(&self) -> usize {
        self.parts.iter().map(|p| p.notes.len()).sum()
    }
}
