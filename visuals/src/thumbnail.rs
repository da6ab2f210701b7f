//! Small pictures of what is shown, for the editors of instances that are followed. Nothing is read back while nobody looks.

use crate::stage::{Lookout, Peeked};
use oneiro::link::{Mirror, PICTURE};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Least time between two pictures, and how often is asked whether any is wanted.
const PAUSE: Duration = Duration::from_millis(150);

/// Begins to leave pictures in a mirror; it ends with the stage's end, which this gives.
pub fn begin(mirror: Mirror) -> Lookout {
    let (taker, taken) = sync_channel::<Peeked>(1);
    let watchers = Arc::new(AtomicUsize::new(0));
    let watching = Arc::clone(&watchers);
    let run = move || {
        loop {
            match taken.recv_timeout(PAUSE) {
                Ok(Peeked { size, bytes }) => mirror.offer((size.0 as usize, size.1 as usize), 4, &bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            watching.store(usize::from(mirror.is_watched()), Ordering::Relaxed);
        }
    };
    // Where no thread can be had editors see nothing, and nothing else is lost.
    let _thread = std::thread::Builder::new().name("thumbnails".into()).spawn(run);
    let size = (u32::from(PICTURE.0), u32::from(PICTURE.1));
    Lookout { size, pause: PAUSE, watchers, taker, dropped: Arc::new(AtomicU64::new(0)) }
}
