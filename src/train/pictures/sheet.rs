//! Many pictures on one page.

use crate::files::write_whole;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};
use std::path::Path;

/// How a page is laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Pictures in a row, at least 1.
    pub columns: usize,
    /// Side of each in pixels, at least 1.
    pub cell: u32,
    /// Pixels between them and around.
    pub gutter: u32,
    /// Colour of the page.
    pub page: [u8; 3],
}

impl Layout {
    /// Nearly as many columns as rows for `count` pictures, small gutters, a dark page.
    pub fn for_count(count: usize, cell: u32) -> Self {
        let columns = (count as f64).sqrt().ceil().max(1.0) as usize;
        Self { columns, cell, gutter: (cell / 24).max(2), page: [18, 18, 20] }
    }
}

/// Largest side of a page, in pixels: what does not fit is left out.
const PAGE_LIMIT: u64 = 16_384;

/// Puts pictures row by row on a page, each as its largest centre square, scaled to the cell.
pub fn sheet<'a>(pictures: impl IntoIterator<Item = &'a RgbImage>, layout: Layout) -> RgbImage {
    let cell = layout.cell.clamp(1, 4096);
    let pitch = u64::from(cell) + u64::from(layout.gutter.min(4096));
    let most = ((PAGE_LIMIT / pitch).max(1)) as usize;
    let columns = layout.columns.clamp(1, most);
    let pictures: Vec<_> = pictures.into_iter().take(columns * most).collect();
    let gutter = layout.gutter.min(4096);
    let side = |cells: usize| cells as u32 * pitch as u32 + gutter;
    let rows = pictures.len().div_ceil(columns);
    let columns_used = columns.min(pictures.len().max(1));
    let mut page = RgbImage::from_pixel(side(columns_used), side(rows).max(1), Rgb(layout.page));
    for (at, picture) in pictures.into_iter().enumerate() {
        let (column, row) = ((at % columns) as u32, (at / columns) as u32);
        let (x, y) = (gutter + column * pitch as u32, gutter + row * pitch as u32);
        image::imageops::replace(&mut page, &square(picture, cell), i64::from(x), i64::from(y));
    }
    page
}

/// A page of pictures as a network gives them: `(N, 3, S, S)` in −1 … 1, the last axis running fastest. Values outside
/// are cut; incomplete pictures at the end are left out.
pub fn sheet_of_planes(planes: &[f32], size: usize, layout: Layout) -> RgbImage {
    let pictures: Vec<_> = planes.chunks_exact((3 * size * size).max(1)).map(|p| from_planes(p, size)).collect();
    sheet(&pictures, layout)
}

/// One picture of `(3, S, S)` in −1 … 1 as 8-bit RGB; black where `planes` is too short.
pub fn from_planes(planes: &[f32], size: usize) -> RgbImage {
    RgbImage::from_fn(size as u32, size as u32, |x, y| {
        let at = y as usize * size + x as usize;
        Rgb(std::array::from_fn(|channel| {
            let value = planes.get(channel * size * size + at).copied().unwrap_or(-1.0);
            ((value.clamp(-1.0, 1.0) + 1.0) * 127.5 + 0.5) as u8
        }))
    })
}

/// An 8-bit picture as `(3, H, W)` in −1 … 1.
pub fn to_planes(picture: &RgbImage) -> Vec<f32> {
    (0..3).flat_map(|c| picture.pixels().map(move |p| f32::from(p.0[c]) / 127.5 - 1.0)).collect()
}

/// The largest centre square, scaled to `side` (Lanczos 3); whole multiples of small pictures stay sharp.
fn square(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let short = width.min(height);
    if short == 0 {
        return RgbImage::new(side, side);
    }
    let cut = image::imageops::crop_imm(picture, (width - short) / 2, (height - short) / 2, short, short).to_image();
    if short == side {
        return cut;
    }
    if short < side && side.is_multiple_of(short) {
        let scale = side / short;
        return RgbImage::from_fn(side, side, |x, y| *cut.get_pixel(x / scale, y / scale));
    }
    let mut out = Image::new(side, side, PixelType::U8x3);
    let scaled = ImageRef::new(short, short, cut.as_raw(), PixelType::U8x3)
        .ok()
        .and_then(|source| Resizer::new().resize(&source, &mut out, &ResizeOptions::new()).ok());
    scaled.and_then(|()| RgbImage::from_raw(side, side, out.into_vec())).unwrap_or_else(|| RgbImage::new(side, side))
}

/// Writes a PNG file beside its final name, then renames it: no half picture under that name, ever.
///
/// # Errors
/// What the system says, where the folder cannot be written to.
pub fn save_png(picture: &RgbImage, path: &Path) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    picture.write_with_encoder(encoder).map_err(std::io::Error::other)?;
    write_whole(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_row_by_row_between_gutters() {
        let pictures: Vec<_> = (0..5).map(|n| RgbImage::from_pixel(8 + n, 8, Rgb([n as u8 * 50; 3]))).collect();
        let page = sheet(&pictures, Layout { columns: 3, cell: 16, gutter: 2, page: [1, 2, 3] });
        assert_eq!(page.dimensions(), (3 * 18 + 2, 2 * 18 + 2));
        for n in 0..5u32 {
            let (column, row) = (n % 3, n / 3);
            assert_eq!(page.get_pixel(2 + 18 * column + 8, 2 + 18 * row + 8).0, [n as u8 * 50; 3]);
        }
        assert_eq!(page.get_pixel(1, 1).0, [1, 2, 3]);
        assert_eq!(page.get_pixel(45, 30).0, [1, 2, 3]);
    }

    #[test]
    fn planes_become_pixels() {
        let mut planes = vec![-1.0; 12];
        planes[0] = 1.0;
        planes[5] = 0.0;
        planes[11] = 7.0;
        let picture = from_planes(&planes, 2);
        assert_eq!(picture.get_pixel(0, 0).0, [255, 0, 0]);
        assert_eq!(picture.get_pixel(1, 0).0, [0, 128, 0]);
        assert_eq!(picture.get_pixel(1, 1).0, [0, 0, 255]);
    }

    #[test]
    fn an_unwritable_place_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("taken");
        std::fs::create_dir(&target).unwrap();
        assert!(save_png(&RgbImage::new(4, 4), &target).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
