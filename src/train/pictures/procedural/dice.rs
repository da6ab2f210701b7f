//! A painter's decisions.

use super::noise::Noise;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Anywhere from `low` to `high`.
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.random::<f32>()
    }

    /// A whole number from `low` to `high`, both possible.
    pub(super) fn count(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high.max(low))
    }

    pub(super) fn chance(&mut self, part: f32) -> bool {
        self.0.random::<f32>() < part
    }

    /// Small more often than large: the square of an even draw, from `low` to `high`.
    pub(super) fn small(&mut self, low: f32, high: f32) -> f32 {
        let t = self.0.random::<f32>();
        low + (high - low) * t * t
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())]
    }

    /// A direction in radians.
    pub(super) fn angle(&mut self) -> f32 {
        self.range(0.0, std::f32::consts::TAU)
    }

    /// About the normal distribution of deviation 1, from four even draws.
    pub(super) fn bell(&mut self) -> f32 {
        (0..4).map(|_| self.range(-0.866, 0.866)).sum()
    }

    /// A point, up to `margin` outside the unit square (inside, if negative).
    pub(super) fn point(&mut self, margin: f32) -> [f32; 2] {
        [self.range(-margin, 1.0 + margin), self.range(-margin, 1.0 + margin)]
    }

    pub(super) fn noise(&mut self) -> Noise {
        Noise(self.0.random())
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        use rand::seq::SliceRandom;
        items.shuffle(&mut self.0);
    }
}
