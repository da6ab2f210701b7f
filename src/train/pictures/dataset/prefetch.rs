//! Batches made ahead on a thread of their own, so that reading and scaling cost the trainer nothing.

use super::{Batch, Dataset, Error};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// The batches of training steps in order, some of them made ahead.
pub struct Prefetch {
    batches: Option<Receiver<Result<Batch, Error>>>,
    worker: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Starts with the batch of `first_step`; up to `ahead` wait ready (at least one).
    pub fn start(dataset: Arc<Dataset>, seed: u64, first_step: u64, count: usize, ahead: usize) -> Self {
        let (send, batches) = sync_channel(ahead.max(1));
        let worker = std::thread::spawn(move || {
            for step in first_step.. {
                let batch = dataset.batch(seed, step, count);
                let last = batch.is_err();
                if send.send(batch).is_err() || last {
                    break;
                }
            }
        });
        Self { batches: Some(batches), worker: Some(worker) }
    }

    /// The next step's batch: the same as [`Dataset::batch`] gives.
    ///
    /// # Errors
    /// Those of [`Dataset::batch`]; after the first one, [`Error::Prefetch`].
    pub fn next_batch(&mut self) -> Result<Batch, Error> {
        self.batches.as_ref().and_then(|b| b.recv().ok()).unwrap_or(Err(Error::Prefetch))
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // Without a receiver the worker's next send fails, and it ends.
        self.batches = None;
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            tracing::warn!("the thread that prepares batches panicked");
        }
    }
}
