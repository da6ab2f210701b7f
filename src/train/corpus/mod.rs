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

use super::listing::list;
use super::tunes::{FileTunes, SourceTune, Track, is_music, read_file};
use crate::music::encoding::EncodedTune;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Reasons kept word by word.
const KEPT_REASONS: usize = 100;

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
    /// Reason → tunes, or files as a whole, that were left out for it.
    pub skipped: BTreeMap<String, usize>,
    /// The first files that are of no use as a whole, with the reason.
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
    #[error("no usable tunes in {folders}: {report}")]
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

    /// Reads all ABC and MIDI files below `folders` and splits them; of MIDI files the part most likely to be the
    /// melody.
    ///
    /// # Errors
    /// If a folder cannot be listed or nothing usable is found.
    pub fn open(folders: &[PathBuf]) -> Result<Self, CorpusError> {
        Self::open_tracks(folders, Track::Best)
    }

    /// As [`Corpus::open`], with a choice of the parts of MIDI files.
    ///
    /// # Errors
    /// As [`Corpus::open`].
    pub fn open_tracks(folders: &[PathBuf], track: Track) -> Result<Self, CorpusError> {
        let mut files = Vec::new();
        let mut report = CorpusReport::default();
        for folder in folders {
            let listing = list(folder).map_err(|error| CorpusError::Io { path: folder.clone(), error })?;
            files.extend(listing.files.into_iter().filter(|file| is_music(file)));
            report.unreadable.extend(listing.unreadable.iter().map(|(path, why)| format!("{}: {why}", path.display())));
        }
        report.files = files.len();
        // Coded at once: of 100,000 files no more is kept than their symbols.
        let read = files.par_iter().map(|file| {
            let FileTunes { tunes, skipped } = read_file(file, track);
            (tunes.iter().filter_map(CorpusTune::new).collect::<Vec<_>>(), skipped)
        });
        let mut tunes = Vec::new();
        for (file, (fit, skipped)) in files.iter().zip(read.collect::<Vec<_>>()) {
            report.found += fit.len();
            tunes.extend(fit);
            for (title, reason) in skipped {
                report.found += usize::from(!title.is_empty());
                report.unfit += usize::from(!title.is_empty());
                *report.skipped.entry(reason.name().to_owned()).or_default() += 1;
                if title.is_empty() && report.unreadable.len() < KEPT_REASONS {
                    report.unreadable.push(format!("{}: {reason}", file.display()));
                }
            }
        }
        let corpus = Self::split(tunes, report);
        if corpus.train.is_empty() {
            let folders = folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(CorpusError::Empty { folders, report: Box::new(corpus.report) });
        }
        Ok(corpus)
    }
}

impl CorpusTune {
    /// A tune in symbols; `None` where nothing sounds.
    pub fn new(tune: &SourceTune) -> Option<Self> {
        let (played, once) = (EncodedTune::new(&tune.played)?, EncodedTune::new(&tune.once)?);
        Some(Self { title: tune.title.clone(), origin: tune.origin.clone(), played, once })
    }
}

impl fmt::Display for CorpusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files of ABC or MIDI", self.files)?;
        for (reason, count) in &self.skipped {
            write!(f, ", {count} {reason}")?;
        }
        if let Some(first) = self.unreadable.first() {
            write!(f, " (the first: {first})")?;
        }
        Ok(())
    }
}
