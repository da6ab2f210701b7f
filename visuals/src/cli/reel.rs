//! `--reel`: the frames of a reel on standard output, for programs that make files of them.

use anyhow::{Context, Result, ensure};
use oneiro::render::Reel;
use oneiro_visuals::reel::Screening;
use oneiro_visuals::stage::Gpu;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Longest reel, in bytes.
const LARGEST: u64 = 256 << 20;
/// Frames that may wait for whoever takes them.
const WAITING: usize = 2;

/// Draws a reel from a file, or from standard input for `-`.
pub fn show(file: &Path) -> Result<()> {
    let mut json = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_string(&mut json)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut json))
    };
    read.with_context(|| file.display().to_string())?;
    ensure!(json.len() as u64 <= LARGEST, "{}: is too long for a reel", file.display());
    let reel = Reel::read(&json).with_context(|| file.display().to_string())?;
    drop(json);
    let mut screening = Screening::open(Gpu::open, reel)?;
    let (frames, drawn) = sync_channel::<Vec<u8>>(WAITING);
    // One frame is on its way while the next is drawn.
    let writer = std::thread::Builder::new().name("frames".into()).spawn(move || {
        let mut out = std::io::stdout().lock();
        drawn.into_iter().try_for_each(|frame| out.write_all(&frame))?;
        out.flush()
    })?;
    let mut wanted = true;
    while wanted && let Some(frame) = screening.frame()? {
        wanted = frames.send(frame).is_ok();
    }
    drop(frames);
    let written = writer.join().map_err(|_| anyhow::anyhow!("the frames broke off"))?;
    written.context("nobody takes the frames")
}
