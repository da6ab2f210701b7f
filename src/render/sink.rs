//! Where video frames go, each kind on a thread of its own: to numbered PNG pictures, or to pieces of video.

use super::ffmpeg::{Coding, Encoder};
use super::frame::{Format, Frame};
use super::work::Work;
use super::{RenderError, Watch};
use crate::caught::{caught, trap};
use crate::picture::VideoSize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Things that may wait in a pipe.
const WAITING: usize = 4;
/// Seconds of a piece of video: so much is drawn again at most where a rendering goes on.
const PIECE_SECONDS: f64 = 10.0;

/// A thread that takes things in order.
#[derive(Debug)]
pub(super) struct Pipe<T> {
    things: Option<SyncSender<T>>,
    thread: Option<JoinHandle<Result<(), RenderError>>>,
}

impl<T: Send + 'static> Pipe<T> {
    /// Starts it.
    pub fn spawn(take: impl FnOnce(Receiver<T>) -> Result<(), RenderError> + Send + 'static) -> Self {
        let (things, receiver) = sync_channel(WAITING);
        let take_caught =
            move |receiver| caught(|| take(receiver)).unwrap_or_else(|reason| Err(RenderError::Failed(reason)));
        Self { things: Some(things), thread: Some(std::thread::spawn(move || take_caught(receiver))) }
    }

    /// Hands something over; waits while the thread is busy.
    ///
    /// # Errors
    /// Why it has ended before its time.
    pub fn send(&mut self, thing: T) -> Result<(), RenderError> {
        match &self.things {
            Some(things) if things.send(thing).is_ok() => Ok(()),
            _ => self.join(),
        }
    }

    /// Waits until everything is done.
    ///
    /// # Errors
    /// Why it was not.
    pub fn finish(mut self) -> Result<(), RenderError> {
        self.join()
    }
}

impl<T> Pipe<T> {
    fn join(&mut self) -> Result<(), RenderError> {
        self.things = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            // A panic there was caught; a second call has nothing to add.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl<T> Drop for Pipe<T> {
    fn drop(&mut self) {
        // An error here comes second to the one that led here.
        let _ = self.join();
    }
}

/// Takes numbered video frames from the first that is not there yet.
#[derive(Debug)]
pub(super) struct Sink {
    /// Number of the frame that is taken next.
    next: u64,
    /// How it wants them.
    pub format: Format,
    pipe: Pipe<(u64, Arc<Frame>)>,
}

impl Sink {
    /// Numbered PNG pictures in a folder of the work.
    pub fn folder(work: &Work, frames: Range<u64>, size: VideoSize, format: Format) -> Self {
        let next = first_missing_picture(work, &frames);
        let (folder, target) = (work.pictures(), work.target().to_owned());
        let pipe = Pipe::spawn(move |frames: Receiver<(u64, Arc<Frame>)>| {
            for (number, frame) in frames {
                trap("sink");
                let written = frame.write_png(&folder.join(picture_name(number)), format, size);
                written.map_err(|e| RenderError::Write { path: target.clone(), reason: e.to_string() })?;
            }
            Ok(())
        });
        Self { next, format, pipe }
    }

    /// Pieces of video in the work.
    pub fn video(work: &Work, frames: Range<u64>, coding: Coding) -> Self {
        let pieces = Pieces::new(work, frames, coding);
        let next = pieces.first_missing();
        Self { next, format: coding.format, pipe: Pipe::spawn(move |frames| pieces.take(&frames)) }
    }

    /// Number of the frame that it needs next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Hands over a video frame; waits while the sink is busy. What is there already is passed over.
    ///
    /// # Errors
    /// Why the sink has ended before its time.
    pub fn send(&mut self, number: u64, frame: &Arc<Frame>) -> Result<(), RenderError> {
        if number < self.next { Ok(()) } else { self.pipe.send((number, Arc::clone(frame))) }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// Why it was not.
    pub fn finish(self) -> Result<(), RenderError> {
        self.pipe.finish()
    }
}

/// Hands a video frame to all of them.
///
/// # Errors
/// Why one has ended before its time.
pub(super) fn send(sinks: &mut [Sink], number: u64, frame: &Arc<Frame>, watch: &dyn Watch) -> Result<(), RenderError> {
    // An encoder that was interrupted with us has not failed.
    let fail = |e| if watch.cancelled() { RenderError::Interrupted } else { e };
    sinks.iter_mut().try_for_each(|sink| sink.send(number, frame).map_err(fail))
}

fn picture_name(number: u64) -> String {
    format!("frame-{number:06}.png")
}

/// The first picture that is not there, or not whole: a power cut may leave a name without its contents.
fn first_missing_picture(work: &Work, frames: &Range<u64>) -> u64 {
    let folder = work.pictures();
    let whole = |number: &u64| ends_as_png(&folder.join(picture_name(*number)));
    frames.clone().find(|number| !whole(number)).unwrap_or(frames.end)
}

/// Whether a file ends with the last chunk of a PNG picture.
fn ends_as_png(path: &std::path::Path) -> bool {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const END: [u8; 12] = *b"\0\0\0\0IEND\xaeB`\x82";
    let read = || -> std::io::Result<[u8; 12]> {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::End(-12))?;
        let mut end = [0; 12];
        file.read_exact(&mut end)?;
        Ok(end)
    };
    read().is_ok_and(|end| end == END)
}

/// The pieces that a video is made of.
pub(super) struct Pieces {
    folder: PathBuf,
    target: PathBuf,
    frames: Range<u64>,
    /// Video frames of a piece.
    length: u64,
    coding: Coding,
}

impl Pieces {
    /// Of some frames of a film.
    pub fn new(work: &Work, frames: Range<u64>, coding: Coding) -> Self {
        let length = (PIECE_SECONDS * coding.fps.rate()).ceil() as u64;
        Self { folder: work.folder().to_owned(), target: work.target().to_owned(), frames, length, coding }
    }

    fn name(&self, piece: u64) -> String {
        format!("piece-{piece:06}.{}", self.coding.ending())
    }

    fn count(&self) -> u64 {
        (self.frames.end - self.frames.start).div_ceil(self.length)
    }

    /// Names of all pieces in order.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count()).map(|piece| self.name(piece))
    }

    fn first_missing(&self) -> u64 {
        let there = self.names().take_while(|name| self.folder.join(name).exists()).count() as u64;
        (self.frames.start + there * self.length).min(self.frames.end)
    }

    /// Encodes frames, piece after piece. One that is broken off leaves nothing.
    fn take(&self, frames: &Receiver<(u64, Arc<Frame>)>) -> Result<(), RenderError> {
        let fail = |message: String| RenderError::Ffmpeg { path: self.target.clone(), message };
        let mut open: Option<Piece> = None;
        for (number, frame) in frames {
            let mut piece = match open.take() {
                Some(piece) => piece,
                None => {
                    let which = (number - self.frames.start) / self.length;
                    let path = self.folder.join(self.name(which));
                    let partial = crate::files::beside(&path).map_err(|e| fail(e.to_string()))?;
                    let encoder = Encoder::start(self.coding.command(&partial, false)).map_err(fail)?;
                    let end = (self.frames.start + (which + 1) * self.length).min(self.frames.end);
                    Piece { encoder, partial, path, end }
                }
            };
            piece.encoder.write(&frame.raw(self.coding.format)).map_err(fail)?;
            if number + 1 < piece.end {
                open = Some(piece);
                continue;
            }
            piece.encoder.end().map_err(fail)?;
            let settled = std::fs::File::open(&piece.partial).and_then(|file| file.sync_all());
            let named = settled.and_then(|()| std::fs::rename(&piece.partial, &piece.path));
            named.map_err(|e| RenderError::Write { path: self.target.clone(), reason: e.to_string() })?;
        }
        Ok(())
    }
}

/// A piece that is being written; dropped before its end it vanishes.
struct Piece {
    encoder: Encoder,
    partial: PathBuf,
    path: PathBuf,
    /// Number of the first frame that is not in it any more.
    end: u64,
}

impl Drop for Piece {
    fn drop(&mut self) {
        // Best effort; where it was finished it has another name by now.
        let _ = std::fs::remove_file(&self.partial);
    }
}
