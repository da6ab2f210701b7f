//! Every output of a rendering, under a temporary name until all of them are whole.

use super::arrangement::Arrangement;
use super::ffmpeg::{Coding, Encoder, has_ffmpeg, joining};
use super::frame::Format;
use super::job::{Job, SAMPLE_RATE};
use super::notes::Written;
use super::perform::Recording;
use super::sink::{Pieces, Sink};
use super::span::Span;
use super::target::{Partial, Target, TargetKind};
use super::wav::{WavDepth, WavFiles};
use super::work::{Work, others};
use super::{RenderError, Watch};
use std::path::PathBuf;

/// The sound of a video, in its work.
const SOUND: &str = "sound.wav";

enum Output {
    /// Notes, sound, or the piano roll.
    Music(TargetKind, Partial),
    /// A folder of video frames; with sound where it stands in for a video.
    Frames(Work, bool),
    Video(TargetKind, Work),
}

/// All outputs of a rendering.
pub(super) struct Outputs {
    all: Vec<Output>,
}

impl Outputs {
    /// Reserves a place for each.
    pub fn begin(job: &Job, watch: &mut dyn Watch) -> Result<Self, RenderError> {
        let any_video = job.targets.iter().any(|t| t.kind.is_video());
        let ffmpeg = any_video && has_ffmpeg();
        let mut all = Vec::new();
        for target in &job.targets {
            let (mut path, mut kind) = (target.path.clone(), target.kind);
            if kind.is_video() && !ffmpeg {
                path.set_extension("");
                path.as_mut_os_string().push("-frames");
                kind = TargetKind::Frames;
                watch.tell(&format!(
                    "ffmpeg was not found (it makes videos; on Debian: apt install ffmpeg): writing video frames and sound.wav to {}",
                    path.display()
                ));
            }
            if !kind.has_pictures() {
                let partial = Partial::begin(&path, kind.is_folder())?;
                partial.sweep();
                all.push(Output::Music(kind, partial));
                continue;
            }
            let format = Coding::format(kind, job.depth, job.alpha);
            let plan = job.plan().map(|plan| format!("{plan}{kind:?} {format:?}\n"));
            let work = Work::begin(&path, kind == TargetKind::Frames, plan.as_deref(), job.anew)?;
            if let Some(other) = others(&work).first() {
                let (name, other) = (path.display(), other.display());
                watch
                    .tell(&format!("another rendering of {name} was broken off: what there is of it stays in {other}"));
            }
            all.push(match kind {
                TargetKind::Frames => Output::Frames(work, target.kind != TargetKind::Frames),
                _ => Output::Video(kind, work),
            });
        }
        Ok(Self { all })
    }

    /// Whether there is anything to paint.
    pub fn has_pictures(&self) -> bool {
        self.all.iter().any(|output| !matches!(output, Output::Music(..)))
    }

    /// Whether pictures stay where the rendering is broken off now.
    pub fn are_kept(&self) -> bool {
        let kept = |output: &Output| match output {
            Output::Music(..) => false,
            Output::Frames(work, _) | Output::Video(_, work) => work.is_kept(),
        };
        self.all.iter().any(kept)
    }

    /// The files that sound goes to while it is played.
    pub fn sound_files(&self, job: &Job, span: &Span) -> Result<WavFiles, RenderError> {
        let mut files = WavFiles::new(SAMPLE_RATE, span.samples.clone());
        for output in &self.all {
            match output {
                Output::Music(TargetKind::Wav, partial) => files.mix(partial.path(), job.wav, partial.target())?,
                Output::Music(TargetKind::Stems, partial) => files.stems(partial.path(), job.wav, partial.target())?,
                Output::Frames(work, true) => files.mix(&work.pictures().join(SOUND), job.wav, work.target())?,
                Output::Video(_, work) => {
                    files.mix(&work.folder().join(SOUND), WavDepth::TwentyFour, work.target())?;
                }
                _ => {}
            }
        }
        Ok(files)
    }

    /// Writes notes and the piano roll.
    pub fn write_notes(
        &mut self,
        arrangement: &Arrangement,
        recording: &Recording,
        span: &Span,
    ) -> Result<(), RenderError> {
        let written = Written::new(arrangement, &recording.answer(), span);
        for output in &self.all {
            match output {
                Output::Music(TargetKind::Midi, partial) => written.write(partial)?,
                Output::Music(TargetKind::PianoRoll, partial) => written.draw(partial)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Where video frames go.
    pub fn sinks(&self, job: &Job, span: &Span) -> Vec<Sink> {
        let sink = |output: &Output| match output {
            Output::Music(..) => None,
            Output::Frames(work, _) => {
                let format = Format { depth: job.depth, alpha: job.alpha };
                Some(Sink::folder(work, span.frames.clone(), job.size, format))
            }
            Output::Video(kind, work) => Some(Sink::video(work, span.frames.clone(), coding(*kind, job))),
        };
        self.all.iter().filter_map(sink).collect()
    }

    /// Joins videos, and gives everything its name.
    pub fn finish(self, job: &Job, span: &Span, watch: &mut dyn Watch) -> Result<Vec<Target>, RenderError> {
        let mut joined = Vec::new();
        let videos = self.all.iter().filter(|output| matches!(output, Output::Video(..))).count();
        if videos > 0 {
            watch.begin("joining", videos as u64);
        }
        for output in &self.all {
            joined.push(match output {
                Output::Video(kind, work) => {
                    let pieces = Pieces::new(work, span.frames.clone(), coding(*kind, job));
                    let file = join(work, &pieces, *kind, job)?;
                    watch.done(1);
                    Some(file)
                }
                _ => None,
            });
        }
        let mut written = Vec::new();
        for (output, file) in self.all.into_iter().zip(joined) {
            let (path, kind) = match &output {
                Output::Music(kind, partial) => (partial.target().to_owned(), *kind),
                Output::Frames(work, _) => (work.target().to_owned(), TargetKind::Frames),
                Output::Video(kind, work) => (work.target().to_owned(), *kind),
            };
            match output {
                Output::Music(_, partial) => partial.finish()?,
                Output::Frames(work, _) | Output::Video(_, work) => work.finish(file.as_deref())?,
            }
            written.push(Target { path, kind });
        }
        Ok(written)
    }
}

fn coding(kind: TargetKind, job: &Job) -> Coding {
    let format = Coding::format(kind, job.depth, job.alpha);
    Coding { kind, size: job.size, fps: job.fps, format, crf: job.crf }
}

/// Joins the pieces of a video with its sound; the file lies in its work.
fn join(work: &Work, pieces: &Pieces, kind: TargetKind, job: &Job) -> Result<PathBuf, RenderError> {
    let list: String = pieces.names().map(|name| format!("file '{name}'\n")).collect();
    let (list_path, out) = (work.folder().join("list.txt"), work.folder().join("whole.partial"));
    std::fs::write(&list_path, list).map_err(|e| work.fail(e))?;
    let sound = work.folder().join(SOUND);
    let failed = |message| RenderError::Ffmpeg { path: work.target().to_owned(), message };
    let mut ffmpeg = Encoder::start(joining(&list_path, Some(&sound), kind, job.fps, &out)).map_err(failed)?;
    ffmpeg.end().map_err(failed)?;
    Ok(out)
}
