//! `oneiro train`: models from data, by kind.

mod art_classifier;
mod image_autoencoder;
mod image_gan;
mod melody_rnn;
mod melody_rolls;
mod melody_vae;
mod style_transfer;
mod upscaler;

pub use art_classifier::ridge_by_fold;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use oneiro::files::write_whole;
use oneiro::model::onnx::ModelProto;
use oneiro::model::spec::{DataSource, Kind as ModelKind, ModelSpec};
use oneiro::train::checkpoint::Progress;
use oneiro::train::pictures::procedural::gallery::{MANIFEST, Manifest};
use oneiro::train::program::Device;
use oneiro::train::run::{Length, RunSettings, arguments};
use prost::Message;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Arguments of `oneiro train`.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// A network that tells classes of pictures apart, from a folder with a subfolder for each
    ArtClassifier(art_classifier::Args),
    /// A network that compresses, denoises and edits pictures, from folders of pictures
    ImageAutoencoder(image_autoencoder::Args),
    /// A generator of pictures, from folders of pictures
    ImageGan(image_gan::Args),
    /// A latent space that pictures have a place in and that can be walked through, from folders of pictures
    ImageVae(image_autoencoder::Args),
    /// A network that continues and answers melodies, from folders of tunes
    MelodyRnn(melody_rnn::Args),
    /// A network that turns phrases into one another, from folders of tunes
    MelodyVae(melody_vae::Args),
    /// A network that makes pictures two and four times as large, from folders of pictures
    Upscaler(upscaler::Args),
    /// A network that repaints pictures in several styles, from folders of pictures and a picture of each style
    StyleTransfer(style_transfer::Args),
}

/// Runs `oneiro train`.
pub fn run(args: Args) -> Result<()> {
    match args.kind {
        Kind::ArtClassifier(args) => art_classifier::run(args),
        Kind::ImageAutoencoder(args) => image_autoencoder::run(args, ModelKind::ImageAutoencoder),
        Kind::ImageGan(args) => image_gan::run(args),
        Kind::ImageVae(args) => image_autoencoder::run(args, ModelKind::ImageVae),
        Kind::MelodyRnn(args) => melody_rnn::run(args),
        Kind::MelodyVae(args) => melody_vae::run(args),
        Kind::Upscaler(args) => upscaler::run(args),
        Kind::StyleTransfer(args) => style_transfer::run(args),
    }
}

/// Where to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// An NVIDIA card where this build can use one and it is there, otherwise the processor
    Auto,
    /// The processor
    Cpu,
    /// The first NVIDIA card
    Cuda,
}

/// Options of every training.
#[derive(ClapArgs, Debug)]
pub struct Shared {
    /// Folder with training data; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    pub data: Vec<PathBuf>,
    /// The model to write
    #[arg(long, value_name = "FILE.onnx")]
    pub out: PathBuf,
    /// Folder for checkpoints, the log and samples [default: the name of the model, without ending, plus `-run`]
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Train about this long
    #[arg(long, conflicts_with = "steps")]
    minutes: Option<f64>,
    /// Train this many steps
    #[arg(long)]
    steps: Option<u64>,
    /// Minutes between checkpoints
    #[arg(long, value_name = "MINUTES", default_value_t = 2.0)]
    checkpoint_every: f64,
    /// Go on from the folder's checkpoint
    #[arg(long)]
    resume: bool,
    /// Seed of weights, data order and everything else random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to train
    #[arg(long, value_enum, default_value = "auto")]
    device: Place,
    /// Threads, where the processor trains
    #[arg(long, default_value_t = default_threads())]
    threads: usize,
    /// How large the network is: small ones train and perform faster
    #[arg(long, value_enum, default_value = "standard")]
    pub preset: Preset,
    /// Licence that the model is given under, to be written into it
    #[arg(long, default_value = "not stated")]
    licence: String,
}

/// How large a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// For little data, old machines and first tries
    Small,
    /// What the shipped models are made with
    Standard,
    /// For much data and patience, or a graphics card
    Large,
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Shared {
    /// Where steps run.
    pub fn device(&self) -> Device {
        let cpu = Device::Cpu { threads: self.threads.max(1) };
        match self.device {
            Place::Cpu => cpu,
            Place::Cuda => Device::Cuda { index: 0 },
            Place::Auto if cfg!(feature = "cuda") && has_cuda() => Device::Cuda { index: 0 },
            Place::Auto => cpu,
        }
    }

    /// The run's folder.
    pub fn folder(&self) -> PathBuf {
        self.run.clone().unwrap_or_else(|| {
            let stem = self.out.file_stem().unwrap_or_default().to_string_lossy();
            self.out.with_file_name(format!("{stem}-run"))
        })
    }

    /// Name of the model: that of its file.
    pub fn name(&self) -> Result<String> {
        let stem = self.out.file_stem().map(|s| s.to_string_lossy().into_owned());
        stem.filter(|s| !s.is_empty()).with_context(|| format!("--out {}: no file name", self.out.display()))
    }

    /// How the run goes; `minutes` where neither time nor steps are given.
    pub fn settings(&self, minutes: f64, validate_every: u64) -> Result<RunSettings> {
        let length = match (self.steps, self.minutes) {
            (Some(0), _) => bail!("--steps 0: at least one step is needed"),
            (Some(steps), _) => Length::Steps(steps),
            (None, Some(m)) if !(m > 0.0 && m.is_finite()) => bail!("--minutes {m}: a time above 0 is needed"),
            (None, m) => Length::Minutes(m.unwrap_or(minutes)),
        };
        let every = self.checkpoint_every;
        if !(0.0..=1e6).contains(&every) {
            bail!("--checkpoint-every {every}: minutes from 0 upwards are needed");
        }
        let settings = RunSettings {
            folder: self.folder(),
            length,
            resume: self.resume,
            seed: self.seed,
            device: self.device(),
            checkpoint_every: Duration::from_secs_f64(every * 60.0),
            validate_every,
            progress: true,
            patience: None,
        };
        settings.check()?;
        Ok(settings)
    }
}

impl Shared {
    /// Writes the model with a description of how it was made; `about` may hold figures, settings and further data already.
    ///
    /// # Errors
    /// If the description cannot be stored or the file cannot be written.
    pub fn write(&self, mut model: ModelProto, mut about: ModelSpec, progress: &Progress) -> Result<()> {
        about.data.extend(self.data.iter().map(|folder| described(folder)));
        about.licence = self.licence.clone();
        about.seed = self.seed;
        about.command = command_line();
        about.settings.insert("steps".into(), progress.step as f64);
        about.settings.insert("training seconds".into(), progress.seconds.round());
        // A figure of an empty set is none: with few files, nothing may be left to test with.
        about.metrics.retain(|_, value| value.is_finite());
        about.store(&mut model)?;
        write_whole(&self.out, &model.encode_to_vec())
            .with_context(|| format!("cannot write {}", self.out.display()))?;
        println!("{}: written", self.out.display());
        Ok(())
    }
}

/// What a folder says of itself: in its `ORIGIN.txt`, or in the list of a painted folder.
fn described(folder: &Path) -> DataSource {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let painted = std::fs::read(folder.join(MANIFEST)).ok();
    if let Some(list) = painted.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok()) {
        let origin = format!("painted by {}: `{}`", list.painter, list.command());
        return DataSource { name, origin, licence: "made by this program".into() };
    }
    let origin = std::fs::read_to_string(folder.join("ORIGIN.txt")).unwrap_or_default();
    let licence = if origin.is_empty() { "not stated" } else { "as its origin says" };
    DataSource { name, origin: origin.trim().chars().take(600).collect(), licence: licence.into() }
}

/// The command as it was given, for the model's description: whoever reads it can make the model again.
fn command_line() -> String {
    let rest = arguments().filter(|a| !["--resume", "--export-only"].contains(&a.as_str()));
    std::iter::once("oneiro".to_owned()).chain(rest).collect::<Vec<_>>().join(" ")
}

/// Refuses a number outside its range; `what` follows the range in the error.
fn within<T: PartialOrd + Display>(option: &str, value: T, range: RangeInclusive<T>, what: &str) -> Result<()> {
    ensure!(range.contains(&value), "--{option} {value}: {} to {}{what}", range.start(), range.end());
    Ok(())
}

/// Refuses a learning rate that is none.
fn check_rate(option: &str, rate: f64) -> Result<()> {
    ensure!(rate > 0.0 && rate < 1.0, "--{option} {rate}: above 0, below 1");
    Ok(())
}

fn has_cuda() -> bool {
    oneiro::model::runtime::load().is_ok_and(|l| l.providers().iter().any(|p| p == "CUDAExecutionProvider"))
}

/// A flag that Ctrl-C sets: the run then writes a checkpoint and ends. A second Ctrl-C ends at once.
pub fn stop_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if shared.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nending after this step with a checkpoint; once more to end at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(flag)
}
