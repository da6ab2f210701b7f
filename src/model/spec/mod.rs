//! What a model says about itself.
//!
//! A [`ModelSpec`] lies as JSON in the ONNX file's `metadata_props` under the key [`KEY`]. A file made elsewhere is
//! described by a `NAME.toml` with the same fields beside `NAME.onnx`.

use crate::model::onnx::{ModelProto, StringStringEntryProto};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

mod error;
mod kind;
mod parts;

pub use error::SpecError;
pub use kind::Kind;
pub use parts::{DataSource, Dim, Element, Latent, Picture, TensorSpec, Vocabulary};

/// Key of the description in the ONNX file's metadata.
pub const KEY: &str = "oneiro.spec";

/// Version of the description that this program writes, and the newest it reads.
pub const SPEC_VERSION: u32 = 1;

/// Longest description that is read, in bytes.
pub const MAX_SPEC_BYTES: usize = 1 << 20;

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
    /// Names of the styles that a style transfer can paint in, in the order of the shares of its input `style`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<String>,
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
            styles: Vec::new(),
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
        _ => SpecError::Malformed(crate::complaint::one_line(error)),
    }
}

fn json_version(text: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(text).ok()?.get("spec_version")?.as_u64()
}

fn toml_version(text: &str) -> Option<u64> {
    let table: toml::Table = toml::from_str(text).ok()?;
    u64::try_from(table.get("spec_version")?.as_integer()?).ok()
}
