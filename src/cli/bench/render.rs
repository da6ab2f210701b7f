//! `oneiro bench render`: how much faster than time a performance is rendered, and whether it keeps the cores busy.

use super::{Folder, answer};
use anyhow::{Context as _, Result};
use oneiro::bench::resident;
use oneiro::compose::MelodyModel;
use oneiro::model::inspect::Inspected;
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::Note;
use oneiro::music::midi::{Part, Score};
use oneiro::picture::{Generator, Upscaler, VideoSize};
use oneiro::render::{Job, Models, Painters, Target, has_ffmpeg, render};
use oneiro::time::Beats;
use oneiro::train::bench::Clock;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `oneiro bench render`.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with models, before the usual ones
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Minutes of melody and sound
    #[arg(long, default_value_t = 4.0, value_parser = clap::value_parser!(f64))]
    minutes: f64,
    /// Seconds of pictures; 0 for none
    #[arg(long, default_value_t = 20.0, value_parser = clap::value_parser!(f64))]
    seconds: f64,
    /// Pixels across and down of the pictures, even
    #[arg(long, default_value_t = 256)]
    side: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A rendering of a made-up tune with answers.
#[derive(Debug, Serialize)]
struct Speed {
    what: &'static str,
    /// Seconds of the performance.
    seconds: f64,
    /// Seconds that it took.
    took: f64,
    /// How many times faster than time.
    ratio: f64,
    /// Processors that were busy, on the average; without what ffmpeg had.
    busy: Option<f64>,
    /// Resident memory when it was done, in MiB.
    memory_mib: Option<f64>,
    /// Notes that were composed.
    notes: usize,
    frames: u64,
}

/// Runs `oneiro bench render`.
pub fn run(args: &Args) -> Result<()> {
    let folder = Folder::new("render")?;
    let mut speeds =
        vec![measure("melody and sound", args, 60.0 * args.minutes.clamp(0.1, 60.0), &folder, &["a.wav", "a.mid"])?];
    if args.seconds > 0.0 {
        let seconds = args.seconds.clamp(2.0, 3600.0);
        let frames = if has_ffmpeg() { "b.mp4" } else { "b/" };
        speeds.push(measure("with pictures at 30 a second", args, seconds, &folder, &[frames])?);
    }
    answer(&if args.json { serde_json::to_string_pretty(&speeds)? } else { table(&speeds) })
}

fn measure(what: &'static str, args: &Args, seconds: f64, folder: &Folder, files: &[&str]) -> Result<Speed> {
    let folders = library::folders(args.models.as_deref());
    let open = |model: Inspected| Session::from_inspected(model, &SessionOptions::default());
    let targets = files.iter().map(|file| Target::from_name(&folder.0.join(file).to_string_lossy()));
    let job = Job {
        size: VideoSize { width: args.side.clamp(16, 4096) / 2 * 2, height: args.side.clamp(16, 4096) / 2 * 2 },
        ..Job::new(targets.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?)
    };
    let melody = MelodyModel::new(open(library::find(&folders, Kind::MelodyRnn, None)?)?)?;
    let painters = if job.needs_pictures() {
        let upscaler = library::find(&folders, Kind::Upscaler, None).ok();
        Painters {
            generator: Some(Generator::new(open(library::find(&folders, Kind::ImageGan, None)?)?)?),
            upscaler: upscaler.map(|model| Ok::<_, anyhow::Error>(Upscaler::new(open(model)?)?)).transpose()?,
        }
    } else {
        Painters::default()
    };
    let score = tune(seconds / 2.0);
    let before = Clock::process_seconds();
    let (took, rendered) = Clock::Wall.time(|| render(&score, Models { melody, painters }, &job, &mut ()));
    let (took, rendered) = (took / 1e3, rendered.context("the rendering failed")?);
    let busy = before.and_then(|before| Some((Clock::process_seconds()? - before) / took));
    Ok(Speed {
        what,
        seconds: rendered.seconds,
        took,
        ratio: rendered.seconds / took,
        busy,
        memory_mib: resident().map(|bytes| bytes as f64 / f64::from(1 << 20)),
        notes: rendered.recording.answer().len(),
        frames: if job.needs_pictures() { rendered.frames } else { 0 },
    })
}

/// A tune of about so many seconds at 120 quarter notes a minute, to which as much is answered.
fn tune(seconds: f64) -> Score {
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut at, mut place, mut notes) = (0.0, 7_i32, Vec::new());
    while at < (2.0 * seconds).max(8.0) {
        let length = if rng.random_bool(0.6) { 0.5 } else { 1.0 };
        let pitch = 60 + 12 * (place / 7 - 1) + i32::from(SCALE[(place % 7) as usize]);
        notes.push(Note { onset: Beats(at), duration: Beats(0.9 * length), pitch: pitch as u8, velocity: 80 });
        place = (place + rng.random_range(-2..=2)).clamp(2, 14);
        at += length;
    }
    Score { parts: vec![Part::new("tune", 0, 0, notes)], ..Score::default() }
}

fn table(speeds: &[Speed]) -> String {
    let mut text = format!(
        "{:<30}{:>10}{:>10}{:>12}{:>14}{:>14}\n",
        "", "seconds", "took, s", "times", "cores busy", "memory, MiB"
    );
    let or_dash = |value: Option<f64>, digits| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for s in speeds {
        let (busy, memory) = (or_dash(s.busy, 2), or_dash(s.memory_mib, 0));
        text += &format!("{:<30}{:>10.1}{:>10.2}{:>12.1}{busy:>14}{memory:>14}\n", s.what, s.seconds, s.took, s.ratio);
    }
    text.trim_end().to_owned()
}
