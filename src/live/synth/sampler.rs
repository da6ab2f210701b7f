use super::{Bus, PARTS};
use crate::bridge::Part;
use crate::music::SoundFont;
use crate::time::SampleRate;

/// Notes begin and end at multiples of so many samples: the grid of the players' modulation.
const GRID: usize = 16;
/// Voices of each part.
const VOICES: usize = 48;
/// What brings General MIDI instruments to the level of our own: the piano and the flute of a usual set lay 11 dB below.
const GAIN: f32 = 3.2;

/// Plays a SoundFont, each part on a player of its own, so that parts keep their levels and places.
///
/// # Realtime Safety
/// Everything is allocated by [`Sampler::prepare`].
#[derive(Debug)]
pub struct Sampler {
    players: [rustysynth::Synthesizer; PARTS],
    /// Keys that are held, a bit for each.
    held: [u128; PARTS],
    scratch: Bus,
}

impl Sampler {
    /// Allocates voices for every part.
    ///
    /// # Errors
    /// For a sample rate outside 16 to 192 kHz.
    pub fn prepare(rate: SampleRate, font: &SoundFont) -> Result<Self, String> {
        let player = || font.player(rate.0, GRID, VOICES);
        Ok(Self { players: [player()?, player()?, player()?], held: [0; PARTS], scratch: super::SILENT })
    }

    pub(super) fn note_on(&mut self, part: Part, program: u8, pitch: u8, velocity: u8) {
        let player = &mut self.players[part.index()];
        player.process_midi_message(0, 0xC0, i32::from(program & 127), 0);
        player.note_on(0, i32::from(pitch), i32::from(velocity));
        self.held[part.index()] |= 1 << (pitch & 127);
    }

    pub(super) fn note_off(&mut self, part: Part, pitch: u8) {
        let (held, key) = (&mut self.held[part.index()], 1 << (pitch & 127));
        if *held & key != 0 {
            *held &= !key;
            self.players[part.index()].note_off(0, i32::from(pitch));
        }
    }

    /// Fades everything out within one step of the grid.
    pub(super) fn fade_all(&mut self) {
        for player in &mut self.players {
            player.note_off_all_channel(0, true);
        }
        self.held = [0; PARTS];
    }

    pub(super) fn silence(&mut self) {
        for player in &mut self.players {
            player.reset();
        }
        self.held = [0; PARTS];
    }

    /// Keys that are held.
    pub(super) fn held(&self) -> u32 {
        self.held.iter().map(|keys| keys.count_ones()).sum()
    }

    /// Adds each part to its bus. Called for every sample, so that the grid does not depend on how blocks are cut.
    pub(super) fn render(&mut self, buses: &mut [Bus; PARTS], length: usize) {
        let [left, right] = &mut self.scratch;
        for (player, bus) in self.players.iter_mut().zip(buses) {
            player.render(&mut left[..length], &mut right[..length]);
            for (out, new) in bus.iter_mut().zip([&*left, &*right]) {
                out[..length].iter_mut().zip(new).for_each(|(out, new)| *out += GAIN * new);
            }
        }
    }
}
