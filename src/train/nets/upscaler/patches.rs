//! Small pictures as they come in practice: reduced, and sometimes soft, noisy or compressed, so that the network does not learn
//! to strengthen what is wrong with them.

use super::filter::{Filter, resample};
use crate::train::pictures::harm;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

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
        harm::blur(&mut small, to, rng.random_range(0.2..BLUR));
    }
    if rng.random_bool(SHARES[1]) {
        let deviation = rng.random_range(0.0..NOISE) as f32;
        harm::noise(&mut small, deviation, rng);
    }
    small.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    if rng.random_bool(SHARES[2]) {
        small = harm::compressed(&small, to, rng.random_range(QUALITY.0..=QUALITY.1));
    }
    small
}
