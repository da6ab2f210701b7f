//! Reads PyTorch weight files (`.pth`, `.pt`) without running anything that stands in them.
//!
//! A weight file is a pickle program plus raw storages, in a zip archive (since PyTorch 1.6) or one after the
//! other (before). The program may ask Python to call any function; this reader knows a dozen names, all of which
//! build tensors and dictionaries, and refuses the rest by name.

mod container;
mod machine;
mod pickle;
mod tensor;

use crate::files::read_at_most;
use crate::train::tensor::Tensors;
use std::path::{Path, PathBuf};

/// Why a weight file was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", file.display())]
    Io {
        /// The file asked for.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what this reader knows as a weight file.
    #[error("{}: {reason}", file.display())]
    Format {
        /// The file asked for.
        file: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
}

/// Largest weight file that is read, in bytes.
pub const FILE_LIMIT_BYTES: u64 = 2 << 30;

/// Reads every tensor of a state dictionary as `f32`, by its full name.
///
/// Dictionaries in dictionaries are joined by dots; a lone outer key `state_dict` is dropped. Entries that are not
/// tensors (a learning rate, an epoch) are passed over. Integers become `f32`, so values above 2²⁴ lose digits.
///
/// # Errors
/// [`Error::Io`] where the file cannot be read or is larger than [`FILE_LIMIT_BYTES`], [`Error::Format`] where it is truncated,
/// big-endian, inconsistent in its shapes, or asks for a function outside the list.
pub fn read_state_dict(path: &Path) -> Result<Tensors, Error> {
    let bytes = read_at_most(path, FILE_LIMIT_BYTES).map_err(|source| Error::Io { file: path.to_owned(), source })?;
    container::parse(&bytes).map_err(|reason| Error::Format { file: path.to_owned(), reason })
}

#[cfg(test)]
mod tests;
