//! A folder of tunes, cleaned and split.
//!
//! Collections of traditional music print the same tune more than once, under other names and in other keys. A network
//! that had seen one copy would be tested on the other. So tunes that share much are gathered in families first, and a
//! family goes to one split as a whole:
//!
//! - The unit is the run of six (interval, duration) pairs, repeats not played, independent of key.
//! - Two tunes are kin if they share at least a quarter of the runs of the one that has fewer.
//! - Families are the connected parts of that relation. Of tunes with identical symbols only one is kept.
//! - Tunes of one origin are one family: the voices and the sections of a MIDI file, say.
//! - A family's part follows from the smallest hash of its tunes' symbols: 5 % test, 5 % validation, the rest
//!   training. Where there are less than 200 families, a tenth each, so that no part is left empty.

mod split;

use crate::music::abc::{self, Repeats};
use crate::music::encoding::EncodedTune;
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Fewest events of a tune.
const SHORTEST: usize = 16;
/// Most events of a tune with repeats played.
const LONGEST: usize = 1500;

/// One tune in both readings.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusTune {
    /// Title.
    pub title: String,
    /// What other tunes of the same origin share, such as a file's name; empty where it has none.
    pub origin: String,
    /// With repeats and endings played.
    pub played: EncodedTune,
    /// Each section once.
    pub once: EncodedTune,
}

/// Tunes in three parts that share no family.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// To learn from.
    pub train: Vec<CorpusTune>,
    /// To choose settings by.
    pub validation: Vec<CorpusTune>,
    /// To report on.
    pub test: Vec<CorpusTune>,
    /// What was read and what was left out.
    pub report: CorpusReport,
}

/// What became of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CorpusReport {
    /// Files read.
    pub files: usize,
    /// Tunes found in them.
    pub found: usize,
    /// Tunes left out for being too short, too long, or without notes.
    pub unfit: usize,
    /// Tunes left out for being the same as another, transposition aside.
    pub duplicates: usize,
    /// Families among the rest.
    pub families: usize,
    /// Tunes of the largest family.
    pub largest_family: usize,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<String>,
}

/// Why there is no corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A folder could not be listed.
    #[error("{path}: {error}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Nothing usable was found.
    #[error("no usable tunes in {folders}: {report:?}")]
    Empty {
        /// Where was looked.
        folders: String,
        /// What was met.
        report: Box<CorpusReport>,
    },
}

impl Corpus {
    /// One line for people.
    pub fn summary(&self) -> String {
        let r = &self.report;
        format!(
            "{} tunes in {} files; {} unfit, {} duplicates left out; {} families: {} tunes to learn from, {} to check with, {} to test",
            r.found,
            r.files,
            r.unfit,
            r.duplicates,
            r.families,
            self.train.len(),
            self.validation.len(),
            self.test.len()
        )
    }

    /// Reads all `.abc` files below `folders` and splits them.
    ///
    /// # Errors
    /// If a folder cannot be listed or nothing usable is found.
    pub fn open(folders: &[PathBuf]) -> Result<Self, CorpusError> {
        let mut files = Vec::new();
        for folder in folders {
            list(folder, &mut files).map_err(|error| CorpusError::Io { path: folder.clone(), error })?;
        }
        files.sort();
        let mut report = CorpusReport { files: files.len(), ..CorpusReport::default() };
        let mut tunes = Vec::new();
        for read in files.par_iter().map(|f| read_file(f)).collect::<Vec<_>>() {
            match read {
                Ok((found, fit)) => {
                    report.found += found;
                    tunes.extend(fit);
                }
                Err(reason) => report.unreadable.push(reason),
            }
        }
        report.unfit = report.found - tunes.len();
        let corpus = Self::split(tunes, report);
        if corpus.train.is_empty() {
            let folders = folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(CorpusError::Empty { folders, report: Box::new(corpus.report) });
        }
        Ok(corpus)
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("abc")) {
            files.push(path);
        }
    }
    Ok(())
}

/// Tunes found, and those fit for use; or why the file could not be read.
fn read_file(path: &Path) -> Result<(usize, Vec<CorpusTune>), String> {
    let explain = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let bytes = std::fs::read(path).map_err(|e| explain(&e))?;
    let text = String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
    let played = abc::read(&text, Repeats::Played).map_err(|e| explain(&e))?;
    let once = abc::read(&text, Repeats::Once).map_err(|e| explain(&e))?;
    let found = played.len();
    let pairs = played.into_iter().zip(once).filter_map(|(played, once)| {
        let title = played.melody.title.clone();
        let (played, once) = (EncodedTune::new(&played.melody)?, EncodedTune::new(&once.melody)?);
        let fit = once.tokens.len() >= SHORTEST && played.tokens.len() <= LONGEST;
        fit.then_some(CorpusTune { title, origin: String::new(), played, once })
    });
    Ok((found, pairs.collect()))
}
