//! The coarsest cosines of blocks of pixels: where a map begins before anything is learnt.
//!
//! A block of side B and one of luma and chroma p(y, x) has the amplitudes
//! a(u, v) = (2 − [u = 0]) (2 − [v = 0]) / B² · Σ p(y, x) cos(π u (y + ½) / B) cos(π v (x + ½) / B),
//! and is again Σ a(u, v) · cos · cos (the discrete cosine transform, Ahmed et al. 1974).

use crate::train::tensor::Tensor;

/// Luma, Cb, Cr of red, green, blue (ITU-R BT.601, full range; all three span 2 for values in −1 … 1).
const FROM_RGB: [[f64; 3]; 3] = [[0.299, 0.587, 0.114], [-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];
/// And back.
const TO_RGB: [[f64; 3]; 3] = [[1.0, 0.0, 1.402], [1.0, -0.344_136, -0.714_136], [1.0, 1.772, 0.0]];

/// A set of cosines.
pub struct Cosines {
    /// Side of a block.
    pub side: usize,
    /// Kernel `(C, 3, B, B)` from pictures to amplitudes.
    pub analysis: Tensor,
    /// Kernel `(3·B², C, 1, 1)` from amplitudes to the pixels of a block.
    pub synthesis: Tensor,
    /// What brings each amplitude to a deviation of about a third.
    pub gains: Vec<f32>,
}

/// What a channel holds: one of luma and chroma, and how often the cosine swings down and across.
type Wave = (usize, usize, usize);

/// The `count` waves to begin with: chroma counts as much as luma of three swings more.
fn waves(count: usize, side: usize) -> Vec<Wave> {
    let all = (0..3).flat_map(|part| (0..side * side).map(move |i| (part, i / side, i % side)));
    let mut list: Vec<Wave> = all.collect();
    list.sort_by_key(|&(part, u, v)| {
        let swings = u + v + if part > 0 { 2 } else { 0 };
        (if u + v == 0 { 0 } else { swings }, part, u.abs_diff(v), u)
    });
    list.truncate(count);
    list
}

impl Cosines {
    /// `count` cosines of blocks of `side` pixels; more than there are would repeat none and stay empty.
    pub fn new(count: usize, side: usize) -> Self {
        let waves = waves(count, side);
        let swing = |u: usize, y: usize| (std::f64::consts::PI * u as f64 * (y as f64 + 0.5) / side as f64).cos();
        let pixels = side * side;
        let mut analysis = vec![0.0; count * 3 * pixels];
        let mut synthesis = vec![0.0; 3 * pixels * count];
        let mut gains = vec![1.0; count];
        for (channel, &(part, u, v)) in waves.iter().enumerate() {
            let norm = (if u == 0 { 1.0 } else { 2.0 }) * (if v == 0 { 1.0 } else { 2.0 }) / pixels as f64;
            for i in 0..pixels {
                let wave = swing(u, i / side) * swing(v, i % side);
                for colour in 0..3 {
                    analysis[(channel * 3 + colour) * pixels + i] = (norm * wave * FROM_RGB[part][colour]) as f32;
                    synthesis[(colour * pixels + i) * count + channel] = (wave * TO_RGB[colour][part]) as f32;
                }
            }
            gains[channel] = if u + v == 0 { 1.0 } else { 2.0 + (u + v) as f32 } * if part > 0 { 3.0 } else { 1.0 };
        }
        Self {
            side,
            analysis: Tensor::new(&[count, 3, side, side], analysis),
            synthesis: Tensor::new(&[3 * pixels, count, 1, 1], synthesis),
            gains,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn all_cosines_together_give_the_block_back() {
        let (side, seed) = (4, 5);
        let pixels = side * side;
        let cosines = Cosines::new(3 * pixels, side);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let block: Vec<f32> = (0..3 * pixels).map(|_| rng.random_range(-1.0..1.0)).collect();
        let amplitudes: Vec<f32> = cosines
            .analysis
            .data
            .chunks(3 * pixels)
            .map(|kernel| kernel.iter().zip(&block).map(|(k, p)| k * p).sum())
            .collect();
        for (row, pixel) in cosines.synthesis.data.chunks(3 * pixels).zip(&block) {
            let found: f32 = row.iter().zip(&amplitudes).map(|(s, a)| s * a).sum();
            assert!((found - pixel).abs() < 1e-4, "{found} against {pixel}, seed {seed}");
        }
    }

    #[test]
    fn the_first_are_the_means_and_no_direction_is_preferred() {
        let found = waves(16, 8);
        assert_eq!(found[..3], [(0, 0, 0), (1, 0, 0), (2, 0, 0)]);
        let swings = |f: &dyn Fn(&Wave) -> usize| found.iter().map(f).sum::<usize>();
        assert!(swings(&|w| w.1).abs_diff(swings(&|w| w.2)) <= 1, "{found:?}");
        assert_eq!(Cosines::new(300, 8).gains.len(), 300);
    }
}
