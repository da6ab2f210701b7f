//! `report.html`: one page, without anything from elsewhere, that shows how a run goes.
//!
//! It is made of the log and of the pictures that validations wrote, so it can be made again at any time, and covers
//! a run from its first step however often it was interrupted.

mod page;
mod plot;
mod samples;
mod text;

use super::history::History;
use crate::files::write_whole;
use std::io;
use std::path::Path;

/// Name of the report in a run's folder.
pub const FILE: &str = "report.html";

/// Writes the report of a run, in one piece.
///
/// # Errors
/// If the file cannot be written. Pictures that cannot be read are left out.
pub fn write(folder: &Path, history: &History) -> io::Result<()> {
    let samples = samples::samples(folder, |step| history.validated.binary_search(&step).is_ok());
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    write_whole(&folder.join(FILE), page::page(&name, history, &samples).as_bytes())
}

#[cfg(test)]
mod tests;
