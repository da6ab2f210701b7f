//! How busy processors were while something ran.

use oneiro::train::bench::Clock;
use serde::Serialize;
use std::time::Instant;

/// What Linux counts in a second for programs, whatever it does inside.
#[cfg(target_os = "linux")]
const TICKS: f64 = 100.0;

/// What was counted when something began.
pub struct Counted {
    began: Instant,
    own: Option<f64>,
    helpers: Option<f64>,
    each: Vec<Ticks>,
}

/// What a processor did since the machine began, in the system's ticks.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    idle: u64,
    all: u64,
}

/// How busy processors were on the average. What the system does not say is left out; only Linux says all of it.
#[derive(Debug, Serialize)]
pub struct Load {
    /// Processors that this program had.
    pub own: Option<f64>,
    /// Processors that the programs had which it started, and which have ended: ffmpeg.
    pub helpers: Option<f64>,
    /// Share of its time that each processor was at work, for whomever: 0 to 1.
    pub each: Vec<f64>,
}

impl Counted {
    /// Begins to count.
    pub fn begin() -> Self {
        Self { began: Instant::now(), own: Clock::process_seconds(), helpers: helpers(), each: each() }
    }

    /// What there was since.
    pub fn end(self) -> Load {
        let passed = self.began.elapsed().as_secs_f64();
        let busy = |before: Option<f64>, now: Option<f64>| Some((now? - before?) / passed);
        let share = |(before, now): (&Ticks, &Ticks)| {
            1.0 - now.idle.saturating_sub(before.idle) as f64 / now.all.saturating_sub(before.all).max(1) as f64
        };
        Load {
            own: busy(self.own, Clock::process_seconds()),
            helpers: busy(self.helpers, helpers()),
            each: self.each.iter().zip(&each()).map(share).collect(),
        }
    }
}

/// Seconds that programs had a processor which this one started and which have ended.
fn helpers() -> Option<f64> {
    #[cfg(target_os = "linux")]
    {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // After the name, which may have anything in it: `cutime` and `cstime`, the fields 16 and 17 of proc(5).
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: u64 = fields.get(13..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<_>>()?;
        Some(ticks as f64 / TICKS)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Each processor, in order.
fn each() -> Vec<Ticks> {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let processors = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    let ticks = |line: &str| {
        // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in user.
        let fields: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        Ticks { idle: fields.iter().skip(3).take(2).sum(), all: fields.iter().sum() }
    };
    processors.map(ticks).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_and_its_helpers_do_is_counted() {
        let counted = Counted::begin();
        let work = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
        assert!(std::process::Command::new("sh").args(["-c", work]).status().unwrap().success());
        let load = counted.end();
        assert!(load.helpers.unwrap() > 0.01 && load.own.is_some(), "{load:?}");
        assert!(!load.each.is_empty() && load.each.iter().all(|share| (0.0..=1.0).contains(share)), "{load:?}");
        assert!(load.each.iter().sum::<f64>() > 0.9 * load.helpers.unwrap().min(1.0), "{load:?}");
    }
}
