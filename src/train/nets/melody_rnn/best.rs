//! The weights that did best in validation, kept beside the checkpoint.

use crate::train::checkpoint::{self, Progress};
use crate::train::run::RunError;
use crate::train::tensor::Tensors;
use serde_json::json;
use std::path::Path;

/// Name of their file in a run's folder.
pub const BEST: &str = "best.safetensors";

/// How good the best weights are, and how long ago they were met.
#[derive(Default)]
pub(super) struct Best {
    /// Step and bits a note.
    pub reached: Option<(u64, f64)>,
    /// Validations since.
    idle: usize,
}

impl Best {
    /// Takes over what an interrupted run had reached.
    pub fn recall(&mut self, folder: &Path) -> Result<(), RunError> {
        let file = folder.join(BEST);
        if self.reached.is_none() && file.exists() {
            let (progress, _) = checkpoint::load(&file)?;
            self.reached = progress.settings["bits_per_note"].as_f64().map(|bits| (progress.step, bits));
        }
        Ok(())
    }

    /// Keeps `weights` if they are the best so far: how many validations in a row were not.
    pub fn take(&mut self, folder: &Path, step: u64, bits: f64, weights: &Tensors) -> Result<usize, RunError> {
        self.recall(folder)?;
        if self.reached.is_none_or(|(_, least)| bits < least) {
            let settings = json!({ "bits_per_note": bits });
            let progress = Progress { step, steps: step, seconds: 0.0, settings };
            checkpoint::save(&folder.join(BEST), &progress, weights)?;
            (self.reached, self.idle) = (Some((step, bits)), 0);
        } else {
            self.idle += 1;
        }
        Ok(self.idle)
    }
}
