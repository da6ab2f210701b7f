//! What simple means do with pictures `(C, S, S)` in −1 … 1: fewer pixels, JPEG, blurs.

use crate::train::pictures::sheet::{from_planes, to_planes};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

/// Why a baseline cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

fn error(e: impl std::fmt::Display) -> Error {
    Error(e.to_string())
}

/// A blur by a Gaussian of this deviation in pixels; what lies outside repeats the edge.
pub fn gaussian_blur(planes: &[f32], side: usize, deviation: f64) -> Vec<f32> {
    let reach = (3.0 * deviation).ceil() as isize;
    let weights: Vec<f32> =
        (-reach..=reach).map(|i| (-(i as f64).powi(2) / (2.0 * deviation * deviation)).exp() as f32).collect();
    let sum: f32 = weights.iter().sum();
    let last = side as isize - 1;
    let pass = |from: &[f32], step: usize, across: usize| -> Vec<f32> {
        let mut out = vec![0.0; from.len()];
        for (base, plane) in out.chunks_mut(side * side).enumerate() {
            let from = &from[base * side * side..];
            for line in 0..side {
                for i in 0..side {
                    let at = |k: isize| from[line * across + (i as isize + k).clamp(0, last) as usize * step];
                    let value: f32 = weights.iter().zip(-reach..).map(|(w, k)| w * at(k)).sum();
                    plane[line * across + i * step] = value / sum;
                }
            }
        }
        out
    };
    pass(&pass(planes, 1, side), side, 1)
}

/// The median of the square of side 2·`radius` + 1 around each pixel; what lies outside repeats the edge.
pub fn median(planes: &[f32], side: usize, radius: usize) -> Vec<f32> {
    let reach = radius as isize;
    let last = side as isize - 1;
    let mut window = Vec::with_capacity((2 * radius + 1).pow(2));
    let mut out = Vec::with_capacity(planes.len());
    for plane in planes.chunks(side * side) {
        for y in 0..side as isize {
            for x in 0..side as isize {
                window.clear();
                for dy in -reach..=reach {
                    let row = (y + dy).clamp(0, last) as usize * side;
                    window.extend((-reach..=reach).map(|dx| plane[row + (x + dx).clamp(0, last) as usize]));
                }
                let middle = window.len() / 2;
                out.push(*window.select_nth_unstable_by(middle, f32::total_cmp).1);
            }
        }
    }
    out
}

/// The picture `(3, S, S)` reduced to the most square pixels that `bits` hold at 24 bits each, and enlarged again, both bicubically
/// (Catmull-Rom, widened when shrinking).
///
/// # Errors
/// If not even one pixel fits.
pub fn fewer_pixels(planes: &[f32], side: usize, bits: usize) -> Result<Vec<f32>, Error> {
    let small = (bits / 24).isqrt();
    if small == 0 {
        return Err(Error(format!("{bits} bits hold no pixel")));
    }
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    let scale = |picture: &Image, to: usize| -> Result<Image<'static>, Error> {
        let mut out = Image::new(to as u32, to as u32, PixelType::U8x3);
        Resizer::new().resize(picture, &mut out, &options).map_err(error)?;
        Ok(out)
    };
    let picture = from_planes(planes, side);
    let picture = Image::from_vec_u8(side as u32, side as u32, picture.into_raw(), PixelType::U8x3).map_err(error)?;
    let again = scale(&scale(&picture, small)?, side)?.into_vec();
    RgbImage::from_raw(side as u32, side as u32, again).map(|p| to_planes(&p)).ok_or_else(|| error("too few pixels"))
}

/// The picture `(3, S, S)` as JPEG.
pub struct Jpeg {
    /// As decoded again.
    pub planes: Vec<f32>,
    /// Bytes of the whole file.
    pub bytes: usize,
    /// Bytes of it that are tables and headers, the same for every picture.
    pub header_bytes: usize,
}

/// The best JPEG of at most `bytes`; the smallest where none is as small. With `bare`, tables and headers do not count.
///
/// # Errors
/// If it cannot be written or read.
pub fn jpeg(planes: &[f32], side: usize, bytes: usize, bare: bool) -> Result<Jpeg, Error> {
    let picture = from_planes(planes, side);
    let write = |quality: u8| -> Result<(Vec<u8>, usize), Error> {
        let mut file = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality)).map_err(error)?;
        let header = scan_start(&file).ok_or_else(|| Error("a JPEG without a scan".into()))?;
        Ok((file, header))
    };
    // Files grow with quality: halve the range until one is left.
    let (mut best, mut low, mut high) = (write(1)?, 1u8, 100u8);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let found = write(middle)?;
        if found.0.len() - if bare { found.1 } else { 0 } <= bytes {
            (best, low) = (found, middle);
        } else {
            high = middle - 1;
        }
    }
    let decoded = image::load_from_memory(&best.0).map_err(error)?.into_rgb8();
    Ok(Jpeg { planes: to_planes(&decoded), bytes: best.0.len(), header_bytes: best.1 })
}

/// Where the entropy-coded data of a JPEG begins: after the segment SOS (ITU-T T.81, annex B).
fn scan_start(file: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let &[0xff, marker, high, low] = file.get(at..at + 4)? else { return None };
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xda {
            return Some(at);
        }
    }
}
