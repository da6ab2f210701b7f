//! Cutting and scaling.

use super::Options;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A square of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::train) struct Area {
    left: f64,
    top: f64,
    side: f64,
    mirrored: bool,
}

/// A random square of the allowed sizes, anywhere in the picture.
pub(in crate::train) fn random((width, height): (u32, u32), options: &Options, rng: &mut ChaCha8Rng) -> Area {
    let (width, height) = (f64::from(width), f64::from(height));
    let (small, large) = options.crop;
    let side = width.min(height) * f64::from(small + (large - small) * rng.random::<f32>());
    let left = (width - side) * rng.random::<f64>();
    let top = (height - side) * rng.random::<f64>();
    let mirrored = rng.random::<bool>() && options.flip;
    Area { left, top, side, mirrored }
}

/// The largest square in the middle.
pub(in crate::train) fn centre((width, height): (u32, u32)) -> Area {
    let (width, height) = (f64::from(width), f64::from(height));
    let side = width.min(height);
    Area { left: (width - side) / 2.0, top: (height - side) / 2.0, side, mirrored: false }
}

/// Scales a square to `size`×`size` (Lanczos 3, widened when shrinking, so nothing aliases) and writes it as three
/// planes in −1 … 1.
pub(in crate::train) fn write(picture: &RgbImage, area: Area, size: usize, planes: &mut [f32]) -> Result<(), String> {
    let options = lanczos().crop(area.left, area.top, area.side, area.side);
    let scaled = resize(picture, size as u32, size as u32, &options)?;
    for (at, pixel) in scaled.chunks_exact(3).enumerate() {
        let (row, column) = (at / size, at % size);
        let column = if area.mirrored { size - 1 - column } else { column };
        for (channel, &value) in pixel.iter().enumerate() {
            planes[(channel * size + row) * size + column] = f32::from(value) / 127.5 - 1.0;
        }
    }
    Ok(())
}

/// Cuts `edge` of width and height off at each edge, then shrinks to a short side of at most `short` pixels.
///
/// The edges are cut in whole pixels first: a filter that is given an area to scale also looks at what surrounds it,
/// and a frame would bleed in.
pub(in crate::train) fn shrink(mut picture: RgbImage, edge: f32, short: usize) -> Result<RgbImage, String> {
    if edge > 0.0 {
        let (width, height) = picture.dimensions();
        let cut = |side: u32| ((edge * side as f32).ceil() as u32).min((side - 1) / 2);
        let (left, top) = (cut(width), cut(height));
        picture = image::imageops::crop_imm(&picture, left, top, width - 2 * left, height - 2 * top).to_image();
    }
    let (width, height) = picture.dimensions();
    let scale = short as f64 / f64::from(width.min(height));
    if scale >= 1.0 {
        return Ok(picture);
    }
    let target = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let (w, h) = (target(width), target(height));
    let scaled = resize(&picture, w, h, &lanczos())?;
    RgbImage::from_raw(w, h, scaled).ok_or_else(|| format!("{w}×{h} pixels cannot be held"))
}

fn lanczos() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
}

fn resize(picture: &RgbImage, width: u32, height: u32, options: &ResizeOptions) -> Result<Vec<u8>, String> {
    let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3);
    let source = source.map_err(|e| e.to_string())?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    Resizer::new().resize(&source, &mut target, options).map_err(|e| e.to_string())?;
    Ok(target.into_vec())
}
