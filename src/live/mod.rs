//! What the audio thread runs: [`Performer::process`] plays scheduled and live notes on a synth of its own.
//!
//! [`Performer::prepare`] allocates everything; from then on nothing here allocates, frees, locks, waits, logs or does
//! I/O. The samples depend on the music alone, not on how it was cut into blocks: events fall on samples counted from
//! one anchor, and every modulation runs on the grid of the voice or of the performer, never of the block.
//!
//! Every note-on has its note-off, and no key of a part sounds twice at once: through stops, jumps, loops, tempo
//! changes, late plans and full queues.

mod clock;
mod effects;
mod instrument;
mod performer;
mod pulse;
mod schedule;
mod setup;
mod sounding;
mod synth;
pub mod transport;

pub use instrument::{Instrument, Order, OrderKind, Report, ReportKind};
pub use performer::Performer;
pub use setup::{LatePolicy, PartSetup, PlayedNote, PlayerEvent, PlayerKind, SOUND_FONT_PROGRAMS, Setup};
pub use synth::{Patch, Sampler};
