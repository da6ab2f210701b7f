//! Where events come from. A feed gives the events up to a second of the show, and where the music is then.

mod dream;
#[cfg(feature = "live")]
mod hearing;
mod link;
#[cfg(feature = "live")]
mod midi;
#[cfg(feature = "live")]
mod pulse;
mod score;
#[cfg(feature = "live")]
mod sound;

pub use dream::Dream;
pub use link::Link;
#[cfg(feature = "live")]
pub use midi::{FirstHand, Midi};
pub use score::{Script, ScriptError};
#[cfg(feature = "live")]
pub use sound::{Sound, SoundError};

use crate::show::clock::Reading;
use oneiro::bridge::ShowEvent;

/// A stream of events with a clock.
pub trait Feed: Send {
    /// Appends the events up to a second of the show, in order, and says where the music is then. Seconds do not run backwards.
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading;

    /// Sets the tempo, where it is this feed's own. Gives whether it is.
    fn set_tempo(&mut self, tempo: f64) -> bool {
        let _ = tempo;
        false
    }

    /// What it is, for the screen.
    fn about(&self) -> String;

    /// Second of the show at which it ends, if it does.
    fn ends(&self) -> Option<f64> {
        None
    }
}
