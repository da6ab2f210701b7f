//! A take: what happened in a session at the stand-alone instrument, as a file of lines.
//!
//! The first line is the [`Header`], each other line an [`Event`] at a sample counted from the beginning of the take. It
//! holds the notes that sounded, those of the composer included, so that a replay needs no model and chooses nothing
//! anew. A file that breaks off (the program was killed) is a take up to there.

mod read;
mod recorder;

pub use read::{TakeError, is_take, read_lines, read_take};
pub use recorder::Recorder;

use crate::bridge::Part;
use crate::live::Patch;
use crate::model::inspect::Inspected;
use crate::music::Note;
use crate::time::{Beats, SampleRate, Transport};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The ending of the file's name.
pub const ENDING: &str = "oneiro-session";
/// The version of the format.
const FORMAT: u32 = 1;

/// What a take begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format: 1.
    pub oneiro_session: u32,
    /// The program's version.
    pub version: String,
    /// Samples a second that all positions are counted in.
    pub rate: SampleRate,
    /// Seed of the composer's choices.
    pub seed: u64,
    /// The composer's model.
    pub model: Option<ModelMark>,
    /// The model of phrases, that morphs and varies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_model: Option<ModelMark>,
    /// Every control at the beginning, by its name.
    pub controls: BTreeMap<String, f64>,
    /// The instruments at the beginning, in the order of [`Part::ALL`].
    pub patches: [Patch; Part::ALL.len()],
}

/// Which model it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMark {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
}

impl ModelMark {
    /// The mark of a model.
    pub fn of(model: &Inspected) -> Self {
        Self { name: model.spec.name.clone(), sha256: format!("{:x}", Sha256::digest(&model.bytes)) }
    }
}

impl Header {
    /// The header of a take by this program.
    pub fn new(rate: SampleRate, seed: u64, patches: [Patch; Part::ALL.len()]) -> Self {
        let (version, controls) = (env!("CARGO_PKG_VERSION").to_owned(), BTreeMap::new());
        Self { oneiro_session: FORMAT, version, rate, seed, model: None, phrase_model: None, controls, patches }
    }
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The sample, counted from the beginning of the take.
    #[serde(rename = "s")]
    pub sample: u64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happens in a take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The player presses a key: pitch and velocity.
    Press(u8, u8),
    /// The player lets a key go.
    Release(u8),
    /// The player ends everything.
    Panic,
    /// A note sounds from here on: whose, pitch, velocity.
    On(Part, u8, u8),
    /// It ends.
    Off(Part, u8),
    /// Time runs like this from here on.
    Transport(Transport),
    /// An instrument changes.
    Patch(Part, Patch),
    /// A control was moved: its name, and its value from here on.
    Control(String, f64),
    /// What a control ordered of the composer was followed: its name, its value, and the position in the music from
    /// which on it counts.
    Order(String, f64, Beats),
    /// A model has taken the place of the one of its kind.
    Model(ModelMark),
    /// The composer has chosen a phrase.
    Phrase(ChosenPhrase),
    /// The take ends.
    End,
}

/// What the composer has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenPhrase {
    /// Where it begins.
    pub at: Beats,
    /// How long it is.
    pub duration: Beats,
    /// Its notes, of which those that came too late have not sounded.
    pub notes: Vec<Note>,
}

/// A take in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Its header.
    pub header: Header,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// Length in samples.
    pub length: u64,
    /// Whether the file broke off.
    pub broken_off: bool,
}
