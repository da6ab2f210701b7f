use super::synth::Patch;
use crate::bridge::Part;
use crate::time::{Beats, SampleRate};

/// Programs of General MIDI, from 0, by [`Part::index`]: a piano calls, a flute answers, strings lie behind both.
pub const SOUND_FONT_PROGRAMS: [u8; Part::ALL.len()] = [0, 73, 48];

/// What becomes of a note that arrives after its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LatePolicy {
    /// It is dropped and counted.
    Drop,
    /// It moves to the next multiple of this many beats, keeps its length, and is counted.
    NextStep(Beats),
}

/// The sound of one part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartSetup {
    /// Its instrument.
    pub patch: Patch,
    /// Its level in decibels: -60 to 12.
    pub gain_db: f32,
    /// Its place: -1 is left, 1 is right.
    pub pan: f32,
    /// How much of it goes to the reverberation: 0 to 1.
    pub reverb: f32,
    /// How much of it goes to the chorus: 0 to 1.
    pub chorus: f32,
}

/// What a performer is prepared for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// 8,000 to 384,000 Hz; values outside are taken as the nearest of these.
    pub sample_rate: SampleRate,
    /// How many plans may wait for their time.
    pub queue_capacity: usize,
    /// What becomes of late notes.
    pub late: LatePolicy,
    /// The sounds, by [`Part::index`].
    pub parts: [PartSetup; Part::ALL.len()],
}

/// The nearest rate that is played at: 8,000 to 384,000 Hz.
pub(super) fn playable(rate: SampleRate) -> SampleRate {
    SampleRate(rate.0.clamp(8_000, 384_000))
}

impl Setup {
    /// The house sound: warm keys call, a soft lead answers, quiet keys lie behind both.
    pub fn new(sample_rate: SampleRate) -> Self {
        Self {
            sample_rate,
            queue_capacity: 4096,
            late: LatePolicy::Drop,
            parts: [
                PartSetup { patch: Patch::Keys, gain_db: 0.0, pan: -0.18, reverb: 0.28, chorus: 0.3 },
                PartSetup { patch: Patch::Lead, gain_db: 0.0, pan: 0.18, reverb: 0.4, chorus: 0.45 },
                PartSetup { patch: Patch::Keys, gain_db: -5.0, pan: 0.0, reverb: 0.35, chorus: 0.5 },
            ],
        }
    }
}

/// Something a player does within a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerEvent {
    /// Sample of the block it falls on; one past the end is taken as the last sample.
    pub sample_offset: u32,
    /// What.
    pub kind: PlayerKind,
}

/// What a player does. Players play [`Part::Call`], but for a recording, which plays all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayerKind {
    /// Presses a key. Velocity 0 releases it, as in MIDI.
    NoteOn {
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 0 to 127.
        velocity: u8,
    },
    /// Releases a key; ignored where it is not held.
    NoteOff {
        /// MIDI key number: 0 to 127.
        pitch: u8,
    },
    /// A note of any part begins: what was recorded is played again.
    Begin {
        /// Whose.
        part: Part,
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// A note of any part ends.
    End {
        /// Whose.
        part: Part,
        /// MIDI key number: 0 to 127.
        pitch: u8,
    },
    /// Everything ends at once, and everything queued is forgotten.
    Panic,
}

/// A note as it was played, for whoever passes notes on as MIDI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayedNote {
    /// Sample of the block it falls on.
    pub sample_offset: u32,
    /// Whose note.
    pub part: Part,
    /// MIDI key number: 0 to 127.
    pub pitch: u8,
    /// 1 to 127 for a note-on, 0 for a note-off.
    pub velocity: u8,
}
