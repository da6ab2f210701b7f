//! Where video frames go: to `ffmpeg`, or to a folder as PNG pictures. Each has a thread of its own.

use super::RenderError;
use super::fps::Fps;
use super::target::Partial;
use crate::picture::VideoSize;
use image::ImageEncoder as _;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Video frames that may wait for a sink.
const WAITING: usize = 4;

/// Whether `ffmpeg` can be started.
pub fn has_ffmpeg() -> bool {
    let quiet = Command::new("ffmpeg")
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

/// A thread that takes video frames in order: rows of red, green, blue.
#[derive(Debug)]
pub(super) struct Sink {
    frames: Option<SyncSender<Arc<Vec<u8>>>>,
    thread: Option<JoinHandle<Result<(), RenderError>>>,
}

impl Sink {
    fn spawn(take: impl FnOnce(Receiver<Arc<Vec<u8>>>) -> Result<(), RenderError> + Send + 'static) -> Self {
        let (frames, receiver) = sync_channel(WAITING);
        Self { frames: Some(frames), thread: Some(std::thread::spawn(move || take(receiver))) }
    }

    /// A folder of PNG pictures, `frame-000000.png` first.
    pub fn folder(partial: &Partial, size: VideoSize) -> Self {
        let (folder, target) = (partial.path().to_owned(), partial.target().to_owned());
        Self::spawn(move |frames| {
            for (number, frame) in frames.into_iter().enumerate() {
                let path = folder.join(format!("frame-{number:06}.png"));
                write_png(&path, &frame, size)
                    .map_err(|e| RenderError::Write { path: target.clone(), reason: e.to_string() })?;
            }
            Ok(())
        })
    }

    /// A video with the sound of a WAV file.
    pub fn video(partial: &Partial, sound: &Path, size: VideoSize, fps: Fps) -> Result<Self, RenderError> {
        let target = partial.target().to_owned();
        let fail = move |message: String| RenderError::Ffmpeg { path: target.clone(), message };
        let child = encoder(partial.path(), Some(sound), size, fps).spawn().map_err(|e| fail(e.to_string()))?;
        let mut encoder = Encoder(child);
        Ok(Self::spawn(move |frames| encoder.encode(&frames).map_err(fail)))
    }

    /// Hands over a video frame; waits while the sink is busy.
    ///
    /// # Errors
    /// Why the sink has ended before its time.
    pub fn send(&mut self, frame: &Arc<Vec<u8>>) -> Result<(), RenderError> {
        match &self.frames {
            Some(frames) if frames.send(Arc::clone(frame)).is_ok() => Ok(()),
            _ => self.join(),
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// Why it was not.
    pub fn finish(mut self) -> Result<(), RenderError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), RenderError> {
        self.frames = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            // A panic there was already reported; a second call has nothing to add.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // An error here comes second to the one that led here.
        let _ = self.join();
    }
}

/// A video without sound that is written while a show runs. What is written plays even where the program was killed: it then
/// lies beside, under its temporary name.
#[derive(Debug)]
pub struct LiveVideo {
    sink: Sink,
    partial: Partial,
}

impl LiveVideo {
    /// Begins a file of a size; both sides are even.
    ///
    /// # Errors
    /// [`RenderError::Write`] where it cannot be written, [`RenderError::Ffmpeg`] where ffmpeg cannot be started.
    pub fn begin(target: &Path, size: VideoSize, fps: Fps) -> Result<Self, RenderError> {
        let partial = Partial::begin(target, false)?;
        let fail = |message: String| RenderError::Ffmpeg { path: target.to_owned(), message };
        let child = encoder(partial.path(), None, size, fps).spawn().map_err(|e| fail(e.to_string()))?;
        let (mut encoder, path) = (Encoder(child), target.to_owned());
        let broke = move |message: String| RenderError::Ffmpeg { path, message };
        Ok(Self { sink: Sink::spawn(move |frames| encoder.encode(&frames).map_err(broke)), partial })
    }

    /// Hands over a frame: rows of red, green, blue. Waits while ffmpeg is busy.
    ///
    /// # Errors
    /// Why ffmpeg has ended before its time.
    pub fn send(&mut self, frame: &Arc<Vec<u8>>) -> Result<(), RenderError> {
        self.sink.send(frame)
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// Why not.
    pub fn finish(self) -> Result<(), RenderError> {
        self.sink.finish()?;
        self.partial.finish()
    }
}

fn write_png(path: &Path, frame: &[u8], size: VideoSize) -> image::ImageResult<()> {
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Up);
    encoder.write_image(frame, size.width, size.height, image::ExtendedColorType::Rgb8)
}

/// The command that makes an MP4 which plays everywhere. With sound, H.264 and AAC, it begins to play before it is loaded;
/// without, it is cut into fragments that play as soon as they are written.
fn encoder(out: &Path, sound: Option<&Path>, size: VideoSize, fps: Fps) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]).args([
        "-s",
        &format!("{}x{}", size.width, size.height),
        "-framerate",
        &fps.to_string(),
        "-i",
        "pipe:0",
    ]);
    if let Some(sound) = sound {
        command.arg("-i").arg(sound).args(["-map", "0:v", "-map", "1:a", "-c:a", "aac", "-b:a", "192k"]);
    }
    let layout = if sound.is_some() { "+faststart" } else { "+frag_keyframe+empty_moov+default_base_moof" };
    command
        .args(["-c:v", "libx264", "-preset", "veryfast", "-crf", "18"])
        .args(["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709"])
        .args(["-color_primaries", "bt709", "-color_trc", "bt709"])
        .args(["-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", layout, "-f", "mp4"])
        .arg(out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A running `ffmpeg`, which ends when this is dropped.
struct Encoder(Child);

impl Encoder {
    fn encode(&mut self, frames: &Receiver<Arc<Vec<u8>>>) -> Result<(), String> {
        let complaints = self.0.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                // What could be read is all there is to tell.
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let mut written = Ok(());
        if let Some(mut stdin) = self.0.stdin.take() {
            for frame in frames {
                written = stdin.write_all(&frame);
                if written.is_err() {
                    break;
                }
            }
        }
        let status = self.0.wait().map_err(|e| e.to_string())?;
        let complaints = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() && written.is_ok() {
            return Ok(());
        }
        let last = complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        Err(format!("it ended with {status}: {}", last.trim()))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Both fail only where it has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
