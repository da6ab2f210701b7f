//! OSC (Wright 2002, "Open Sound Control 1.0 Specification"): everything can be told by it, and what happens is told by it.
//! Which addresses there are stands in [`address`], and in `docs/control.md`.

pub mod address;
pub mod query;

mod input;
mod output;
mod packet;

pub use input::OscIn;
pub use output::OscOut;
pub use packet::{PacketError, Timed, read};

/// Why OSC cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("OSC {what}: {source}")]
pub struct OscError {
    /// Where from, or where to.
    pub what: String,
    /// Why.
    pub source: std::io::Error,
}
