//! Tunes written in ABC, the text notation of traditional music (abc standard 2.1).
//!
//! One voice is read, the first; of a chord the highest note. Grace notes, ornaments, chord symbols and
//! words are passed over. What is odd in a tune becomes a warning, and the tune is read as far as it goes.
//!
//! ```
//! use oneiro::music::abc::{read, Repeats};
//! let tunes = read("X:1\nT:Little\nM:2/4\nL:1/8\nK:D\nA|d2 f>e|d3:|\n", Repeats::Played)?;
//! assert_eq!(tunes[0].melody.events.len(), 10);
//! assert_eq!(tunes[0].melody.start_step, 36); // an eighth before the bar line
//! # Ok::<(), oneiro::music::abc::AbcError>(())
//! ```

mod body;
mod key;
mod line;
mod tune;
mod unroll;

pub use key::{AbcKey, AbcMode};

use super::Melody;

/// What becomes of repeated sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// Sections are written out as often as they are played, with their first and second endings.
    Played,
    /// Each section once, with its last ending.
    Once,
}

/// A tune and what was noticed while reading it.
#[derive(Debug, Clone, PartialEq)]
pub struct AbcTune {
    /// The number in the `X:` field, 0 where it is none.
    pub reference: u32,
    /// The notes on the grid.
    pub melody: Melody,
    /// The key of the start.
    pub key: AbcKey,
    /// What was odd, with the line of the file (from 1).
    pub warnings: Vec<AbcWarning>,
}

/// Something odd in a tune that was read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbcWarning {
    /// Line of the text, from 1; 0 for the tune as a whole.
    pub line: usize,
    /// What was met and what was done about it.
    pub what: String,
}

/// Why a text is not a book of tunes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbcError {
    /// Nowhere a line that begins with `X:`.
    #[error("no tune here: none of {lines} lines begins with \"X:\"")]
    NoTune {
        /// Lines looked at.
        lines: usize,
    },
    /// More text than any book of tunes has.
    #[error("{bytes} bytes of text are more than the {limit} that are read as ABC")]
    TooLong {
        /// Length of the text.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// More tunes than any book has.
    #[error("{tunes} tunes are more than the {limit} that are read of one text")]
    TooMany {
        /// Tunes there.
        tunes: usize,
        /// The most that are read.
        limit: usize,
    },
}

/// The longest text that is read, in bytes.
pub const MAX_TEXT: usize = 32 << 20;
/// The most notes, rests and bar lines of all tunes of a text together, repeats written out; what is beyond is left out.
pub const MAX_EVENTS: usize = 16_000_000;
/// The most tunes of a text.
pub const MAX_TUNES: usize = 100_000;

/// Reads all tunes of a text. A tune without a note has an empty melody.
///
/// # Errors
/// [`AbcError`] where the text has no tune at all or is longer than [`MAX_TEXT`].
pub fn read(text: &str, repeats: Repeats) -> Result<Vec<AbcTune>, AbcError> {
    if text.len() > MAX_TEXT {
        return Err(AbcError::TooLong { bytes: text.len(), limit: MAX_TEXT });
    }
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&n| lines[n].trim_start().starts_with("X:")).collect();
    let Some(&first) = starts.first() else {
        return Err(AbcError::NoTune { lines: lines.len() });
    };
    if starts.len() > MAX_TUNES {
        return Err(AbcError::TooMany { tunes: starts.len(), limit: MAX_TUNES });
    }
    let preamble = &lines[..first];
    // A few bytes of repeats can stand for a long tune, and a book holds thousands.
    let mut room = MAX_EVENTS;
    let tunes = starts.iter().enumerate().map(|(n, &start)| {
        let end = starts.get(n + 1).copied().unwrap_or(lines.len());
        tune::read(preamble, &lines[start..end], start + 1, repeats, &mut room)
    });
    Ok(tunes.collect())
}
