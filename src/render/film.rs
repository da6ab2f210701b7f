//! Pictures on the virtual clock: generator and upscaler on one thread, the finish on another, each sink on its own.

use super::fps::Fps;
use super::frame::{Format, Frame};
use super::job::Painters;
use super::sink::Sink;
use super::{RenderError, Watch};
use crate::bridge::ShowEvent;
use crate::picture::{Finisher, LatentPath, Look, Picture, PictureError, Print, VideoSize};
use crate::time::TempoMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// Pictures a second that the generator paints; video frames between them are blended.
const PAINTED_PER_SECOND: f64 = 30.0;
/// Seconds of darkness turning to light at the beginning, and back at the end.
const FADES: (f64, f64) = (0.7, 2.5);
/// Seconds after which trails begin anew, unseen, so that a part of a film can be drawn without all that went before.
const CHAPTER_SECONDS: f64 = 20.0;
/// Seconds in which they are prepared; longer than any trail lasts.
const RUN_UP_SECONDS: f64 = 3.0;

/// How long the shutter is open, and how finely that is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shutter {
    /// Pictures that make a video frame: 1 is no motion blur; up to 64.
    pub sub_frames: u32,
    /// How much of a video frame's time it is open, in degrees: 360 is all of it.
    pub degrees: f64,
}

impl Default for Shutter {
    fn default() -> Self {
        Self { sub_frames: 1, degrees: 180.0 }
    }
}

impl Shutter {
    /// The moments at which a video frame is drawn, in parts of its time: the middle, or evenly around it. So what happens as the
    /// frame begins is seen in it.
    pub(super) fn moments(self) -> impl Iterator<Item = f64> {
        let count = f64::from(self.sub_frames.clamp(1, 64));
        let open = self.degrees.clamp(0.0, 360.0) / 360.0;
        (0..self.sub_frames.clamp(1, 64)).map(move |i| 0.5 + open * ((f64::from(i) + 0.5) / count - 0.5))
    }

    fn is_open(self) -> bool {
        self.sub_frames > 1
    }
}

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

/// What was painted, and what it was painted from.
type Painting = (Picture, Look);

impl Film<'_> {
    /// Makes video frames and hands them to the sinks, from the first that one of them lacks on.
    pub fn make(
        &self,
        painters: Painters,
        frames: Range<u64>,
        sinks: &mut [Sink],
        watch: &mut dyn Watch,
    ) -> Result<(), RenderError> {
        let first = sinks.iter().map(Sink::next).min().unwrap_or(frames.end);
        let formats: Vec<Format> = sinks.iter().map(|sink| sink.format).collect();
        if first >= frames.end {
            return Ok(());
        }
        if first > frames.start {
            let (at, of) = (first - frames.start, frames.end - frames.start);
            watch.tell(&format!("going on from frame {at} of {of}"));
        }
        let begin = self.run_up_to(first);
        watch.begin("painting", frames.end - begin);
        self.draw(painters, begin..frames.end, &mut |number, finisher| {
            if watch.cancelled() {
                return Err(RenderError::Interrupted);
            }
            if number >= first {
                let frame = Arc::new(Frame::new(&finisher.print(self.fade(number))?, &formats));
                for sink in &mut *sinks {
                    // An encoder that was interrupted with us has not failed.
                    let sent = sink.send(number, &frame);
                    sent.map_err(|e| if watch.cancelled() { RenderError::Interrupted } else { e })?;
                }
            }
            watch.done(1);
            Ok(())
        })
    }

    /// One video frame, soon: with the trails of the seconds before it, which is all that can be seen of what went before.
    pub fn still(&self, painters: Painters, number: u64, watch: &mut dyn Watch) -> Result<Print, RenderError> {
        let begin = number.saturating_sub(self.run_up());
        let mut still = None;
        watch.begin("painting", number + 1 - begin);
        self.draw(painters, begin..number + 1, &mut |now, finisher| {
            if watch.cancelled() {
                return Err(RenderError::Interrupted);
            }
            if now == number {
                still = Some(finisher.print(self.fade(number))?);
            }
            watch.done(1);
            Ok(())
        })?;
        still.ok_or(RenderError::Interrupted)
    }

    fn chapter(&self) -> u64 {
        (CHAPTER_SECONDS * self.fps.rate()).ceil() as u64
    }

    fn run_up(&self) -> u64 {
        (RUN_UP_SECONDS * self.fps.rate()).ceil() as u64
    }

    /// Where to begin to draw, so that frame `first` and all after it are those of the whole film.
    fn run_up_to(&self, first: u64) -> u64 {
        (first / self.chapter() * self.chapter()).saturating_sub(self.run_up())
    }

    /// Draws frames in order on a finisher that begins with the first of them.
    fn draw(
        &self,
        painters: Painters,
        frames: Range<u64>,
        each: &mut dyn FnMut(u64, &mut Finisher) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let Painters { generator: Some(mut generator), mut upscaler } = painters else {
            let none = PictureError::Resize("there is no model that paints".into());
            return Err(RenderError::Picture(none));
        };
        let path = LatentPath::new(self.events, self.seed, generator.latent_size(), generator.psi());
        let look = |frame: u64, part: f64| path.at(self.tempo.beats_at(self.fps.seconds_within(frame, part)));
        let mut finisher = Finisher::new(self.size, self.fps.rate()).beginning_at(frames.start);
        let canvas = finisher.canvas();
        let mut paint = move |look: Look| -> Result<Painting, PictureError> {
            let picture = generator.paint(&look)?;
            let picture = match &mut upscaler {
                Some(upscaler) => upscaler.enlarge_towards(picture, canvas)?,
                None => picture,
            };
            Ok((picture, look))
        };
        // Without motion blur every so many frames are painted, and those between them blended.
        let stride = (self.fps.rate() / PAINTED_PER_SECOND).round().max(1.0) as u64;
        let (stride, shutter) = if self.shutter.is_open() { (1, self.shutter) } else { (stride, Shutter::default()) };
        let moments: Vec<f64> = shutter.moments().collect();
        let (chapter, run_up) = (self.chapter(), self.run_up());
        std::thread::scope(|scope| {
            let (paintings, painted) = sync_channel::<Result<Painting, PictureError>>(6);
            let (look, moments, range) = (&look, &moments, frames.clone());
            scope.spawn(move || {
                let blended = if shutter.is_open() { 0 } else { stride };
                'film: for frame in (range.start / stride * stride..range.end + blended).step_by(stride as usize) {
                    for part in moments {
                        // Nobody wants more pictures where the other end is gone.
                        if paintings.send(paint(look(frame, *part))).is_err() {
                            break 'film;
                        }
                    }
                }
            });
            let mut blend = Blend::new(&painted, stride, frames.start);
            for number in frames.clone() {
                if number > frames.start && (number + run_up).is_multiple_of(chapter) {
                    finisher.run_up();
                }
                if number.is_multiple_of(chapter) {
                    finisher.take_over();
                }
                if shutter.is_open() {
                    let exposed = moments.iter().map(|_| next(&painted)).collect::<Result<Vec<_>, _>>()?;
                    finisher.draw(&exposed.iter().map(|(picture, look)| (picture, look)).collect::<Vec<_>>())?;
                } else {
                    finisher.draw(&[(blend.at(number)?, &look(number, moments[0]))])?;
                }
                each(number, &mut finisher)?;
            }
            Ok(())
        })
    }

    fn fade(&self, frame: u64) -> f32 {
        let (now, end) = (self.fps.seconds_at(frame), self.fps.seconds_at(self.frames));
        let x = (now / FADES.0).min((end - now) / FADES.1).clamp(0.0, 1.0);
        (x * x * (3.0 - 2.0 * x)) as f32
    }
}

type Painted = Receiver<Result<Painting, PictureError>>;

fn next(painted: &Painted) -> Result<Painting, RenderError> {
    // The painter only stops early with an error, which came first.
    let ended = || RenderError::Picture(PictureError::Resize("the painter has stopped".into()));
    Ok(painted.recv().map_err(|_| ended())??)
}

/// Pictures in order, and those between them.
struct Blend<'a> {
    painted: &'a Painted,
    stride: u64,
    /// The number of the picture that comes first.
    first: u64,
    /// The pictures before and after, and the number of the one before.
    around: Option<(u64, Picture, Picture)>,
    between: Picture,
}

impl<'a> Blend<'a> {
    /// For frames from `first` on.
    fn new(painted: &'a Painted, stride: u64, first: u64) -> Self {
        let between = Picture { width: 0, height: 0, data: Vec::new() };
        Self { painted, stride, first: first / stride, around: None, between }
    }

    fn next(&self) -> Result<Picture, RenderError> {
        Ok(next(self.painted)?.0)
    }

    fn at(&mut self, frame: u64) -> Result<&Picture, RenderError> {
        let wanted = frame / self.stride;
        let (mut number, mut before, mut after) = match self.around.take() {
            Some(around) => around,
            None => (self.first, self.next()?, self.next()?),
        };
        while number < wanted {
            before = after;
            after = self.next()?;
            number += 1;
        }
        let share = (frame % self.stride) as f32 / self.stride as f32;
        self.between.width = before.width;
        self.between.height = before.height;
        self.between.data.clear();
        self.between.data.extend(before.data.iter().zip(&after.data).map(|(a, b)| a + (b - a) * share));
        self.around = Some((number, before, after));
        Ok(&self.between)
    }
}
