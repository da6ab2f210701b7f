//! Checkpoints: everything a run needs to go on, in one safetensors file that is replaced in one piece.

use super::tensor::{Tensor, Tensors};
use crate::complaint::one_line;
use crate::files::write_whole;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

/// Where a run stood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps planned.
    pub steps: u64,
    /// Seconds spent training so far.
    pub seconds: f64,
    /// The settings of the run; a run is resumed only with the same.
    pub settings: serde_json::Value,
    /// The time that `steps` was reckoned from, where a time was asked for.
    #[serde(default)]
    pub minutes: Option<f64>,
    /// Running means of the training figures, for the log.
    #[serde(default)]
    pub smooth: BTreeMap<String, f64>,
    /// The figure by which the state of this file was the best so far, in the file of the best.
    #[serde(default)]
    pub best: Option<Best>,
}

/// The lowest value of the validation figure that decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Name of the figure.
    pub figure: String,
    /// Its value.
    pub value: f64,
}

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It could not be written.
    #[error("cannot write checkpoint {path}: {error}. What was there before is untouched")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It could not be read.
    #[error("cannot read checkpoint {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not a checkpoint.
    #[error("checkpoint {path} is damaged: {reason}. Begin again in another folder, or put an older copy in its place")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

const PROGRESS: &str = "oneiro.progress";

/// Writes a checkpoint beside `path` and puts it in its place.
///
/// # Errors
/// If the file cannot be written; what was there before is then untouched.
pub fn save(path: &Path, progress: &Progress, state: &Tensors) -> Result<(), CheckpointError> {
    let io = |error| CheckpointError::Write { path: path.to_owned(), error };
    let file = write(progress, state).map_err(|e| io(io::Error::other(e)))?;
    write_whole(path, &file).map_err(io)
}

/// The bytes of a checkpoint.
///
/// # Errors
/// What cannot be written, in words.
pub fn write(progress: &Progress, state: &Tensors) -> Result<Vec<u8>, String> {
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> =
        state.iter().map(|(name, t)| (name, &t.shape, t.data.iter().flat_map(|v| v.to_le_bytes()).collect())).collect();
    let views = bytes.iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, (*shape).clone(), data).expect("a tensor fills its shape");
        ((*name).clone(), view)
    });
    let text = serde_json::to_string(progress).expect("progress is plain data");
    let metadata = HashMap::from([(PROGRESS.to_owned(), text)]);
    serialize(views, Some(metadata)).map_err(|e| e.to_string())
}

/// Reads a checkpoint.
///
/// # Errors
/// If the file is missing or not a checkpoint.
pub fn load(path: &Path) -> Result<(Progress, Tensors), CheckpointError> {
    let bytes = std::fs::read(path).map_err(|error| CheckpointError::Io { path: path.to_owned(), error })?;
    read(&bytes).map_err(|reason| CheckpointError::Damaged { path: path.to_owned(), reason })
}

/// Reads the bytes of a checkpoint.
///
/// # Errors
/// What is wrong with them, in words.
pub fn read(bytes: &[u8]) -> Result<(Progress, Tensors), String> {
    parse(bytes).map_err(|reason| one_line(&reason))
}

fn parse(bytes: &[u8]) -> Result<(Progress, Tensors), String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let text = header.metadata().as_ref().and_then(|m| m.get(PROGRESS));
    let text = text.ok_or("it holds tensors, but not the progress of a run")?;
    let progress = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let mut state = Tensors::new();
    for (name, view) in tensors.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("{name} does not hold 32-bit floats"));
        }
        let data = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        state.insert(name, Tensor::new(view.shape(), data));
    }
    Ok((progress, state))
}
