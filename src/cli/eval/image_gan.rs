//! `oneiro eval` for image GANs: how near their pictures come to held-out ones.

use super::{Answer, Args, cell, features_file, milliseconds, save_jpeg};
use anyhow::{Context, Result, bail};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Input, Session, SessionOptions};
use oneiro::model::spec::ModelSpec;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::evaluate::{Eye, Figures, Sides, Smoothness, figures, smoothness};
use oneiro::train::nets::image_gan::walk::walk;
use oneiro::train::pictures::dataset::{Dataset, Options, Split};
use oneiro::train::pictures::metrics::{Features, nearest};
use oneiro::train::pictures::sheet::{self, Layout};
use oneiro::train::program::Device;
use oneiro::train::step::normal;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Report {
    psi: f32,
    seed: u64,
    /// Milliseconds for one picture, median of 50, on `threads` threads.
    milliseconds: f64,
    #[serde(flatten)]
    figures: Figures,
    walks: Smoothness,
}

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["psi", "features", "count", "sheet", "walk", "nearest"];

/// Measures a generator of pictures.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let count = args.count()?;
    let psi = args.psi.unwrap_or(1.0);
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut painter = Painter { session: Session::from_inspected(model, &options)?, psi };
    let side = painter.side()?;

    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let points: Vec<Vec<f32>> = (0..count).map(|_| normal(&mut rng, 1.0, painter.latent())).collect();
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
    let milliseconds = milliseconds(50, || painter.paint(&points[..1]).map(drop))?;
    let network = EfficientNet::read(&features_file(args.features.as_deref())?)?;
    let mut eye = Eye::new(&network, side, Device::Cpu { threads: args.threads.max(1) })?;
    let walks = measure_walks(&mut painter, &mut eye, &points)?;
    let figures = measure(args, side, &painted, &mut eye, &mut rng)?;
    let report = Report { psi, seed: args.seed, milliseconds, figures, walks };
    Answer::new(&report, describe(&report)?)
}

/// Walks that are measured, and pictures of each.
const WALKS: usize = 12;
const WALK_STEPS: usize = 24;

/// How evenly pictures change on the ways between pairs of the drawn points.
fn measure_walks(painter: &mut Painter, eye: &mut Eye, points: &[Vec<f32>]) -> Result<Smoothness> {
    let (mut way, mut angles) = (Vec::new(), Vec::new());
    for pair in points.chunks_exact(2).take(WALKS) {
        let steps = walk(&pair[0], &pair[1], WALK_STEPS);
        let cosine: f64 = steps[0].iter().zip(&steps[WALK_STEPS - 1]).map(|(a, b)| f64::from(a * b)).sum();
        angles.push(cosine.clamp(-1.0, 1.0).acos() / (WALK_STEPS - 1) as f64);
        way.extend(steps);
    }
    Ok(smoothness(&eye.features(&painter.paint(&way)?)?, &angles)?)
}

fn measure(args: &Args, side: usize, painted: &[f32], eye: &mut Eye, rng: &mut ChaCha8Rng) -> Result<Figures> {
    let sources = args.folders.sources(&args.data)?;
    let open = |held_out| Dataset::open(&sources, &Options { size: side, held_out, ..Options::default() });
    let (data, halves) = (open(Options::default().held_out)?, open(0.5)?);
    let mut look = |data: &Dataset, split, seed| -> Result<_> {
        Ok(eye.features(&data.sample(split, seed, 0, args.count()?)?.data)?)
    };
    let training = look(&data, Split::Train, args.seed)?;
    let held_out = look(&data, Split::HeldOut, args.seed + 1)?;
    let half_a = look(&halves, Split::Train, args.seed)?;
    let half_b = look(&halves, Split::HeldOut, args.seed + 1)?;
    let noise: Vec<f32> = (0..painted.len()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    let painted_features = eye.features(painted)?;
    if let Some(path) = &args.nearest {
        // Drawn again rather than kept: the same seed gives the same crops.
        let real = data.sample(Split::Train, args.seed, 0, args.count()?)?.data;
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
    let verdict = if f.mode_collapse { ": MODE COLLAPSE, its pictures are nearly all alike" } else { "" };
    writeln!(text, "spread {:.2}, of training pictures {:.2}{verdict}", f.spread, f.spread_training)?;
    let w = &report.walks;
    writeln!(
        text,
        "walks: path length {:.1}; largest step {:.2} times the mean step, {:.2} in the worst walk",
        w.path_length, w.worst_step, w.worst_step_of_all
    )?;
    write!(text, "{:.1} ms a picture", report.milliseconds)?;
    Ok(text)
}
