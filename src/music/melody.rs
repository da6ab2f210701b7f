use crate::time::TimeSignature;
use serde::{Deserialize, Serialize};

/// Grid steps in a quarter note: fine enough for sixteenths, triplets and 6/8.
pub const STEPS_PER_BEAT: u32 = 24;

/// One note or rest of a monophonic tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MelodyEvent {
    /// MIDI key number, or `None` for a rest.
    pub pitch: Option<u8>,
    /// Length in grid steps ([`STEPS_PER_BEAT`]); above zero.
    pub steps: u16,
}

/// A monophonic tune on the grid: events follow one another without gaps (a gap is a rest).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Melody {
    /// Title, or where it came from.
    pub title: String,
    /// Metre of the first bar.
    pub metre: TimeSignature,
    /// Position of the first event in its bar, in steps: above zero where the tune starts with a pick-up.
    pub start_step: u32,
    /// The events in order.
    pub events: Vec<MelodyEvent>,
}
