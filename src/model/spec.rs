//! What a model says about itself.
//!
//! A [`ModelSpec`] lies as JSON in the ONNX file's `metadata_props` under the key [`KEY`]. A file made elsewhere is
//! described by a `NAME.toml` with the same fields beside `NAME.onnx`.

use super::onnx::{ModelProto, StringStringEntryProto};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Key of the description in the ONNX file's metadata.
pub const KEY: &str = "oneiro.spec";

/// Version of the description that this program writes, and the newest it reads.
pub const SPEC_VERSION: u32 = 1;

/// Longest description that is read, in bytes.
pub const MAX_SPEC_BYTES: usize = 1 << 20;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Composes note after note; one step a call.
    MelodyRnn,
    /// Encodes and decodes phrases of a few bars.
    MelodyVae,
    /// Makes pictures from latent points.
    ImageGan,
    /// Encodes pictures as distributions over latent points, and decodes them.
    ImageVae,
    /// Encodes and decodes pictures.
    ImageAutoencoder,
    /// Repaints pictures in a style.
    StyleTransfer,
    /// Tells classical, modern and abstract pictures apart.
    ArtClassifier,
    /// Enlarges pictures.
    Upscaler,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::MelodyRnn,
        Self::MelodyVae,
        Self::ImageGan,
        Self::ImageVae,
        Self::ImageAutoencoder,
        Self::StyleTransfer,
        Self::ArtClassifier,
        Self::Upscaler,
    ];

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::MelodyRnn => "melody-rnn",
            Self::MelodyVae => "melody-vae",
            Self::ImageGan => "image-gan",
            Self::ImageVae => "image-vae",
            Self::ImageAutoencoder => "image-autoencoder",
            Self::StyleTransfer => "style-transfer",
            Self::ArtClassifier => "art-classifier",
            Self::Upscaler => "upscaler",
        }
    }

    /// What it does, in a few words.
    pub fn job(self) -> &'static str {
        match self {
            Self::MelodyRnn => "composes: continues, answers, improvises, takes up motifs",
            Self::MelodyVae => "morphs between phrases, varies a phrase",
            Self::ImageGan => "paints pictures along a walk through its latent space",
            Self::ImageVae => "finds a place on the walk for a picture, and paints from it",
            Self::ImageAutoencoder => "compresses, denoises and edits pictures",
            Self::StyleTransfer => "repaints pictures in a chosen style",
            Self::ArtClassifier => "tells classical, modern and abstract pictures apart",
            Self::Upscaler => "enlarges pictures",
        }
    }

    /// Whether it writes music.
    pub fn is_melody(self) -> bool {
        matches!(self, Self::MelodyRnn | Self::MelodyVae)
    }

    fn has_latent(self) -> bool {
        matches!(self, Self::MelodyVae | Self::ImageGan | Self::ImageVae | Self::ImageAutoencoder)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| SpecError::UnknownKind { kind: text.chars().take(60).collect() })
    }
}

/// Element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 64-bit integer.
    I64,
}

/// Length of a dimension: fixed, or named where it may vary (a number or a text in the file).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// Always this long.
    Fixed(usize),
    /// As long as the caller wants.
    Named(String),
}

/// A named input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorSpec {
    /// Its name in the graph.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Shape.
    pub shape: Vec<Dim>,
}

impl TensorSpec {
    /// A float tensor of fixed shape.
    pub fn f32(name: &str, shape: &[usize]) -> Self {
        Self { name: name.to_owned(), element: Element::F32, shape: shape.iter().map(|&d| Dim::Fixed(d)).collect() }
    }

    /// A 64-bit integer tensor of fixed shape.
    pub fn i64(name: &str, shape: &[usize]) -> Self {
        Self { element: Element::I64, ..Self::f32(name, shape) }
    }
}

/// The events a melody model reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Name of the coding; a program that does not know it refuses the model.
    pub coding: String,
    /// Version of the coding.
    pub version: u32,
    /// Steps a quarter note.
    pub steps_per_quarter: u32,
    /// Lowest MIDI pitch.
    pub lowest_pitch: u8,
    /// Highest MIDI pitch.
    pub highest_pitch: u8,
    /// Durations in steps, in the order of their numbers.
    #[serde(default)]
    pub durations: Vec<u32>,
    /// Sizes of further alphabets by name, for example positions in the bar.
    #[serde(default)]
    pub sizes: BTreeMap<String, usize>,
}

/// The pictures a model reads or writes: `(N, channels, height, width)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Channels: 3 for sRGB.
    pub channels: u32,
    /// Values of black and of full white.
    pub range: [f32; 2],
}

/// The latent space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latent {
    /// Numbers in a point.
    pub size: usize,
    /// Numbers in a mapped point `w`, where the network has a mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapped_size: Option<usize>,
    /// Truncation `psi` that shows the model at its best, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f32>,
}

/// A body of data that a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// What it is.
    pub name: String,
    /// Where it came from.
    pub origin: String,
    /// Its licence.
    pub licence: String,
}

/// The description of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// Version of this description.
    pub spec_version: u32,
    /// What the model is for.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Inputs.
    pub inputs: Vec<TensorSpec>,
    /// Outputs.
    pub outputs: Vec<TensorSpec>,
    /// Events of a melody model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Vocabulary>,
    /// Pictures of a picture model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// Latent space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<Latent>,
    /// Further numbers of this network by name: layers, units, memory length.
    #[serde(default)]
    pub settings: BTreeMap<String, f64>,
    /// What it was trained on.
    #[serde(default)]
    pub data: Vec<DataSource>,
    /// Licence of the weights.
    #[serde(default)]
    pub licence: String,
    /// Figures on held-out data by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// The command that made it.
    #[serde(default)]
    pub command: String,
    /// Seed of its training.
    #[serde(default)]
    pub seed: u64,
    /// Program and version that wrote it.
    #[serde(default)]
    pub created_by: String,
}

/// Why a description is refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not a kind of this program.
    #[error("unknown kind `{kind}`; known are {}", Kind::ALL.map(Kind::name).join(", "))]
    UnknownKind {
        /// What was found.
        kind: String,
    },
    /// Longer than any honest one.
    #[error("its description is {bytes} bytes long; the limit is {MAX_SPEC_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON or TOML of the right form.
    #[error("its description cannot be read: {0}")]
    Malformed(String),
    /// Written by a later program.
    #[error("its description is of version {found}; this program reads up to {SPEC_VERSION}: update it")]
    TooNew {
        /// Version found.
        found: u32,
    },
    /// A part that the kind needs is not there or senseless.
    #[error("its description lacks what a {kind} needs: {what}")]
    Incomplete {
        /// Kind of model.
        kind: Kind,
        /// What is missing or wrong.
        what: &'static str,
    },
}

impl ModelSpec {
    /// A description with only the needed parts; fill in the rest.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            spec_version: SPEC_VERSION,
            kind,
            name: name.to_owned(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            vocabulary: None,
            picture: None,
            latent: None,
            settings: BTreeMap::new(),
            data: Vec::new(),
            licence: String::new(),
            metrics: BTreeMap::new(),
            command: String::new(),
            seed: 0,
            created_by: concat!("oneiro ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Reads a description from JSON and checks it.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        Self::limit(text)?;
        let spec: Self = serde_json::from_str(text).map_err(|e| version_first(json_version(text), &e))?;
        spec.checked()
    }

    /// Reads a description from TOML and checks it.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        Self::limit(text)?;
        let spec: Self = toml::from_str(text).map_err(|e| version_first(toml_version(text), &e.message()))?;
        spec.checked()
    }

    /// The description as JSON, in one line.
    ///
    /// # Errors
    /// [`SpecError`] where the description would be refused when read again.
    pub fn to_json(&self) -> Result<String, SpecError> {
        let text = serde_json::to_string(self).map_err(|e| SpecError::Malformed(e.to_string()))?;
        Self::from_json(&text)?; // numbers like NaN have no JSON form and would be lost
        Ok(text)
    }

    /// Writes the description into a model, in place of an earlier one.
    ///
    /// # Errors
    /// As [`ModelSpec::to_json`].
    pub fn store(&self, model: &mut ModelProto) -> Result<(), SpecError> {
        let value = Some(self.to_json()?);
        model.metadata_props.retain(|entry| entry.key.as_deref() != Some(KEY));
        model.metadata_props.push(StringStringEntryProto { key: Some(KEY.to_owned()), value });
        Ok(())
    }

    /// The description a model carries, if it carries one.
    ///
    /// # Errors
    /// As [`ModelSpec::from_json`].
    pub fn of(model: &ModelProto) -> Result<Option<Self>, SpecError> {
        let entry = model.metadata_props.iter().find(|entry| entry.key.as_deref() == Some(KEY));
        entry.map(|entry| Self::from_json(entry.value.as_deref().unwrap_or_default())).transpose()
    }

    fn limit(text: &str) -> Result<(), SpecError> {
        if text.len() > MAX_SPEC_BYTES { Err(SpecError::TooLong { bytes: text.len() }) } else { Ok(()) }
    }

    fn checked(self) -> Result<Self, SpecError> {
        if self.spec_version > SPEC_VERSION {
            return Err(SpecError::TooNew { found: self.spec_version });
        }
        let vocabulary_holds =
            self.vocabulary.as_ref().is_some_and(|v| v.lowest_pitch <= v.highest_pitch && v.highest_pitch <= 127);
        let picture_holds = self.picture.as_ref().is_some_and(|p| {
            let side = 1..=8192;
            side.contains(&p.width)
                && side.contains(&p.height)
                && matches!(p.channels, 1 | 3 | 4)
                && p.range.iter().all(|x| x.is_finite())
                && p.range[0] < p.range[1]
        });
        let latent_holds = self.latent.as_ref().is_some_and(|l| {
            (1..=65_536).contains(&l.size) && l.psi.is_none_or(|psi| psi.is_finite() && (0.0..=1.0).contains(&psi))
        });
        let kind = self.kind;
        let need = |holds: bool, what| if holds { Ok(()) } else { Err(SpecError::Incomplete { kind, what }) };
        need(!self.inputs.is_empty(), "inputs")?;
        need(!self.outputs.is_empty(), "outputs")?;
        if kind.is_melody() {
            need(vocabulary_holds, "a vocabulary with pitches from 0 to 127")?;
        } else {
            need(picture_holds, "a picture size of 1 to 8192, 1, 3 or 4 channels and a range of values")?;
        }
        if kind.has_latent() {
            need(latent_holds, "a latent size of 1 to 65536")?;
        }
        Ok(self)
    }
}

/// A later version may have fields of other forms: its number explains more than the first field that does not fit.
fn version_first(version: Option<u64>, error: &dyn fmt::Display) -> SpecError {
    match version.and_then(|v| u32::try_from(v).ok()) {
        Some(found) if found > SPEC_VERSION => SpecError::TooNew { found },
        _ => SpecError::Malformed(super::runtime::one_line(error)),
    }
}

fn json_version(text: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(text).ok()?.get("spec_version")?.as_u64()
}

fn toml_version(text: &str) -> Option<u64> {
    let table: toml::Table = toml::from_str(text).ok()?;
    u64::try_from(table.get("spec_version")?.as_integer()?).ok()
}
