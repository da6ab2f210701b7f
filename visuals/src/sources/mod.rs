//! Where events come from. A feed gives the events up to a second of the show, and where the music is then.

mod dream;
#[cfg(feature = "live")]
mod hearing;
mod link;
#[cfg(feature = "live")]
mod midi;
mod osc;
mod player;
mod pulse;
mod score;
#[cfg(feature = "live")]
mod sound;

pub use dream::Dream;
pub use link::Link;
#[cfg(feature = "live")]
pub use midi::{FirstHand, Midi};
pub use osc::Osc;
pub use score::{Script, ScriptError};
#[cfg(feature = "live")]
pub use sound::{Sound, SoundError};

use crate::show::clock::Reading;
use oneiro::bridge::ShowEvent;

/// Something that a surface plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// A note begins, or ends.
    Note {
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 1 to 127; 0 ends it.
        velocity: u8,
    },
    /// A beat falls, of this number in its bar, from 1, where that is known.
    Beat(Option<u8>),
}

/// A stream of events with a clock.
pub trait Feed: Send {
    /// Appends the events up to a second of the show, in order, and says where the music is then. Seconds do not run backwards.
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading;

    /// Sets the tempo, where it is this feed's own. Gives whether it is.
    fn set_tempo(&mut self, tempo: f64) -> bool {
        let _ = tempo;
        false
    }

    /// A surface plays at a second of the show. Gives whether that is this feed's music.
    fn play(&mut self, played: Played, seconds: f64) -> bool {
        let (_, _) = (played, seconds);
        false
    }

    /// What it is, for the screen.
    fn about(&self) -> String;

    /// Second of the show at which it ends, if it does.
    fn ends(&self) -> Option<f64> {
        None
    }
}
