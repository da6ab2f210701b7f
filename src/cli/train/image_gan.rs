//! `oneiro train image-gan`.

use super::{Shared, command_line, stop_flag};
use crate::cli::eval::{features_file, sources};
use anyhow::{Context, Result, bail};
use oneiro::files::write_whole;
use oneiro::model::spec::DataSource;
use oneiro::train::checkpoint;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::export::{description, network, performing_weights};
use oneiro::train::nets::image_gan::{Settings, Shape, Task};
use oneiro::train::pictures::dataset::{Dataset, Options, Split};
use oneiro::train::pictures::procedural::gallery::{MANIFEST, Manifest};
use oneiro::train::run::train;
use prost::Message;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `oneiro train image-gan`.
#[derive(clap::Args)]
#[command(after_help = "\
Watch the sheets of samples in the run's folder. Ctrl-C ends the training early and writes the model as it is then.

Examples:
  oneiro train image-gan --data my-pictures --minutes 60 --out mine.onnx
  oneiro train image-gan --data paintings --edge-crop 0.08 --data abstract --steps 6500 --batch 8 --out image-gan.onnx
  oneiro train image-gan --data my-pictures --out mine.onnx --resume")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Side of the pictures in pixels: 64 or 128
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// Pictures in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Learning rate of the generator
    #[arg(long, default_value_t = 4e-4)]
    rate: f64,
    /// Learning rate of the discriminator
    #[arg(long, default_value_t = 2e-4)]
    discriminator_rate: f64,
    /// Steps in which both real and painted pictures are blurred, less and less
    #[arg(long, default_value_t = 1500)]
    blur_steps: u64,
    /// Part cut off each edge of every picture, one for each --data: frames, mounts, scanner borders
    #[arg(long, value_name = "PART")]
    edge_crop: Vec<f32>,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 250)]
    validate_every: u64,
    /// Licence that the weights are given under, to be written into the model
    #[arg(long, default_value = "")]
    licence: String,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let Some(shape) = Shape::for_size(args.size) else {
        bail!("--size {}: pictures of 64 or 128 pixels can be trained", args.size);
    };
    if !(2..=256).contains(&args.batch) {
        bail!("--batch {}: 2 to 256 pictures", args.batch);
    }
    for (option, rate) in [("--rate", args.rate), ("--discriminator-rate", args.discriminator_rate)] {
        if !(rate > 0.0 && rate < 1.0) {
            bail!("{option} {rate}: above 0, below 1");
        }
    }
    let settings = args.shared.settings(60.0, args.validate_every)?;
    let sources = sources(&args.shared.data, &args.edge_crop);
    let options = Options { size: args.size, ..Options::default() };
    let dataset = Arc::new(Dataset::open(&sources, &options)?);
    println!(
        "{} pictures to learn from, {} held out, {} files of no use",
        dataset.count(Split::Train),
        dataset.count(Split::HeldOut),
        dataset.skipped().len()
    );
    let features = EfficientNet::read(&features_file(args.features.as_deref())?)?;
    let name = args.shared.name()?;
    let gan = Settings {
        shape,
        batch: args.batch,
        rate: args.rate,
        discriminator_rate: args.discriminator_rate,
        blur: (args.size as f64 / 50.0, args.blur_steps),
        average: 0.995,
        seed: args.shared.seed,
    };
    let device = settings.device;
    if !args.export_only {
        let task = Task::new(gan.clone(), dataset, features, device)?;
        let stop = stop_flag()?;
        train(&task, &settings, &stop)?;
    }
    let (progress, state) = checkpoint::load(&settings.folder.join("checkpoint.safetensors"))?;
    let weights = performing_weights(&gan, &state, device)?;
    let mut spec = description(&name, &gan.shape);
    spec.data = args.shared.data.iter().map(|folder| described(folder)).collect();
    spec.licence = args.licence;
    spec.settings =
        [("steps", progress.step as f64), ("training seconds", progress.seconds.round()), ("batch", gan.batch as f64)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
    spec.seed = args.shared.seed;
    spec.command = command_line();
    let mut model = network(&gan.shape, &weights, 1);
    spec.store(&mut model)?;
    write_whole(&args.shared.out, &model.encode_to_vec())
        .with_context(|| format!("cannot write {}", args.shared.out.display()))?;
    println!("{}: written", args.shared.out.display());
    Ok(())
}

/// What a folder says of itself: in its `ORIGIN.txt`, or in the list of a painted folder.
fn described(folder: &Path) -> DataSource {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let painted = std::fs::read(folder.join(MANIFEST)).ok();
    if let Some(list) = painted.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok()) {
        let (count, Manifest { painter, size, seed, .. }) = (list.pictures.len(), list);
        let origin =
            format!("painted by {painter}: `oneiro data procedural --count {count} --size {size} --seed {seed}`");
        return DataSource { name, origin, licence: "made by this program".into() };
    }
    let origin = std::fs::read_to_string(folder.join("ORIGIN.txt")).unwrap_or_default();
    let licence = if origin.is_empty() { String::new() } else { "as its origin says".to_owned() };
    DataSource { name, origin: origin.trim().chars().take(600).collect(), licence }
}
