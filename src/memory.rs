//! How much memory the program takes.

/// Bytes of the whole program that lie in the machine's memory; `None` where the system does not say (only Linux does).
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let (_, after) = status.split_once("VmRSS:")?;
    let kilobytes: u64 = after.split_whitespace().next()?.parse().ok()?;
    Some(1024 * kilobytes)
}
