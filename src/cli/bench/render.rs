//! `oneiro bench render`: how much faster than time a performance is rendered, and whether it keeps the cores busy.

use super::answer;
use super::load::{Counted, Load};
use crate::cli::render::painters;
use anyhow::{Context as _, Result};
use oneiro::compose::MelodyModel;
use oneiro::memory::resident;
use oneiro::model::inspect::Inspected;
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::Note;
use oneiro::music::midi::{Part, Score};
use oneiro::picture::VideoSize;
use oneiro::render::{Job, Models, Target, has_ffmpeg, render};
use oneiro::time::Beats;
use oneiro::train::bench::Clock;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::path::{Path, PathBuf};

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
    /// Processors that were busy on the average.
    busy: Load,
    /// Resident memory when it was done, in MiB.
    memory_mib: Option<f64>,
    /// Notes that were composed.
    notes: usize,
    frames: u64,
}

/// Runs `oneiro bench render`.
pub fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut speeds = vec![measure(
        "melody and sound",
        args,
        60.0 * args.minutes.clamp(0.1, 60.0),
        folder.path(),
        &["a.wav", "a.mid"],
    )?];
    if args.seconds > 0.0 {
        let seconds = args.seconds.clamp(2.0, 3600.0);
        let frames = if has_ffmpeg() { "b.mp4" } else { "b/" };
        speeds.push(measure("with pictures at 30 a second", args, seconds, folder.path(), &[frames])?);
    }
    answer(&if args.json { serde_json::to_string_pretty(&speeds)? } else { table(&speeds) })
}

fn measure(what: &'static str, args: &Args, seconds: f64, folder: &Path, files: &[&str]) -> Result<Speed> {
    let folders = library::folders(args.models.as_deref());
    let open = |model: Inspected| Session::from_inspected(model, &SessionOptions::default());
    let targets = files.iter().map(|file| Target::from_name(&folder.join(file).to_string_lossy()));
    let job = Job {
        size: VideoSize { width: args.side.clamp(16, 4096) / 2 * 2, height: args.side.clamp(16, 4096) / 2 * 2 },
        ..Job::new(targets.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?)
    };
    let melody = MelodyModel::new(open(library::find(&folders, Kind::MelodyRnn, None)?)?)?;
    let painters = if job.needs_pictures() {
        let upscaler = library::find(&folders, Kind::Upscaler, None).ok();
        let generator = library::find(&folders, Kind::ImageGan, None)?;
        painters(&generator, upscaler.as_ref(), &SessionOptions::default())?
    } else {
        Vec::new()
    };
    let score = tune(seconds / 2.0);
    let counted = Counted::begin();
    let (took, rendered) = Clock::Wall.time(|| render(&score, Models { melody, painters }, &job, &mut ()));
    let busy = counted.end();
    let (took, rendered) = (took / 1e3, rendered.context("the rendering failed")?);
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
        "{:<30}{:>9}{:>9}{:>8}{:>12}{:>9}  {:<16}{:>12}\n",
        "", "seconds", "took, s", "times", "cores busy", "ffmpeg", "each core, %", "memory, MiB"
    );
    let or_dash = |value: Option<f64>, digits| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for s in speeds {
        let (own, ffmpeg, memory) = (or_dash(s.busy.own, 2), or_dash(s.busy.helpers, 2), or_dash(s.memory_mib, 0));
        let each: Vec<String> = s.busy.each.iter().map(|share| format!("{:.0}", 100.0 * share)).collect();
        text += &format!("{:<30}{:>9.1}{:>9.2}{:>8.1}", s.what, s.seconds, s.took, s.ratio);
        text += &format!("{own:>12}{ffmpeg:>9}  {:<16}{memory:>12}\n", each.join(" "));
    }
    text.trim_end().to_owned()
}
