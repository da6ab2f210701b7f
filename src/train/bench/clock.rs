//! Which time is measured.

use serde::Serialize;
use std::time::{Duration, Instant};

/// A way to measure time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// The time that passes. Right for several threads; on a busy machine it grows with what others do.
    Wall,
    /// The time that the calling thread has the processor: the same on a busy machine, but for what others leave of its caches.
    Thread,
}

impl Clock {
    /// The one that suits work of so many threads, the calling one included.
    pub fn for_threads(threads: usize) -> Self {
        if threads == 1 && cfg!(unix) { Self::Thread } else { Self::Wall }
    }

    /// Seconds that all threads of the program have had a processor; `None` where the system does not say.
    pub fn process_seconds() -> Option<f64> {
        #[cfg(unix)]
        return Some(seconds_of(rustix::time::ClockId::ProcessCPUTime).as_secs_f64());
        #[cfg(not(unix))]
        None
    }

    /// Milliseconds that `work` takes, and what it gives.
    pub fn time<T>(self, work: impl FnOnce() -> T) -> (f64, T) {
        let (start, thread) = (Instant::now(), thread_time());
        let result = work();
        let taken = match self {
            Self::Wall => start.elapsed(),
            Self::Thread => thread_time().saturating_sub(thread),
        };
        (taken.as_secs_f64() * 1e3, result)
    }
}

#[cfg(unix)]
fn thread_time() -> Duration {
    seconds_of(rustix::time::ClockId::ThreadCPUTime)
}

#[cfg(unix)]
fn seconds_of(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(unix))]
fn thread_time() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_takes_time_but_no_processor() {
        let nap = || std::thread::sleep(Duration::from_millis(30));
        assert!(Clock::Wall.time(nap).0 >= 30.0);
        assert_eq!(Clock::for_threads(2), Clock::Wall);
        if Clock::for_threads(1) == Clock::Thread {
            assert!(Clock::Thread.time(nap).0 < 20.0);
        }
    }
}
