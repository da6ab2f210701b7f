use crate::time::{Beats, Bpm, TimeSignature};
use serde::{Deserialize, Serialize};

/// Who plays: each part has a sound of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The player, or the tune that is performed. The composer hears this part.
    Call,
    /// What the composer answers.
    Answer,
    /// What accompanies both. The composer does not hear it as a tune.
    Backing,
}

impl Part {
    /// Every part, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Call, Self::Answer, Self::Backing];

    /// 0 for the call, 1 for the answer, 2 for the backing.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A note to be played by the audio side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    /// Where it starts.
    pub at: Beats,
    /// How long it is held; finite and above zero.
    pub duration: Beats,
    /// Whose sound plays it.
    pub part: Part,
    /// MIDI key number: 0 to 127.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
}

/// A second voice to the notes of [`Part::Call`]: what sounds with each of them, as [`Part::Answer`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SecondTones {
    /// For each pitch class of the player's note, from C, two intervals in semitones: that of the voice, and another where
    /// the first leaves the range. 0 is none.
    pub intervals: [[i8; 2]; 12],
    /// Lowest and highest pitch of the voice.
    pub range: (u8, u8),
    /// Its velocity is 127·(gain·v/127)^curve where the player's is v.
    pub gain: f32,
    /// See there; above zero.
    pub curve: f32,
}

impl SecondTones {
    /// The voice's pitch with a note, if it has one.
    pub fn with(&self, pitch: u8) -> Option<u8> {
        let within = |interval: &i8| {
            let tone = u8::try_from(i32::from(pitch) + i32::from(*interval)).ok()?;
            (*interval != 0 && tone < 128 && (self.range.0..=self.range.1).contains(&tone)).then_some(tone)
        };
        self.intervals[usize::from(pitch % 12)].iter().find_map(within)
    }

    /// The voice's velocity with a note of another.
    pub fn velocity(&self, velocity: u8) -> u8 {
        let loudness = (self.gain * f32::from(velocity) / 127.0).clamp(0.0, 1.0);
        (127.0 * loudness.powf(self.curve)).round().clamp(1.0, 127.0) as u8
    }
}

/// What a composer asks of the audio side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Plan {
    /// Play this note when its time comes.
    Note {
        /// The stretch of time it was made for; see [`HeardKind::Transport`].
        epoch: u32,
        /// The note.
        note: Scheduled,
    },
    /// A phrase begins: passed on to the pictures at its time.
    Phrase {
        /// As for a note.
        epoch: u32,
        /// Where.
        at: Beats,
        /// Who plays it.
        part: Part,
        /// How long it will be.
        duration: Beats,
    },
    /// The harmony changes: passed on to the pictures at its time.
    Chord {
        /// As for a note.
        epoch: u32,
        /// Where.
        at: Beats,
        /// Pitch class of the root: 0 is C, 11 is B.
        root: u8,
        /// Bit n is set where pitch class n belongs to the chord.
        pitch_classes: u16,
    },
    /// From here on a second voice goes along with the player: it begins with each of his notes and ends with it, at the
    /// same samples. `None` ends it.
    Second {
        /// As for a note.
        epoch: u32,
        /// From where.
        at: Beats,
        /// What it sings.
        tones: Option<SecondTones>,
    },
    /// Forget what is queued for a part from a position on (notes that already sound go on to their ends).
    Withdraw {
        /// As for a note.
        epoch: u32,
        /// From where.
        from: Beats,
        /// Whose plans.
        part: Part,
    },
}

impl Plan {
    /// The stretch of time the plan was made for.
    pub fn epoch(&self) -> u32 {
        match *self {
            Self::Note { epoch, .. }
            | Self::Phrase { epoch, .. }
            | Self::Chord { epoch, .. }
            | Self::Second { epoch, .. }
            | Self::Withdraw { epoch, .. } => epoch,
        }
    }

    /// Where it takes effect.
    pub fn at(&self) -> Beats {
        match *self {
            Self::Note { note, .. } => note.at,
            Self::Phrase { at, .. } | Self::Chord { at, .. } | Self::Second { at, .. } => at,
            Self::Withdraw { from, .. } => from,
        }
    }
}

/// Something that happened, told to the composer in the order in which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Where. A scheduled note is stamped with its planned position, not with the sample it fell on, so that what the
    /// composer hears does not depend on the sample rate.
    pub pos_beats: Beats,
    /// What.
    pub kind: HeardKind,
}

/// What the composer hears.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum HeardKind {
    /// A note of [`Part::Call`] began.
    NoteOn {
        /// MIDI key number: 0 to 127.
        pitch: u8,
        /// 1 to 127.
        velocity: u8,
    },
    /// That note ended.
    NoteOff {
        /// MIDI key number: 0 to 127.
        pitch: u8,
    },
    /// A bar begins.
    Bar {
        /// Its number; bar 0 begins at beat 0, pre-roll is negative.
        bar: i32,
        /// Its metre.
        time_signature: TimeSignature,
    },
    /// A stretch of time ends here: all its notes have ended, and the next transport begins another.
    Break,
    /// The transport started, stopped, jumped or changed tempo or metre, or everything was ended by a panic or a reset.
    Transport {
        /// Whether time runs.
        playing: bool,
        /// Tempo from here on.
        tempo: Bpm,
        /// Metre from here on.
        time_signature: TimeSignature,
        /// Number of the stretch of time that begins or goes on here, from 0. A stop, a jump (a loop's too), a panic and
        /// a reset raise it; every plan made for an earlier stretch is then forgotten, whether already queued or still
        /// on its way. A start does not: what was planned before it is played.
        epoch: u32,
    },
}

/// The musical clock at the end of the newest block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockReading {
    /// Audio samples since the performer was prepared.
    pub sample: u64,
    /// Position at that sample.
    pub pos_beats: Beats,
    /// Tempo there.
    pub tempo: Bpm,
    /// Metre there.
    pub time_signature: TimeSignature,
    /// Whether time runs.
    pub playing: bool,
    /// See [`HeardKind::Transport`].
    pub epoch: u32,
}

impl Default for ClockReading {
    fn default() -> Self {
        Self {
            sample: 0,
            pos_beats: Beats(0.0),
            tempo: Bpm(120.0),
            time_signature: TimeSignature::COMMON,
            playing: false,
            epoch: 0,
        }
    }
}

/// Levels of the newest block.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Meters {
    /// Highest absolute sample, left and right; 1 is full scale.
    pub peak: [f32; 2],
    /// Root mean square, left and right.
    pub rms: [f32; 2],
    /// Gain the limiter applies, 0 to 1.
    pub limiter_gain: f32,
    /// Voices that sound.
    pub voices: u32,
}
