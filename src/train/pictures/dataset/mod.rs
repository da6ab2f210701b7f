//! Folders of pictures as batches for training.
//!
//! What a batch holds follows from (the pictures, the seed, the position in training) and nothing else: a resumed run
//! sees what the unbroken one would have seen.

pub(in crate::train) mod catalogue;
pub(in crate::train) mod crop;
mod draw;
mod item;

use crate::train::fingerprint::Fingerprint;
use crate::train::history::Examples;
use crate::train::pictures::decode::Skip;
use item::{Item, Room};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No file in the folder is a picture of use.
    #[error("no pictures in {}: {skipped} files, none of use{}", folder.display(), first.as_deref().unwrap_or(""))]
    Empty {
        /// The folder asked for.
        folder: PathBuf,
        /// How many files there are.
        skipped: usize,
        /// Reason of the first, ready to be appended.
        first: Option<String>,
    },
    /// A split without pictures was asked for a batch.
    #[error("the {0:?} split holds no pictures; {1} in all")]
    EmptySplit(Split, usize),
    /// A picture that was there when the set was opened can no longer be read.
    #[error("{}: {reason}", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What happened to it.
        reason: Skip,
    },
    /// An option outside its range.
    #[error("{0}")]
    Option(String),
}

/// One folder among the sources of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Searched with all its subfolders.
    pub folder: PathBuf,
    /// Part of width and height cut off at each edge (frames, mounts, scanner borders): 0 up to 0.4.
    pub edge_crop: f32,
    /// Share of this source in every batch, relative to the other sources: above 0.
    pub weight: f32,
}

impl Source {
    /// A folder of which whole pictures are used.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), edge_crop: 0.0, weight: 1.0 }
    }
}

/// How pictures become training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Side `S` of the squares in pixels: 8 to 1024.
    pub size: usize,
    /// Part of the pictures kept for measuring: 0 up to 0.9. Which ones, their content decides.
    pub held_out: f32,
    /// Side of a random crop as part of the short side, smallest and largest: in (0, 1].
    pub crop: (f32, f32),
    /// Whether half of the crops are mirrored left to right.
    pub flip: bool,
    /// Bytes of unpacked pictures kept in memory; the others are read again each time.
    pub cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { size: 64, held_out: 0.1, crop: (0.75, 1.0), flip: true, cache_bytes: 1 << 30 }
    }
}

impl Options {
    fn check(&self, sources: &[Source]) -> Result<(), Error> {
        let wrong = |text: String| Err(Error::Option(text));
        if !(8..=1024).contains(&self.size) {
            return wrong(format!("picture size {}: 8 to 1024", self.size));
        }
        if !(0.0..=0.9).contains(&self.held_out) {
            return wrong(format!("held-out part {}: 0 to 0.9", self.held_out));
        }
        if !(self.crop.0 > 0.0 && self.crop.0 <= self.crop.1 && self.crop.1 <= 1.0) {
            return wrong(format!("crop from {} to {}: above 0, rising, at most 1", self.crop.0, self.crop.1));
        }
        for source in sources {
            if !(0.0..=0.4).contains(&source.edge_crop) {
                return wrong(format!("edge crop {} of {}: 0 to 0.4", source.edge_crop, source.folder.display()));
            }
            if !(source.weight > 0.0 && source.weight.is_finite()) {
                return wrong(format!("weight {} of {}: above 0", source.weight, source.folder.display()));
            }
        }
        if sources.is_empty() { wrong("no folder of pictures given".into()) } else { Ok(()) }
    }
}

/// Which pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Split {
    /// Those to learn from.
    Train,
    /// Those to measure with.
    HeldOut,
}

/// Pictures of shape `(N, 3, S, S)`: red, green, blue in −1 (black) to 1, the last axis running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `[N, 3, S, S]`.
    pub shape: [usize; 4],
    /// `N·3·S·S` values.
    pub data: Vec<f32>,
}

/// A file that is not used, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: Skip,
}

/// A set of pictures, opened once and shared by whoever draws batches.
pub struct Dataset {
    options: Options,
    sources: Vec<Source>,
    items: Vec<Item>,
    /// For each split, for each source: places in `items`.
    places: HashMap<Split, Vec<Vec<usize>>>,
    skipped: Vec<Skipped>,
}

impl Dataset {
    /// Reads every picture of every source once: checks it, decides its split, and keeps it in memory while the
    /// cache has room.
    ///
    /// A picture's split follows from its group (the artist, where the folder holds a museum's `objects.json`), or
    /// from its content; so it stays when files are renamed or added.
    ///
    /// # Errors
    /// [`Error::Option`] outside the ranges, [`Error::Io`] for a folder that cannot be read, [`Error::Empty`] for a
    /// source without a single picture. Single files that are of no use are listed by [`Dataset::skipped`].
    pub fn open(sources: &[Source], options: &Options) -> Result<Self, Error> {
        options.check(sources)?;
        let (mut items, mut skipped): (Vec<Item>, Vec<Skipped>) = (Vec::new(), Vec::new());
        // Which pictures find room depends on who comes first; what batches hold does not.
        let room = Room(options.cache_bytes.into());
        for (number, source) in sources.iter().enumerate() {
            let files = files_in(&source.folder)?;
            let groups = catalogue::groups(&source.folder)?;
            let read = files.par_iter().map(|path| {
                Item::read(path, number, source, options.size, &groups, &room)
                    .map_err(|reason| Skipped { path: path.clone(), reason })
            });
            let (before, unused) = (items.len(), skipped.len());
            for outcome in read.collect::<Vec<_>>() {
                match outcome {
                    Ok(item) => items.push(item),
                    Err(why) => skipped.push(why),
                }
            }
            if items.len() == before {
                let first = skipped.get(unused).map(|s| format!(" (the first: {} is {})", s.path.display(), s.reason));
                let folder = source.folder.clone();
                return Err(Error::Empty { folder, skipped: skipped.len() - unused, first });
            }
        }
        // In the order of their content, so that names do not matter.
        items.sort_by_key(|item| (item.source, item.hash));
        let mut unique: Vec<Item> = Vec::with_capacity(items.len());
        for item in items {
            match unique.last() {
                Some(last) if last.source == item.source && last.hash == item.hash => {
                    let reason = Skip::Repeated(last.path.display().to_string());
                    skipped.push(Skipped { path: item.path, reason });
                }
                _ => unique.push(item),
            }
        }
        let mut places = HashMap::new();
        for split in [Split::Train, Split::HeldOut] {
            let mut lists = vec![Vec::new(); sources.len()];
            for (place, item) in unique.iter().enumerate().filter(|(_, item)| item.split(options.held_out) == split) {
                lists[item.source].push(place);
            }
            places.insert(split, lists);
        }
        Ok(Self { options: options.clone(), sources: sources.to_vec(), items: unique, places, skipped })
    }

    /// Pictures in a split.
    pub fn count(&self, split: Split) -> usize {
        self.places[&split].iter().map(Vec::len).sum()
    }

    /// Files that are not used, in the order of the folders.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Stands for the pictures, the folder that each is from and its split, whatever their files are called.
    pub fn fingerprint(&self) -> u64 {
        let of = |all: Fingerprint, item: &Item| {
            let held_out = item.split(self.options.held_out) == Split::HeldOut;
            all.with((item.source as u64).to_le_bytes()).with([u8::from(held_out)]).with(item.hash)
        };
        self.items.iter().fold(Fingerprint::default(), of).number()
    }

    /// What was said of the folders, in their order, without their names: settings that a resumed run must share.
    pub fn said_of_folders(&self) -> serde_json::Value {
        // As they were given: 0.08, not the nearest number of 32 bits.
        let round = |value: f32| (f64::from(value) * 1e6).round() / 1e6;
        let of = |part: fn(&Source) -> f32| self.sources.iter().map(part).map(round).collect::<Vec<_>>();
        json!({"edge_crop": of(|s| s.edge_crop), "weight": of(|s| s.weight)})
    }

    /// How much there is to learn from, where fewer than `enough` pictures are soon learnt by heart.
    pub fn examples(&self, enough: usize) -> Examples {
        Examples { count: self.count(Split::Train), enough, what: "pictures".into() }
    }

    /// The set in names and values, for a report: what is held out, what is of no use, and as what pictures are `seen`.
    pub fn about(&self, seen: &str) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        vec![
            pair("pictures held out", self.count(Split::HeldOut).to_string()),
            pair("files of no use", self.skipped.len().to_string()),
            pair("seen as", format!("squares of {} pixels, {seen}", self.options.size)),
        ]
    }

    /// How it was opened.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The batch of one training step: `count` random crops of the training pictures.
    ///
    /// # Errors
    /// As [`Dataset::sample`].
    pub fn batch(&self, seed: u64, step: u64, count: usize) -> Result<Batch, Error> {
        self.sample(Split::Train, seed, step.saturating_mul(count as u64), count)
    }

    /// [`Dataset::batch`] for a run that goes on without its pictures: grey where one that was there when the set was
    /// opened can no longer be read, which is told on the standard error.
    pub(in crate::train) fn batch_or_grey(&self, seed: u64, step: u64, count: usize) -> Batch {
        self.batch(seed, step, count).unwrap_or_else(|error| {
            eprintln!("warning: {error}; step {step} learns from grey");
            let shape = [count, 3, self.options.size, self.options.size];
            Batch { shape, data: vec![0.0; shape.iter().product()] }
        })
    }

    /// Crops number `first` to `first + count` of the endless sequence that `seed` stands for. Every source goes round
    /// in shuffled rounds: no picture comes again before all of its source have come.
    ///
    /// # Errors
    /// [`Error::EmptySplit`], and [`Error::Lost`] where a picture outside the cache can no longer be read.
    pub fn sample(&self, split: Split, seed: u64, first: u64, count: usize) -> Result<Batch, Error> {
        let draws = self.draws(split, seed, first, count)?;
        self.gather(draws.into_iter().map(|(place, rng)| (place, Some(rng))).collect())
    }

    /// Centre squares of the pictures number `first` to `first + count` of a split, unmirrored; fewer at its end.
    ///
    /// # Errors
    /// As [`Dataset::sample`].
    pub fn centres(&self, split: Split, first: usize, count: usize) -> Result<Batch, Error> {
        let places = self.places[&split].iter().flatten().skip(first).take(count);
        self.gather(places.map(|&place| (place, None)).collect())
    }

    fn gather(&self, draws: Vec<(usize, Option<rand_chacha::ChaCha8Rng>)>) -> Result<Batch, Error> {
        let size = self.options.size;
        let mut data = vec![0.0; draws.len() * 3 * size * size];
        let shape = [draws.len(), 3, size, size];
        for ((place, rng), out) in draws.into_iter().zip(data.chunks_mut(3 * size * size)) {
            let item = &self.items[place];
            let lost = |reason| Error::Lost { path: item.path.clone(), reason };
            let picture = item.picture(size).map_err(lost)?;
            let area = match rng {
                Some(mut rng) => crop::random(picture.dimensions(), &self.options, &mut rng),
                None => crop::centre(picture.dimensions()),
            };
            crop::write(&picture, area, size, out).map_err(|e| lost(Skip::Broken(e)))?;
        }
        Ok(Batch { shape, data })
    }
}

/// All files of a folder and its subfolders in a fixed order; what begins with a dot, links to folders, and text
/// files beside pictures are left out.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let io = |source| Error::Io { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let text = path.extension().is_some_and(|e| ["json", "toml", "txt", "md", "csv"].iter().any(|t| e == *t));
            if hidden || text {
                continue;
            }
            if entry.file_type().map_err(io)?.is_dir() {
                open.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
