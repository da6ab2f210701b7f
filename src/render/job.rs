//! One call of `oneiro render`: from a score, or a recorded session, to files.

use super::along::{Along, Composers, play_along};
use super::arrangement::{Arrangement, Form};
use super::automation::Automation;
use super::film::Film;
use super::outputs::Outputs;
use super::perform::{Piece, Recording, TAIL_SECONDS, perform};
use super::place::Place;
use super::replay;
use super::screening::{self, Show};
use super::shutter::Shutter;
use super::span::{Excerpt, Length, Span};
use super::video::CRF;
use super::voicing::Voicing;
use super::wav::{Listener, WavDepth};
use super::{Alpha, Depth, Fps, RenderError, Target, Watch};
use crate::compose::MelodyModel;
use crate::music::SoundFont;
use crate::music::midi::Score;
use crate::picture::{Generator, Print, Upscaler, VideoSize};
use crate::take::Take;
use crate::time::SampleRate;

/// Samples a second of rendered sound.
pub const SAMPLE_RATE: SampleRate = SampleRate(48_000);
/// Longest performance, in minutes: a WAV file of floats has room for a little more.
pub const LONGEST_MINUTES: u32 = 180;
/// Samples in a block of the virtual clock.
const BLOCK: usize = 1024;

/// What to render.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to write; two may not have the same name.
    pub targets: Vec<Target>,
    /// Which part of the performance; its bars are those of the performance, with its answers.
    pub excerpt: Excerpt,
    /// How the performance is laid out.
    pub form: Form,
    /// Modes in which the instrument plays along with a tune that plays straight through; without, they take turns by `form`.
    pub along: Option<Along>,
    /// How the composer answers; the seed holds for the pictures too.
    pub automation: Automation,
    /// Plays in place of the house's instruments; in a recorded session, where it did.
    pub sound_font: Option<SoundFont>,
    /// How sound is written to WAV files and stems.
    pub wav: WavDepth,
    /// Pixels of a video frame.
    pub size: VideoSize,
    /// Video frames a second.
    pub fps: Fps,
    /// Motion blur.
    pub shutter: Shutter,
    /// Scenes over the pictures; the bare walk without.
    pub show: Option<Show>,
    /// Bits of a colour in PNG pictures and videos without loss; MP4 has 8, ProRes 10.
    pub depth: Depth,
    /// The alpha channel of pictures that can have one.
    pub alpha: Alpha,
    /// Constant rate factor of H.264: 0 (without loss) to 51.
    pub crf: u8,
    /// Samples that are played in one go; nothing that is written depends on it.
    pub block: usize,
    /// What the input and the models are, as text (their hashes, say). Pictures of a rendering that was broken off are gone on with
    /// where this and the settings are the same; with `None` they are not kept.
    pub origin: Option<String>,
    /// Whether pictures of a rendering that was broken off are thrown away.
    pub anew: bool,
}

impl Job {
    /// With the usual settings.
    pub fn new(targets: Vec<Target>) -> Self {
        Self {
            targets,
            excerpt: Excerpt::default(),
            form: Form::default(),
            along: None,
            automation: Automation::default(),
            sound_font: None,
            wav: WavDepth::default(),
            size: VideoSize { width: 720, height: 720 },
            fps: Fps::THIRTY,
            shutter: Shutter::default(),
            show: None,
            depth: Depth::default(),
            alpha: Alpha::None,
            crf: CRF,
            block: BLOCK,
            origin: None,
            anew: false,
        }
    }

    /// Whether pictures are wanted, so that a generator is needed.
    pub fn needs_pictures(&self) -> bool {
        self.targets.iter().any(|t| t.kind.has_pictures())
    }

    /// Everything that decides the pictures, as text.
    pub(super) fn plan(&self) -> Option<String> {
        let Self { excerpt, form, along, automation, size, fps, shutter, crf, show, .. } = self;
        let origin = self.origin.as_ref()?;
        let version = env!("CARGO_PKG_VERSION");
        Some(format!(
            "oneiro {version}\n{origin}\n{excerpt:?}\n{form:?}\n{along:?}\n{:?}\n{:?}\n{size:?} {fps} {shutter:?} crf {crf}\n{show:?}\n",
            automation.settings, automation.lanes,
        ))
    }
}

/// The models that paint. Several painters with the same models are several threads that paint; no frame depends on how many.
#[derive(Debug)]
pub struct Painter {
    /// Paints.
    pub generator: Generator,
    /// Enlarges what was painted; without it pictures are interpolated.
    pub upscaler: Option<Upscaler>,
}

/// The models of a performance.
#[derive(Debug)]
pub struct Models {
    /// Composes.
    pub melody: MelodyModel,
    /// Paint; at least one is needed where pictures are wanted.
    pub painters: Vec<Painter>,
}

/// What is performed.
#[derive(Debug)]
pub enum Tune<'a> {
    /// A score, with answers that models compose.
    Score(&'a Score, Box<Composers>),
    /// A recorded session: the notes that sounded then, exactly. Only its sound and its pictures are made anew.
    Take(&'a Take),
}

/// What was rendered.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What was written, under final names. A video that could not be made is a folder of video frames here.
    pub written: Vec<Target>,
    /// How the performance was laid out.
    pub arrangement: Arrangement,
    /// What was played.
    pub recording: Recording,
    /// Phrases that the instrument played.
    pub answers: usize,
    /// Length of sound and pictures that were written.
    pub seconds: f64,
    /// Video frames in that time, made or not.
    pub frames: u64,
}

/// Renders a score.
///
/// # Errors
/// As [`render_tune`].
pub fn render(score: &Score, models: Models, job: &Job, watch: &mut dyn Watch) -> Result<Rendered, RenderError> {
    render_tune(Tune::Score(score, Box::new(models.melody.into())), models.painters, job, watch)
}

/// Renders a recorded session.
///
/// # Errors
/// As [`render_tune`].
pub fn render_take(
    take: &Take,
    painters: Vec<Painter>,
    job: &Job,
    watch: &mut dyn Watch,
) -> Result<Rendered, RenderError> {
    render_tune(Tune::Take(take), painters, job, watch)
}

/// Renders a performance: its sound as a whole, whatever part of it is written, for what is composed depends on all that was heard;
/// its pictures from a little before the part on.
///
/// # Errors
/// [`RenderError`]; then nothing bears its final name, but for outputs that could not all be renamed at the very end.
pub fn render_tune(
    tune: Tune<'_>,
    painters: Vec<Painter>,
    job: &Job,
    watch: &mut dyn Watch,
) -> Result<Rendered, RenderError> {
    let mut outputs = Outputs::begin(job, watch)?;
    let stage = Stage::new(&tune, job)?;
    let pictures = outputs.has_pictures();
    let span = Span::new(job.excerpt, &stage.arrangement, stage.length, job.fps, SAMPLE_RATE, pictures)?;
    let mut files = outputs.sound_files(job, &span)?;
    let recording = stage.play(tune, job, &mut files, watch)?;
    files.finish()?;
    outputs.write_notes(&stage.arrangement, &recording, &span)?;
    let result = (|| {
        if pictures {
            let mut sinks = outputs.sinks(job, &span);
            let (film, frames) = (stage.film(&recording, job), span.frames.clone());
            match &job.show {
                None => film.make(painters, frames, &mut sinks, watch)?,
                Some(show) => screening::make(show.reel(&film, &stage.arrangement)?, frames, &mut sinks, watch)?,
            }
            for sink in sinks {
                sink.finish().map_err(|e| if watch.cancelled() { RenderError::Interrupted } else { e })?;
            }
        }
        if watch.cancelled() { Err(RenderError::Interrupted) } else { Ok(()) }
    })();
    match result {
        Err(RenderError::Interrupted) if outputs.are_kept() => return Err(RenderError::Paused),
        result => result?,
    }
    let written = outputs.finish(job, &span, watch)?;
    let seconds = (span.samples.end - span.samples.start) as f64 / f64::from(SAMPLE_RATE.0);
    let frames = span.frames.end - span.frames.start;
    // Of a recorded session the phrases are known, not which note belongs to which.
    let answers = match stage.arrangement.exchanges.len() {
        0 => recording.phrases.iter().filter(|phrase| !phrase.notes.is_empty()).count(),
        exchanges => exchanges,
    };
    Ok(Rendered { written, arrangement: stage.arrangement, recording, answers, seconds, frames })
}

/// One picture of a performance, as a video frame at a place of it would be: soon, for only the seconds before it are drawn. It
/// may differ from the film's by the last digit of a colour.
///
/// # Errors
/// [`RenderError`].
pub fn preview(
    tune: Tune<'_>,
    painters: Vec<Painter>,
    at: Place,
    job: &Job,
    watch: &mut dyn Watch,
) -> Result<Print, RenderError> {
    let stage = Stage::new(&tune, job)?;
    let excerpt = Excerpt { from: Some(at), to: None };
    let span = Span::new(excerpt, &stage.arrangement, stage.length, job.fps, SAMPLE_RATE, true)?;
    let recording = stage.play(tune, job, &mut (), watch)?;
    let (film, number) = (stage.film(&recording, job), span.frames.start);
    match &job.show {
        None => film.still(painters, number, watch),
        Some(show) => screening::still(show.reel(&film, &stage.arrangement)?, number, watch),
    }
}

/// A performance that is laid out and not yet played.
struct Stage {
    arrangement: Arrangement,
    length: Length,
}

/// From the samples of a take to ours.
fn samples_of(take: &Take) -> impl Fn(u64) -> u64 + Copy {
    let ratio = f64::from(SAMPLE_RATE.0) / f64::from(take.header.rate.0);
    move |sample| (sample as f64 * ratio).round() as u64
}

impl Stage {
    fn new(tune: &Tune<'_>, job: &Job) -> Result<Self, RenderError> {
        let (arrangement, seconds) = match tune {
            Tune::Score(score, _) => {
                let arrangement = match &job.along {
                    Some(along) => {
                        Arrangement::straight(score, along.bars_after(job.automation.settings.direction.bars))?
                    }
                    None => Arrangement::new(score, job.form)?,
                };
                let seconds = arrangement.tempo.seconds_at(arrangement.end);
                (arrangement, seconds)
            }
            Tune::Take(take) => {
                let sample_of = samples_of(take);
                let seconds = sample_of(take.length) as f64 / f64::from(SAMPLE_RATE.0);
                (replay::arrangement(take, SAMPLE_RATE, sample_of), seconds)
            }
        };
        let music = seconds + TAIL_SECONDS;
        if music > 60.0 * f64::from(LONGEST_MINUTES) {
            return Err(RenderError::TooLong { minutes: music / 60.0, limit: LONGEST_MINUTES });
        }
        let frames = job.fps.frames_in(music);
        Ok(Self { arrangement, length: Length { frames, samples: job.fps.sample_at(frames, SAMPLE_RATE.0) } })
    }

    fn play(
        &self,
        tune: Tune<'_>,
        job: &Job,
        listener: &mut dyn Listener,
        watch: &mut dyn Watch,
    ) -> Result<Recording, RenderError> {
        let voicing = Voicing::new(SAMPLE_RATE, job.sound_font.as_ref())?;
        let (samples, block) = (self.length.samples, job.block);
        match tune {
            Tune::Score(_, composers) => {
                let piece = Piece { arrangement: &self.arrangement, automation: &job.automation, samples, block };
                match &job.along {
                    Some(along) => play_along(along, &piece, *composers, voicing, listener, watch),
                    None => perform(&piece, composers.melody, voicing, listener, watch),
                }
            }
            Tune::Take(take) => replay::replay(take, voicing, samples_of(take), (samples, block), listener, watch),
        }
    }

    fn film<'a>(&'a self, recording: &'a Recording, job: &Job) -> Film<'a> {
        Film {
            events: &recording.show,
            tempo: &self.arrangement.tempo,
            seed: job.automation.seed(),
            size: job.size,
            fps: job.fps,
            shutter: job.shutter,
            frames: self.length.frames,
        }
    }
}
