//! Options of every subcommand that reads folders of pictures.

use super::Usage;
use anyhow::Result;
use oneiro::train::pictures::dataset::{Dataset, Options, Source, Split};
use std::path::PathBuf;
use std::sync::Arc;

/// What is said of each folder, in the order of the folders.
#[derive(clap::Args, Debug, Default)]
pub struct Folders {
    /// Part cut off each edge of every picture, one for each --data: frames, mounts, scanner borders
    #[arg(long, value_name = "PART")]
    edge_crop: Vec<f32>,
    /// Share of the folder in what is learnt, relative to the others, one for each --data [default: 1]
    #[arg(long, value_name = "SHARE")]
    weight: Vec<f32>,
}

impl Folders {
    /// The folders with what is said of them.
    ///
    /// # Errors
    /// If more is said than there are folders.
    pub fn sources(&self, folders: &[PathBuf]) -> Result<Vec<Source>, Usage> {
        for (option, given) in [("--edge-crop", self.edge_crop.len()), ("--weight", self.weight.len())] {
            if given > folders.len() {
                return Err(Usage(format!("{option} is given {given} times for {} folders", folders.len())));
            }
        }
        let of = |values: &[f32], i: usize, usual: f32| values.get(i).copied().unwrap_or(usual);
        let source = |(i, folder): (usize, &PathBuf)| Source {
            edge_crop: of(&self.edge_crop, i, 0.0),
            weight: of(&self.weight, i, 1.0),
            ..Source::new(folder)
        };
        Ok(folders.iter().enumerate().map(source).collect())
    }

    /// Opens the folders to learn from them, and says how much was found.
    ///
    /// # Errors
    /// As [`Folders::sources`] and [`Dataset::open`].
    pub fn open(&self, folders: &[PathBuf], options: &Options) -> Result<Arc<Dataset>> {
        let dataset = Dataset::open(&self.sources(folders)?, options)?;
        let [learnt, held_out] = [Split::Train, Split::HeldOut].map(|split| dataset.count(split));
        let useless = dataset.skipped().len();
        println!("{learnt} pictures to learn from, {held_out} held out, {useless} files of no use");
        Ok(Arc::new(dataset))
    }
}
