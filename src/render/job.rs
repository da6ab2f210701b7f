//! One call of `oneiro render`: from a score, or a recorded session, to files.

use super::arrangement::{Arrangement, Form};
use super::film::Film;
use super::perform::{Recording, TAIL_SECONDS, perform};
use super::replay;
use super::sound::{write_notes, write_roll, write_wav};
use super::video::Sink;
use super::voicing::Voicing;
use super::{Fps, Partial, RenderError, Target, TargetKind, Watch, has_ffmpeg};
use crate::compose::{Controls, MelodyModel};
use crate::music::SoundFont;
use crate::music::midi::Score;
use crate::picture::{Generator, Upscaler, VideoSize};
use crate::take::Take;
use crate::time::SampleRate;
use std::path::PathBuf;

/// Samples a second of rendered sound.
pub const SAMPLE_RATE: SampleRate = SampleRate(48_000);
/// Longest performance, in minutes.
const LONGEST_MINUTES: u32 = 60;
/// Samples in a block of the virtual clock.
const BLOCK: usize = 1024;

/// What to render.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to write; two may not have the same name.
    pub targets: Vec<Target>,
    /// How the performance is laid out.
    pub form: Form,
    /// How the composer answers; the seed holds for the pictures too.
    pub controls: Controls,
    /// Plays in place of the house's instruments; in a recorded session, where it did.
    pub sound_font: Option<SoundFont>,
    /// Pixels of a video frame.
    pub size: VideoSize,
    /// Video frames a second.
    pub fps: Fps,
}

impl Job {
    /// Whether pictures are wanted, so that a generator is needed.
    pub fn needs_pictures(&self) -> bool {
        self.targets.iter().any(|t| matches!(t.kind, TargetKind::Frames | TargetKind::Video))
    }
}

/// The models that paint.
#[derive(Debug, Default)]
pub struct Painters {
    /// Paints; needed where pictures are wanted.
    pub generator: Option<Generator>,
    /// Enlarges what was painted; without it pictures are interpolated.
    pub upscaler: Option<Upscaler>,
}

/// The models of a performance.
#[derive(Debug)]
pub struct Models {
    /// Composes.
    pub melody: MelodyModel,
    /// Paint.
    pub painters: Painters,
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
    /// Length of sound and pictures.
    pub seconds: f64,
    /// Video frames in that time, made or not.
    pub frames: u64,
}

/// Renders a score.
///
/// # Errors
/// [`RenderError`]; then nothing bears its final name, but for outputs that could not all be renamed at the very end.
pub fn render(score: &Score, models: Models, job: &Job, watch: &mut dyn Watch) -> Result<Rendered, RenderError> {
    let outputs = Outputs::begin(job, watch)?;
    let arrangement = Arrangement::new(score, job.form)?;
    let length = Length::new(arrangement.tempo.seconds_at(arrangement.end), job.fps)?;
    let voicing = Voicing::new(SAMPLE_RATE, job.sound_font.as_ref())?;
    let Models { melody, painters } = models;
    let recording = perform(&arrangement, melody, &job.controls, voicing, length.samples, BLOCK, watch)?;
    finish(outputs, arrangement, recording, painters, job, length, watch)
}

/// Renders a recorded session: the notes that sounded then, exactly. Only its sound and its pictures are made anew.
///
/// # Errors
/// As [`render`].
pub fn render_take(take: &Take, painters: Painters, job: &Job, watch: &mut dyn Watch) -> Result<Rendered, RenderError> {
    let outputs = Outputs::begin(job, watch)?;
    let ratio = f64::from(SAMPLE_RATE.0) / f64::from(take.header.rate.0);
    let sample_of = |sample: u64| (sample as f64 * ratio).round() as u64;
    let arrangement = replay::arrangement(take, SAMPLE_RATE, sample_of);
    let length = Length::new(sample_of(take.length) as f64 / f64::from(SAMPLE_RATE.0), job.fps)?;
    let voicing = Voicing::new(SAMPLE_RATE, job.sound_font.as_ref())?;
    let recording = replay::replay(take, voicing, sample_of, length.samples, BLOCK, watch)?;
    finish(outputs, arrangement, recording, painters, job, length, watch)
}

/// How long a performance is.
#[derive(Clone, Copy)]
struct Length {
    frames: u64,
    samples: u64,
}

impl Length {
    /// Of music of so many seconds, with its tail.
    fn new(seconds: f64, fps: Fps) -> Result<Self, RenderError> {
        let music = seconds + TAIL_SECONDS;
        if music > 60.0 * f64::from(LONGEST_MINUTES) {
            return Err(RenderError::TooLong { minutes: music / 60.0, limit: LONGEST_MINUTES });
        }
        let frames = fps.frames_in(music);
        Ok(Self { frames, samples: fps.sample_at(frames, SAMPLE_RATE.0) })
    }
}

/// Makes the pictures, and writes everything.
fn finish(
    outputs: Outputs,
    arrangement: Arrangement,
    recording: Recording,
    painters: Painters,
    job: &Job,
    length: Length,
    watch: &mut dyn Watch,
) -> Result<Rendered, RenderError> {
    let frames = length.frames;
    outputs.write_music(&arrangement, &recording)?;
    if let (Some(generator), true) = (painters.generator, job.needs_pictures()) {
        let film = Film {
            events: &recording.show,
            tempo: &arrangement.tempo,
            seed: job.controls.seed,
            size: job.size,
            fps: job.fps,
            frames,
        };
        let mut sinks = outputs.sinks(job)?;
        film.make(generator, painters.upscaler, &mut sinks, watch)?;
        for sink in sinks {
            sink.finish().map_err(|e| if watch.cancelled() { RenderError::Interrupted } else { e })?;
        }
    }
    if watch.cancelled() {
        return Err(RenderError::Interrupted);
    }
    let written = outputs.finish()?;
    Ok(Rendered { written, arrangement, recording, seconds: job.fps.seconds_at(frames), frames })
}

/// Every output under its temporary name.
struct Outputs {
    all: Vec<(TargetKind, Partial)>,
    /// The sound for a video, in a file that nobody asked for.
    sound: Option<Partial>,
    /// Folders that stand for a video: they get the sound too.
    in_place_of_video: Vec<PathBuf>,
}

impl Outputs {
    fn begin(job: &Job, watch: &mut dyn Watch) -> Result<Self, RenderError> {
        let ffmpeg = job.targets.iter().any(|t| t.kind == TargetKind::Video) && has_ffmpeg();
        let mut outputs = Self { all: Vec::new(), sound: None, in_place_of_video: Vec::new() };
        for target in &job.targets {
            let (mut path, mut kind) = (target.path.clone(), target.kind);
            if kind == TargetKind::Video && !ffmpeg {
                path.set_extension("");
                path.as_mut_os_string().push("-frames");
                kind = TargetKind::Frames;
                watch.tell(&format!(
                    "ffmpeg was not found (it makes videos; on Debian: apt install ffmpeg): writing video frames and sound.wav to {}",
                    path.display()
                ));
                outputs.in_place_of_video.push(path.clone());
            }
            let partial = Partial::begin(&path, kind == TargetKind::Frames)?;
            if kind == TargetKind::Video && outputs.sound.is_none() {
                let mut sound = path.into_os_string();
                sound.push(".sound");
                outputs.sound = Some(Partial::begin(&PathBuf::from(sound), false)?);
            }
            outputs.all.push((kind, partial));
        }
        Ok(outputs)
    }

    fn write_music(&self, arrangement: &Arrangement, recording: &Recording) -> Result<(), RenderError> {
        let answer = recording.answer();
        let wav = |partial: &Partial, path: &std::path::Path| {
            write_wav(path, &recording.sound, SAMPLE_RATE.0).map_err(|e| partial.fail(e))
        };
        for (kind, partial) in &self.all {
            match kind {
                TargetKind::Midi => write_notes(partial, arrangement, &answer)?,
                TargetKind::Wav => wav(partial, partial.path())?,
                TargetKind::PianoRoll => write_roll(partial, arrangement, &answer)?,
                TargetKind::Frames if self.in_place_of_video.iter().any(|p| p == partial.target()) => {
                    wav(partial, &partial.path().join("sound.wav"))?;
                }
                TargetKind::Frames | TargetKind::Video => {}
            }
        }
        self.sound.as_ref().map_or(Ok(()), |sound| wav(sound, sound.path()))
    }

    fn sinks(&self, job: &Job) -> Result<Vec<Sink>, RenderError> {
        let mut sinks = Vec::new();
        for (kind, partial) in &self.all {
            match (kind, &self.sound) {
                (TargetKind::Frames, _) => sinks.push(Sink::folder(partial, job.size)),
                (TargetKind::Video, Some(sound)) => {
                    sinks.push(Sink::video(partial, sound.path(), job.size, job.fps)?);
                }
                _ => {}
            }
        }
        Ok(sinks)
    }

    fn finish(self) -> Result<Vec<Target>, RenderError> {
        let mut written = Vec::new();
        for (kind, partial) in self.all {
            written.push(Target { path: partial.target().to_owned(), kind });
            partial.finish()?;
        }
        Ok(written)
    }
}
