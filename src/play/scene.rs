//! Everything there is to see, in one place: the screen is a function of this.

use super::ControlMap;
use crate::controls::{Control, Settings};
use crate::seen::Seen;
use std::ops::{Deref, DerefMut};

/// What there is to see: of the music ([`Seen`], whose fields are at hand here too), and of the instrument around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The music.
    pub seen: Seen,
    /// Every control.
    pub settings: Settings,
    /// What moves them.
    pub map: ControlMap,
    /// The control that waits for a knob.
    pub learning: Option<Control>,
    /// Share of its time that the audio callback took: of late, and at most of late.
    pub load: (f64, f64),
    /// The sound device, where one plays.
    pub device: Option<String>,
    /// MIDI ports that are connected.
    pub ports: Vec<String>,
    /// The composer's model, where there is one.
    pub model: Option<String>,
    /// The model of phrases, where there is one.
    pub phrase_model: Option<String>,
    /// Phrases that the composer's model has learnt from, where it learns.
    pub learnt: Option<u32>,
    /// Where the session is recorded to.
    pub recording: Option<String>,
    /// Whether a recording could not be begun, or not be kept to its end.
    pub record_failed: bool,
}

impl Deref for Scene {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.seen
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut Seen {
        &mut self.seen
    }
}
