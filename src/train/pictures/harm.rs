//! What happens to pictures on their way: blur, noise, compression.

use super::sheet::{from_planes, to_planes};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, ImageResult, RgbImage};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use std::io::Cursor;

/// Blurs planes of `side × side` by a Gaussian of this deviation in pixels, above 0; its tails are cut at three pixels, and at the edges
/// the last pixel goes on.
pub fn blur(planes: &mut [f32], side: usize, deviation: f64) {
    const REACH: isize = 3;
    let weight = |d: isize| (-0.5 * (d as f64 / deviation).powi(2)).exp();
    let total: f64 = (-REACH..=REACH).map(weight).sum();
    let kernel: Vec<f32> = (-REACH..=REACH).map(|d| (weight(d) / total) as f32).collect();
    let last = side as isize - 1;
    for (line_step, step) in [(side, 1), (1, side)] {
        for plane in planes.chunks_exact_mut(side * side) {
            let from = plane.to_vec();
            for (line, i) in (0..side).flat_map(|line| (0..side).map(move |i| (line, i))) {
                let at = |d: isize| from[line * line_step + step * (i as isize + d).clamp(0, last) as usize];
                let sum = kernel.iter().zip(-REACH..).map(|(weight, d)| weight * at(d)).sum();
                plane[line * line_step + step * i] = sum;
            }
        }
    }
}

/// Adds normal noise of this deviation, not below 0.
pub fn noise(planes: &mut [f32], deviation: f32, rng: &mut ChaCha8Rng) {
    let noise = Normal::new(0.0, deviation).expect("a finite deviation");
    planes.iter_mut().for_each(|v| *v += noise.sample(rng));
}

/// `(3, side, side)` in −1 … 1 once through JPEG of a quality in percent.
pub fn compressed(planes: &[f32], side: usize, quality: u8) -> Vec<f32> {
    through_jpeg(&from_planes(planes, side), quality).map_or_else(|_| planes.to_vec(), |picture| to_planes(&picture))
}

/// A picture once through JPEG of a quality in percent.
pub(super) fn through_jpeg(picture: &RgbImage, quality: u8) -> ImageResult<RgbImage> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(DynamicImage::from_decoder(JpegDecoder::new(Cursor::new(bytes))?)?.into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blur_keeps_light_and_spreads_it_evenly() {
        let mut planes = vec![0.0; 81];
        planes[40] = 1.0;
        blur(&mut planes, 9, 0.8);
        assert!((planes.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(planes[40] < 0.3 && planes[40] > planes[41]);
        for (a, b) in [(41, 39), (31, 49), (41, 49)] {
            assert!((planes[a] - planes[b]).abs() < 1e-6);
        }
        let mut flat = vec![0.5; 25];
        blur(&mut flat, 5, 1.5);
        assert!(flat.iter().all(|v| (v - 0.5).abs() < 1e-5));
    }

    #[test]
    fn compression_changes_little_at_high_quality() {
        let planes: Vec<f32> = (0..3 * 256).map(|i| (i % 256) as f32 / 160.0 - 0.8).collect();
        let found = compressed(&planes, 16, 98);
        let worst = planes.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.4, "{worst}");
        assert_ne!(planes, found);
    }
}
