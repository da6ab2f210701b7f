use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// How much of its time the audio callback takes: told by the audio thread alone, read by anyone.
#[derive(Debug, Default)]
pub struct Load {
    blocks: AtomicU64,
    newest: AtomicU32,
    worst: AtomicU32,
    frames: AtomicU32,
}

impl Load {
    /// A block was played.
    ///
    /// # Realtime Safety
    /// Four atomic operations.
    pub(super) fn tell(&self, spent_ns: u64, frames: usize, rate: u32) {
        let length_ns = frames as f64 * 1e9 / f64::from(rate.max(1));
        let share = (1e4 * spent_ns as f64 / length_ns.max(1.0)).min(1e9) as u32;
        self.newest.store(share, Ordering::Relaxed);
        self.worst.fetch_max(share, Ordering::Relaxed);
        self.frames.store(frames as u32, Ordering::Relaxed);
        // Counted last, so that who sees the block counted sees its figures.
        self.blocks.fetch_add(1, Ordering::Release);
    }

    /// Blocks that were played; what is read after this is no older than the last of them.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Acquire)
    }

    /// Audio frames of the newest block.
    pub fn frames(&self) -> u32 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Share of the newest block's length that playing it took; 1 is all of it.
    pub fn newest(&self) -> f64 {
        f64::from(self.newest.load(Ordering::Relaxed)) / 1e4
    }

    /// The highest share since this was last asked.
    pub fn take_worst(&self) -> f64 {
        f64::from(self.worst.swap(0, Ordering::Relaxed)) / 1e4
    }
}
