//! `oneiro data classes`: pictures laid out by class.

use super::answer;
use anyhow::Result;
use oneiro::train::pictures::classes::lay_out;
use std::path::Path;

/// Lays them out and says what there is.
pub fn run(paintings: &Path, abstracts: &Path, year: i64, out: &Path, as_json: bool) -> Result<()> {
    let laid = lay_out(paintings, abstracts, year, out)?;
    if as_json {
        return answer(&serde_json::to_string_pretty(&laid)?);
    }
    let parts: Vec<String> = laid.classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
    answer(&format!("{}: {}; {} paintings are not in the catalogue", out.display(), parts.join(", "), laid.unknown))
}
