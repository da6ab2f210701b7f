//! `oneiro render`: a performance of a tune as files.

mod args;
mod bar;
mod models;
mod report;

pub use args::Args;
pub use models::painters;

use super::{Usage, answer};
use anyhow::{Context as _, Result};
use bar::Bar;
use models::{Chosen, Needs, sha256};
use oneiro::model::library;
use oneiro::model::spec::Kind;
use oneiro::music::SoundFont;
use oneiro::music::midi::{ReadOptions, Score, read_midi_file};
use oneiro::render::project::Project;
use oneiro::render::{
    Composers, Depth, Job, RenderError as E, Target, TargetKind, Tune, Watch, join, preview, render_tune,
};
use oneiro::take::{Take, is_take, read_take};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Runs `oneiro render`.
pub fn run(args: Args) -> Result<()> {
    if args.join {
        return run_join(&args);
    }
    let mut project = args.project()?;
    let mut job = project.job().map_err(Usage)?;
    job.sound_font = project.soundfont.as_deref().map(SoundFont::open).transpose()?;
    job.anew = args.restart;
    let mut watch = Bar::new(args.quiet)?;
    let input = Input::read(&project.input)?;
    for warning in input.warnings().into_iter().take(3) {
        watch.tell(&format!("{}: {warning}", project.input.display()));
    }
    let needs = Needs {
        melody: matches!(input, Input::Score(_)),
        phrases: matches!(input, Input::Score(_)) && job.along.is_some(),
        pictures: job.needs_pictures() || args.preview.is_some(),
        show: job.show.is_some(),
    };
    let folders = library::folders(args.models.as_deref());
    let mut tell = |text: String| watch.tell(&text);
    let accept: Option<&mut dyn FnMut(String)> = if args.accept_models { Some(&mut tell) } else { None };
    let chosen = Chosen::find(&project, &folders, needs, args.threads, accept)?;
    if let Some(file) = &args.save_project {
        project.models = chosen.noted();
        project.write(file)?;
        if job.targets.is_empty() {
            return if args.quiet { Ok(()) } else { answer(&format!("  {}", file.display())) };
        }
    }
    job.origin = Some(origin(&project, &chosen)?);
    let painters = match &mut job.show {
        // Another program opens them.
        Some(show) => {
            (show.models, show.threads) = (chosen.of_show(), args.threads);
            Vec::new()
        }
        None => chosen.painters()?,
    };
    if matches!(input, Input::Take(_)) && job.along.is_some() {
        let file = project.input.display();
        return Err(Usage(format!("{file}: a recorded session is played as it was; modes are for tunes")).into());
    }
    let tune = match (&input, chosen.melody()?) {
        (Input::Score(score), Some(melody)) => {
            Tune::Score(score, Box::new(Composers { melody, phrases: chosen.phrases()? }))
        }
        (Input::Score(_), None) => anyhow::bail!("a tune needs a model of kind {}", Kind::MelodyRnn),
        (Input::Take(take), _) => Tune::Take(take),
    };
    let about = |e: E| match e {
        // Errors that have no file of their own are about the tune.
        E::Arrangement(_) | E::TooLong { .. } | E::Excerpt(_) => anyhow::anyhow!("{}: {e}", project.input.display()),
        other => other.into(),
    };
    if let Some(at) = args.preview {
        let [Target { path, kind: TargetKind::PianoRoll }] = &job.targets[..] else {
            return Err(Usage("--preview paints one picture: -o names a .png".into()).into());
        };
        let print = preview(tune, painters, at, &job, &mut watch).map_err(about)?;
        watch.end();
        return write_picture(&print, &job, path);
    }
    let rendered = render_tune(tune, painters, &job, &mut watch).map_err(about)?;
    watch.end();
    if rendered.recording.lost > 0 {
        watch.tell(&format!("{} notes or marks were lost on the way", rendered.recording.lost));
    }
    if args.json {
        let made = report::report(&project, input.warnings().len(), &rendered, &chosen)?;
        answer(&serde_json::to_string_pretty(&made)?)
    } else if args.quiet {
        Ok(())
    } else {
        report::tell(&rendered)
    }
}

/// What is rendered.
enum Input {
    Score(Box<Score>),
    Take(Take),
}

impl Input {
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

/// What a performance comes from, by its contents.
fn origin(project: &Project, chosen: &Chosen) -> Result<String> {
    let hash = |path: &Path| -> Result<String> {
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        Ok(format!("{:x}", Sha256::digest(bytes)))
    };
    let mut origin = format!("input {}\n", hash(&project.input)?);
    let show = project.show.iter().flat_map(|show| show.scenes.iter().chain(&show.cues));
    for file in project.soundfont.iter().chain(show) {
        origin += &format!("with {}\n", hash(file)?);
    }
    for model in chosen.all() {
        origin += &format!("{} {}\n", model.spec.kind, sha256(model));
    }
    Ok(origin)
}

fn write_picture(print: &oneiro::picture::Print, job: &Job, path: &Path) -> Result<()> {
    use image::{ImageBuffer, Rgb};
    let (w, h) = (job.size.width, job.size.height);
    let mut png = std::io::Cursor::new(Vec::new());
    let written = match job.depth {
        Depth::Eight => ImageBuffer::<Rgb<u8>, _>::from_raw(w, h, print.eight())
            .map(|image| image.write_to(&mut png, image::ImageFormat::Png)),
        Depth::Sixteen => ImageBuffer::<Rgb<u16>, _>::from_raw(w, h, print.sixteen())
            .map(|image| image.write_to(&mut png, image::ImageFormat::Png)),
    };
    written.context("a picture has another size")??;
    oneiro::files::write_whole(path, png.get_ref()).with_context(|| format!("{}: cannot be written", path.display()))
}

/// `--join`: the sound of the whole, and the parts of the video.
fn run_join(args: &Args) -> Result<()> {
    let [sound, parts @ ..] = &args.inputs[..] else { return Ok(()) };
    let targets = args.outputs.iter().map(|name| Target::from_name(name)).collect::<Result<Vec<_>, _>>();
    let targets = targets.map_err(Usage)?;
    let [target] = &targets[..] else {
        return Err(Usage("--join writes one video: -o names it".into()).into());
    };
    if parts.is_empty() || !target.kind.is_video() {
        return Err(Usage(
            "--join needs a sound, then parts of a video, and a video to write: .mp4, .mkv or .mov".into(),
        )
        .into());
    }
    join(sound, parts, target)?;
    if args.quiet { Ok(()) } else { answer(&format!("  {}", target.path.display())) }
}
