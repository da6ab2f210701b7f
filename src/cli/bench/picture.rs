//! `oneiro bench picture`: how fast the picture models are here, and what our own part of it costs.

use super::answer;
use anyhow::{Context, Result};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use oneiro::memory::resident;
use oneiro::model::arithmetic::operations;
use oneiro::model::devices::{self, DeviceWish, choose};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::overhead::{self, Overhead};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::model::{library, runtime};
use oneiro::picture::{Classifier, Course, Generator, Look, Picture, Stylist, Upscaler, Walk};
use oneiro::train::bench::{Clock, Peak};
use oneiro::train::nets::style_transfer::published;
use oneiro::train::program::Device;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `oneiro bench picture`.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with models, before the usual ones
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Pictures that are timed
    #[arg(long, default_value_t = 25)]
    rounds: usize,
    /// Sides of the pictures that models of any size are given, in pixels
    #[arg(long, value_delimiter = ',', default_value = "64,128,256")]
    sides: Vec<usize>,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Where models run: auto, cpu, cuda or webgpu
    #[arg(long, default_value = "cpu")]
    device: DeviceWish,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was measured; times are medians, of the processor where there is one thread.
#[derive(Debug, Serialize)]
struct Speed {
    model: String,
    kind: String,
    /// Pixels across and down of what goes in, or of what comes out where a place goes in.
    side: usize,
    threads: usize,
    /// The runtime alone.
    bare_milliseconds: f64,
    /// The same through a session of ours.
    session_milliseconds: f64,
    /// A picture in, a picture out: with all that is done to pixels.
    picture_milliseconds: f64,
    pictures_per_second: f64,
    /// The session over the runtime alone: 0.05 is five hundredths more.
    overhead: f64,
    /// Operations of its convolutions and matrix products, in 10⁹.
    giga_operations: f64,
    /// Operations a second in the runtime alone, over those of a large matrix product timed in turns with whole pictures.
    share_of_peak: f64,
}

/// Our style transfer beside a published network, on a picture of the side that the latter is made for, in turns.
#[derive(Debug, Serialize)]
struct Published {
    side: usize,
    threads: usize,
    milliseconds: f64,
    published_milliseconds: f64,
}

/// A walk as a show sees it: a generator's picture, enlarged by the network as far as that goes, and interpolated from there.
#[derive(Debug, Serialize)]
struct WalkSpeed {
    model: String,
    /// Pixels across and down.
    side: usize,
    threads: usize,
    milliseconds: f64,
    pictures_per_second: f64,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Report {
    /// Where they run.
    device: String,
    models: Vec<Speed>,
    walks: Vec<WalkSpeed>,
    /// Where the set `style-baseline` is in the cache.
    published: Vec<Published>,
    /// Resident memory with the sessions of the last walk, in MiB.
    memory_mib: Option<f64>,
}

/// Runs `oneiro bench picture`.
pub fn run(args: &Args) -> Result<()> {
    let (device, against) = choose(args.device)?;
    if let Some(line) = against {
        eprintln!("{line}");
    }
    let mut speeds = Vec::new();
    let mut generators = Vec::new();
    for path in library::files(&library::folders(args.models.as_deref())) {
        // What is refused is told by `oneiro models`.
        let Ok(model) = inspect(&path) else { continue };
        let any_size = model.spec.kind != Kind::ImageGan;
        if !matches!(model.spec.kind, Kind::ImageGan | Kind::StyleTransfer | Kind::Upscaler | Kind::ArtClassifier) {
            continue;
        }
        if model.spec.kind == Kind::ImageGan {
            generators.push(model.clone());
        }
        let own = model.spec.picture.as_ref().map_or(64, |picture| picture.width as usize);
        let sides = if any_size { args.sides.clone() } else { vec![own] };
        for &threads in &args.threads {
            for &side in &sides {
                let options = options(threads, device);
                let speed = measure(&model, side.clamp(16, 1024), &options, args.rounds.max(3));
                speeds.push(speed.with_context(|| path.display().to_string())?);
            }
        }
    }
    let upscaler = library::find(&library::folders(args.models.as_deref()), Kind::Upscaler, None).ok();
    let mut walks = Vec::new();
    let pairs = generators.iter().flat_map(|generator| upscaler.iter().map(move |upscaler| (generator, upscaler)));
    for ((generator, upscaler), side) in pairs.flat_map(|pair| [256, 512].map(|side| (pair, side))) {
        for &threads in &args.threads {
            walks.push(walk(generator, upscaler, side, &options(threads, device), args.rounds.max(3))?);
        }
    }
    let memory_mib = resident().map(|bytes| bytes as f64 / f64::from(1 << 20));
    let mut published = Vec::new();
    for &threads in &args.threads {
        published.extend(beside_the_published(args, threads.clamp(1, 64))?);
    }
    let report = Report { device: device.to_string(), models: speeds, walks, published, memory_mib };
    answer(&if args.json { serde_json::to_string_pretty(&report)? } else { table(&report)? })
}

fn options(threads: usize, device: devices::Device) -> SessionOptions {
    SessionOptions { intra_threads: threads.clamp(1, 64), device, ..SessionOptions::default() }
}

/// The time of the processor is only that of the work where all of it is done there by one thread.
fn clock(options: &SessionOptions) -> Clock {
    Clock::for_threads(if options.device == devices::Device::Cpu { options.intra_threads } else { 2 })
}

/// Paints along a walk and enlarges.
fn walk(
    generator: &Inspected,
    upscaler: &Inspected,
    side: usize,
    options: &SessionOptions,
    rounds: usize,
) -> Result<WalkSpeed> {
    let (threads, clock) = (options.intra_threads, clock(options));
    let mut easel = Generator::new(Session::from_inspected(generator.clone(), options)?)?;
    let mut enlarger = Upscaler::new(Session::from_inspected(upscaler.clone(), options)?)?;
    let (walk, psi) = (Walk::new(1, easel.latent_size()), easel.psi());
    let mut times = Vec::new();
    for round in 0..=rounds {
        let look = walk.look(Course::Wander, 0.04 * round as f64, &[], psi);
        let (took, done) = clock.time(|| {
            let picture = easel.paint(&look)?;
            interpolated(enlarger.enlarge_towards(picture, (side as u32, side as u32))?, side as u32)
        });
        done?;
        // The first round warms up.
        if round > 0 {
            times.push(took);
        }
    }
    let milliseconds = median(times);
    let pictures_per_second = 1e3 / milliseconds;
    Ok(WalkSpeed { model: generator.spec.name.clone(), side, threads, milliseconds, pictures_per_second })
}

fn measure(model: &Inspected, side: usize, options: &SessionOptions, rounds: usize) -> Result<Speed> {
    let (threads, clock) = (options.intra_threads, clock(options));
    let Overhead { bare_us, wrapped_us, overhead_us, .. } =
        overhead::measure(model.clone(), options, side, rounds, &|work| clock.time(work).0)?;
    let mut whole = whole(model, side, options)?;
    let mut peak = Peak::new(Device::Cpu { threads })?;
    let (mut pictures, mut products) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (picture, done) = clock.time(&mut whole);
        done?;
        let product = peak.milliseconds(clock)?;
        // The first round warms up.
        if round > 0 {
            pictures.push(picture);
            products.push(product);
        }
    }
    let picture_milliseconds = median(pictures);
    let giga_operations = operations(model, side)? as f64 / 1e9;
    Ok(Speed {
        model: model.spec.name.clone(),
        kind: model.spec.kind.to_string(),
        side,
        threads,
        bare_milliseconds: bare_us / 1e3,
        session_milliseconds: wrapped_us / 1e3,
        picture_milliseconds,
        pictures_per_second: 1e3 / picture_milliseconds,
        overhead: overhead_us / bare_us,
        giga_operations,
        share_of_peak: giga_operations / bare_us * 1e6 / Peak::rate(median(products)),
    })
}

/// Ours and the published network, where both are there.
fn beside_the_published(args: &Args, threads: usize) -> Result<Option<Published>> {
    let folder = runtime::cache_folder().map(|cache| cache.join("data").join("style-baseline"));
    let ours = library::find(&library::folders(args.models.as_deref()), Kind::StyleTransfer, None);
    let (Some(folder), Ok(ours)) = (folder.filter(|folder| folder.is_dir()), ours) else { return Ok(None) };
    let side = published::SIDE;
    let mut published = published::Published::open(&folder, Device::Cpu { threads })?;
    let pixels: Vec<f32> = (0..3 * side * side).map(|i| (i * 29 % 97) as f32 / 48.0 - 1.0).collect();
    published.read_style(&pixels, side)?;
    let options = SessionOptions { intra_threads: threads, ..SessionOptions::default() };
    let mut whole = whole(&ours, side, &options)?;
    let clock = Clock::for_threads(threads);
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds.clamp(3, 15) {
        let (ours, done) = clock.time(&mut whole);
        done?;
        let (theirs, done) = clock.time(|| published.repaint(&pixels));
        done?;
        // The first round warms up.
        if round > 0 {
            own.push(ours);
            other.push(theirs);
        }
    }
    Ok(Some(Published { side, threads, milliseconds: median(own), published_milliseconds: median(other) }))
}

/// The picture in bytes, interpolated where the network has not made it as large: what a stage does with it.
fn interpolated(picture: Picture, side: u32) -> Result<Vec<u8>> {
    let bytes = picture.data.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect();
    if picture.width as u32 >= side {
        return Ok(bytes);
    }
    let source = Image::from_vec_u8(picture.width as u32, picture.height as u32, bytes, PixelType::U8x3)?;
    let mut target = Image::new(side, side, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&source, &mut target, &options)?;
    Ok(target.into_vec())
}

/// All that is done for a picture.
fn whole(model: &Inspected, side: usize, options: &SessionOptions) -> Result<Box<dyn FnMut() -> Result<()>>> {
    let session = Session::from_inspected(model.clone(), options)?;
    let data = (0..3 * side * side).map(|i| (i * 29 % 97) as f32 / 96.0).collect();
    let picture = Picture { width: side, height: side, data };
    Ok(match model.spec.kind {
        Kind::ImageGan => {
            let mut generator = Generator::new(session)?;
            let z = (0..generator.latent_size()).map(|i| (i * 31 % 17) as f32 / 8.0 - 1.0).collect();
            let look = Look { z, psi: generator.psi(), accent: 0.0, activity: 0.0 };
            Box::new(move || generator.paint(&look).map(drop).map_err(Into::into))
        }
        Kind::StyleTransfer => {
            let mut stylist = Stylist::new(session)?;
            let shares = stylist.only(0);
            Box::new(move || stylist.repaint(&picture, &shares).map(drop).map_err(Into::into))
        }
        Kind::Upscaler => {
            let mut upscaler = Upscaler::new(session)?;
            Box::new(move || upscaler.enlarge(picture.clone(), 4).map(drop).map_err(Into::into))
        }
        _ => {
            let mut classifier = Classifier::new(session)?;
            Box::new(move || classifier.judge(&picture).map(drop).map_err(Into::into))
        }
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn table(Report { device, models: speeds, walks, published, memory_mib }: &Report) -> Result<String> {
    let mut text = format!(
        "on {device}; milliseconds, medians; of the processor with one thread, of the wall with more and on other devices\n"
    );
    write!(
        text,
        "{:<22}{:>6}{:>9}{:>9}{:>9}{:>9}{:>11}{:>11}{:>9}{:>10}",
        "model", "side", "threads", "runtime", "session", "picture", "a second", "overhead", "GFLOP", "of peak"
    )?;
    for s in speeds {
        write!(
            text,
            "\n{:<22}{:>6}{:>9}{:>9.2}{:>9.2}{:>9.2}{:>11.1}{:>9.1} %{:>9.2}{:>8.0} %",
            s.model,
            s.side,
            s.threads,
            s.bare_milliseconds,
            s.session_milliseconds,
            s.picture_milliseconds,
            s.pictures_per_second,
            100.0 * s.overhead,
            s.giga_operations,
            100.0 * s.share_of_peak
        )?;
    }
    write!(text, "\n\n{:<22}{:>6}{:>9}{:>14}{:>11}", "walk, enlarged", "side", "threads", "milliseconds", "a second")?;
    for w in walks {
        let WalkSpeed { model, side, threads, milliseconds, pictures_per_second } = w;
        write!(text, "\n{model:<22}{side:>6}{threads:>9}{milliseconds:>14.2}{pictures_per_second:>11.1}")?;
    }
    for Published { side, threads, milliseconds, published_milliseconds } in published {
        let ratio = milliseconds / published_milliseconds;
        write!(
            text,
            "\n\nstyle transfer, {side} pixels, threads {threads}: {milliseconds:.1} ms; the published network \
             {published_milliseconds:.1} ms: {ratio:.2} of its time"
        )?;
    }
    if let Some(memory) = memory_mib {
        write!(text, "\n\nresident memory {memory:.0} MiB")?;
    }
    Ok(text)
}
