use serde::{Deserialize, Serialize};

/// The instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patch {
    /// Warm electric keys: two-operator FM with a short tine, ringing longer the lower it is.
    Keys,
    /// Small glass bells: FM at an inharmonic ratio.
    Bells,
    /// A softly detuned lead: saws and a rounded middle voice through a resonant low-pass; late vibrato.
    Lead,
    /// The same material as a slow, wide pad.
    Pad,
    /// Wooden bars: FM at four times the note, short.
    Marimba,
    /// A bowed section: saws that swell, wide and bright.
    Strings,
    /// A plucked string: the same filter, closing fast.
    Pluck,
    /// A stopped flute organ: the rounded voice alone, at once and for as long as it is held.
    Organ,
    /// An instrument of the SoundFont, by its program number (0 to 127); keys where there is none.
    Sampled(u8),
}

/// Numbers of an FM instrument. Times in seconds; an index is the peak phase deviation in radians.
#[derive(Debug, Clone, Copy)]
pub(super) struct FmSound {
    pub gain: f32,
    pub attack: f32,
    pub release: f32,
    /// Time constants at middle C of the fast and the slow part of the decay.
    pub decay: [f32; 2],
    /// Share of the fast part.
    pub fast_share: f32,
    /// Body and tine: frequency ratio, index, decay time constant.
    pub body: (f32, f32, f32),
    pub tine: (f32, f32, f32),
    /// Detuning of left against right, in cents each way.
    pub detune_cents: f32,
}

/// Numbers of a subtractive instrument. Times in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubtractiveSound {
    pub gain: f32,
    /// Attack, decay, release.
    pub times: [f32; 3],
    pub sustain: f32,
    pub detune_cents: f32,
    /// Levels of the saws and of the rounded middle voice.
    pub mix: [f32; 2],
    /// Cutoff at rest above the note, in octaves; what the envelope and velocity add.
    pub cutoff_octaves: f32,
    pub envelope_octaves: f32,
    pub velocity_octaves: f32,
    /// Decay time constant of the filter's envelope.
    pub filter_decay: f32,
    /// Damping of the filter: 2 is none, lower resonates.
    pub damping: f32,
    pub vibrato_cents: f32,
    pub vibrato_delay: f32,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Sound {
    Fm(FmSound),
    Subtractive(SubtractiveSound),
}

impl Patch {
    /// Every patch.
    pub const ALL: [Self; 8] =
        [Self::Keys, Self::Bells, Self::Lead, Self::Pad, Self::Marimba, Self::Strings, Self::Pluck, Self::Organ];

    pub(super) fn sound(self) -> Sound {
        match self {
            Self::Keys | Self::Sampled(_) => Sound::Fm(FmSound {
                gain: 0.37,
                attack: 0.0025,
                release: 0.11,
                decay: [0.35, 2.2],
                fast_share: 0.45,
                body: (1.0, 1.9, 0.8),
                tine: (7.0, 0.55, 0.15),
                detune_cents: 0.9,
            }),
            Self::Bells => Sound::Fm(FmSound {
                gain: 0.29,
                attack: 0.0015,
                release: 0.5,
                decay: [0.25, 1.8],
                fast_share: 0.4,
                body: (3.5, 1.1, 0.5),
                tine: (9.0, 0.22, 0.06),
                detune_cents: 1.2,
            }),
            Self::Lead => Sound::Subtractive(SubtractiveSound {
                gain: 0.25,
                times: [0.018, 0.6, 0.16],
                sustain: 0.72,
                detune_cents: 4.0,
                mix: [0.62, 0.7],
                cutoff_octaves: 2.5,
                envelope_octaves: 1.9,
                velocity_octaves: 1.2,
                filter_decay: 0.35,
                damping: 1.1,
                vibrato_cents: 5.0,
                vibrato_delay: 0.35,
            }),
            Self::Pad => Sound::Subtractive(SubtractiveSound {
                gain: 0.2,
                times: [0.22, 1.2, 0.7],
                sustain: 0.8,
                detune_cents: 6.0,
                mix: [0.6, 0.7],
                cutoff_octaves: 2.0,
                envelope_octaves: 0.9,
                velocity_octaves: 1.0,
                filter_decay: 1.4,
                damping: 1.3,
                vibrato_cents: 2.0,
                vibrato_delay: 0.8,
            }),
            Self::Marimba => Sound::Fm(FmSound {
                gain: 0.42,
                attack: 0.0015,
                release: 0.16,
                decay: [0.14, 0.6],
                fast_share: 0.5,
                body: (4.0, 0.75, 0.16),
                tine: (9.7, 0.12, 0.04),
                detune_cents: 0.6,
            }),
            Self::Strings => Sound::Subtractive(SubtractiveSound {
                gain: 0.21,
                times: [0.09, 0.8, 0.28],
                sustain: 0.85,
                detune_cents: 8.0,
                mix: [0.8, 0.35],
                cutoff_octaves: 2.9,
                envelope_octaves: 0.7,
                velocity_octaves: 1.3,
                filter_decay: 0.6,
                damping: 1.5,
                vibrato_cents: 6.0,
                vibrato_delay: 0.5,
            }),
            Self::Pluck => Sound::Subtractive(SubtractiveSound {
                gain: 0.34,
                times: [0.002, 0.5, 0.12],
                sustain: 0.1,
                detune_cents: 0.4,
                mix: [0.75, 0.45],
                cutoff_octaves: 0.6,
                envelope_octaves: 3.2,
                velocity_octaves: 1.2,
                filter_decay: 0.16,
                damping: 1.2,
                vibrato_cents: 0.0,
                vibrato_delay: 1.0,
            }),
            Self::Organ => Sound::Subtractive(SubtractiveSound {
                gain: 0.22,
                times: [0.012, 0.1, 0.06],
                sustain: 0.95,
                detune_cents: 1.0,
                mix: [0.08, 1.0],
                cutoff_octaves: 2.2,
                envelope_octaves: 0.5,
                velocity_octaves: 1.3,
                filter_decay: 0.1,
                damping: 1.7,
                vibrato_cents: 1.5,
                vibrato_delay: 0.2,
            }),
        }
    }
}
