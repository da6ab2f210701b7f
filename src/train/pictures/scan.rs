//! What a folder of pictures holds, before it is trained on.

use super::dataset::Skipped;
use super::decode::{self, Skip};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Files that could be pictures.
    pub files: usize,
    /// Files that are.
    pub pictures: usize,
    /// Width in pixels; `None` without pictures.
    pub width: Option<Spread>,
    /// Height in pixels; `None` without pictures.
    pub height: Option<Spread>,
    /// Reason → files, for what is not used.
    pub skipped_by_reason: BTreeMap<String, usize>,
    /// Each file that is not used, with its reason.
    pub skipped: Vec<Skipped>,
    /// Groups of pictures that look the same.
    pub duplicates: Vec<Vec<PathBuf>>,
    /// Small copies of the pictures, in the order of their names.
    #[serde(skip)]
    pub thumbnails: Vec<RgbImage>,
}

/// Smallest, middle and largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Smallest.
    pub min: u32,
    /// As many are below as above.
    pub median: u32,
    /// Largest.
    pub max: u32,
}

impl Spread {
    fn of(mut values: Vec<u32>) -> Option<Self> {
        values.sort_unstable();
        Some(Self { min: *values.first()?, median: *values.get(values.len() / 2)?, max: *values.last()? })
    }
}

/// Most bits of 128 in which two pictures that look the same may differ.
const NEAR_BITS: u32 = 8;

struct Look {
    path: PathBuf,
    size: (u32, u32),
    print: u128,
    thumbnail: RgbImage,
}

/// Decodes every picture among `files`. `seen` is called after each. As many pictures are unpacked at a time as there
/// are threads; of each a few bytes are kept, so that 100,000 files are no burden.
///
/// `thumbnails` is the side of the small copies, in pixels, and how many are kept.
pub fn scan(files: &[PathBuf], thumbnails: (u32, usize), seen: &(dyn Fn() + Sync)) -> Report {
    let looks = files.par_iter().enumerate().map(|(number, path)| {
        let side = if number < thumbnails.1 { thumbnails.0.max(1) } else { 0 };
        let look = look(path, side).map_err(|reason| Skipped { path: path.clone(), reason });
        seen();
        look
    });
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for look in looks.collect::<Vec<_>>() {
        match look {
            Ok(look) => found.push(look),
            Err(why) => skipped.push(why),
        }
    }
    let mut skipped_by_reason = BTreeMap::new();
    for why in &skipped {
        *skipped_by_reason.entry(name(&why.reason).to_owned()).or_insert(0) += 1;
    }
    let duplicates = alike(&found);
    Report {
        files: files.len(),
        pictures: found.len(),
        width: Spread::of(found.iter().map(|l| l.size.0).collect()),
        height: Spread::of(found.iter().map(|l| l.size.1).collect()),
        skipped_by_reason,
        skipped,
        duplicates,
        thumbnails: found.into_iter().filter(|l| l.thumbnail.width() > 0).map(|l| l.thumbnail).collect(),
    }
}

fn name(reason: &Skip) -> &'static str {
    match reason {
        Skip::Unreadable(_) => "unreadable",
        Skip::NotAPicture => "not a picture",
        Skip::TooLarge(..) => "too large",
        Skip::TooSmall(..) => "too small",
        Skip::Animated => "animated",
        Skip::Broken(_) => "broken",
        Skip::Repeated(_) => "repeated",
    }
}

fn look(path: &Path, side: u32) -> Result<Look, Skip> {
    let picture = decode::decode(&decode::read(path)?)?;
    let size = picture.dimensions();
    let grey = scaled(&picture, 9, 9).map_err(Skip::Broken)?;
    let thumbnail = if side == 0 {
        RgbImage::new(0, 0)
    } else {
        let short = size.0.min(size.1);
        let target = |full: u32| (u64::from(full) * u64::from(side) / u64::from(short)).clamp(1, 4096) as u32;
        let (width, height) = (target(size.0), target(size.1));
        let raw = scaled(&picture, width, height).map_err(Skip::Broken)?;
        RgbImage::from_raw(width, height, raw).ok_or_else(|| Skip::Broken("thumbnail".into()))?
    };
    Ok(Look { path: path.to_owned(), size, print: print(&grey), thumbnail })
}

fn scaled(picture: &RgbImage, width: u32, height: u32) -> Result<Vec<u8>, String> {
    let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3);
    let mut target = Image::new(width, height, PixelType::U8x3);
    let source = source.map_err(|e| e.to_string())?;
    Resizer::new().resize(&source, &mut target, &ResizeOptions::new()).map_err(|e| e.to_string())?;
    Ok(target.into_vec())
}

/// A difference hash: of 9×9 points, whether each is lighter than the one to its right (64 bits) and the one below
/// (64 bits). Scaling, compression and slight changes of colour leave it nearly alone.
fn print(rgb: &[u8]) -> u128 {
    let light = |x: usize, y: usize| {
        let at = 3 * (9 * y + x);
        // Weights of Rec. 709, times 1000.
        213 * u32::from(rgb[at]) + 715 * u32::from(rgb[at + 1]) + 72 * u32::from(rgb[at + 2])
    };
    let mut bits = 0;
    for y in 0..8 {
        for x in 0..8 {
            bits =
                bits << 2 | u128::from(light(x, y) > light(x + 1, y)) << 1 | u128::from(light(x, y) > light(x, y + 1));
        }
    }
    bits
}

/// Groups of looks within [`NEAR_BITS`] of the group's first.
///
/// Prints that differ in at most 8 bits are the same in at least one of nine pieces, so only those that share a piece
/// are compared. Those with the very same print, of which there may be many, are gathered first.
fn alike(looks: &[Look]) -> Vec<Vec<PathBuf>> {
    const PIECES: u32 = NEAR_BITS + 1;
    const PIECE_BITS: u32 = u128::BITS.div_ceil(PIECES);
    let mut same: HashMap<u128, usize> = HashMap::new();
    let mut distinct: Vec<Vec<usize>> = Vec::new();
    for (n, look) in looks.iter().enumerate() {
        let place = *same.entry(look.print).or_insert(distinct.len());
        if place == distinct.len() {
            distinct.push(Vec::new());
        }
        distinct[place].push(n);
    }
    let print = |place: usize| looks[distinct[place][0]].print;
    let piece = |print: u128, k: u32| (print >> (k * PIECE_BITS)) as u16 & ((1 << PIECE_BITS) - 1);
    let mut holders: HashMap<(u32, u16), Vec<usize>> = HashMap::new();
    for place in 0..distinct.len() {
        (0..PIECES).for_each(|k| holders.entry((k, piece(print(place), k))).or_default().push(place));
    }
    let mut taken = vec![false; distinct.len()];
    let mut groups = Vec::new();
    for first in 0..distinct.len() {
        if taken[first] {
            continue;
        }
        let mut group = distinct[first].clone();
        for other in (0..PIECES).flat_map(|k| &holders[&(k, piece(print(first), k))]).copied() {
            if other > first && !taken[other] && (print(first) ^ print(other)).count_ones() <= NEAR_BITS {
                taken[other] = true;
                group.extend(&distinct[other]);
            }
        }
        if group.len() > 1 {
            group.sort_unstable();
            groups.push(group.into_iter().map(|n| looks[n].path.clone()).collect());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::pictures::procedural::{Family, paint};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn copies_are_found_through_scaling_and_compression() {
        let dir = tempfile::tempdir().unwrap();
        let picture = paint(Family::Mosaic, 3, 96);
        picture.save(dir.path().join("a.png")).unwrap();
        paint(Family::Mosaic, 4, 96).save(dir.path().join("b.png")).unwrap();
        image::imageops::resize(&picture, 150, 150, image::imageops::FilterType::CatmullRom)
            .save(dir.path().join("c.jpg"))
            .unwrap();
        std::fs::write(dir.path().join("d.gif"), b"GIF89a").unwrap();
        let files = ["a.png", "b.png", "c.jpg", "d.gif"].map(|name| dir.path().join(name));
        let report = scan(&files, (24, 2), &|| ());
        assert_eq!((report.files, report.pictures), (4, 3));
        assert_eq!(report.width, Some(Spread { min: 96, median: 96, max: 150 }));
        assert_eq!(report.duplicates, [vec![dir.path().join("a.png"), dir.path().join("c.jpg")]]);
        assert_eq!(report.skipped_by_reason["not a picture"], 1);
        assert_eq!(report.thumbnails.len(), 2);
    }

    #[test]
    fn groups_are_those_of_comparing_each_with_each() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut prints: Vec<u128> = (0..60).map(|_| rng.random()).collect();
        for n in 0..240 {
            let flips = rng.random_range(0..12);
            prints.push((0..flips).fold(prints[n % 60], |print, _| print ^ 1 << rng.random_range(0..128)));
        }
        let look = |(n, &print): (usize, &u128)| Look {
            path: n.to_string().into(),
            size: (1, 1),
            print,
            thumbnail: RgbImage::new(0, 0),
        };
        let looks: Vec<Look> = prints.iter().enumerate().map(look).collect();
        let mut taken = vec![false; looks.len()];
        let mut plain: Vec<Vec<PathBuf>> = Vec::new();
        for (n, first) in looks.iter().enumerate() {
            let near = |m: usize| (first.print ^ looks[m].print).count_ones() <= NEAR_BITS;
            let group: Vec<usize> = (n..looks.len()).filter(|&m| !taken[n] && !taken[m] && near(m)).collect();
            group.iter().for_each(|&m| taken[m] = true);
            if group.len() > 1 {
                plain.push(group.iter().map(|&m| looks[m].path.clone()).collect());
            }
        }
        assert_eq!(alike(&looks), plain, "seed 9");
    }
}
