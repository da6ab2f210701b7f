//! How good enlarged pictures are: nearness to the original, and ringing.

use super::filter::{Filter, resample};
use crate::train::pictures::quality;

/// Square pictures `(N, 3, from, from)` in −1 … 1 reduced to `to × to` as the figures are defined: Catmull–Rom, rounded to 8 bits.
pub fn reduced(planes: &[f32], from: usize, to: usize) -> Vec<f32> {
    let mut small = resample(planes, from, to, Filter::CatmullRom);
    small.iter_mut().for_each(|v| *v = (v.mul_add(127.5, 127.5)).round().clamp(0.0, 255.0) / 127.5 - 1.0);
    small
}

/// Mean over pictures of `each` numbers in −1 … 1 of the peak signal-to-noise ratio in decibels; equal pictures count as 100.
pub fn mean_psnr(found: &[f32], wanted: &[f32], each: usize) -> f64 {
    mean(found, wanted, each, |a, b| quality::psnr(a, b, RANGE).map(|r| r.min(100.0)))
}

/// Mean over pictures `(channels, side, side)` in −1 … 1 of the structural similarity; sides of 11 pixels at least.
pub fn mean_ssim(found: &[f32], wanted: &[f32], channels: usize, side: usize) -> f64 {
    mean(found, wanted, channels * side * side, |a, b| quality::ssim(a, b, [side, side], RANGE))
}

/// From black to white.
const RANGE: f64 = 2.0;

/// Mean of a figure over pictures that it can be taken of; not a number without any.
fn mean(
    found: &[f32],
    wanted: &[f32],
    each: usize,
    figure: impl Fn(&[f32], &[f32]) -> Result<f64, quality::Error>,
) -> f64 {
    let pairs = found.chunks_exact(each.max(1)).zip(wanted.chunks_exact(each.max(1)));
    let figures: Vec<f64> = pairs.filter_map(|(a, b)| figure(a, b).ok()).collect();
    figures.iter().sum::<f64>() / figures.len() as f64
}

/// How far an enlarged picture leaves the range of the small one around it, in steps of 256 from black to white.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Ringing {
    /// Mean over all pixels and channels.
    pub mean: f64,
    /// What one value in a hundred exceeds.
    pub hundredth: f64,
    /// Largest.
    pub most: f64,
}

/// Ringing of planes `(…, f·side, f·side)` against those they were enlarged from, `(…, side, side)`, values in −1 … 1: what lies
/// above the highest or below the lowest of the 3×3 small pixels around.
///
/// # Panics
/// If `large` is not `f²` times as long as `small`.
pub fn ringing(small: &[f32], side: usize, large: &[f32], factor: usize) -> Ringing {
    assert_eq!(small.len() * factor * factor, large.len(), "enlarged {factor} times");
    let wide = side * factor;
    let mut all: Vec<f32> = Vec::with_capacity(large.len());
    for (small, large) in small.chunks_exact(side * side).zip(large.chunks_exact(wide * wide)) {
        for (at, value) in large.iter().enumerate() {
            let (y, x) = (at / wide / factor, at % wide / factor);
            let around = |i: usize| i.saturating_sub(1)..=(i + 1).min(side - 1);
            let near = around(y).flat_map(|y| around(x).map(move |x| small[y * side + x]));
            let (low, high) = near.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
            all.push((low - value).max(value - high).max(0.0) * 127.5);
        }
    }
    all.sort_unstable_by(f32::total_cmp);
    let Some(most) = all.last() else { return Ringing::default() };
    Ringing {
        mean: all.iter().map(|&v| f64::from(v)).sum::<f64>() / all.len() as f64,
        hundredth: f64::from(all[all.len() * 99 / 100]),
        most: f64::from(*most),
    }
}

/// Edges between two greys at sixteen angles, each on `(3, side, side)`, made large and reduced so that they are as soft as a
/// photographed edge.
pub fn edges(side: usize) -> Vec<f32> {
    let large = 8 * side;
    let mut planes = Vec::new();
    for angle in 0..16 {
        let (sin, cos) = (f64::from(angle) * std::f64::consts::PI / 8.0 + 0.1).sin_cos();
        let middle = large as f64 / 2.0;
        let value = |at: usize| {
            let (x, y) = ((at % large) as f64 - middle, (at / large) as f64 - middle);
            if x * cos + y * sin > 0.0 { 0.6 } else { -0.6 }
        };
        let edge: Vec<f32> = (0..large * large).map(value).collect();
        let small = resample(&edge, large, side, Filter::Box);
        (0..3).for_each(|_| planes.extend_from_slice(&small));
    }
    planes
}
