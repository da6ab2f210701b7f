//! What frozen networks share: their weights come from files of others.

use crate::train::pictures::torch;
use crate::train::tensor::{Tensor, Tensors};

/// Why a frozen network cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read as weights.
    #[error(transparent)]
    File(#[from] torch::Error),
    /// A tensor is missing or has another shape.
    #[error("{file}: tensor {name} is {found}, expected shape {expected:?}")]
    Tensor {
        /// The file.
        file: String,
        /// Name of the tensor.
        name: String,
        /// `missing` or the shape found.
        found: String,
        /// What the network needs.
        expected: Vec<usize>,
    },
    /// A weight points beyond its table.
    #[error("{file}: {name} holds {found}, but its table has {length} values")]
    Place {
        /// The file.
        file: String,
        /// Name of the tensor.
        name: String,
        /// What was found.
        found: f32,
        /// Values in the table.
        length: usize,
    },
}

/// The tensor of a name, if it has the shape that the network needs.
pub(super) fn shaped<'a>(
    tensors: &'a Tensors,
    file: &str,
    name: &str,
    expected: &[usize],
) -> Result<&'a Tensor, Error> {
    tensors.get(name).filter(|t| t.shape == expected).ok_or_else(|| wrong(tensors, file, name, expected))
}

/// What is wrong with the tensor of a name.
pub(super) fn wrong(tensors: &Tensors, file: &str, name: &str, expected: &[usize]) -> Error {
    Error::Tensor {
        file: file.to_owned(),
        name: name.to_owned(),
        found: tensors.get(name).map_or("missing".to_owned(), |t| format!("{:?}", t.shape)),
        expected: expected.to_vec(),
    }
}
