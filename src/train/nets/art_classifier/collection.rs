//! Pictures with their classes, dealt out to folds so that nobody's works stand on both sides.

use crate::train::fingerprint::Fingerprint;
use crate::train::pictures::dataset::{Error, Skipped, catalogue, crop, files_in};
use crate::train::pictures::decode::{self, Skip};
use crate::train::pictures::procedural::gallery::{MANIFEST, Manifest};
use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Short side that pictures are kept at, at most.
pub const KEPT: usize = 224;
/// Bytes of unpacked pictures kept in memory; the others are read again each time.
const ROOM: usize = 1 << 30;
/// Fewest pictures of a class.
const FEWEST: usize = 4;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// A folder cannot be read.
    #[error(transparent)]
    Pictures(#[from] Error),
    /// There are not two classes.
    #[error("{}: {classes} subfolders with pictures; one for each class is needed, and two classes at least", folder.display())]
    Classes {
        /// The folder.
        folder: PathBuf,
        /// Classes found.
        classes: usize,
    },
    /// A class has too few pictures.
    #[error("{}: class {class} has {pictures} pictures of use; at least {FEWEST} are needed", folder.display())]
    Few {
        /// The folder.
        folder: PathBuf,
        /// Name of the class.
        class: String,
        /// Pictures found.
        pictures: usize,
    },
}

/// One picture.
pub struct Item {
    /// Its file.
    pub path: PathBuf,
    /// Number of its class.
    pub class: usize,
    /// Who made it, or its own hash where that is not known.
    group: String,
    hash: [u8; 32],
    edge_crop: f32,
    kept: Option<RgbImage>,
}

impl Item {
    /// The picture without its edges, its short side at most [`KEPT`].
    ///
    /// # Errors
    /// Where the file can no longer be read.
    pub fn picture(&self) -> Result<Cow<'_, RgbImage>, Skip> {
        match &self.kept {
            Some(picture) => Ok(Cow::Borrowed(picture)),
            None => prepare(&decode::read(&self.path)?, self.edge_crop).map(Cow::Owned),
        }
    }

    /// The centre square as `(3, side, side)` in −1 … 1.
    ///
    /// # Errors
    /// As [`Item::picture`].
    pub fn centre(&self, side: usize) -> Result<Vec<f32>, Skip> {
        let picture = self.picture()?;
        let mut planes = vec![0.0; 3 * side * side];
        crop::write(&picture, crop::centre(picture.dimensions()), side, &mut planes).map_err(Skip::Broken)?;
        Ok(planes)
    }
}

fn prepare(bytes: &[u8], edge_crop: f32) -> Result<RgbImage, Skip> {
    crop::shrink(decode::decode(bytes)?, edge_crop, KEPT).map_err(Skip::Broken)
}

/// A folder with one subfolder for each class.
pub struct Collection {
    /// Names of the classes, in order.
    pub classes: Vec<String>,
    /// All pictures, in the order of class and content.
    pub items: Vec<Item>,
    /// Files of no use.
    pub skipped: Vec<Skipped>,
}

impl Collection {
    /// Reads every picture once. A picture's artist is taken from a museum's `objects.json` in the folder, and what `oneiro data
    /// procedural` painted is kept together by its way of painting; all others stand for themselves. Of the same bytes under several names
    /// the first counts.
    ///
    /// `edge_crop` is the part cut off at each edge of every picture, of all classes alike: 0 up to 0.4.
    ///
    /// # Errors
    /// [`CollectionError`].
    pub fn open(folder: &Path, edge_crop: f32) -> Result<Self, CollectionError> {
        if !(0.0..=0.4).contains(&edge_crop) {
            return Err(Error::Option(format!("edge crop {edge_crop}: 0 to 0.4")).into());
        }
        let io = |source| Error::Io { path: folder.to_owned(), source };
        let entries = std::fs::read_dir(folder).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
        let shown = entries.into_iter().filter(|e| !e.file_name().to_string_lossy().starts_with('.'));
        let mut folders: Vec<PathBuf> = shown.map(|e| e.path()).filter(|p| p.is_dir()).collect();
        folders.sort();
        let artists = catalogue::groups(folder)?;
        let room = AtomicUsize::new(ROOM);
        let (mut classes, mut items, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for path in folders {
            let families = families(&path);
            let read = |file: &PathBuf| {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let group = artists.get(&stem).or_else(|| families.get(&stem)).cloned();
                read(file, classes.len(), group, edge_crop, &room)
                    .map_err(|reason| Skipped { path: file.clone(), reason })
            };
            let files = files_in(&path)?;
            if files.is_empty() {
                continue;
            }
            let found: Vec<Result<Item, Skipped>> = files.par_iter().map(read).collect();
            let mut here = Vec::new();
            for item in found {
                match item {
                    Ok(item) if known.insert(item.hash) => here.push(item),
                    Ok(item) => {
                        skipped.push(Skipped { path: item.path, reason: Skip::Repeated("another file".into()) })
                    }
                    Err(why) => skipped.push(why),
                }
            }
            let class = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if here.len() < FEWEST {
                return Err(CollectionError::Few { folder: folder.to_owned(), class, pictures: here.len() });
            }
            here.sort_by_key(|item| item.hash);
            classes.push(class);
            items.extend(here);
        }
        if classes.len() < 2 {
            return Err(CollectionError::Classes { folder: folder.to_owned(), classes: classes.len() });
        }
        Ok(Self { classes, items, skipped })
    }

    /// The fold of each picture, `0 … folds − 1`: whole groups, largest first, each where its classes are rarest so far.
    pub fn folds(&self, folds: usize) -> Vec<usize> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            groups.entry(&item.group).or_default().push(at);
        }
        let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
        groups.sort_by_key(|(name, members)| {
            (std::cmp::Reverse(members.len()), Sha256::digest(name.as_bytes()).to_vec())
        });
        let totals = self.counts();
        let mut filled = vec![vec![0.0; self.classes.len()]; folds.max(1)];
        let mut fold_of = vec![0; self.items.len()];
        for (_, members) in groups {
            // How full a fold is of the classes that this group would bring.
            let fullness = |fold: &[f64]| members.iter().map(|&at| fold[self.items[at].class]).sum::<f64>();
            let best =
                (0..filled.len()).min_by(|&a, &b| fullness(&filled[a]).total_cmp(&fullness(&filled[b]))).unwrap_or(0);
            for at in members {
                let class = self.items[at].class;
                filled[best][class] += 1.0 / totals[class] as f64;
                fold_of[at] = best;
            }
        }
        fold_of
    }

    /// Pictures of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.items.iter().for_each(|item| counts[item.class] += 1);
        counts
    }

    /// A number below 2⁴⁸ that stands for the pictures and their classes: another one for other data.
    pub fn fingerprint(&self) -> u64 {
        let of = |all: Fingerprint, item: &Item| all.with(&self.classes[item.class]).with(item.hash);
        self.items.iter().fold(Fingerprint::default(), of).number()
    }
}

/// File stem → way of painting, from the list of a painted folder; empty without one.
fn families(folder: &Path) -> HashMap<String, String> {
    let list = std::fs::read(folder.join(MANIFEST)).ok();
    let list = list.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let entries = list.into_iter().flat_map(|m| m.pictures);
    let stem = |file: &str| Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    entries.map(|e| (stem(&e.file), format!("painted: {}", e.family.name()))).collect()
}

fn read(path: &Path, class: usize, group: Option<String>, edge_crop: f32, room: &AtomicUsize) -> Result<Item, Skip> {
    let bytes = decode::read(path)?;
    let picture = prepare(&bytes, edge_crop)?;
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    let size = picture.as_raw().len();
    let fits = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size)).is_ok();
    let group = group.unwrap_or_else(|| format!("{:x}", Sha256::digest(hash)));
    Ok(Item { path: path.to_owned(), class, group, hash, edge_crop, kept: fits.then_some(picture) })
}
