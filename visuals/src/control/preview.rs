//! The picture as JPEG, for pages and for other programs; nothing is read back or encoded for nobody.

use crate::stage::{Lookout, Peeked};
use axum::body::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use tokio::sync::watch;

/// How a picture is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreviewOptions {
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Pictures a second, at most.
    pub rate: f64,
    /// Quality of the JPEG: 1 to 100.
    pub quality: u8,
}

impl PreviewOptions {
    /// For a page.
    pub const SMALL: Self = Self { size: (320, 180), rate: 15.0, quality: 70 };
    /// For another program.
    pub const STREAM: Self = Self { size: (960, 540), rate: 30.0, quality: 88 };
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self::STREAM
    }
}

/// A picture that many may watch.
#[derive(Debug, Clone)]
pub struct Preview {
    watchers: Arc<AtomicUsize>,
    pictures: watch::Receiver<Bytes>,
    dropped: Arc<AtomicU64>,
}

/// Somebody who watches, as long as this lives.
#[derive(Debug)]
pub struct Watcher {
    watchers: Arc<AtomicUsize>,
    pictures: watch::Receiver<Bytes>,
}

impl Preview {
    /// Starts the thread that encodes; it ends with the stage's end, the [`Lookout`].
    pub fn spawn(options: PreviewOptions) -> (Self, Lookout) {
        let (taker, taken) = sync_channel(1);
        let (teller, pictures) = watch::channel(Bytes::new());
        let (watchers, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let encode = move || encode(&taken, &teller, options.quality);
        // Where no thread can be had there is no preview, and nothing else is lost.
        let _thread = std::thread::Builder::new().name("preview".into()).spawn(encode);
        let lookout = Lookout {
            size: options.size,
            // A little less, so that a display's frames do not beat against it.
            pause: Duration::from_secs_f64(0.9 / options.rate.clamp(1.0, 120.0)),
            watchers: Arc::clone(&watchers),
            taker,
            dropped: Arc::clone(&dropped),
        };
        (Self { watchers, pictures, dropped }, lookout)
    }

    /// Watches from now on.
    pub fn watch(&self) -> Watcher {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        let mut pictures = self.pictures.clone();
        // What somebody saw long ago is no picture of now.
        pictures.mark_unchanged();
        Watcher { watchers: Arc::clone(&self.watchers), pictures }
    }

    /// Pictures that came while the one before was being encoded.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Watcher {
    /// The next picture, a whole JPEG; `None` where there will be none any more.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.pictures.changed().await.ok()?;
        Some(self.pictures.borrow_and_update().clone())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

fn encode(taken: &Receiver<Peeked>, teller: &watch::Sender<Bytes>, quality: u8) {
    while let Ok(Peeked { size: (width, height), bytes }) = taken.recv() {
        let rgb: Vec<u8> = bytes.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let mut jpeg = Vec::with_capacity(rgb.len() / 8);
        let encoder = JpegEncoder::new_with_quality(&mut jpeg, quality.clamp(1, 100));
        if encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8).is_ok() {
            teller.send_replace(jpeg.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_reaches_who_watches_as_a_jpeg() {
        let (preview, lookout) = Preview::spawn(PreviewOptions::SMALL);
        let mut watcher = preview.watch();
        assert_eq!(lookout.watchers.load(Ordering::Relaxed), 1);
        let bytes = [200, 100, 50, 255].repeat(32 * 16);
        lookout.taker.send(Peeked { size: (32, 16), bytes }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let jpeg = runtime.block_on(watcher.next()).unwrap();
        let picture = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (32, 16));
        assert!(picture.get_pixel(7, 7).0.iter().zip([200, 100, 50]).all(|(a, b)| a.abs_diff(b) < 8));
        drop(watcher);
        assert_eq!(lookout.watchers.load(Ordering::Relaxed), 0);
        drop(lookout);
        assert!(runtime.block_on(preview.watch().next()).is_none(), "the thread ends with the stage");
    }
}
