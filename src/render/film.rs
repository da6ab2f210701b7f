//! Pictures on the virtual clock. Painters, the canvas that pictures are drawn on, printers that make video frames of it, and sinks
//! are at work at once, on threads of their own; which thread had what shows in no frame.

use super::fps::Fps;
use super::frame::{Format, Frame};
use super::job::Painter;
use super::lanes::Lanes;
use super::paintings::{Blend, Paintings};
use super::shutter::Shutter;
use super::sink::{Sink, send};
use super::{RenderError, Watch};
use crate::bridge::ShowEvent;
use crate::caught::caught;
use crate::picture::{Finisher, LatentPath, Look, PictureError, Print, Proof, VideoSize};
use crate::time::TempoMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::Scope;

/// Pictures a second that the generator paints; video frames between them are blended.
const PAINTED_PER_SECOND: f64 = 30.0;
/// Seconds of darkness turning to light at the beginning, and back at the end.
const FADES: (f64, f64) = (0.7, 2.5);
/// Seconds after which trails begin anew, unseen, so that a part of a film can be drawn without all that went before: a chapter.
pub const CHAPTER_SECONDS: f64 = 20.0;
/// Seconds before a chapter in which they are prepared; longer than any trail of the bare walk lasts.
pub const RUN_UP_SECONDS: f64 = 3.0;
/// Most threads that print.
const PRINTERS: usize = 4;

/// What a film is made from.
pub(super) struct Film<'a> {
    pub events: &'a [ShowEvent],
    pub tempo: &'a TempoMap,
    pub seed: u64,
    pub size: VideoSize,
    pub fps: Fps,
    pub shutter: Shutter,
    /// Video frames of the whole.
    pub frames: u64,
}

/// The first frame that one of the sinks lacks, if any does; where it is not the first of all, that is told.
pub(super) fn missing(frames: &Range<u64>, sinks: &[Sink], watch: &mut dyn Watch) -> Option<u64> {
    let first = sinks.iter().map(Sink::next).min().filter(|first| *first < frames.end)?;
    if first > frames.start {
        let (at, of) = (first - frames.start, frames.end - frames.start);
        watch.tell(&format!("going on from frame {at} of {of}"));
    }
    Some(first)
}

impl Film<'_> {
    /// Makes video frames and hands them to the sinks, from the first that one of them lacks on.
    pub fn make(
        &self,
        painters: Vec<Painter>,
        frames: Range<u64>,
        sinks: &mut [Sink],
        watch: &mut dyn Watch,
    ) -> Result<(), RenderError> {
        let Some(first) = missing(&frames, sinks, watch) else { return Ok(()) };
        let formats: Vec<Format> = sinks.iter().map(|sink| sink.format).collect();
        let begin = self.run_up_to(first);
        watch.begin("painting", frames.end - begin);
        std::thread::scope(|scope| {
            let mut drawing = Drawing::begin(scope, self, painters, begin..frames.end)?;
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let printers = (0..cores.div_ceil(2).min(PRINTERS)).map(|_| {
                let (mut printer, formats) = (drawing.finisher.printer(), &formats);
                move |proof: Proof| {
                    let printed = caught(|| Ok(Frame::new(&printer.print(&proof)?, formats)));
                    printed.unwrap_or_else(|reason| Err(PictureError::Failed(reason)))
                }
            });
            let mut prints = Lanes::spawn(scope, printers);
            let mut next = first;
            for number in begin..frames.end {
                if watch.cancelled() {
                    return Err(RenderError::Interrupted);
                }
                drawing.draw(number)?;
                if number >= first {
                    if !prints.has_room() {
                        take(&mut prints, &mut next, sinks, watch)?;
                    }
                    prints.give(drawing.finisher.proof(self.fade(number))?);
                }
                watch.done(1);
            }
            while next < frames.end {
                take(&mut prints, &mut next, sinks, watch)?;
            }
            Ok(())
        })
    }

    /// One video frame, soon: with the trails of the seconds before it, which is all that can be seen of what went before.
    pub fn still(&self, painters: Vec<Painter>, number: u64, watch: &mut dyn Watch) -> Result<Print, RenderError> {
        let begin = number.saturating_sub(self.fps.frames_in(RUN_UP_SECONDS));
        watch.begin("painting", number + 1 - begin);
        std::thread::scope(|scope| {
            let mut drawing = Drawing::begin(scope, self, painters, begin..number + 1)?;
            for now in begin..=number {
                if watch.cancelled() {
                    return Err(RenderError::Interrupted);
                }
                drawing.draw(now)?;
                watch.done(1);
            }
            let proof = drawing.finisher.proof(self.fade(number))?;
            Ok(drawing.finisher.printer().print(&proof)?)
        })
    }

    /// Where to begin to draw, so that frame `first` and all after it are those of the whole film.
    fn run_up_to(&self, first: u64) -> u64 {
        let chapter = self.fps.frames_in(CHAPTER_SECONDS);
        (first / chapter * chapter).saturating_sub(self.fps.frames_in(RUN_UP_SECONDS))
    }

    /// Where the walk is at a moment of a frame.
    fn look(&self, path: &LatentPath, frame: u64, part: f64) -> Look {
        path.at(self.tempo.beats_at(self.fps.seconds_within(frame, part)))
    }

    fn fade(&self, frame: u64) -> f32 {
        let (now, end) = (self.fps.seconds_at(frame), self.fps.seconds_at(self.frames));
        let x = (now / FADES.0).min((end - now) / FADES.1).clamp(0.0, 1.0);
        (x * x * (3.0 - 2.0 * x)) as f32
    }
}

type Prints = Lanes<Proof, Result<Frame, PictureError>>;

/// Hands the next frame that is printed to the sinks.
fn take(prints: &mut Prints, next: &mut u64, sinks: &mut [Sink], watch: &dyn Watch) -> Result<(), RenderError> {
    let ended = || PictureError::Failed("the printer has stopped".into());
    let frame = Arc::new(prints.take().ok_or_else(ended)??);
    send(sinks, *next, &frame, watch)?;
    *next += 1;
    Ok(())
}

/// A film while it is drawn, frame after frame.
struct Drawing<'a> {
    film: &'a Film<'a>,
    path: Rc<LatentPath>,
    paintings: Paintings<'a>,
    blend: Blend,
    finisher: Finisher,
    /// The frame that the finisher began with.
    first: u64,
}

impl<'a> Drawing<'a> {
    fn begin<'scope>(
        scope: &'scope Scope<'scope, '_>,
        film: &'a Film<'a>,
        painters: Vec<Painter>,
        frames: Range<u64>,
    ) -> Result<Self, RenderError> {
        let Some(Painter { generator, .. }) = painters.first() else {
            return Err(PictureError::Failed("there is no model that paints".into()).into());
        };
        let path = LatentPath::new(film.events, film.seed, generator.latent_size(), generator.psi());
        let path = Rc::new(path);
        let finisher = Finisher::new(film.size, film.fps.rate()).beginning_at(frames.start);
        // Without motion blur every so many frames are painted, and those between them blended.
        let stride = (film.fps.rate() / PAINTED_PER_SECOND).round().max(1.0) as u64;
        let (stride, last) = if film.shutter.is_open() { (1, frames.end) } else { (stride, frames.end + stride) };
        let along = Rc::clone(&path);
        let looks = (frames.start / stride * stride..last)
            .step_by(stride as usize)
            .flat_map(|frame| film.shutter.moments().map(move |part| (frame, part)))
            .map(move |(frame, part)| film.look(&along, frame, part));
        let paintings = Paintings::begin(scope, painters, finisher.canvas(), looks);
        let blend = Blend::new(stride, frames.start);
        Ok(Self { film, path, paintings, blend, finisher, first: frames.start })
    }

    /// Draws the next frame, whose number this is, on the canvas.
    fn draw(&mut self, number: u64) -> Result<(), RenderError> {
        let Film { fps, shutter, .. } = *self.film;
        let (chapter, run_up) = (fps.frames_in(CHAPTER_SECONDS), fps.frames_in(RUN_UP_SECONDS));
        if number > self.first && (number + run_up).is_multiple_of(chapter) {
            self.finisher.run_up();
        }
        if number.is_multiple_of(chapter) {
            self.finisher.take_over();
        }
        if shutter.is_open() {
            let exposed = shutter.moments().map(|_| self.paintings.next()).collect::<Result<Vec<_>, _>>()?;
            self.finisher.draw(&exposed.iter().map(|(picture, look)| (picture, look)).collect::<Vec<_>>())?;
        } else {
            let look = self.film.look(&self.path, number, 0.5);
            self.finisher.draw(&[(self.blend.at(number, &mut self.paintings)?, &look)])?;
        }
        Ok(())
    }
}
