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

impl Note {
    /// Where it ends.
    pub fn end(&self) -> Beats {
        self.onset + self.duration
    }

    /// The same note elsewhere in time.
    pub fn shifted(self, by: Beats) -> Self {
        Self { onset: self.onset + by, ..self }
    }

    /// The same note higher or lower, or `None` where MIDI has no such key.
    pub fn transposed(self, semitones: i32) -> Option<Self> {
        let pitch = u8::try_from(i32::from(self.pitch).checked_add(semitones)?).ok().filter(|&p| p < 128)?;
        Some(Self { pitch, ..self })
    }
}
