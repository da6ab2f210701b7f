//! What lies over a picture and does not move with it: cloth, vignette, and the grain that hides banding.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Side of the square of grain, in pixels; a power of two.
const GRAIN_SIDE: usize = 256;
/// Strength of the grain, in parts of full scale.
const GRAIN: f32 = 1.6 / 255.0;
/// How much of the light the cloth takes or gives.
const CLOTH: f32 = 0.02;
/// How much darker the corners are.
const VIGNETTE: f32 = 0.34;

/// Static light and moving grain for one size of video frame.
#[derive(Debug)]
pub(super) struct Texture {
    width: usize,
    /// Factor of each pixel.
    light: Vec<f32>,
    grain: Vec<f32>,
}

impl Texture {
    pub fn new(width: usize, height: usize) -> Self {
        // Its own seed: cloth and grain are the same in every performance.
        let mut rng = ChaCha8Rng::seed_from_u64(0x0c_107);
        // Triangular: the sum of two uniform numbers leaves no trace of the steps that it hides.
        let grain =
            (0..GRAIN_SIDE * GRAIN_SIDE).map(|_| GRAIN * (rng.random::<f32>() + rng.random::<f32>() - 1.0)).collect();
        let threads: Vec<f32> = (0..width + height).map(|_| rng.random::<f32>() - 0.5).collect();
        let mut light = Vec::with_capacity(width * height);
        let (w, h) = (width as f32, height as f32);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = ((2.0 * x as f32 + 1.0) / w - 1.0, (2.0 * y as f32 + 1.0) / h - 1.0);
                let corner = ((u * u + v * v) / 2.0).powf(1.5);
                // Warp and weft cross over and under; no two threads are quite alike.
                let over = if (x / 2 + y / 2) % 2 == 0 { threads[x / 2] } else { threads[width + y / 2] };
                let weave = 0.5 * ((x % 2) as f32 - 0.5) * ((y % 2) as f32 - 0.5) + over;
                light.push((1.0 - VIGNETTE * corner) * (1.0 + CLOTH * weave));
            }
        }
        Self { width, light, grain }
    }

    /// Lays cloth, vignette and grain over rows of floats.
    pub fn print(&self, picture: &mut [f32], number: u64, exposure: f32) {
        // The grain moves by an irrational step of its square with each video frame.
        let shift = |factor: u64| (number.wrapping_mul(factor) >> 7) as usize % GRAIN_SIDE;
        let (dx, dy) = (shift(0x9e37_79b9_7f4a_7c15), shift(0xc2b2_ae3d_27d4_eb4f));
        for (y, row) in picture.chunks_exact_mut(3 * self.width).enumerate() {
            let light = &self.light[self.width * y..self.width * (y + 1)];
            let grain = &self.grain[GRAIN_SIDE * ((y + dy) % GRAIN_SIDE)..][..GRAIN_SIDE];
            for (x, (pixel, light)) in row.chunks_exact_mut(3).zip(light).enumerate() {
                let grain = grain[(x + dx) % GRAIN_SIDE];
                pixel.iter_mut().for_each(|value| *value = (*value * light + grain) * exposure);
            }
        }
    }
}
