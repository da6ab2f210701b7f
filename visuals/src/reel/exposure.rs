//! One frame from several moments, and its bytes.

use oneiro::render::{Alpha, Depth, Reel};

/// The light that a frame has got so far.
#[derive(Debug)]
pub(super) struct Exposure {
    depth: Depth,
    alpha: Alpha,
    width: usize,
    /// Rows of red, green, blue: the sum of what was added.
    light: Vec<f32>,
    moments: u32,
}

impl Exposure {
    pub fn new(reel: &Reel) -> Self {
        Self { depth: reel.depth, alpha: reel.alpha, width: reel.size.0 as usize, light: Vec::new(), moments: 0 }
    }

    /// Adds a moment: rows of red, green, blue, linear.
    pub fn add(&mut self, light: Vec<f32>) {
        if self.moments == 0 {
            self.light = light;
        } else {
            self.light.iter_mut().zip(light).for_each(|(sum, light)| *sum += light);
        }
        self.moments += 1;
    }

    /// The bytes of the mean, and begins anew. `number` is that of the frame: its noise follows from it.
    pub fn develop(&mut self, number: u64) -> Vec<u8> {
        let share = 1.0 / self.moments.max(1) as f32;
        self.moments = 0;
        let channels = if self.alpha == Alpha::None { 3 } else { 4 };
        let mut bytes = Vec::with_capacity(self.light.len() / 3 * channels * usize::from(u8::from(self.depth) / 8));
        let light = std::mem::take(&mut self.light);
        for (place, pixel) in light.chunks_exact(3).enumerate() {
            let mut values = [0, 1, 2].map(|channel| encoded(share * pixel[channel]));
            let alpha = values[0].max(values[1]).max(values[2]);
            if self.alpha == Alpha::Luma && alpha > 0.0 {
                values = values.map(|value| value / alpha);
            }
            // Noise over one step and back, so that calm gradients have no edges; black stays black.
            let (x, y) = ((place % self.width) as u32, (place / self.width) as u32);
            let noise = hashed(x, y, number as u32) + hashed(y, x, (number as u32).wrapping_add(7919)) - 1.0;
            let all = [values[0], values[1], values[2], alpha];
            for value in &all[..channels] {
                match self.depth {
                    Depth::Eight if *value <= 0.0 => bytes.push(0),
                    Depth::Eight => bytes.push((255.0 * value + noise + 0.5).clamp(0.0, 255.0) as u8),
                    Depth::Sixteen => bytes.extend(((65_535.0 * value + 0.5) as u16).to_le_bytes()),
                }
            }
        }
        bytes
    }
}

/// Linear light as it is encoded (IEC 61966-2-1).
fn encoded(light: f32) -> f32 {
    let x = light.clamp(0.0, 1.0);
    if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
}

/// A number from 0 to 1 that looks like chance: PCG's output function (O'Neill 2014) over three numbers, one after the other.
fn hashed(x: u32, y: u32, z: u32) -> f32 {
    let step = |seed: u32, x: u32| {
        let state = (seed ^ x).wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
        (word >> 22) ^ word
    };
    step(step(step(0x9e37_79b9, x), y), z) as f32 / u32::MAX as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(depth: Depth, alpha: Alpha) -> Exposure {
        Exposure::new(&Reel { size: (2, 1), depth, alpha, ..Reel::default() })
    }

    #[test]
    fn the_mean_is_of_light_and_not_of_bytes() {
        let mut exposure = exposure(Depth::Sixteen, Alpha::None);
        exposure.add(vec![1.0, 0.0, 0.5, 0.0, 0.0, 0.0]);
        exposure.add(vec![0.0, 0.0, 0.5, 0.0, 0.0, 0.0]);
        let bytes = exposure.develop(0);
        let values: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        // Half of the light is 0.7354 of the code, not 0.5.
        assert_eq!(values, [48_192, 0, 48_192, 0, 0, 0], "{values:?}");
        exposure.add(vec![1.0; 6]);
        assert_eq!(exposure.develop(0), [255; 12], "it begins anew");
    }

    #[test]
    fn over_black_alpha_gives_the_same_picture_and_noise_stays_within_a_step() {
        let light = vec![0.2, 0.05, 0.0, 0.0, 0.0, 0.0];
        let mut exposures = [Alpha::None, Alpha::Luma].map(|alpha| exposure(Depth::Sixteen, alpha));
        exposures.iter_mut().for_each(|exposure| exposure.add(light.clone()));
        let [plain, keyed] = exposures.map(|mut exposure| exposure.develop(3));
        let values = |bytes: &[u8]| bytes.chunks_exact(2).map(|p| u16::from_le_bytes([p[0], p[1]])).collect::<Vec<_>>();
        let (plain, keyed) = (values(&plain), values(&keyed));
        assert_eq!(keyed[4..], [0; 4]);
        for channel in 0..3 {
            let over = f64::from(keyed[channel]) * f64::from(keyed[3]) / 65_535.0;
            assert!((over - f64::from(plain[channel])).abs() <= 1.0, "{over} for {}", plain[channel]);
        }
        let mut eight = exposure(Depth::Eight, Alpha::None);
        for number in 0..200 {
            eight.add(light.clone());
            let bytes = eight.develop(number);
            let apart = (i32::from(bytes[0]) - i32::from(plain[0] / 257)).abs();
            assert!(apart <= 1 && bytes[3..] == [0; 3], "{bytes:?}");
        }
    }
}
