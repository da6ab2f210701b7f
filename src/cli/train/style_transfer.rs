//! `oneiro train style-transfer`: one network that repaints pictures in several styles.

use super::{Preset, Shared, check_rate, described, stop_flag, within};
use crate::cli::eval::vgg_file;
use crate::cli::pictures::Folders;
use anyhow::{Result, ensure};
use oneiro::model::spec::DataSource;
use oneiro::train::checkpoint;
use oneiro::train::nets::style_transfer::export::{description, network, performing_weights};
use oneiro::train::nets::style_transfer::styles::{self, Targets};
use oneiro::train::nets::style_transfer::{Settings, Shape, Task, Weighting};
use oneiro::train::nets::vgg::Vgg;
use oneiro::train::pictures::dataset::{Dataset, Options, Source, Split};
use oneiro::train::run::{CHECKPOINT, train};
use oneiro::train::tensor::Tensor;
use std::path::PathBuf;

/// Arguments of `oneiro train style-transfer`.
#[derive(clap::Args)]
#[command(after_help = "\
The network learns all styles at once; each is the picture of a file, and bears its name. Watch the sheets of samples in the run's
folder. Ctrl-C ends the training early and writes the model as it is then.

Examples:
  oneiro train style-transfer --data my-photos --style waves.jpg --style mosaic.png --minutes 60 --out mine.onnx
  oneiro train style-transfer --data paintings --edge-crop 0.08 --data abstract --style styles --out style-transfer.onnx
  oneiro train style-transfer --data my-photos --style my-styles --strength 16 --out mine.onnx --resume")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// A picture of a style, or a folder of them; may be given several times
    #[arg(long, value_name = "FILE-OR-DIR", required = true)]
    style: Vec<PathBuf>,
    /// Side at which styles are seen, in pixels: strokes come out as large as they are then
    #[arg(long, default_value_t = 256)]
    style_side: usize,
    /// Part cut off each edge of the styles' pictures: frames, borders
    #[arg(long, default_value_t = 0.0)]
    style_edge: f32,
    /// How much the style counts, the content being 1
    #[arg(long, default_value_t = 8.0)]
    strength: f32,
    /// How much smoothness counts, the content being 1
    #[arg(long, default_value_t = 0.3)]
    smoothness: f32,
    /// Side of the pieces of pictures that are learnt from, in pixels
    #[arg(long, default_value_t = 96)]
    crop: usize,
    /// Pieces in a batch
    #[arg(long, default_value_t = 4)]
    batch: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    rate: f64,
    #[command(flatten)]
    folders: Folders,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 100)]
    validate_every: u64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of VGG19 [default: those that `cargo xtask data vgg` brought]
    #[arg(long, value_name = "FILE.bin")]
    features: Option<PathBuf>,
}

/// Side of the pictures that samples are painted from, and their number.
const SHOWN: (usize, usize) = (256, 2);

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let (channels, blocks) = match args.shared.preset {
        Preset::Small => ([16, 32, 16, 16], 3),
        Preset::Standard => ([32, 48, 32, 16], 4),
        Preset::Large => ([32, 64, 48, 32], 6),
    };
    let multiple = |option: &str, side: usize| {
        ensure!(
            (32..=512).contains(&side) && side.is_multiple_of(8),
            "--{option} {side}: a multiple of 8 from 32 to 512"
        );
        Ok(())
    };
    multiple("crop", args.crop)?;
    multiple("style-side", args.style_side)?;
    within("batch", args.batch, 1..=64, " pieces")?;
    check_rate("rate", args.rate)?;
    within("style-edge", args.style_edge, 0.0..=0.4, "")?;
    for (option, weight) in [("strength", args.strength), ("smoothness", args.smoothness)] {
        within(option, weight, 0.0..=1e6, "")?;
    }
    let run_settings = args.shared.settings(30.0, args.validate_every)?;
    let device = run_settings.device;
    let styles = styles::read(&args.style, args.style_side, args.style_edge)?;
    let names: Vec<String> = styles.iter().map(|s| s.name.clone()).collect();
    println!("{} styles: {}", names.len(), names.join(", "));
    let settings = Settings {
        shape: Shape { styles: styles.len(), channels, blocks },
        batch: args.batch,
        crop: args.crop,
        rate: args.rate,
        weighting: Weighting { content: 1.0, style: args.strength, variation: args.smoothness },
        average: 0.99,
        style_side: args.style_side,
        style_edge: args.style_edge,
        seed: args.shared.seed,
    };
    if !args.export_only {
        let sources = args.folders.sources(&args.shared.data)?;
        // Pieces as large as a window of that side into a picture of SHOWN, up to the whole picture.
        let least = (args.crop as f32 / SHOWN.0 as f32).min(1.0);
        let options = Options { size: args.crop, crop: (least, 1.0), ..Options::default() };
        let dataset = args.folders.open(&args.shared.data, &options)?;
        let vgg = Vgg::read(&vgg_file(args.features.as_deref())?)?;
        let targets = Targets::new(&styles, &vgg, device)?;
        let task = Task::new(settings.clone(), dataset, vgg, targets, shown(&sources)?, device)?;
        train(&task, &run_settings, &*stop_flag()?)?;
    }
    let (progress, state) = checkpoint::load(&run_settings.folder.join(CHECKPOINT))?;
    let mut about = description(&args.shared.name()?, &settings, names);
    about.data = args.style.iter().map(|path| style_source(path)).collect();
    args.shared.write(network(&settings.shape, &performing_weights(&state)), about, &progress)
}

/// The first pictures that are held out, or of all where none are.
fn shown(sources: &[Source]) -> Result<Tensor> {
    let (size, count) = SHOWN;
    // Few are shown: none is worth keeping in memory.
    let dataset = Dataset::open(sources, &Options { size, cache_bytes: 0, ..Options::default() })?;
    let split = if dataset.count(Split::HeldOut) > 0 { Split::HeldOut } else { Split::Train };
    // Spread over the set, so that folders of different kinds are seen.
    let last = dataset.count(split).saturating_sub(1);
    let mut data = Vec::new();
    for n in 0..count {
        data.extend(dataset.centres(split, n * last / (count - 1), 1)?.data);
    }
    Ok(Tensor::new(&[count, 3, size, size], data))
}

/// What is said of a style: by the folder that it comes from.
fn style_source(path: &std::path::Path) -> DataSource {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    let about = folder.map(described).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    DataSource { name: format!("style: {name}"), ..about }
}
