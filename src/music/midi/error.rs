use crate::time::TimeError;
use std::path::{Path, PathBuf};

/// Why music could not be read from a MIDI file or written to one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MidiError {
    /// The file could not be opened, read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Refused before parsing.
    #[error("{bytes} bytes, more than the limit of {limit} for a MIDI file")]
    TooLarge {
        /// Size of the file, or as much as was seen of it.
        bytes: u64,
        /// [`Limits::max_bytes`](super::Limits::max_bytes).
        limit: u64,
    },
    /// The first bytes are not those of a MIDI file.
    #[error("not a MIDI file (it does not begin with a MIDI header)")]
    NotMidi,
    /// The file ends inside a chunk.
    #[error("truncated: the {chunk} at byte {at} should have {expected} bytes, {found} are there")]
    Truncated {
        /// What is cut off.
        chunk: &'static str,
        /// Offset of the chunk in the file.
        at: usize,
        /// Length that the chunk claims.
        expected: usize,
        /// Bytes that are left.
        found: usize,
    },
    /// The header says something that no reader can follow.
    #[error("broken MIDI header: {0}")]
    Header(&'static str),
    /// Format 2 holds unrelated patterns, not one piece.
    #[error("format {0} is not supported, save the file as format 0 or 1")]
    Format(u16),
    /// A tempo event that no clock can follow.
    #[error("tempo at beat {beat:.2}: {source}")]
    Tempo {
        /// Position of the event.
        beat: f64,
        /// Which tempo, and what is allowed.
        #[source]
        source: TimeError,
    },
    /// A tempo of zero microseconds a quarter note.
    #[error("tempo event of zero microseconds a quarter note at beat {beat:.2}")]
    TempoZero {
        /// Position of the event.
        beat: f64,
    },
    /// No note in the whole file.
    #[error("no notes in it")]
    NoNotes,
    /// There are notes, but none where they were looked for.
    #[error("no notes on the chosen tracks and channels; notes are on {available}")]
    NothingSelected {
        /// Tracks and channels that have notes.
        available: String,
    },
    /// More notes in all than the limit.
    #[error("more than {limit} notes")]
    TooManyNotes {
        /// [`Limits::max_notes`](super::Limits::max_notes).
        limit: usize,
    },
    /// More notes at once than the limit.
    #[error("{count} notes sound at once at beat {beat:.2}, the limit is {limit}")]
    TooManyAtOnce {
        /// How many, at the densest place.
        count: usize,
        /// [`Limits::max_at_once`](super::Limits::max_at_once).
        limit: usize,
        /// Where.
        beat: f64,
    },
    /// The piece lasts longer than the limit.
    #[error("the piece lasts {hours:.1} hours, the limit is {limit:.1}")]
    TooLong {
        /// How long it lasts.
        hours: f64,
        /// [`Limits::max_hours`](super::Limits::max_hours).
        limit: f64,
    },
    /// A score that a MIDI file cannot hold.
    #[error("cannot be written as MIDI: {0}")]
    Unwritable(String),
}

/// A [`MidiError`] and the file it happened in.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct MidiFileError {
    /// The file.
    pub path: PathBuf,
    /// What happened.
    pub kind: MidiError,
}

impl MidiFileError {
    pub(super) fn at(path: &Path) -> impl Fn(MidiError) -> Self + '_ {
        move |kind| Self { path: path.to_owned(), kind }
    }
}
