//! `--headless`: a show in real time without a window, for the control page and for programs that take the stream.

use super::surfaces::Surfaces;
use super::{Args, end_recording};
use anyhow::{Result, anyhow, ensure};
use oneiro_visuals::performance::Performance;
use oneiro_visuals::stage::{Gpu, Offscreen, Size};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub fn perform(args: &Args) -> Result<()> {
    ensure!((1.0..=240.0).contains(&args.fps), "--fps {}: 1 to 240", args.fps);
    let (width, height) = args.size()?;
    let gpu = Gpu::open()?;
    let about = if gpu.software { format!("{}: software", gpu.about) } else { gpu.about.clone() };
    let mut surfaces = Surfaces::open(&args.surfaces, args.follows_midi())?;
    let feed = args.feed(Some(surfaces.handle.knobs()))?;
    let mut performance = Performance::new(args.show()?, feed, args.studio(), args.title.clone(), about);
    if let Some((desk, cues)) = surfaces.desk.take() {
        performance.attach(desk, cues);
    }
    let (recorder, lookouts) = args.recorder()?;
    performance.watch(lookouts);
    let mut screen = Offscreen::new(&gpu, Size { width, height, glow: true }, Performance::sources());
    // What is recorded is to have its end.
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let (started, pause) = (Instant::now(), Duration::from_secs_f64(1.0 / args.fps));
    let mut next = started;
    let ended = loop {
        let frame = performance.frame(started.elapsed().as_secs_f64(), (width, height));
        screen.perform(&frame);
        // Without a display nothing else holds a device back from taking more than it can draw.
        if let Err(lost) = screen.finish() {
            break Err(lost.into());
        }
        if let Some(complaint) = performance.complaint() {
            eprintln!("{complaint}");
        }
        if let Some(why) = performance.failure() {
            break Err(anyhow!("there was nothing to paint with: {why}"));
        }
        let late = args.close_after.is_some_and(|end| started.elapsed().as_secs_f64() >= end);
        if late || performance.is_over() || stop.load(Ordering::Relaxed) {
            break Ok(());
        }
        // Frames that are missed are not made up for.
        next = (next + pause).max(Instant::now().checked_sub(pause).unwrap_or(started));
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    };
    // What was recorded has its end, whatever ended the show.
    end_recording(recorder, args.record.as_deref()).and(ended)
}
