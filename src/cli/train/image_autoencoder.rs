//! `oneiro train image-autoencoder` and `oneiro train image-vae`.

use super::{Preset, Shared, check_rate, stop_flag, within};
use crate::cli::eval::features_file;
use crate::cli::pictures::Folders;
use anyhow::{Result, bail};
use oneiro::model::spec::Kind;
use oneiro::train::checkpoint;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_autoencoder::export::{averaged, description, network};
use oneiro::train::nets::image_autoencoder::{Settings, Shape, Task, edits};
use oneiro::train::pictures::dataset::Options;
use oneiro::train::run::{CHECKPOINT, train};
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `oneiro train image-autoencoder` and `oneiro train image-vae`.
#[derive(clap::Args)]
#[command(after_help = "\
Watch the sheets in the run's folder: pictures above what the network makes of them. Ctrl-C ends the training early and writes
the model as it is then.

An image-autoencoder compresses, denoises and edits. An image-vae is softer, but every place of its latent space
is a picture.

Examples:
  oneiro train image-autoencoder --data my-pictures --minutes 30 --out mine.onnx
  oneiro train image-vae --data paintings --edge-crop 0.08 --data abstract --out dreams.onnx
  oneiro train image-autoencoder --data my-pictures --out mine.onnx --resume")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Side of the pictures in pixels: 64 or 128 [default: 128 for image-autoencoder, 64 for image-vae]
    #[arg(long)]
    size: Option<usize>,
    /// Pictures in a batch [default: 8 for image-autoencoder, 16 for image-vae]
    #[arg(long)]
    batch: Option<usize>,
    /// Highest learning rate
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Strongest noise to learn to remove, as deviation in parts of full white (image-autoencoder) [default: 0.25]
    #[arg(long)]
    noise: Option<f32>,
    /// Weight of the perceptual loss beside the pixels'; 0 needs no weights of EfficientNet
    /// [default: 0.1 for image-autoencoder, 0.5 for image-vae]
    #[arg(long)]
    perceptual: Option<f32>,
    /// Nats that each number of a latent point may tell for nothing (image-vae) [default: 0.05]
    #[arg(long)]
    free_nats: Option<f32>,
    /// Steps until all of the divergence counts (image-vae) [default: 500]
    #[arg(long)]
    warm_up: Option<u64>,
    #[command(flatten)]
    folders: Folders,
    /// Steps between two sheets
    #[arg(long, default_value_t = 250)]
    validate_every: u64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
}

/// Trains and writes the model.
pub fn run(args: Args, kind: Kind) -> Result<()> {
    let width = match args.shared.preset {
        Preset::Small => 0.67,
        Preset::Standard => 1.0,
        Preset::Large => 1.5,
    };
    let variational = kind == Kind::ImageVae;
    let size = args.size.unwrap_or(if variational { 64 } else { 128 });
    let Some(shape) = Shape::of(kind, size, width) else {
        bail!("--size {size}: pictures of 64 or 128 pixels can be trained");
    };
    let set = [("noise", args.noise.is_some(), false), ("free-nats", args.free_nats.is_some(), true)];
    let set = set.into_iter().chain([("warm-up", args.warm_up.is_some(), true)]);
    if let Some((option, ..)) = set.into_iter().find(|(_, given, of_vae)| *given && *of_vae != variational) {
        return Err(crate::cli::Usage(format!("--{option} is not for models of kind {kind}")).into());
    }
    let settings = Settings {
        shape,
        batch: args.batch.unwrap_or(if variational { 16 } else { 8 }),
        rate: args.rate,
        noise: args.noise.unwrap_or(0.25),
        perceptual: args.perceptual.unwrap_or(if variational { 0.5 } else { 0.1 }),
        free_nats: args.free_nats.unwrap_or(0.05),
        warm_up: args.warm_up.unwrap_or(500),
        average: 0.995,
        seed: args.shared.seed,
    };
    check(&settings)?;
    let plan = args.shared.settings(25.0, args.validate_every)?;
    let dataset = args.folders.open(&args.shared.data, &Options { size, ..Options::default() })?;
    let name = args.shared.name()?;
    if !args.export_only {
        let features = if settings.perceptual > 0.0 {
            Some(EfficientNet::read(&features_file(args.features.as_deref())?)?)
        } else {
            None
        };
        let task = Task::new(settings.clone(), Arc::clone(&dataset), features, plan.device)?;
        train(&task, &plan, &*stop_flag()?)?;
    }
    let (progress, state) = checkpoint::load(&plan.folder.join(CHECKPOINT))?;
    let mut weights = averaged(&state);
    println!("finding the directions of the edits");
    let found = edits::find(&settings.shape, &weights, &dataset, settings.seed, plan.device)?;
    weights.extend(found);
    let mut about = description(&name, &settings.shape);
    about.settings.insert("batch".into(), settings.batch as f64);
    args.shared.write(network(&settings.shape, &weights), about, &progress)
}

fn check(settings: &Settings) -> Result<()> {
    within("batch", settings.batch, 2..=256, " pictures")?;
    check_rate("rate", settings.rate)?;
    for (option, value, most) in [
        ("noise", settings.noise, 1.0),
        ("perceptual", settings.perceptual, 100.0),
        ("free-nats", settings.free_nats, 10.0),
    ] {
        within(option, value, 0.0..=most, "")?;
    }
    Ok(())
}
