//! Standard MIDI Files in and out.
//!
//! Files are untrusted: sizes are limited before anything is parsed, damaged notes are repaired and counted, and
//! whatever cannot be music is an error that says why.

mod chunks;
mod error;
mod message;
mod pairing;
mod read;
mod score;
mod track;
mod warning;
mod write;

pub use error::{MidiError, MidiFileError};
pub use message::{Message, MessageReader};
pub use read::{Limits, ReadOptions, read_midi, read_midi_file};
pub use score::{DRUM_CHANNEL, Part, Score};
pub use warning::{Warning, WarningKind};
pub use write::{TICKS_PER_BEAT, write_midi, write_midi_file};
