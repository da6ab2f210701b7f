//! Videos that are written while a show runs.

use super::RenderError;
use super::ffmpeg::{Coding, Encoder};
use super::fps::Fps;
use super::frame::{Alpha, Depth};
use super::sink::Pipe;
use super::target::{Partial, TargetKind};
use crate::picture::VideoSize;
use std::path::Path;
use std::sync::Arc;

/// Constant rate factor of H.264 that cannot be told from the picture at arm's length.
pub(super) const CRF: u8 = 18;

/// A video without sound that is written while a show runs. What is written plays even where the program was killed: it then
/// lies beside, under its temporary name.
#[derive(Debug)]
pub struct LiveVideo {
    pipe: Pipe<Arc<Vec<u8>>>,
    partial: Partial,
}

impl LiveVideo {
    /// Begins a file of a size; both sides are even.
    ///
    /// # Errors
    /// [`RenderError::Write`] where it cannot be written, [`RenderError::Ffmpeg`] where ffmpeg cannot be started.
    pub fn begin(target: &Path, size: VideoSize, fps: Fps) -> Result<Self, RenderError> {
        let partial = Partial::begin(target, false)?;
        let path = target.to_owned();
        let fail = move |message: String| RenderError::Ffmpeg { path: path.clone(), message };
        let kind = TargetKind::Video;
        let coding = Coding { kind, size, fps, format: Coding::format(kind, Depth::Eight, Alpha::None), crf: CRF };
        let mut encoder = Encoder::start(coding.command(partial.path(), true)).map_err(&fail)?;
        let pipe = Pipe::spawn(move |frames| {
            frames.into_iter().try_for_each(|frame: Arc<Vec<u8>>| encoder.write(&frame)).map_err(&fail)?;
            encoder.end().map_err(fail)
        });
        Ok(Self { pipe, partial })
    }

    /// Hands over a frame: rows of red, green, blue. Waits while ffmpeg is busy.
    ///
    /// # Errors
    /// Why ffmpeg has ended before its time.
    pub fn send(&mut self, frame: &Arc<Vec<u8>>) -> Result<(), RenderError> {
        self.pipe.send(Arc::clone(frame))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// Why not.
    pub fn finish(self) -> Result<(), RenderError> {
        self.pipe.finish()?;
        self.partial.finish()
    }
}
