//! Keeping the best state of a run beside its last.

use super::error::RunError;
use crate::train::checkpoint::{self, Best, Progress};
use crate::train::tensor::Tensors;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Name of the file that a run goes on from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Name of the file with the best state.
pub const BEST: &str = "best.safetensors";
/// Names of the optimizer's memory among a state's tensors: of no use for performing, and two thirds of the whole.
const OPTIMIZER: &str = "adam.";

/// Holds each validation against the best so far.
pub(super) struct Keeper {
    file: PathBuf,
    figure: Option<&'static str>,
    best: Option<f64>,
}

impl Keeper {
    /// Knows the best of the run that is resumed; that of a run which is not, goes.
    pub fn open(folder: &Path, figure: Option<&'static str>, resumed: bool) -> Result<Self, RunError> {
        let file = folder.join(BEST);
        if !resumed {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(RunError::Io { path: file, error }),
                _ => return Ok(Self { file, figure, best: None }),
            }
        }
        let best = if file.exists() { checkpoint::load(&file)?.0.best } else { None };
        let best = best.filter(|b| Some(b.figure.as_str()) == figure).map(|b| b.value);
        Ok(Self { file, figure, best })
    }

    /// Writes the state if it is better than all before: whether it was.
    pub fn keep(
        &mut self,
        figures: &BTreeMap<String, f64>,
        progress: &Progress,
        state: &Tensors,
    ) -> Result<bool, RunError> {
        let Some((name, value)) = self.figure.and_then(|name| Some((name, *figures.get(name)?))) else {
            return Ok(false);
        };
        if !value.is_finite() || self.best.is_some_and(|best| value >= best) {
            return Ok(false);
        }
        let state = state.iter().filter(|(name, _)| !name.starts_with(OPTIMIZER));
        let state = state.map(|(name, t)| (name.clone(), t.clone())).collect();
        let best = Some(Best { figure: name.to_owned(), value });
        checkpoint::save(&self.file, &Progress { best, ..progress.clone() }, &state)?;
        self.best = Some(value);
        Ok(true)
    }
}

/// The state to perform with: the best by the figure that decides, where the run's task names one, otherwise the last.
/// The best lacks the optimizer's memory.
///
/// # Errors
/// If there is no such file or it is damaged.
pub fn best_or_last(folder: &Path) -> Result<(Progress, Tensors), RunError> {
    let best = folder.join(BEST);
    let file = if best.exists() { best } else { folder.join(CHECKPOINT) };
    Ok(checkpoint::load(&file)?)
}
