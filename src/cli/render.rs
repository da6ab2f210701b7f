//! `oneiro render`: a performance of a tune as files.

use super::{Usage, answer};
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use oneiro::compose::{Controls, Freedom, MelodyModel};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::SoundFont;
use oneiro::music::midi::{ReadOptions, Score, read_midi_file};
use oneiro::picture::{Generator, Upscaler, VideoSize};
use oneiro::render::{
    Form, Fps, Job, Models, Painters, RenderError as E, Rendered, Target, TargetKind, Watch, render, render_take,
};
use oneiro::take::{Take, is_take, read_take};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arguments of `oneiro render`.
#[derive(clap::Args)]
#[command(after_help = "\
The tune plays, a network answers, and a walk through a picture network's latent space follows both. A tune that leaves
room (whole bars of silence after its phrases) is answered there; any other tune is answered after every four bars.
The same file, seed, models and settings give the same performance.
A session that `oneiro play` has recorded is played again as it was: the same notes, and pictures to them.

Examples:
  oneiro render song.mid -o song.mp4
  oneiro render song.mid -o song.wav -o song-with-answers.mid -o roll.png --seed 3
  oneiro render song.mid -o frames/ --size 1280x720 --fps 24
  oneiro render song.mid -o song.mp4 --model my-paintings.onnx --temperature 1.2
  oneiro render evening.oneiro-session -o evening.mp4")]
pub struct Args {
    /// The tune: a MIDI file, or a recorded session
    #[arg(value_name = "IN.mid|IN.oneiro-session")]
    input: PathBuf,
    /// What to write, by its ending: .mp4, .wav, .mid, .png (piano roll), or a folder/ for video frames; repeatable
    #[arg(short, long = "output", value_name = "OUT", required = true, value_parser = Target::from_name)]
    outputs: Vec<Target>,
    /// Seed of every choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Bars of a call [default: as the tune leaves room, or 4]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    bars: Option<u32>,
    /// Bars of an answer [default: as many as its call]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    answer_bars: Option<u32>,
    /// Video frames a second: 30, 29.97, 24000/1001
    #[arg(long, default_value = "30")]
    fps: Fps,
    /// Pixels of the video: 720, or 1280x720
    #[arg(long, default_value = "720", value_parser = parse_size)]
    size: VideoSize,
    /// A model to use, by file or by name; its kind says for what; repeatable
    #[arg(long = "model", value_name = "FILE|NAME")]
    model: Vec<String>,
    /// What enlarges the painted pictures: a model of kind upscaler, by file or by name, or `none` to interpolate them
    /// [default: the first that is found]
    #[arg(long, value_name = "FILE|NAME|none")]
    upscaler: Option<String>,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// How freely notes are chosen: below 1 careful, above 1 wild
    #[arg(long, default_value_t = Freedom::default().temperature, value_parser = parse_temperature)]
    temperature: f64,
    /// Choose among the likeliest notes that together have this share
    #[arg(long, default_value_t = Freedom::default().top_p, value_parser = parse_share)]
    top_p: f64,
    /// Plays with the instruments of a SoundFont (.sf2)
    #[arg(long, value_name = "FILE")]
    soundfont: Option<PathBuf>,
    /// Say what was made in JSON
    #[arg(long)]
    json: bool,
    /// No progress bar, no closing words
    #[arg(short, long)]
    quiet: bool,
}

fn parse_size(text: &str) -> Result<VideoSize, String> {
    let (width, height) = text.split_once(['x', '×']).unwrap_or((text, text));
    let side = |text: &str| text.trim().parse::<u32>().ok().filter(|n| (16..=4096).contains(n) && n % 2 == 0);
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok(VideoSize { width, height }),
        _ => Err("sizes are even numbers from 16 to 4096, such as 720 or 1280x720".into()),
    }
}

fn parse_number(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| (low..=high).contains(x));
    number.ok_or_else(|| format!("a number from {low} to {high} is needed"))
}

fn parse_temperature(text: &str) -> Result<f64, String> {
    parse_number(text, 0.05, 5.0)
}

fn parse_share(text: &str) -> Result<f64, String> {
    parse_number(text, 0.01, 1.0)
}

/// Runs `oneiro render`.
pub fn run(args: Args) -> Result<()> {
    let mut names: Vec<&Path> = args.outputs.iter().map(|t| t.path.as_path()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
        return Err(Usage(format!("{} is named twice", twice[0].display())).into());
    }
    let job = Job {
        targets: args.outputs.clone(),
        form: Form { bars: args.bars, answer_bars: args.answer_bars },
        controls: Controls {
            seed: args.seed,
            freedom: Freedom { temperature: args.temperature, top_p: args.top_p },
            ..Controls::default()
        },
        sound_font: args.soundfont.as_deref().map(SoundFont::open).transpose()?,
        size: args.size,
        fps: args.fps,
    };
    let mut watch = Bar::new(args.quiet)?;
    let tune = Tune::read(&args.input)?;
    for warning in tune.warnings().into_iter().take(3) {
        watch.tell(&format!("{}: {warning}", args.input.display()));
    }
    let chosen = choose_models(&args, &job, matches!(tune, Tune::Score(_)))?;
    let painters = chosen.painters()?;
    let rendered = match (&tune, chosen.melody()?) {
        (Tune::Score(score), Some(melody)) => render(score, Models { melody, painters }, &job, &mut watch),
        (Tune::Score(_), None) => anyhow::bail!("a tune needs a model of kind {}", Kind::MelodyRnn),
        (Tune::Take(take), _) => render_take(take, painters, &job, &mut watch),
    };
    let rendered = rendered.map_err(|e| match e {
        // Errors that have no file of their own are about the tune.
        E::Arrangement(_) | E::TooLong { .. } => anyhow::anyhow!("{}: {e}", args.input.display()),
        other => other.into(),
    })?;
    watch.end();
    if rendered.recording.lost > 0 {
        watch.tell(&format!("{} notes or marks were lost on the way", rendered.recording.lost));
    }
    if args.json {
        answer(&serde_json::to_string_pretty(&report(&args, tune.warnings().len(), &rendered, &chosen)?)?)
    } else if args.quiet {
        Ok(())
    } else {
        tell(&rendered)
    }
}

/// What is rendered.
enum Tune {
    Score(Box<Score>),
    Take(Take),
}

impl Tune {
    fn read(path: &Path) -> Result<Self> {
        if is_take(path) || path.extension().is_some_and(|e| e == oneiro::take::ENDING) {
            return Ok(Self::Take(read_take(path)?));
        }
        Ok(Self::Score(Box::new(read_midi_file(path, &ReadOptions::default())?)))
    }

    fn warnings(&self) -> Vec<String> {
        match self {
            Self::Score(score) => score.warnings.iter().map(ToString::to_string).collect(),
            Self::Take(take) if take.broken_off => vec!["breaks off; what there is of it is played".into()],
            Self::Take(_) => Vec::new(),
        }
    }
}

/// Models that were found, not yet opened.
struct Chosen {
    melody: Option<Inspected>,
    picture: Option<Inspected>,
    upscaler: Option<Inspected>,
}

fn choose_models(args: &Args, job: &Job, composes: bool) -> Result<Chosen> {
    let folders = library::folders(args.models.as_deref());
    let (mut melody, mut picture) = (None, None);
    for name in &args.model {
        let path = Path::new(name);
        let model = if path.exists() || path.extension().is_some_and(|e| e == "onnx") {
            inspect(path)?
        } else {
            library::find(&folders, Kind::MelodyRnn, Some(name))
                .or_else(|_| library::find(&folders, Kind::ImageGan, Some(name)))
                .with_context(|| format!("--model {name}"))?
        };
        let place = match model.spec.kind {
            Kind::MelodyRnn => &mut melody,
            Kind::ImageGan => &mut picture,
            other => {
                let origin = model.origin.display();
                anyhow::bail!("{origin}: is of kind {other}; render uses {} and {}", Kind::MelodyRnn, Kind::ImageGan);
            }
        };
        if place.is_some() {
            return Err(Usage(format!("--model names two models of kind {}", model.spec.kind)).into());
        }
        *place = Some(model);
    }
    let melody = match melody {
        None if composes => Some(library::find(&folders, Kind::MelodyRnn, None)?),
        found => found,
    };
    let picture = match picture {
        None if job.needs_pictures() => Some(library::find(&folders, Kind::ImageGan, None)?),
        found => found.filter(|_| job.needs_pictures()),
    };
    let upscaler = if picture.is_some() { choose_upscaler(args.upscaler.as_deref(), &folders)? } else { None };
    Ok(Chosen { melody, picture, upscaler })
}

/// What enlarges; without a name whatever is there, which may be nothing.
fn choose_upscaler(name: Option<&str>, folders: &[library::Folder]) -> Result<Option<Inspected>> {
    let Some(name) = name else { return Ok(library::find(folders, Kind::Upscaler, None).ok()) };
    if name == "none" {
        return Ok(None);
    }
    let path = Path::new(name);
    if path.exists() || path.extension().is_some_and(|e| e == "onnx") {
        return Ok(Some(inspect(path)?.expect_kind(Kind::Upscaler)?));
    }
    Ok(Some(library::find(folders, Kind::Upscaler, Some(name)).with_context(|| format!("--upscaler {name}"))?))
}

impl Chosen {
    fn melody(&self) -> Result<Option<MelodyModel>> {
        let Some(model) = &self.melody else { return Ok(None) };
        Ok(Some(MelodyModel::new(Session::from_inspected(model.clone(), &SessionOptions::default())?)?))
    }

    fn painters(&self) -> Result<Painters> {
        let options = SessionOptions::default();
        let generator = match &self.picture {
            Some(model) => Some(Generator::new(Session::from_inspected(model.clone(), &options)?)?),
            None => None,
        };
        let upscaler = match &self.upscaler {
            Some(model) => Some(Upscaler::new(Session::from_inspected(model.clone(), &options)?)?),
            None => None,
        };
        Ok(Painters { generator, upscaler })
    }
}

fn report(args: &Args, repaired: usize, rendered: &Rendered, chosen: &Chosen) -> Result<serde_json::Value> {
    let models: Vec<_> = [chosen.melody.as_ref(), chosen.picture.as_ref(), chosen.upscaler.as_ref()]
        .into_iter()
        .flatten()
        .map(|model| {
            json!({ "kind": model.spec.kind, "name": model.spec.name, "file": model.origin,
                "sha256": format!("{:x}", Sha256::digest(&model.bytes)) })
        })
        .collect();
    let files = rendered
        .written
        .iter()
        .map(|t| {
            let bytes = if t.kind == TargetKind::Frames { None } else { Some(std::fs::metadata(&t.path)?.len()) };
            Ok(json!({ "file": t.path, "kind": t.kind, "bytes": bytes }))
        })
        .collect::<Result<Vec<_>>>()?;
    let arrangement = &rendered.arrangement;
    Ok(json!({
        "input": args.input,
        "seed": args.seed,
        "seconds": rendered.seconds,
        "frames": rendered.frames,
        "fps": args.fps.to_string(),
        "size": [args.size.width, args.size.height],
        "key": arrangement.key.map(|key| key.to_string()),
        "phrases": arrangement.exchanges.len(),
        "notes": { "call": arrangement.call.len(), "answer": rendered.recording.answer().len(), "backing": arrangement.backing.len() },
        "repaired": repaired,
        "lost": rendered.recording.lost,
        "models": models,
        "files": files,
    }))
}

fn tell(rendered: &Rendered) -> Result<()> {
    let key = rendered.arrangement.key.map_or(String::new(), |key| format!(" in {key}"));
    let notes = rendered.recording.answer().len();
    answer(&format!(
        "{:.1} s{key}: {} answers of {notes} notes",
        rendered.seconds,
        rendered.arrangement.exchanges.len()
    ))?;
    for target in &rendered.written {
        answer(&format!("  {}", target.path.display()))?;
    }
    Ok(())
}

/// A progress bar with the time left, and the flag that Ctrl-C sets.
struct Bar {
    bar: ProgressBar,
    quiet: bool,
    stop: Arc<AtomicBool>,
}

impl Bar {
    fn new(quiet: bool) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be watched")?;
        Ok(Self { bar: ProgressBar::hidden(), quiet, stop })
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn begin(&mut self, what: &'static str, parts: u64) {
        if !self.quiet {
            let style = ProgressStyle::with_template("{msg:9} {wide_bar:.cyan/dim} {percent:>3} %  {eta} left");
            self.bar.finish_and_clear();
            self.bar = ProgressBar::new(parts).with_message(what);
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
    }

    fn done(&mut self, parts: u64) {
        self.bar.inc(parts);
    }

    fn tell(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("note: {message}"));
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
