use crate::time::Beats;
use serde::{Deserialize, Serialize};

/// One note as it is played.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Where it starts.
    pub onset: Beats,
    /// How long it is held; above zero.
    pub duration: Beats,
    /// MIDI key number: 0 to 127, 60 is middle C.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
}
