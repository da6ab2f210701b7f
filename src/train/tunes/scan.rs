//! What files of music hold, before they are trained on.

use super::{FileTunes, Skip, SourceTune, Track, read_file};
use crate::music::encoding::{EncodedTune, bar_steps};
use crate::music::{Melody, PitchClassWeights, estimate_key};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Serialize)]
pub struct MusicReport {
    /// Files read.
    pub files: usize,
    /// Tunes fit for use; a MIDI file may hold several.
    pub tunes: usize,
    /// Notes that sound in them, each section once.
    pub notes: usize,
    /// Key, as estimated from what sounds → tunes.
    pub keys: BTreeMap<String, usize>,
    /// Metre → tunes.
    pub metres: BTreeMap<String, usize>,
    /// Length in bars, each section once: the upper end of a range → tunes.
    pub bars: BTreeMap<u32, usize>,
    /// Lowest and highest pitch, as MIDI keys; `None` without tunes.
    pub range: Option<(u8, u8)>,
    /// Reason → tunes, or files as a whole, that are not used.
    pub skipped_by_reason: BTreeMap<String, usize>,
    /// Each file or tune that is not used, with its reason.
    pub skipped: Vec<SkippedTune>,
    /// Groups of tunes that are the same, transposition aside.
    pub duplicates: Vec<Vec<String>>,
    /// The first tunes, for showing.
    #[serde(skip)]
    pub shown: Vec<Melody>,
}

/// A file, or a tune in it, that is not used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkippedTune {
    /// The file.
    pub path: PathBuf,
    /// The tune's title; empty for the file as a whole.
    pub title: String,
    /// Why.
    pub reason: Skip,
}

/// What is kept of a tune.
struct Look {
    name: String,
    symbols: [u8; 16],
    notes: usize,
    key: Option<String>,
    metre: String,
    bars: u32,
    range: Option<(u8, u8)>,
    melody: Option<Melody>,
}

/// Reads every tune of `files`; of MIDI files the parts that `track` says. `seen` is called after each file. Melodies
/// of the first `shown` files are kept.
pub fn scan(files: &[PathBuf], track: Track, shown: usize, seen: &(dyn Fn() + Sync)) -> MusicReport {
    let looks = files.par_iter().enumerate().map(|(number, path)| {
        let FileTunes { tunes, skipped } = read_file(path, track);
        let looks = tunes.into_iter().filter_map(|tune| look(path, tune, number < shown)).collect::<Vec<_>>();
        seen();
        (looks, skipped)
    });
    let mut report = MusicReport {
        files: files.len(),
        tunes: 0,
        notes: 0,
        keys: BTreeMap::new(),
        metres: BTreeMap::new(),
        bars: BTreeMap::new(),
        range: None,
        skipped_by_reason: BTreeMap::new(),
        skipped: Vec::new(),
        duplicates: Vec::new(),
        shown: Vec::new(),
    };
    let mut same: HashMap<[u8; 16], Vec<String>> = HashMap::new();
    for (path, (looks, skipped)) in files.iter().zip(looks.collect::<Vec<_>>()) {
        for look in looks {
            report.add(&look);
            if report.shown.len() < shown {
                report.shown.extend(look.melody);
            }
            same.entry(look.symbols).or_default().push(look.name);
        }
        for (title, reason) in skipped {
            *report.skipped_by_reason.entry(reason.name().to_owned()).or_default() += 1;
            report.skipped.push(SkippedTune { path: path.clone(), title, reason });
        }
    }
    report.duplicates = same.into_values().filter(|group| group.len() > 1).collect();
    report.duplicates.sort();
    report
}

impl MusicReport {
    fn add(&mut self, look: &Look) {
        self.tunes += 1;
        self.notes += look.notes;
        *self.keys.entry(look.key.clone().unwrap_or_else(|| "none".into())).or_default() += 1;
        *self.metres.entry(look.metre.clone()).or_default() += 1;
        *self.bars.entry(look.bars.next_power_of_two()).or_default() += 1;
        let both = |(a, b): (u8, u8), (c, d): (u8, u8)| (a.min(c), b.max(d));
        self.range = match (self.range, look.range) {
            (Some(a), Some(b)) => Some(both(a, b)),
            (a, b) => a.or(b),
        };
    }
}

fn look(path: &Path, tune: SourceTune, keep: bool) -> Option<Look> {
    let coded = EncodedTune::new(&tune.once)?;
    let symbols = coded.tokens.iter().flat_map(|t| [t.duration, t.pitch]).collect::<Vec<_>>();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let steps = tune.once.steps() + u64::from(tune.once.start_step);
    Some(Look {
        name: if tune.title.is_empty() { file.into_owned() } else { format!("{file}: {}", tune.title) },
        symbols: Sha256::digest(symbols)[..16].try_into().expect("16 bytes"),
        notes: coded.notes(),
        key: estimate_key(&PitchClassWeights::of_melody(&tune.once)).map(|e| e.key.to_string()),
        metre: tune.once.metre.to_string(),
        bars: steps.div_ceil(u64::from(bar_steps(tune.once.metre))) as u32,
        range: tune.once.range(),
        melody: keep.then_some(tune.once),
    })
}
