use crate::sync::{AtomicU64, Ordering};
use serde::Serialize;

/// A count that one thread raises and any thread reads.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    ///
    /// # Realtime Safety
    /// One relaxed atomic addition.
    pub fn raise(&self) {
        self.add(1);
    }

    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

/// What went wrong on the audio side, counted since the stage was built. All zero in a healthy performance.
#[derive(Debug, Default, Serialize)]
pub struct Counters {
    /// Messages to the composer that found their ring full.
    pub heard_dropped: Count,
    /// Messages to the pictures that found their ring full.
    pub show_dropped: Count,
    /// Plans the composer could not send because its ring was full.
    pub plans_refused: Count,
    /// Plans the schedule queue had no room for.
    pub queue_full: Count,
    /// Notes that came after their time and were dropped.
    pub late_dropped: Count,
    /// Notes that came after their time and were moved to the next grid step.
    pub late_moved: Count,
    /// Plans made for a stretch of time that a stop or a jump has ended.
    pub stale: Count,
    /// Plans, player events or transports with values out of range.
    pub malformed: Count,
    /// Voices cut short because all were in use.
    pub voices_stolen: Count,
    /// What a player did and found its ring to the instrument full.
    pub orders_dropped: Count,
    /// What the instrument had to tell and found its ring full.
    pub reports_dropped: Count,
}
