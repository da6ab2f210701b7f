//! What can be trained, and how far the trainer knows it.

use super::error::RunError;
use super::rates::Rates;
use crate::train::history::Examples;
use crate::train::pictures::sheet::save_png;
use crate::train::program::Feeds;
use crate::train::step::Step;
use crate::train::tensor::Tensors;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::Path;

/// What a step trains on.
pub struct Batch {
    /// Which of the task's programs runs it.
    pub program: usize,
    /// Its inputs besides state and rates.
    pub feeds: Feeds,
    /// Examples in it.
    pub examples: usize,
}

/// Something that can be trained.
pub trait Task: Sync {
    /// The steps that share one state: the same network for several shapes of batch, say.
    fn steps(&self) -> Vec<Step>;
    /// The batch of a step; depends on nothing but the step, so that a resumed run sees the same.
    fn batch(&self, step: u64) -> Batch;
    /// Learning rates and betas by objective.
    fn objectives(&self) -> Vec<Rates>;
    /// First contents of the state that are not drawn: the weights of a model that is trained further, say.
    fn start(&self) -> Tensors {
        Tensors::new()
    }
    /// All settings that a resumed run must share; `kind`, where given, names what is trained in the report.
    fn settings(&self) -> serde_json::Value;
    /// Stands for what is learnt from and checked with: a run is resumed with the same data only. Kept as the setting
    /// `data`.
    fn fingerprint(&self) -> Option<u64> {
        None
    }
    /// Figures on data that is not trained on, from the current state, and files worth looking at: pictures called
    /// `samples-NNNNNN.png`, after the step, stand in the report.
    ///
    /// # Errors
    /// If a session fails or a file cannot be written.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError>;
    /// The validation figure that decides which state is the best one; lower is better. Where none is named, the last
    /// state is what a run is for.
    fn decisive(&self) -> Option<&'static str> {
        None
    }
    /// What is learnt from, as names and values, for the report.
    fn about_data(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    /// How much there is to learn from; the run warns where that is too little.
    fn examples(&self) -> Option<Examples> {
        None
    }
}

/// Writes the sheet of samples of a step into the run's folder, under the name that the report knows.
pub(in crate::train) fn save_samples(page: &RgbImage, folder: &Path, step: u64) -> Result<(), RunError> {
    let path = folder.join(format!("samples-{step:06}.png"));
    save_png(page, &path).map_err(|error| RunError::Io { path, error })
}
