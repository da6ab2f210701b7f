//! `oneiro train image-gan`.

use super::{Shared, stop_flag};
use anyhow::{Context, Result, bail};
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::{Settings, Shape, Task};
use oneiro::train::pictures::dataset::{Dataset, Options, Source, Split};
use oneiro::train::run::train;
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `oneiro train image-gan`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Side of the pictures in pixels: 64 or 128
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// Pictures in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Learning rate
    #[arg(long, default_value_t = 4e-4)]
    rate: f64,
    /// Part cut off each edge of every picture, one for each --data: frames, mounts, scanner borders
    #[arg(long, value_name = "PART")]
    edge_crop: Vec<f32>,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 250)]
    validate_every: u64,
    /// Weights of EfficientNet-Lite0
    #[arg(long, value_name = "FILE.pth")]
    features: PathBuf,
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let Some(shape) = Shape::for_size(args.size) else {
        bail!("--size {}: pictures of 64 or 128 pixels can be trained", args.size);
    };
    let settings = args.shared.settings(60.0, args.validate_every)?;
    let sources: Vec<Source> = args
        .shared
        .data
        .iter()
        .enumerate()
        .map(|(i, folder)| Source { edge_crop: args.edge_crop.get(i).copied().unwrap_or(0.0), ..Source::new(folder) })
        .collect();
    let options = Options { size: args.size, ..Options::default() };
    let dataset = Arc::new(Dataset::open(&sources, &options)?);
    println!(
        "{} pictures to learn from, {} held out, {} files of no use",
        dataset.count(Split::Train),
        dataset.count(Split::HeldOut),
        dataset.skipped().len()
    );
    let features = EfficientNet::read(&args.features).context("the features are needed for training")?;
    let gan = Settings { shape, batch: args.batch, rate: args.rate, average: 0.995, seed: args.shared.seed };
    let task = Task::new(gan, dataset, features, settings.device)?;
    let stop = stop_flag()?;
    let _state = train(&task, &settings, &stop)?;
    Ok(())
}
