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

/// A number of a file of `/proc`: the first after `key`.
fn number(file: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let (_, after) = text.split_once(key)?;
    after.split_whitespace().next()?.parse().ok()
}

/// Resident pages of the whole program, in bytes; `None` where the system does not say.
pub fn resident() -> Option<u64> {
    number("/proc/self/status", "VmRSS:").map(|kilobytes| kilobytes as u64 * 1024)
}

/// How many threads wanted the processor at a time, on the average of the last minute; `None` where the system does not
/// say.
pub fn load_average() -> Option<f64> {
    number("/proc/loadavg", "")
}
