//! Parts of a description.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
