//! What a performance sounds through.

use super::RenderError;
use crate::bridge::{AudioSide, Part};
use crate::live::{Patch, Performer, SOUND_FONT_PROGRAMS, Sampler, Setup};
use crate::music::SoundFont;
use crate::time::SampleRate;

/// A sample rate and instruments.
pub struct Voicing {
    /// Samples a second.
    pub rate: SampleRate,
    sampler: Option<Sampler>,
}

impl Voicing {
    /// The house's instruments, or those of a SoundFont.
    ///
    /// # Errors
    /// [`RenderError::SoundFont`] for a SoundFont that cannot be played at this rate.
    pub fn new(rate: SampleRate, font: Option<&SoundFont>) -> Result<Self, RenderError> {
        let sampler = font.map(|font| Sampler::prepare(rate, font)).transpose();
        Ok(Self { rate, sampler: sampler.map_err(RenderError::SoundFont)? })
    }

    /// A performer with room for so many plans.
    pub fn performer(self, plans: usize, audio: AudioSide) -> Performer {
        let performer = Performer::prepare(Setup { queue_capacity: plans, ..Setup::new(self.rate) }, audio);
        let Some(sampler) = self.sampler else { return performer };
        let mut performer = performer.with_sampler(sampler);
        for (part, program) in Part::ALL.into_iter().zip(SOUND_FONT_PROGRAMS) {
            performer.set_patch(part, Patch::Sampled(program));
        }
        performer
    }
}
