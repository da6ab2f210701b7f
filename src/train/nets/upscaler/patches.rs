//! Small pictures as they come in practice: reduced, and sometimes soft, noisy or compressed, so that the network does not learn
//! to strengthen what is wrong with them.

use super::filter::{Filter, resample};
use crate::train::pictures::sheet::from_planes;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, RgbImage};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// Largest deviation of the blur in small pixels.
const BLUR: f64 = 0.7;
/// Largest deviation of the noise; black to white is 2.
const NOISE: f64 = 0.04;
/// Lowest and highest quality of the compression, in percent.
const QUALITY: (u8, u8) = (55, 95);
/// Share of pictures that are blurred, noisy, compressed; each by itself.
const SHARES: [f64; 3] = [0.4, 0.4, 0.35];

/// `(3, side, side)` in −1 … 1 reduced to `to × to` with one of the usual filters, and harmed a little.
pub fn small(planes: &[f32], side: usize, to: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let filters = [Filter::Box, Filter::Triangle, Filter::CatmullRom, Filter::Lanczos3];
    let mut small = resample(planes, side, to, filters[rng.random_range(0..filters.len())]);
    if rng.random_bool(SHARES[0]) {
        blur(&mut small, to, rng.random_range(0.2..BLUR));
    }
    if rng.random_bool(SHARES[1]) {
        let noise = Normal::new(0.0, rng.random_range(0.0..NOISE) as f32).expect("a finite deviation");
        small.iter_mut().for_each(|v| *v += noise.sample(rng));
    }
    small.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    if rng.random_bool(SHARES[2]) {
        small = compressed(&small, to, rng.random_range(QUALITY.0..=QUALITY.1));
    }
    small
}

/// Blurs planes by a Gaussian of this deviation in pixels; its tails are cut at two pixels.
fn blur(planes: &mut [f32], side: usize, deviation: f64) {
    let weight = |d: i32| (-0.5 * (f64::from(d) / deviation).powi(2)).exp() as f32;
    let total: f32 = (-2..=2).map(weight).sum();
    let kernel = [-2, -1, 0, 1, 2].map(|d| weight(d) / total);
    let last = side as isize - 1;
    for (line_step, step) in [(side, 1), (1, side)] {
        for plane in planes.chunks_exact_mut(side * side) {
            let from = plane.to_vec();
            for (line, i) in (0..side).flat_map(|line| (0..side).map(move |i| (line, i))) {
                let at =
                    |d: usize| from[line * line_step + step * (i as isize + d as isize - 2).clamp(0, last) as usize];
                plane[line * line_step + step * i] = (0..5).map(|d| kernel[d] * at(d)).sum();
            }
        }
    }
}

/// Once through JPEG.
pub fn compressed(planes: &[f32], side: usize, quality: u8) -> Vec<f32> {
    let picture = from_planes(planes, side);
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&picture);
    let decoded =
        encoded.and_then(|()| JpegDecoder::new(std::io::Cursor::new(bytes))).and_then(DynamicImage::from_decoder);
    decoded.map_or_else(|_| planes.to_vec(), |picture| to_planes(&picture.into_rgb8()))
}

/// An 8-bit picture as `(3, H, W)` in −1 … 1.
pub fn to_planes(picture: &RgbImage) -> Vec<f32> {
    (0..3).flat_map(|c| picture.pixels().map(move |p| f32::from(p.0[c]) / 127.5 - 1.0)).collect()
}
