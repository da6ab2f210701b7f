//! Where musical time comes from when no host tells it: an own clock, or MIDI clock from outside.
//!
//! A [`TransportSource`] is asked once a block, on the audio thread, and answers with the [`Transport`] that
//! [`super::Performer::process`] takes. Nothing here allocates, locks or waits.

mod clock_in;
mod clock_out;
mod internal;
mod tap;

pub use clock_in::ClockIn;
pub use clock_out::ClockOut;
pub use internal::InternalClock;
pub use tap::TapTempo;

use crate::time::Transport;

/// Ticks of MIDI clock in a quarter note (MIDI 1.0 Detailed Specification, "System Real Time Messages").
pub const TICKS_PER_BEAT: u32 = 24;
/// Ticks of MIDI clock in a step of the song position pointer: a sixteenth note.
pub const TICKS_PER_POSITION: u32 = 6;

/// Something that knows where the music is.
pub trait TransportSource {
    /// The transport at the first sample of a block of `frames` samples, and moves on to the block after it.
    ///
    /// # Realtime Safety
    /// No allocation, lock or wait.
    fn next_block(&mut self, frames: u32) -> Transport;
}

/// A system message that carries time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMessage {
    /// A 24th of a quarter note has passed (status F8).
    Tick,
    /// Plays from the beginning with the next tick (FA).
    Start,
    /// Plays from the present position with the next tick (FB).
    Continue,
    /// Stops (FC).
    Stop,
    /// The position in sixteenth notes from the beginning: 0 to 16,383 (F2).
    Position(u16),
}

impl ClockMessage {
    /// Reads a MIDI message; `None` for every other one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Some(match *bytes {
            [0xF8] => Self::Tick,
            [0xFA] => Self::Start,
            [0xFB] => Self::Continue,
            [0xFC] => Self::Stop,
            [0xF2, low, high] if low < 0x80 && high < 0x80 => Self::Position(u16::from(high) << 7 | u16::from(low)),
            _ => return None,
        })
    }

    /// The message's bytes, and how many of the three count.
    pub fn bytes(self) -> ([u8; 3], usize) {
        match self {
            Self::Tick => ([0xF8, 0, 0], 1),
            Self::Start => ([0xFA, 0, 0], 1),
            Self::Continue => ([0xFB, 0, 0], 1),
            Self::Stop => ([0xFC, 0, 0], 1),
            Self::Position(at) => ([0xF2, (at & 0x7F) as u8, (at >> 7 & 0x7F) as u8], 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ClockMessage;

    #[test]
    fn every_message_is_read_as_it_was_written() {
        let all = [ClockMessage::Tick, ClockMessage::Start, ClockMessage::Continue, ClockMessage::Stop];
        let positions = [0, 1, 127, 128, 16_383].map(ClockMessage::Position);
        for message in all.into_iter().chain(positions) {
            let (bytes, length) = message.bytes();
            assert_eq!(ClockMessage::parse(&bytes[..length]), Some(message));
        }
        for other in [&[][..], &[0x90, 60, 1], &[0xF2, 0x80, 0], &[0xF2, 1], &[0xF8, 0], &[0xFE]] {
            assert_eq!(ClockMessage::parse(other), None, "{other:?}");
        }
    }
}
