//! `oneiro eval` for style transfers: content and style of repainted held-out pictures, beside what they were, what slow
//! optimisation reaches, and a published network.

use super::{Answer, Args, milliseconds, save_jpeg, vgg_file};
use anyhow::{Result, bail, ensure};
use oneiro::model::inspect::Inspected;
use oneiro::model::onnx::ModelProto;
use oneiro::model::runtime;
use oneiro::model::session::{Input, Session, SessionOptions};
use oneiro::model::spec::ModelSpec;
use oneiro::train::nets::style_transfer::Weighting;
use oneiro::train::nets::style_transfer::evaluate::{Eye, Painter};
use oneiro::train::nets::style_transfer::export::{STYLE_EDGE, STYLE_SIDE};
use oneiro::train::nets::style_transfer::optimise::Optimiser;
use oneiro::train::nets::style_transfer::published::Published;
use oneiro::train::nets::style_transfer::styles::{self, Style, Targets};
use oneiro::train::nets::vgg::Vgg;
use oneiro::train::pictures::dataset::{Dataset, Options, Split};
use oneiro::train::pictures::sheet::{self, Layout};
use oneiro::train::program::Device;
use prost::Message;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["features", "style", "count", "sheet", "walk", "baselines"];

/// Side of the pictures, in pixels.
const SIDE: usize = 256;
/// Steps of the optimisation that the network is compared with, and on how many pictures baselines are measured.
const OPTIMISED: (u64, usize) = (150, 5);
/// Steps from style to style in a row of blends, ends included.
const BLENDS: usize = 7;

/// Mean losses over pictures, as shares: 0 where features (or Gram matrices) are those wanted, 1 where they are as far from them as nothing is.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Losses {
    content: f64,
    style: f64,
}

#[derive(Serialize)]
struct StyleFigures {
    #[serde(flatten)]
    painted: Losses,
    /// Style loss of the pictures as they were; their content loss is 0.
    unchanged_style: f64,
}

/// The network and what it is compared with, on the same pictures and styles.
#[derive(Serialize)]
struct Baselines {
    pictures: usize,
    network: Losses,
    /// Steps on the pixels themselves (Gatys et al. 2016), and the time that they take.
    optimised: Losses,
    steps: u64,
    seconds_a_picture: f64,
    /// The published network, where the set `style-baseline` is in the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Losses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_milliseconds: Option<f64>,
}

/// A blend of two styles: the style loss towards each.
#[derive(Serialize)]
struct Blend {
    share: f64,
    towards_first: f64,
    towards_second: f64,
}

#[derive(Serialize)]
struct Report {
    pictures: usize,
    side: usize,
    /// Milliseconds for one picture, median of 30, on `threads` threads.
    milliseconds: f64,
    mean: Losses,
    unchanged_style: f64,
    styles: BTreeMap<String, StyleFigures>,
    /// By the names of the two styles.
    blends: BTreeMap<String, Vec<Blend>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baselines: Option<Baselines>,
}

/// The published network, where it was brought into the user's cache.
fn published(device: Device) -> Result<Option<Published>> {
    let folder = runtime::cache_folder().map(|cache| cache.join("data").join("style-baseline"));
    Ok(folder.filter(|f| f.is_dir()).map(|f| Published::open(&f, device)).transpose()?)
}

/// Measures a style transfer.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let origin = model.origin.display().to_string();
    ensure!(!args.style.is_empty(), "{origin}: name the pictures of its styles with --style, as for training");
    let spec = model.spec.clone();
    let setting = |name: &str| spec.settings.get(name).copied();
    let side = setting(STYLE_SIDE).map_or(SIDE, |v| v as usize);
    ensure!((32..=512).contains(&side) && side.is_multiple_of(8), "{origin}: its `{STYLE_SIDE}` is {side}");
    let edge = setting(STYLE_EDGE).unwrap_or(0.0) as f32;
    let styles = styles::read(&args.style, side, edge)?;
    let names: Vec<String> = styles.iter().map(|s| s.name.clone()).collect();
    if names != spec.styles {
        bail!("{origin}: its styles are {}, but --style names {}", spec.styles.join(", "), names.join(", "));
    }
    let device = Device::Cpu { threads: args.threads.max(1) };
    let vgg = Vgg::read(&vgg_file(args.features.as_deref())?)?;
    let targets = Targets::new(&styles, &vgg, device)?;
    let contents = contents(args)?;
    let network = ModelProto::decode(model.bytes.as_slice())?;
    let milliseconds = time_of(model, names.len(), &contents[0], args.threads)?;
    let painter = Painter::new(&network, names.len(), device)?;
    let eye = Eye::new(&vgg, SIDE, targets.clone(), device)?;
    let mut judge = Judge { painter, eye, names, contents };

    if let Some(path) = &args.sheet {
        save_jpeg(&judge.sheet()?, path)?;
    }
    if let Some(path) = &args.walk {
        save_jpeg(&judge.walk()?, path)?;
    }
    let baselines = if args.baselines {
        let mut optimiser = Optimiser::new(&vgg, SIDE, &targets, weighting(&spec), device)?;
        Some(judge.against(&mut optimiser, published(device)?, &styles)?)
    } else {
        None
    };
    let styles = judge.styles()?;
    let mean = |of: fn(&StyleFigures) -> f64| styles.values().map(of).sum::<f64>() / styles.len() as f64;
    let report = Report {
        pictures: judge.contents.len(),
        side: SIDE,
        milliseconds,
        mean: Losses { content: mean(|s| s.painted.content), style: mean(|s| s.painted.style) },
        unchanged_style: mean(|s| s.unchanged_style),
        blends: judge.blends()?,
        baselines,
        styles,
    };
    Answer::new(&report, describe(&report)?)
}

/// The weighting of the training, as far as the model tells.
fn weighting(spec: &ModelSpec) -> Weighting {
    let of = |name: &str, usual: f32| spec.settings.get(name).map_or(usual, |&v| v as f32);
    Weighting {
        content: of("content weight", 1.0),
        style: of("style weight", 8.0),
        variation: of("variation weight", 0.3),
    }
}

/// Held-out pictures, spread over the folders.
fn contents(args: &Args) -> Result<Vec<Vec<f32>>> {
    let count = args.count.unwrap_or(8);
    ensure!(count > 0, "--count 0: at least one picture is needed");
    let sources = args.folders.sources(&args.data)?;
    let dataset = Dataset::open(&sources, &Options { size: SIDE, cache_bytes: 0, ..Options::default() })?;
    let there = dataset.count(Split::HeldOut);
    ensure!(there > 0, "no picture of these folders is held out: more are needed");
    let count = count.min(there);
    (0..count).map(|n| Ok(dataset.centres(Split::HeldOut, n * there / count, 1)?.data)).collect()
}

fn time_of(model: Inspected, styles: usize, picture: &[f32], threads: usize) -> Result<f64> {
    let options = SessionOptions { intra_threads: threads.max(1), ..SessionOptions::default() };
    let mut session = Session::from_inspected(model, &options)?;
    let mut style = vec![0.0; styles];
    style[0] = 1.0;
    let inputs = [("picture", Input::F32(&[1, 3, SIDE, SIDE], picture)), ("style", Input::F32(&[1, styles], &style))];
    milliseconds(30, || {
        session.run(&inputs)?.f32("painted")?;
        Ok(())
    })
}

struct Judge {
    painter: Painter,
    eye: Eye,
    names: Vec<String>,
    contents: Vec<Vec<f32>>,
}

impl Judge {
    fn styles(&mut self) -> Result<BTreeMap<String, StyleFigures>> {
        let mut sums = vec![(Losses::default(), 0.0); self.names.len()];
        for content in &self.contents {
            let seen = self.eye.look(content)?;
            for (style, (losses, unchanged)) in sums.iter_mut().enumerate() {
                let painted = self.painter.paint(content, SIDE, &self.painter.only(style))?;
                let painted = self.eye.look(&painted)?;
                losses.content += self.eye.content_loss(&painted, &seen);
                losses.style += self.eye.style_loss(&painted, style);
                *unchanged += self.eye.style_loss(&seen, style);
            }
        }
        let n = self.contents.len() as f64;
        let figures = sums.into_iter().map(|(sum, unchanged)| StyleFigures {
            painted: Losses { content: sum.content / n, style: sum.style / n },
            unchanged_style: unchanged / n,
        });
        Ok(self.names.iter().cloned().zip(figures).collect())
    }

    /// Neighbouring styles mixed half and half, on the first picture.
    fn blends(&mut self) -> Result<BTreeMap<String, Vec<Blend>>> {
        let mut found = BTreeMap::new();
        let content = &self.contents[0];
        for first in (0..self.names.len().saturating_sub(1)).step_by(2) {
            let second = first + 1;
            let mut row = Vec::new();
            for share in [0.0, 0.5, 1.0] {
                let painted = self.painter.paint(content, SIDE, &mix(self.names.len(), first, second, share))?;
                let seen = self.eye.look(&painted)?;
                row.push(Blend {
                    share: f64::from(share),
                    towards_first: self.eye.style_loss(&seen, first),
                    towards_second: self.eye.style_loss(&seen, second),
                });
            }
            found.insert(format!("{} to {}", self.names[first], self.names[second]), row);
        }
        Ok(found)
    }

    fn against(
        &mut self,
        optimiser: &mut Optimiser,
        mut published: Option<Published>,
        styles: &[Style],
    ) -> Result<Baselines> {
        let (steps, most) = OPTIMISED;
        let pictures = most.min(self.contents.len());
        let mut sums = [Losses::default(); 3];
        let (mut slow, mut theirs) = (0.0, 0.0);
        for (n, content) in self.contents.iter().take(pictures).enumerate() {
            // Styles far from each other in the list.
            let style = n * self.names.len() / pictures;
            let seen = self.eye.look(content)?;
            let mut painted = vec![self.painter.paint(content, SIDE, &self.painter.only(style))?];
            let start = Instant::now();
            painted.push(optimiser.paint(content, style, steps)?);
            slow += start.elapsed().as_secs_f64();
            if let Some(published) = &mut published {
                let picture = &styles[style].picture;
                let start = Instant::now();
                painted.push(published.paint((content, SIDE), (&picture.data, picture.shape[2]))?);
                theirs += start.elapsed().as_secs_f64();
            }
            for (losses, painted) in sums.iter_mut().zip(painted) {
                let painted = self.eye.look(&painted)?;
                losses.content += self.eye.content_loss(&painted, &seen) / pictures as f64;
                losses.style += self.eye.style_loss(&painted, style) / pictures as f64;
            }
        }
        let [network, optimised, other] = sums;
        Ok(Baselines {
            pictures,
            network,
            optimised,
            steps,
            seconds_a_picture: slow / pictures as f64,
            published: published.is_some().then_some(other),
            published_milliseconds: published.is_some().then_some(1000.0 * theirs / pictures as f64),
        })
    }

    /// A picture a row, first as it is, then in each style.
    fn sheet(&mut self) -> Result<image::RgbImage> {
        let mut cells = Vec::new();
        for content in self.contents.iter().take(6) {
            cells.extend_from_slice(content);
            for style in 0..self.names.len() {
                cells.extend(self.painter.paint(content, SIDE, &self.painter.only(style))?);
            }
        }
        Ok(page(&cells, self.names.len() + 1, 160))
    }

    /// Rows from a style to the next, of one picture each.
    fn walk(&mut self) -> Result<image::RgbImage> {
        let count = self.names.len();
        let mut cells = Vec::new();
        for (row, first) in (0..count).step_by(2).enumerate() {
            let content = &self.contents[row % self.contents.len()];
            for step in 0..BLENDS {
                let share = step as f32 / (BLENDS - 1) as f32;
                cells.extend(self.painter.paint(content, SIDE, &mix(count, first, (first + 1) % count, share))?);
            }
        }
        Ok(page(&cells, BLENDS, 192))
    }
}

fn page(cells: &[f32], columns: usize, cell: u32) -> image::RgbImage {
    sheet::sheet_of_planes(cells, SIDE, Layout { columns, cell, ..Layout::for_count(1, cell) })
}

/// Shares of two styles.
fn mix(count: usize, first: usize, second: usize, share: f32) -> Vec<f32> {
    let mut shares = vec![0.0; count];
    shares[first] += 1.0 - share;
    shares[second] += share;
    shares
}

fn describe(report: &Report) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "{} held-out pictures of {} pixels; losses as shares of what is wanted:",
        report.pictures, report.side
    )?;
    writeln!(text, "{:24}{:>10}{:>10}{:>20}", "style", "content", "style", "style, unchanged")?;
    let mut row = |name: &str, losses: Losses, unchanged: f64| {
        writeln!(text, "{name:24}{:10.3}{:10.3}{unchanged:20.3}", losses.content, losses.style)
    };
    for (name, figures) in &report.styles {
        row(name, figures.painted, figures.unchanged_style)?;
    }
    row("mean", report.mean, report.unchanged_style)?;
    for (name, blends) in &report.blends {
        let losses = blends.iter().map(|b| format!("{:.2}: {:.3} {:.3}", b.share, b.towards_first, b.towards_second));
        writeln!(text, "{name}, style losses towards both at {}", losses.collect::<Vec<_>>().join("; at "))?;
    }
    if let Some(b) = &report.baselines {
        let losses = |l: Losses| format!("content {:.3}, style {:.3}", l.content, l.style);
        writeln!(text, "of {} pictures, each in one style: {}", b.pictures, losses(b.network))?;
        writeln!(
            text,
            "  {} steps on their pixels: {}, {:.1} s each",
            b.steps,
            losses(b.optimised),
            b.seconds_a_picture
        )?;
        match (b.published, b.published_milliseconds) {
            (Some(l), Some(time)) => writeln!(text, "  a published network: {}, {time:.0} ms each", losses(l))?,
            _ => writeln!(text, "  a published network: not there; `cargo xtask data style-baseline` brings it")?,
        }
    }
    write!(text, "{:.1} ms a picture", report.milliseconds)?;
    Ok(text)
}
