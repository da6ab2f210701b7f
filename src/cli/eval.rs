//! `oneiro eval`: how good a model is on data it was not trained on.

mod melody_rnn;

use super::{Usage, answer};
use anyhow::{Context, Result, bail};
use image::codecs::jpeg::JpegEncoder;
use oneiro::files::write_whole;
use oneiro::model::inspect::inspect;
use oneiro::model::onnx::ModelProto;
use oneiro::model::runtime;
use oneiro::model::session::{Input, Session, SessionOptions};
use oneiro::model::spec::{Kind, ModelSpec};
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::evaluate::{Eye, Figures, Sides, figures};
use oneiro::train::nets::image_gan::walk::walk;
use oneiro::train::pictures::dataset::{Dataset, Options, Source, Split};
use oneiro::train::pictures::metrics::{Features, nearest};
use oneiro::train::pictures::sheet::{self, Layout};
use oneiro::train::program::Device;
use oneiro::train::step::normal;
use prost::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `oneiro eval`.
#[derive(clap::Args)]
#[command(after_help = "\
Models of kind image-gan are measured by the Fréchet distance of their pictures to held-out ones, seen through
EfficientNet-Lite0; give the folders and --edge-crop as for training, so that the same pictures are held out.
Models of kind melody-rnn are measured by the bits a note that the test tunes cost, heard event by event.

Examples:
  oneiro eval models/image-gan.onnx --data paintings --edge-crop 0.08 --data abstract --json
  oneiro eval mine.onnx --data my-pictures --sheet samples.jpg --walk walk.jpg
  oneiro eval models/melody-rnn.onnx --data tunes --baselines")]
pub struct Args {
    /// The model
    file: PathBuf,
    /// Folder with the data of its training; may be given several times
    #[arg(long, value_name = "DIR", required = true)]
    data: Vec<PathBuf>,
    /// Part cut off each edge of every picture, one for each --data
    #[arg(long, value_name = "PART")]
    edge_crop: Vec<f32>,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
    /// Pictures on each side of a comparison
    #[arg(long, default_value_t = 512)]
    count: usize,
    /// Truncation of the latent points: 1 for none, smaller for more typical pictures
    #[arg(long, default_value_t = 1.0)]
    psi: f32,
    /// Seed of latent points and crops
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Write 8 × 8 samples here, as JPEG
    #[arg(long, value_name = "FILE.jpg")]
    sheet: Option<PathBuf>,
    /// Write walks through the latent space here, one a row, as JPEG
    #[arg(long, value_name = "FILE.jpg")]
    walk: Option<PathBuf>,
    /// Write the painted pictures that come closest to a training picture here, each with that picture on its right
    #[arg(long, value_name = "FILE.jpg")]
    nearest: Option<PathBuf>,
    /// Write the figures into the model's description
    #[arg(long)]
    store: bool,
    /// Melodies: measure counting models (PPM) of the same tunes too
    #[arg(long)]
    baselines: bool,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    psi: f32,
    seed: u64,
    /// Milliseconds for one picture, median of 50, on `threads` threads.
    milliseconds: f64,
    #[serde(flatten)]
    figures: Figures,
}

/// Measures a model.
pub fn run(args: Args) -> Result<()> {
    let model = inspect(&args.file)?;
    match model.spec.kind {
        Kind::ImageGan if args.baselines => return Err(Usage("--baselines is for models of melodies".into()).into()),
        Kind::ImageGan => {}
        Kind::MelodyRnn => {
            let Args { sheet, walk, nearest, features, store, .. } = &args;
            if *store || [sheet, walk, nearest, features].into_iter().any(Option::is_some) {
                let text = "--sheet, --walk, --nearest, --features and --store are for models of pictures";
                return Err(Usage(text.into()).into());
            }
            let Args { data, threads, baselines, json, .. } = &args;
            let options = melody_rnn::Options { data, threads: *threads, baselines: *baselines, json: *json };
            return melody_rnn::run(model, &options);
        }
        other => bail!("{}: models of kind {other} cannot be measured here yet", args.file.display()),
    }
    if args.count < 8 {
        bail!("--count {}: at least 8 pictures are needed", args.count);
    }
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut painter = Painter { session: Session::from_inspected(model, &options)?, psi: args.psi };
    let side = painter.side()?;

    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let points: Vec<Vec<f32>> = (0..args.count).map(|_| normal(&mut rng, 1.0, painter.latent())).collect();
    let painted = painter.paint(&points)?;
    if let Some(path) = &args.sheet {
        let cells = painted.chunks(3 * side * side).take(64).flatten().copied().collect::<Vec<f32>>();
        save_jpeg(
            &sheet::sheet_of_planes(&cells, side, Layout { columns: 8, ..Layout::for_count(64, cell(side)) }),
            path,
        )?;
    }
    if let Some(path) = &args.walk {
        let (rows, columns) = (8, 10);
        let steps: Vec<Vec<f32>> = (0..rows)
            .flat_map(|row| walk(&points[2 * row % points.len()], &points[(2 * row + 1) % points.len()], columns))
            .collect();
        let layout = Layout { columns, ..Layout::for_count(rows * columns, cell(side)) };
        save_jpeg(&sheet::sheet_of_planes(&painter.paint(&steps)?, side, layout), path)?;
    }
    let milliseconds = painter.milliseconds(&points[0])?;
    let figures = measure(&args, side, &painted, &mut rng)?;
    if args.store {
        store(&args.file, &figures)?;
    }
    let report = Report { psi: args.psi, seed: args.seed, milliseconds, figures };
    if args.json { answer(&serde_json::to_string_pretty(&report)?) } else { answer(&describe(&report)?) }
}

fn measure(args: &Args, side: usize, painted: &[f32], rng: &mut ChaCha8Rng) -> Result<Figures> {
    let sources = sources(&args.data, &args.edge_crop);
    let open = |held_out| Dataset::open(&sources, &Options { size: side, held_out, ..Options::default() });
    let (data, halves) = (open(Options::default().held_out)?, open(0.5)?);
    let network = EfficientNet::read(&features_file(args.features.as_deref())?)?;
    let mut eye = Eye::new(&network, side, Device::Cpu { threads: args.threads.max(1) })?;
    let mut look = |data: &Dataset, split, seed| -> Result<_> {
        Ok(eye.features(&data.sample(split, seed, 0, args.count)?.data)?)
    };
    let training = look(&data, Split::Train, args.seed)?;
    let held_out = look(&data, Split::HeldOut, args.seed + 1)?;
    let half_a = look(&halves, Split::Train, args.seed)?;
    let half_b = look(&halves, Split::HeldOut, args.seed + 1)?;
    let noise: Vec<f32> = (0..painted.len()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    let painted_features = eye.features(painted)?;
    if let Some(path) = &args.nearest {
        // Drawn again rather than kept: the same seed gives the same crops.
        let real = data.sample(Split::Train, args.seed, 0, args.count)?.data;
        save_jpeg(&closest(painted, &painted_features, &real, &training, side)?, path)?;
    }
    let sides = Sides { painted: painted_features, training, held_out, half_a, half_b, noise: eye.features(&noise)? };
    Ok(figures(&sides)?)
}

/// The painted pictures that lie nearest to a training picture, and that picture: 32 pairs, four in a row.
fn closest(painted: &[f32], from: &Features, real: &[f32], to: &Features, side: usize) -> Result<image::RgbImage> {
    let mut pairs: Vec<(usize, (usize, f32))> = nearest(from, to)?.into_iter().enumerate().collect();
    pairs.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let picture =
        |all: &[f32], n: usize| sheet::from_planes(&all[n * 3 * side * side..(n + 1) * 3 * side * side], side);
    let cells: Vec<_> =
        pairs.iter().take(32).flat_map(|&(n, (of, _))| [picture(painted, n), picture(real, of)]).collect();
    Ok(sheet::sheet(&cells, Layout { columns: 8, ..Layout::for_count(64, cell(side)) }))
}

/// Puts the figures into the description inside the file.
fn store(file: &Path, figures: &Figures) -> Result<()> {
    let inspected = inspect(file)?;
    let (mut spec, mut model) = (inspected.spec, ModelProto::decode(inspected.bytes.as_slice())?);
    let serde_json::Value::Object(values) = serde_json::to_value(figures)? else { bail!("figures are named numbers") };
    spec.metrics.extend(values.into_iter().filter_map(|(name, v)| {
        let rounded = v.as_f64().map(|v| (v * 1e4).round() / 1e4);
        rounded.map(|v| (name, v))
    }));
    spec.store(&mut model)?;
    write_whole(file, &model.encode_to_vec()).with_context(|| format!("cannot write {}", file.display()))
}

/// Folders with the edges to cut off, in the order of the command line.
pub fn sources(folders: &[PathBuf], edge_crops: &[f32]) -> Vec<Source> {
    let crop = |i: usize| edge_crops.get(i).copied().unwrap_or(0.0);
    folders.iter().enumerate().map(|(i, f)| Source { edge_crop: crop(i), ..Source::new(f) }).collect()
}

/// The file with the frozen network: the one given, or the one in the user's cache.
pub fn features_file(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(file) = given {
        return Ok(file.to_owned());
    }
    let folder = runtime::cache_folder().map(|cache| cache.join("data").join("features"));
    let files = folder.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten().flatten().map(|e| e.path());
    let mut weights: Vec<PathBuf> = files.filter(|f| f.extension().is_some_and(|e| e == "pth")).collect();
    weights.sort();
    weights.into_iter().next().context(
        "the weights of EfficientNet-Lite0 are not there: run `cargo xtask data features`, or name them with --features",
    )
}

struct Painter {
    session: Session,
    psi: f32,
}

impl Painter {
    fn spec(&self) -> &ModelSpec {
        self.session.spec()
    }

    fn latent(&self) -> usize {
        self.spec().latent.as_ref().map_or(0, |l| l.size)
    }

    fn side(&self) -> Result<usize> {
        let origin = self.session.origin().display();
        let p = self
            .spec()
            .picture
            .as_ref()
            .with_context(|| format!("{origin}: it does not say how large its pictures are"))?;
        if p.width != p.height || p.channels != 3 || !p.width.is_multiple_of(32) {
            bail!(
                "{origin}: {} × {} pixels of {} channels; squares of colours, a multiple of 32 wide, can be measured",
                p.width,
                p.height,
                p.channels
            );
        }
        Ok(p.width as usize)
    }

    fn paint(&mut self, points: &[Vec<f32>]) -> Result<Vec<f32>> {
        let mut all = Vec::new();
        for z in points {
            let inputs = [("z", Input::F32(&[1, z.len()], z)), ("psi", Input::F32(&[1], &[self.psi]))];
            all.extend_from_slice(self.session.run(&inputs)?.f32("picture")?);
        }
        Ok(all)
    }

    fn milliseconds(&mut self, z: &Vec<f32>) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..50 {
            let start = Instant::now();
            self.paint(std::slice::from_ref(z))?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }
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

fn describe(report: &Report) -> Result<String> {
    let f = &report.figures;
    let mut text = String::new();
    writeln!(text, "Fréchet distance, {} pictures on each side, psi {}:", f.pictures, report.psi)?;
    for (name, value) in [
        ("painted to held-out", f.frechet_held_out),
        ("painted to training", f.frechet_training),
        ("training to held-out", f.frechet_training_to_held_out),
        ("two halves of the real", f.frechet_real_halves),
        ("noise to held-out", f.frechet_noise),
    ] {
        writeln!(text, "  {name:24}{value:9.2}")?;
    }
    writeln!(
        text,
        "precision {:.2}, recall {:.2} (held-out pictures: {:.2}, {:.2})",
        f.precision, f.recall, f.held_out_precision, f.held_out_recall
    )?;
    writeln!(
        text,
        "nearest training picture: {:.2} away (held-out pictures: {:.2}), the closest {:.2} ({:.2})",
        f.nearest_training,
        f.nearest_training_of_held_out,
        f.nearest_training_least,
        f.nearest_training_least_of_held_out
    )?;
    writeln!(text, "spread {:.2}, of training pictures {:.2}", f.spread, f.spread_training)?;
    write!(text, "{:.1} ms a picture", report.milliseconds)?;
    Ok(text)
}
