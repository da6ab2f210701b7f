//! A folder full of paintings, and a list of what they are.

use super::{Family, paint};
use crate::files::write_whole;
use crate::train::pictures::sheet::save_png;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Name of the list beside the pictures.
pub const MANIFEST: &str = "manifest.json";

/// What to paint.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How many pictures.
    pub count: usize,
    /// Side in pixels, within [`super::SIZES`].
    pub size: u32,
    /// What all of them follow from.
    pub seed: u64,
    /// Taken in turn; all of them if empty.
    pub families: Vec<Family>,
}

/// The list of a painted folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this list: 1.
    pub version: u32,
    /// Who painted, and the release.
    pub painter: String,
    /// Side of the pictures in pixels.
    pub size: u32,
    /// Seed of the folder.
    pub seed: u64,
    /// In the order of their numbers.
    pub pictures: Vec<Entry>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// File name in the folder.
    pub file: String,
    /// How it was painted.
    pub family: Family,
    /// The seed to give to [`paint`].
    pub seed: u64,
}

impl Manifest {
    /// The command that paints the folder again.
    pub fn command(&self) -> String {
        let mut families: Vec<&str> = Vec::new();
        for name in self.pictures.iter().map(|p| p.family.name()) {
            if families.contains(&name) {
                break;
            }
            families.push(name);
        }
        let mut command =
            format!("oneiro data procedural --count {} --size {} --seed {}", self.pictures.len(), self.size, self.seed);
        if !families.iter().copied().eq(Family::ALL.map(Family::name)) {
            command += &format!(" --families {}", families.join(","));
        }
        command
    }
}

impl Plan {
    /// What will be painted, picture by picture: number `n` is the same however many there are.
    pub fn manifest(&self) -> Manifest {
        let families = if self.families.is_empty() { &Family::ALL[..] } else { &self.families };
        let pictures = (0..self.count).map(|n| {
            let family = families[n % families.len()];
            // Steps of the golden ratio keep the seeds of neighbouring folders apart.
            let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add((n / families.len()) as u64);
            Entry { file: format!("{n:05}-{}.png", family.name()), family, seed }
        });
        let painter = format!("oneiro {}", env!("CARGO_PKG_VERSION"));
        Manifest { version: 1, painter, size: self.size, seed: self.seed, pictures: pictures.collect() }
    }
}

/// Paints a plan into a folder, on all threads; `painted` is called after each picture and says whether to go on.
///
/// Every file is written whole or not at all, the list last: a folder with a list is complete. Gives `None` where
/// `painted` said stop.
///
/// # Errors
/// What the system says, where the folder cannot be made or written to.
pub fn paint_folder(
    plan: &Plan,
    folder: &Path,
    painted: &(dyn Fn() -> bool + Sync),
) -> std::io::Result<Option<Manifest>> {
    std::fs::create_dir_all(folder)?;
    let manifest = plan.manifest();
    let finished = manifest.pictures.par_iter().try_for_each(|entry| {
        let picture = paint(entry.family, entry.seed, plan.size);
        save_png(&picture, &folder.join(&entry.file)).map_err(Some)?;
        if painted() { Ok(()) } else { Err(None) }
    });
    match finished {
        Ok(()) => {}
        Err(None) => return Ok(None),
        Err(Some(error)) => return Err(error),
    }
    write_whole(&folder.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    Ok(Some(manifest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_folder_begins_with_the_smaller_one() {
        let plan = |count| Plan { count, size: 64, seed: 9, families: Vec::new() }.manifest().pictures;
        assert_eq!(plan(40)[..17], plan(17));
        let mut all: Vec<_> = plan(400).into_iter().map(|e| (e.family.name(), e.seed)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 400);
        let whole = Plan { count: 400, size: 64, seed: 9, families: Vec::new() }.manifest();
        assert_eq!(whole.command(), "oneiro data procedural --count 400 --size 64 --seed 9");
    }

    #[test]
    fn a_stopped_folder_has_no_list() {
        let dir = tempfile::tempdir().unwrap();
        let plan = Plan { count: 8, size: 32, seed: 1, families: vec![Family::Mosaic, Family::Discs] };
        assert_eq!(paint_folder(&plan, dir.path(), &|| false).unwrap(), None);
        assert!(!dir.path().join(MANIFEST).exists());
        let manifest = paint_folder(&plan, dir.path(), &|| true).unwrap().unwrap();
        let text = std::fs::read_to_string(dir.path().join(MANIFEST)).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 9);
        let command = "oneiro data procedural --count 8 --size 32 --seed 1 --families mosaic,discs";
        assert_eq!(manifest.command(), command);
        let last = &manifest.pictures[7];
        let saved = image::open(dir.path().join(&last.file)).unwrap().into_rgb8();
        assert_eq!(saved, paint(last.family, last.seed, 32));
    }
}
