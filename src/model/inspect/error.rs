//! Why a model is refused.

use super::MAX_FILE_BYTES;
use crate::model::spec::{Kind, SpecError};
use std::path::PathBuf;

/// A model file that is refused: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", origin.display())]
pub struct ModelError {
    /// The file.
    pub origin: PathBuf,
    /// The reason.
    #[source]
    pub reason: Refusal,
}

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("is {} MB large; the limit for a model is {} MB", bytes >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge {
        /// Size of the file.
        bytes: u64,
    },
    /// The bytes are no ONNX model.
    #[error("is not an ONNX model: {0}")]
    NotOnnx(&'static str),
    /// More or deeper messages than any honest model has.
    #[error("is built to exhaust memory: {0}")]
    Bomb(&'static str),
    /// An operator that makes much of little.
    #[error("is built to exhaust the machine: its operator `{operator}` makes {elements:.0} of a few numbers")]
    Amplifies {
        /// The operator.
        operator: String,
        /// Elements that come out of it, or trips that it makes.
        elements: f64,
    },
    /// There is no description, neither inside nor beside the file.
    #[error("does not say what it is: neither `oneiro.spec` in its metadata nor {} beside it", sidecar.display())]
    NotDescribed {
        /// The description that could lie beside it.
        sidecar: PathBuf,
    },
    /// The description is refused.
    #[error("{0}")]
    Spec(#[from] SpecError),
    /// Another kind than the one asked for.
    #[error("is of kind {found}, but {wanted} is needed here")]
    WrongKind {
        /// What was asked for.
        wanted: Kind,
        /// What the file is.
        found: Kind,
    },
    /// An input or output that the description names is not in the graph.
    #[error("has no {direction} `{name}`, though its description says so")]
    MissingTensor {
        /// `input` or `output`.
        direction: &'static str,
        /// Name of the tensor.
        name: String,
    },
    /// An input or output is of another type or shape than described.
    #[error("{direction} `{name}` is {found}, but its description says {described}")]
    Mismatch {
        /// `input` or `output`.
        direction: &'static str,
        /// Name of the tensor.
        name: String,
        /// What the graph has.
        found: String,
        /// What the description says.
        described: String,
    },
    /// A tensor's shape is senseless or does not fit its bytes.
    #[error("tensor `{name}` has the shape {shape:?}: {problem}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
        /// What is wrong.
        problem: String,
    },
    /// Data in another file.
    #[error("tensor `{name}` keeps its data in another file; models must be one file")]
    ExternalData {
        /// Name of the tensor.
        name: String,
    },
    /// An operator from outside the standard.
    #[error("uses the operator `{operator}` of `{domain}`; only standard ONNX operators are run")]
    CustomOperator {
        /// Operator, or function of the model.
        operator: String,
        /// Its domain.
        domain: String,
    },
    /// ONNX Runtime does not accept the network.
    #[error("is not accepted by ONNX Runtime: {0}")]
    Session(String),
}
