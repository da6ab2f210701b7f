//! The turns of what runs again and again, and may be ended in the middle of one: by a watchdog that never waits, and never ends
//! another turn than the one that it judged. `tests/seam_loom.rs` tries both in every order.

use crate::sync::{AtomicU64, Ordering};

/// A count of begins and ends: odd while it runs. A verdict takes its place for ever.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU64);

/// Why something was ended. The numbers are even, for then nothing runs, and beyond what counting reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Verdict {
    /// It took too long.
    TooLong = u64::MAX - 1,
    /// It took too much memory.
    TooLarge = u64::MAX - 3,
}

impl Turn {
    /// Whether something runs in this turn.
    pub fn runs(turn: u64) -> bool {
        turn % 2 == 1
    }

    /// The present turn. Whoever sees a verdict sees what was done before it was given.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// It begins, or is done: false where it was ended, now or once before.
    pub fn step(&self) -> bool {
        let turn = self.0.load(Ordering::Relaxed);
        turn < Verdict::TooLarge as u64 && self.changes(turn, turn + 1)
    }

    /// Ends what runs in a turn: false where that is over, and another verdict or another turn stands.
    pub fn end(&self, turn: u64, verdict: Verdict) -> bool {
        Self::runs(turn) && self.changes(turn, verdict as u64)
    }

    /// Why it was ended, if it was.
    pub fn verdict(&self) -> Option<Verdict> {
        let turn = self.get();
        [Verdict::TooLong, Verdict::TooLarge].into_iter().find(|verdict| *verdict as u64 == turn)
    }

    fn changes(&self, from: u64, to: u64) -> bool {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}
