use crate::memory::resident;
use serde::Serialize;

/// Memory of the whole program as it grows: resident pages, in bytes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Memory {
    /// What was there, and how much the program had then.
    pub steps: Vec<(String, u64)>,
}

impl Memory {
    /// Notes how much there is now. Nothing where the system does not say (only Linux does).
    pub fn note(&mut self, what: &str) {
        self.steps.extend(resident().map(|bytes| (what.to_owned(), bytes)));
    }
}

/// How many threads wanted the processor at a time, on the average of the last minute; `None` where the system does not
/// say.
pub fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
