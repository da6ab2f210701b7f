//! `oneiro eval`: how good a model is on data it was not trained on. Each kind has a file with a function `run`, which
//! measures, and a list of the options that it takes besides those of every kind.

mod art_classifier;
mod image_autoencoder;
mod image_gan;
mod melody_rnn;
mod melody_vae;
mod modes;
mod painted;
mod style_transfer;
mod upscaler;

use super::pictures::Folders;
use super::{Usage, answer};
use anyhow::{Context, Result, bail};
use image::codecs::jpeg::JpegEncoder;
use oneiro::files::write_whole;
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::onnx::ModelProto;
use oneiro::model::runtime;
use oneiro::model::spec::Kind;
use prost::Message;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `oneiro eval`.
#[derive(clap::Args)]
#[command(after_help = "\
Models of kind image-gan are measured by the Fréchet distance of their pictures to held-out ones, seen through
EfficientNet-Lite0; give the folders and --edge-crop as for training, so that the same pictures are held out.
Models of kind art-classifier are measured on the pictures that their training held out, if --data is the folder of their training.
Models of kind upscaler are measured by how near they come to held-out pictures that were made small, and by ringing, on
edges and on the pictures of the first image-gan that is found.
Models of kind image-autoencoder and image-vae are measured by what is left of held-out pictures, beside JPEG and fewer pixels.
Models of kind melody-rnn are measured by the bits a note that the test tunes cost, heard event by event; with --modes by what
the whole instrument answers with them, in every mode, to calls from the test tunes: key, grid, density, range, repetition,
endings, tones and lengths, beside how the tunes go on and beside what counting makes of them.
Models of kind melody-vae are measured by how well phrases of the test tunes come back, and how they turn into one another.
Models of kind style-transfer are measured by how far VGG19's features of repainted held-out pictures are from those of the
content, and their Gram matrices from those of the style; give --style as for training. --baselines adds what moving the pixels themselves reaches,
and a published network (`cargo xtask data style-baseline`).

Examples:
  oneiro eval models/image-gan.onnx --data paintings --edge-crop 0.08 --data abstract --json
  oneiro eval mine.onnx --data my-pictures --sheet samples.jpg --walk walk.jpg
  oneiro eval models/melody-rnn.onnx --data tunes --baselines
  oneiro eval models/melody-rnn.onnx --data tunes --modes --sheet rolls.png --threads 2
  oneiro eval models/melody-vae-2.onnx --data tunes --sheet phrases.jpg --walk morphs.jpg
  oneiro eval models/style-transfer.onnx --data paintings --style styles --count 8 --sheet styles.jpg --walk blends.jpg")]
pub struct Args {
    /// The model
    file: PathBuf,
    /// Folder with the data of its training; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    folders: Folders,
    /// Weights of the frozen network that looks: EfficientNet-Lite0, or VGG19 for styles [default: those that
    /// `cargo xtask data features vgg` brought]
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Pictures of the styles, or folders of them, in the order of the training
    #[arg(long, value_name = "FILE-OR-DIR")]
    style: Vec<PathBuf>,
    /// Examples on each side of a comparison [default: 512; for styles 8, for modes 200 calls]
    #[arg(long)]
    count: Option<usize>,
    /// Truncation of the latent points: 1 for none, smaller for more typical pictures [default: 1]
    #[arg(long)]
    psi: Option<f32>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Write a sheet of examples here, as JPEG (of modes as PNG, too)
    #[arg(long, value_name = "FILE.jpg")]
    sheet: Option<PathBuf>,
    /// Write walks through the latent space, or from style to style, here, one a row, as JPEG
    #[arg(long, value_name = "FILE.jpg")]
    walk: Option<PathBuf>,
    /// Write the painted pictures that come closest to a training picture here, each with that picture on its right
    #[arg(long, value_name = "FILE.jpg")]
    nearest: Option<PathBuf>,
    /// Write edits along the directions that the model found here, as JPEG
    #[arg(long, value_name = "FILE.jpg")]
    edits: Option<PathBuf>,
    /// Measure simple baselines on the same examples too
    #[arg(long)]
    baselines: bool,
    /// Perform in every mode, and measure what is answered
    #[arg(long)]
    modes: bool,
    /// The network of phrases that modes need beside that of melodies, by file or by name [default: melody-vae-4]
    #[arg(long, value_name = "NAME")]
    phrase_model: Option<String>,
    /// Set a control for the modes, such as temperature=1.2; may be given several times (`oneiro play --list` has them all)
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Measure on everything in the folders, not only on the part that training holds back: for data of which the model
    /// has seen nothing
    #[arg(long)]
    all: bool,
    /// Write the figures into the model's description
    #[arg(long)]
    store: bool,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Options given that only some kinds take.
    fn special(&self) -> Vec<&'static str> {
        let given = [
            ("features", self.features.is_some()),
            ("style", !self.style.is_empty()),
            ("count", self.count.is_some()),
            ("psi", self.psi.is_some()),
            ("sheet", self.sheet.is_some()),
            ("walk", self.walk.is_some()),
            ("nearest", self.nearest.is_some()),
            ("edits", self.edits.is_some()),
            ("baselines", self.baselines),
            ("modes", self.modes),
            ("phrase-model", self.phrase_model.is_some()),
            ("set", !self.set.is_empty()),
            ("all", self.all),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// Examples on each side of a comparison.
    fn count(&self) -> Result<usize> {
        match self.count {
            Some(few) if few < 8 => bail!("--count {few}: at least 8 are needed"),
            given => Ok(given.unwrap_or(512)),
        }
    }
}

/// What was found: for programs and for people.
pub struct Answer {
    value: Value,
    text: String,
}

impl Answer {
    /// An answer from a report and its text.
    ///
    /// # Errors
    /// If the report cannot be written as JSON.
    pub fn new(report: &impl Serialize, text: String) -> Result<Self> {
        Ok(Self { value: serde_json::to_value(report)?, text })
    }
}

/// Measures a model.
pub fn run(args: Args) -> Result<()> {
    let model = inspect(&args.file)?;
    type Measure = fn(Inspected, &Args) -> Result<Answer>;
    let (measure, options): (Measure, &[&str]) = match model.spec.kind {
        Kind::ArtClassifier => (art_classifier::run, art_classifier::OPTIONS),
        Kind::ImageGan => (image_gan::run, image_gan::OPTIONS),
        Kind::ImageAutoencoder | Kind::ImageVae => (image_autoencoder::run, image_autoencoder::OPTIONS),
        Kind::MelodyRnn if args.modes => (melody_rnn::run, melody_rnn::MODES_OPTIONS),
        Kind::MelodyRnn => (melody_rnn::run, melody_rnn::OPTIONS),
        Kind::MelodyVae => (melody_vae::run, melody_vae::OPTIONS),
        Kind::Upscaler => (upscaler::run, upscaler::OPTIONS),
        Kind::StyleTransfer => (style_transfer::run, style_transfer::OPTIONS),
    };
    if let Some(option) = args.special().into_iter().find(|option| !options.contains(option)) {
        let how = if args.modes { ", measured in modes" } else { "" };
        return Err(Usage(format!("--{option} is not for models of kind {}{how}", model.spec.kind)).into());
    }
    let found = measure(model, &args)?;
    if args.store {
        store(&args.file, &found.value)?;
    }
    if args.json { answer(&serde_json::to_string_pretty(&found.value)?) } else { answer(&found.text) }
}

/// Puts the figures into the description inside the file; those of a part are named `part.figure`.
fn store(file: &Path, figures: &Value) -> Result<()> {
    fn collect(prefix: &str, value: &Value, into: &mut Vec<(String, f64)>) {
        match value {
            Value::Object(parts) => {
                for (name, part) in parts {
                    let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    collect(&name, part, into);
                }
            }
            other => into.extend(other.as_f64().map(|v| (prefix.to_owned(), (v * 1e4).round() / 1e4))),
        }
    }
    let inspected = inspect(file)?;
    let (mut spec, mut model) = (inspected.spec, ModelProto::decode(inspected.bytes.as_slice())?);
    let mut found = Vec::new();
    collect("", figures, &mut found);
    spec.metrics.extend(found);
    spec.store(&mut model)?;
    write_whole(file, &model.encode_to_vec()).with_context(|| format!("cannot write {}", file.display()))
}

/// The weights of EfficientNet-Lite0: the file given, or the one in the user's cache.
pub fn features_file(given: Option<&Path>) -> Result<PathBuf> {
    weights_file(given, "features", "pth", "EfficientNet-Lite0")
}

/// The weights of VGG19: the file given, or the one in the user's cache.
pub fn vgg_file(given: Option<&Path>) -> Result<PathBuf> {
    weights_file(given, "vgg", "bin", "VGG19")
}

/// The file given, or the first with that ending of a set in the user's cache.
fn weights_file(given: Option<&Path>, set: &str, ending: &str, network: &str) -> Result<PathBuf> {
    if let Some(file) = given {
        return Ok(file.to_owned());
    }
    let folder = runtime::cache_folder().map(|cache| cache.join("data").join(set));
    let files = folder.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten().flatten().map(|e| e.path());
    let weights = files.filter(|f| f.extension().is_some_and(|e| e == ending)).min();
    weights.with_context(|| {
        format!("the weights of {network} are not there: run `cargo xtask data {set}`, or name them with --features")
    })
}

/// Median time of some runs, in milliseconds.
fn milliseconds<E>(runs: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Side of a picture on a page: small ones are shown twice or four times as large.
fn cell(side: usize) -> u32 {
    (side * (128 / side.min(128)).next_power_of_two()) as u32
}

fn save_jpeg(picture: &image::RgbImage, path: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 82)).context("cannot make a JPEG")?;
    write_whole(path, &bytes).with_context(|| format!("cannot write {}", path.display()))
}
