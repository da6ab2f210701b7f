//! Pictures on the virtual clock: generator and upscaler on one thread, the finish on another, the encoder on a third.

use super::fps::Fps;
use super::video::Sink;
use super::{RenderError, Watch};
use crate::bridge::ShowEvent;
use crate::picture::{Finisher, Generator, LatentPath, Look, Picture, PictureError, Upscaler, VideoSize};
use crate::time::TempoMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// Pictures a second that the generator paints; video frames between them are blended.
const PAINTED_PER_SECOND: f64 = 30.0;
/// Seconds of darkness turning to light at the beginning, and back at the end.
const FADES: (f64, f64) = (0.7, 2.5);

/// What a film is made from.
pub(super) struct Film<'a> {
    pub events: &'a [ShowEvent],
    pub tempo: &'a TempoMap,
    pub seed: u64,
    pub size: VideoSize,
    pub fps: Fps,
    pub frames: u64,
}

impl Film<'_> {
    /// Makes every video frame and hands it to the sinks.
    pub fn make(
        &self,
        mut generator: Generator,
        mut upscaler: Option<Upscaler>,
        sinks: &mut [Sink],
        watch: &mut dyn Watch,
    ) -> Result<(), RenderError> {
        let path = LatentPath::new(self.events, self.seed, generator.latent_size(), generator.psi());
        let stride = (self.fps.rate() / PAINTED_PER_SECOND).round().max(1.0) as u64;
        let look = |frame: u64| path.at(self.tempo.beats_at(self.fps.seconds_at(frame)));
        let mut finisher = Finisher::new(self.size, self.fps.rate());
        let canvas = finisher.canvas();
        let mut paint = move |look: &Look| {
            let picture = generator.paint(look)?;
            match &mut upscaler {
                Some(upscaler) => upscaler.enlarge_towards(picture, canvas),
                None => Ok(picture),
            }
        };
        watch.begin("painting", self.frames);
        std::thread::scope(|scope| {
            let (paintings, painted) = sync_channel::<Result<Picture, PictureError>>(6);
            let (frames, look) = (self.frames, &look);
            scope.spawn(move || {
                for frame in (0..frames + stride).step_by(stride as usize) {
                    // Nobody wants more pictures where the other end is gone.
                    if paintings.send(paint(&look(frame))).is_err() {
                        break;
                    }
                }
            });
            let mut blend = Blend::new(painted, stride);
            for frame in 0..self.frames {
                if watch.cancelled() {
                    return Err(RenderError::Interrupted);
                }
                let picture = blend.at(frame)?;
                let bytes = Arc::new(finisher.finish(picture, &look(frame), self.fade(frame))?);
                for sink in &mut *sinks {
                    if let Err(e) = sink.send(&bytes) {
                        // An encoder that was interrupted with us has not failed.
                        return Err(if watch.cancelled() { RenderError::Interrupted } else { e });
                    }
                }
                watch.done(1);
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

/// Pictures in order, and those between them.
struct Blend {
    painted: Receiver<Result<Picture, PictureError>>,
    stride: u64,
    /// The pictures before and after, and the number of the one before.
    around: Option<(u64, Picture, Picture)>,
    between: Picture,
}

impl Blend {
    fn new(painted: Receiver<Result<Picture, PictureError>>, stride: u64) -> Self {
        Self { painted, stride, around: None, between: Picture { width: 0, height: 0, data: Vec::new() } }
    }

    fn next(&self) -> Result<Picture, RenderError> {
        // The painter only stops early with an error, which came first.
        let ended = || RenderError::Picture(PictureError::Resize("the painter has stopped".into()));
        Ok(self.painted.recv().map_err(|_| ended())??)
    }

    fn at(&mut self, frame: u64) -> Result<&Picture, RenderError> {
        let wanted = frame / self.stride;
        let (mut number, mut before, mut after) = match self.around.take() {
            Some(around) => around,
            None => (0, self.next()?, self.next()?),
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
