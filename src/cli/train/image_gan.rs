//! `oneiro train image-gan`.

use super::{Preset, Shared, check_rate, stop_flag, within};
use crate::cli::eval::features_file;
use crate::cli::pictures::Folders;
use anyhow::{Result, bail};
use oneiro::train::checkpoint;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::export::{description, network, performing_weights};
use oneiro::train::nets::image_gan::{Loss, Settings, Shape, Task};
use oneiro::train::pictures::dataset::Options;
use oneiro::train::run::{CHECKPOINT, train};
use std::path::PathBuf;

/// Arguments of `oneiro train image-gan`.
#[derive(clap::Args)]
#[command(after_help = "\
Watch the sheets of samples in the run's folder. Ctrl-C ends the training early and writes the model as it is then.

Examples:
  oneiro train image-gan --data my-pictures --minutes 60 --out mine.onnx
  oneiro train image-gan --data paintings --edge-crop 0.08 --weight 3 --data abstract --steps 5600 --out image-gan.onnx
  oneiro train image-gan --data my-pictures --out mine.onnx --resume")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Side of the pictures in pixels: 64 or 128
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Pictures in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Learning rate of the generator
    #[arg(long, default_value_t = 4e-4)]
    rate: f64,
    /// Learning rate of the discriminator
    #[arg(long, default_value_t = 4e-4)]
    discriminator_rate: f64,
    /// Steps in which both real and painted pictures are blurred, less and less
    #[arg(long, default_value_t = 100)]
    blur_steps: u64,
    /// The game that generator and discriminator play
    #[arg(long, value_enum, default_value = "hinge")]
    loss: Game,
    #[command(flatten)]
    folders: Folders,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 250)]
    validate_every: u64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
}

/// Losses that can be chosen.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Game {
    /// Hinge loss: steady, the usual choice
    Hinge,
    /// The minimax game with the generator's non-saturating loss
    NonSaturating,
    /// Wasserstein distance, its critic bounded by spectral norms
    Wasserstein,
}

impl From<Game> for Loss {
    fn from(game: Game) -> Self {
        match game {
            Game::Hinge => Self::Hinge,
            Game::NonSaturating => Self::NonSaturating,
            Game::Wasserstein => Self::Wasserstein,
        }
    }
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let width = match args.shared.preset {
        Preset::Small => 0.5,
        Preset::Standard => 1.0,
        Preset::Large => 1.5,
    };
    let Some(shape) = Shape::for_size(args.size, width) else {
        bail!("--size {}: pictures of 64 or 128 pixels can be trained", args.size);
    };
    within("batch", args.batch, 2..=256, " pictures")?;
    check_rate("rate", args.rate)?;
    check_rate("discriminator-rate", args.discriminator_rate)?;
    let settings = args.shared.settings(60.0, args.validate_every)?;
    let options = Options { size: args.size, ..Options::default() };
    let dataset = args.folders.open(&args.shared.data, &options)?;
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
        loss: args.loss.into(),
    };
    let device = settings.device;
    if !args.export_only {
        let task = Task::new(gan.clone(), dataset, features, device)?;
        let stop = stop_flag()?;
        train(&task, &settings, &stop)?;
    }
    let (progress, state) = checkpoint::load(&settings.folder.join(CHECKPOINT))?;
    let weights = performing_weights(&gan, &state, device)?;
    let mut about = description(&name, &gan.shape);
    about.settings.insert("batch".into(), gan.batch as f64);
    args.shared.write(network(&gan.shape, &weights, 1), about, &progress)
}
