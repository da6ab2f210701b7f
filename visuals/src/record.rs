//! `--record`: the show as a video while it runs. The screen never waits for it; what it cannot take is dropped and counted.

use crate::stage::{Lookout, Peeked};
use oneiro::picture::VideoSize;
use oneiro::render::{Fps, LiveVideo, RenderError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Frames that may wait for the encoder.
const WAITING: usize = 8;
/// A frame that stands for longer than so many is no longer repeated: the show was held up, and so is the film.
const LONGEST_STILL: u64 = 600;

/// A video that is being recorded.
#[derive(Debug)]
pub struct Recorder {
    /// 1 while it records.
    watchers: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<Recorded, RenderError>>>,
}

/// What was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Frames of the video.
    pub frames: u64,
    /// Those of them that repeat the one before, since the screen gave no other in time.
    pub repeated: u64,
    /// Frames of the screen that the encoder had no room for.
    pub dropped: u64,
}

impl Recorder {
    /// Begins a video, and gives the stage's end of it. Sides are made even.
    ///
    /// # Errors
    /// [`RenderError`] where the file cannot be written or ffmpeg cannot be started.
    pub fn begin(file: &Path, size: (u32, u32), fps: Fps) -> Result<(Self, Lookout), RenderError> {
        let even = |side: u32| (side / 2 * 2).clamp(16, 4096);
        let size = VideoSize { width: even(size.0), height: even(size.1) };
        let video = LiveVideo::begin(file, size, fps)?;
        let (taker, taken) = sync_channel(WAITING);
        let (watchers, dropped) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicU64::new(0)));
        let (on, lost) = (Arc::clone(&watchers), Arc::clone(&dropped));
        let work = move || write(&taken, video, fps, &on, &lost);
        let path = file.to_owned();
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(work)
            .map_err(|e| RenderError::Write { path, reason: e.to_string() })?;
        let lookout = Lookout {
            size: (size.width, size.height),
            pause: Duration::from_secs_f64(0.9 / fps.rate()),
            watchers: Arc::clone(&watchers),
            taker,
            dropped: Arc::clone(&dropped),
        };
        Ok((Self { watchers, dropped, thread: Some(thread) }, lookout))
    }

    /// Whether it records; it does not any more where the disk is full or ffmpeg has ended.
    pub fn is_on(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Frames of the screen that the encoder had no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Ends the video.
    ///
    /// # Errors
    /// Why it could not be written to its end.
    pub fn finish(mut self) -> Result<Recorded, RenderError> {
        self.watchers.store(0, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(recorded)) => recorded,
            Some(Err(_)) => Err(RenderError::Failed("its thread has ended before its time".to_owned())),
            None => Ok(Recorded { frames: 0, repeated: 0, dropped: self.dropped() }),
        }
    }
}

/// Writes what comes at the times at which it comes.
fn write(
    taken: &Receiver<Peeked>,
    mut video: LiveVideo,
    fps: Fps,
    on: &AtomicUsize,
    dropped: &AtomicU64,
) -> Result<Recorded, RenderError> {
    let mut begun: Option<Instant> = None;
    let (mut frames, mut repeated, mut last) = (0_u64, 0_u64, None::<Arc<Vec<u8>>>);
    while on.load(Ordering::Relaxed) > 0 {
        let peeked = match taken.recv_timeout(Duration::from_millis(50)) {
            Ok(peeked) => peeked,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => continue,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        };
        let seconds = begun.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        let number = (seconds * fps.rate()).round() as u64;
        let frame: Arc<Vec<u8>> = Arc::new(peeked.bytes.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect());
        let result = (|| {
            if let Some(last) = &last {
                for _ in 0..number.saturating_sub(frames).min(LONGEST_STILL) {
                    video.send(last)?;
                    (frames, repeated) = (frames + 1, repeated + 1);
                }
            }
            if frames <= number {
                video.send(&frame)?;
                frames += 1;
            }
            Ok(())
        })();
        if let Err(e) = result {
            // Nothing more is read back for it.
            on.store(0, Ordering::Relaxed);
            return Err(e);
        }
        last = Some(frame);
    }
    video.finish()?;
    Ok(Recorded { frames, repeated, dropped: dropped.load(Ordering::Relaxed) })
}
