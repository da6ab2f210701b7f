//! The workers beside the audio thread, at full load: one composes without pause, one paints without pause.

use super::answers::{Caller, Desk};
use super::{BenchError, Models};
use crate::compose::Mode;
use crate::picture::LatentPath;
use crate::time::Beats;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the workers are told, and what they did.
#[derive(Debug, Default)]
struct Told {
    ends: AtomicBool,
    works: AtomicBool,
    phrases: AtomicU64,
    pictures: AtomicU64,
}

/// Two workers, each on its thread with its session.
#[derive(Debug)]
pub(super) struct Company {
    told: Arc<Told>,
    threads: Vec<(&'static str, JoinHandle<Result<(), BenchError>>)>,
}

/// How long a worker that rests sleeps before it looks again.
const NAP: Duration = Duration::from_millis(5);

impl Company {
    /// Opens the sessions and starts the threads, which rest at first.
    pub fn spawn(models: &Models) -> Result<Self, BenchError> {
        let told = Arc::new(Told::default());
        let mut desk = Desk::new(models, Mode::Answer)?;
        let mut caller = Caller::new(1);
        let composer = Arc::clone(&told);
        let compose = move || {
            while let Some(works) = composer.next() {
                if works {
                    desk.exchange(&caller.call(), false, &mut |_, _, _| ())?;
                    composer.phrases.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(())
        };
        let mut generator = models.open_pictures()?;
        let path = LatentPath::new(&[], 1, generator.latent_size(), generator.psi());
        let painter = Arc::clone(&told);
        let paint = move || {
            let mut at = 0.0;
            while let Some(works) = painter.next() {
                if works {
                    generator.paint(&path.at(Beats(at)))?;
                    at += 0.05;
                    painter.pictures.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(())
        };
        let threads = vec![("composes", std::thread::spawn(compose)), ("paints", std::thread::spawn(paint))];
        Ok(Self { told, threads })
    }

    /// Lets them work, or rest.
    pub fn work(&self, works: bool) {
        self.told.works.store(works, Ordering::Relaxed);
    }

    /// Phrases that were composed, and pictures that were painted.
    pub fn done(&self) -> (u64, u64) {
        (self.told.phrases.load(Ordering::Relaxed), self.told.pictures.load(Ordering::Relaxed))
    }

    /// Ends the threads.
    ///
    /// # Errors
    /// What went wrong in one of them: then it did not work all the time.
    pub fn end(mut self) -> Result<(), BenchError> {
        self.told.ends.store(true, Ordering::Relaxed);
        for (what, thread) in self.threads.drain(..) {
            thread.join().map_err(|_| BenchError::Lost(what))??;
        }
        Ok(())
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        self.told.ends.store(true, Ordering::Relaxed);
    }
}

impl Told {
    /// Whether to work now; `None` at the end.
    fn next(&self) -> Option<bool> {
        if self.ends.load(Ordering::Relaxed) {
            return None;
        }
        let works = self.works.load(Ordering::Relaxed);
        if !works {
            std::thread::sleep(NAP);
        }
        Some(works)
    }
}
