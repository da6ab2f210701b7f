//! The pictures that validations wrote, small enough to stand in a page.

use super::text::base64;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use std::path::{Path, PathBuf};

/// A picture as a page holds it.
pub(super) struct Sample {
    /// Step of the run.
    pub step: u64,
    /// `data:` address.
    pub address: String,
}

/// Pictures shown at most.
const SHOWN: usize = 9;
/// Longest side in pixels: of the last picture, and of those before.
const SIDES: [u32; 2] = [900, 400];
/// Bytes of a picture at most: of the last one, and of those before. All of them make 1.9 MB as text.
const BYTES: [usize; 2] = [500_000, 110_000];

/// The first picture, some between and the last, of those whose step `known` accepts. What cannot be read is left out.
pub(super) fn samples(folder: &Path, known: impl Fn(u64) -> bool) -> Vec<Sample> {
    let mut files = found(folder).into_iter().filter(|(step, _)| known(*step)).collect::<Vec<_>>();
    files.sort();
    let last = files.len().saturating_sub(1);
    let count = SHOWN.min(files.len());
    let chosen = (0..count).map(|n| n * last / count.saturating_sub(1).max(1));
    let shown = chosen.filter_map(|at| {
        let (step, path) = &files[at];
        let kind = usize::from(at != last);
        Some(Sample { step: *step, address: encoded(path, SIDES[kind], BYTES[kind])? })
    });
    shown.collect()
}

fn found(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let path = entry.path();
        let name = path.file_name()?.to_str()?;
        Some((name.strip_prefix("samples-")?.strip_suffix(".png")?.parse().ok()?, path))
    });
    files.collect()
}

/// The picture as JPEG, or as PNG where that is smaller, as drawings are; at most `bytes` of it.
fn encoded(path: &Path, side: u32, bytes: usize) -> Option<String> {
    let picture = image::open(path).ok()?.into_rgb8();
    let mut side = side;
    for quality in [84, 76, 68, 60, 50, 40] {
        let small = scaled(&picture, side)?;
        let mut jpeg = Vec::new();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality)).ok()?;
        let mut png = Vec::new();
        small.write_with_encoder(PngEncoder::new(&mut png)).ok()?;
        let (kind, best) = if png.len() < jpeg.len() { ("png", png) } else { ("jpeg", jpeg) };
        if best.len() <= bytes {
            return Some(format!("data:image/{kind};base64,{}", base64(&best)));
        }
        side = side * 4 / 5;
    }
    None
}

/// The picture with no side longer than `side`.
fn scaled(picture: &RgbImage, side: u32) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= side {
        return Some(picture.clone());
    }
    let part = |length: u32| ((u64::from(length) * u64::from(side) / u64::from(longest)) as u32).max(1);
    let (w, h) = (part(width), part(height));
    let source = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3).ok()?;
    let mut target = Image::new(w, h, PixelType::U8x3);
    Resizer::new().resize(&source, &mut target, None).ok()?;
    RgbImage::from_raw(w, h, target.into_vec())
}
