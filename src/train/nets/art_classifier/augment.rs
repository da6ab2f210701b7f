//! The same random changes for pictures of every class, so that neither camera nor file format nor "painted by a program" gives a class
//! away: colour, light, sharpness, grain and compression.

use crate::train::nets::upscaler::{Filter, resample};
use crate::train::pictures::harm;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Half the range of the change of brightness, and of contrast and saturation as factors' logarithms.
const BRIGHTNESS: f32 = 0.25;
const CONTRAST: f32 = 0.35;
const SATURATION: f32 = 0.6;
/// Half the range of the tint of each channel.
const TINT: f32 = 0.12;
/// Share of pictures that come in few pixels, blurred, noisy, compressed; each by itself.
const SHARES: [f64; 4] = [0.5, 0.3, 0.4, 0.5];

/// Changes a picture `(3, side, side)` in −1 … 1.
pub fn change(planes: &mut Vec<f32>, side: usize, rng: &mut ChaCha8Rng) {
    colour(planes, side, rng);
    if rng.random_bool(SHARES[0]) {
        let few = rng.random_range(side * 2 / 5..=side);
        let small = resample(planes, side, few, Filter::Triangle);
        *planes = resample(&small, few, side, Filter::Triangle);
    }
    if rng.random_bool(SHARES[1]) {
        harm::blur(planes, side, rng.random_range(0.3..1.1));
    }
    if rng.random_bool(SHARES[2]) {
        harm::noise(planes, rng.random_range(0.0..0.12), rng);
    }
    planes.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    if rng.random_bool(SHARES[3]) {
        *planes = harm::compressed(planes, side, rng.random_range(30..=95));
    }
}

/// The change that robustness is measured with: few pixels, blur, noise and strong compression at once.
pub fn harmed(planes: &[f32], side: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let small = resample(planes, side, side / 2, Filter::Triangle);
    let mut planes = resample(&small, side / 2, side, Filter::Triangle);
    harm::blur(&mut planes, side, 0.7);
    harm::noise(&mut planes, 0.06, rng);
    planes.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    harm::compressed(&planes, side, 40)
}

fn colour(planes: &mut [f32], side: usize, rng: &mut ChaCha8Rng) {
    let one = side * side;
    let mut about = |range: f32| rng.random_range(-range..=range);
    let (light, contrast, saturation) = (about(BRIGHTNESS), about(CONTRAST).exp(), about(SATURATION).exp());
    let tint = [about(TINT), about(TINT), about(TINT)];
    let mean = planes.iter().map(|&v| f64::from(v)).sum::<f64>() as f32 / planes.len() as f32;
    for at in 0..one {
        let grey = 0.299 * planes[at] + 0.587 * planes[one + at] + 0.114 * planes[2 * one + at];
        for (channel, tint) in tint.iter().enumerate() {
            let value = &mut planes[channel * one + at];
            let coloured = grey + saturation * (*value - grey);
            *value = mean + contrast * (coloured - mean) + light + tint;
        }
    }
}
