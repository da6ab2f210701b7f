//! One steady clock for all programs of a machine, so that moments can travel between them.

/// Nanoseconds of a clock that never runs backwards and that all programs share: on Unix `CLOCK_MONOTONIC`. Elsewhere the
/// system's time when the program first asked, and steady from there on, which differs between programs by what that
/// time was moved meanwhile.
///
/// # Realtime Safety
/// One read of the clock, which systems answer without a call into the kernel; elsewhere the first read may wait.
pub fn now_ns() -> u64 {
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        u64::try_from(now.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000)
            + u64::try_from(now.tv_nsec).unwrap_or(0)
            + HEAD_START_NS
    }
    #[cfg(not(unix))]
    {
        use std::sync::OnceLock;
        use std::time::{Instant, SystemTime, UNIX_EPOCH};
        static START: OnceLock<(Instant, u64)> = OnceLock::new();
        let begun = || {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            (Instant::now(), time.as_nanos() as u64)
        };
        let (start, ns) = START.get_or_init(begun);
        ns + start.elapsed().as_nanos() as u64 + HEAD_START_NS
    }
}

/// So that moments just before the first reading exist.
const HEAD_START_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_go_as_time_does() {
        // Each reading of the one clock lies between two of the other, however long the system takes in between.
        let outer = std::time::Instant::now();
        let before = now_ns();
        let inner = std::time::Instant::now();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let least = inner.elapsed().as_nanos() as u64;
        let gone = now_ns() - before;
        let most = outer.elapsed().as_nanos() as u64;
        assert!(before > HEAD_START_NS && (least..=most).contains(&gone), "{least} {gone} {most}");
    }
}
