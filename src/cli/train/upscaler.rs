//! `oneiro train upscaler`.

use super::{Preset, Shared, check_rate, stop_flag, within};
use crate::cli::eval::features_file;
use crate::cli::pictures::Folders;
use anyhow::{Result, bail};
use oneiro::train::checkpoint;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::upscaler::export::{description, network, performing_weights};
use oneiro::train::nets::upscaler::{PixelLoss, Settings, Shape, Task};
use oneiro::train::pictures::dataset::Options;
use oneiro::train::run::{CHECKPOINT, train};
use std::path::PathBuf;

/// Arguments of `oneiro train upscaler`.
#[derive(clap::Args)]
#[command(after_help = "\
Pictures should be sharp, with a short side of four times --patch or more. Each sheet of samples in the run's folder shows a
small picture, Catmull–Rom interpolation, the network, and the original.

Examples:
  oneiro train upscaler --data my-pictures --out mine.onnx
  oneiro train upscaler --data paintings --edge-crop 0.08 --data abstract --minutes 15 --out upscaler.onnx
  oneiro train upscaler --data my-pictures --perceptual 0.02 --out crisp.onnx")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Patches in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Side of the small patches in pixels: a multiple of 8
    #[arg(long, default_value_t = 32)]
    patch: usize,
    /// How the distance of pixels is measured
    #[arg(long, value_enum, default_value = "charbonnier")]
    loss: PixelLoss,
    /// Weight of a perceptual loss beside that of pixels: 0 for none, 0.02 for more texture. It needs the weights of EfficientNet-Lite0
    /// and a --patch that is a multiple of 8
    #[arg(long, default_value_t = 0.0)]
    perceptual: f64,
    /// How far a pixel may leave the range of the 3×3 small pixels around it, as a part of that range: at 0 nothing can ring
    #[arg(long, default_value_t = 0.0)]
    margin: f32,
    /// Highest learning rate
    #[arg(long, default_value_t = 1.5e-3)]
    rate: f64,
    #[command(flatten)]
    folders: Folders,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 500)]
    validate_every: u64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let (channels, blocks) = match args.shared.preset {
        Preset::Small => (8, 1),
        Preset::Standard => (16, 1),
        Preset::Large => (32, 2),
    };
    within("batch", args.batch, 1..=256, " patches")?;
    if !(8..=128).contains(&args.patch) || !args.patch.is_multiple_of(8) {
        bail!("--patch {}: a multiple of 8 from 8 to 128", args.patch);
    }
    check_rate("rate", args.rate)?;
    within("perceptual", args.perceptual, 0.0..=10.0, "")?;
    within("margin", args.margin, 0.0..=10.0, "")?;
    let settings = args.shared.settings(15.0, args.validate_every)?;
    let options = Options { size: 4 * args.patch, crop: (0.5, 1.0), ..Options::default() };
    let dataset = args.folders.open(&args.shared.data, &options)?;
    let features =
        if args.perceptual > 0.0 { Some(EfficientNet::read(&features_file(args.features.as_deref())?)?) } else { None };
    let name = args.shared.name()?;
    let upscaler = Settings {
        shape: Shape { channels, blocks, margin: args.margin },
        batch: args.batch,
        patch: args.patch,
        loss: args.loss,
        perceptual: args.perceptual,
        rate: args.rate,
        seed: args.shared.seed,
    };
    if !args.export_only {
        let task = Task::new(upscaler.clone(), dataset, features, settings.device)?;
        train(&task, &settings, &*stop_flag()?)?;
    }
    let (progress, state) = checkpoint::load(&settings.folder.join(CHECKPOINT))?;
    let model = network(&upscaler.shape, &performing_weights(&state));
    args.shared.write(model, description(&name, &upscaler), &progress)
}
