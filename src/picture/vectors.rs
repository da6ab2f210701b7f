//! Points and directions in latent space.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What a random vector is for: each use has a stream of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    Keyframe(u32),
    Home(u32),
    Direction(u32),
    Circle(u32),
}

/// A vector of independent normal numbers that depends on (seed, use) alone.
pub(super) fn random(seed: u64, what: Use, size: usize) -> Vec<f32> {
    let (kind, number) = match what {
        Use::Keyframe(n) => (1_u64, n),
        Use::Home(n) => (2, n),
        Use::Direction(n) => (3, n),
        Use::Circle(n) => (4, n),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(kind << 40 | u64::from(number));
    StandardNormal.sample_iter(&mut rng).take(size).collect()
}

pub(super) fn norm(v: &[f32]) -> f32 {
    v.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// The same direction, `length` long; a vector without direction stays as it is.
pub(super) fn with_length(mut v: Vec<f32>, length: f32) -> Vec<f32> {
    let now = norm(&v);
    if now > 1e-12 {
        v.iter_mut().for_each(|x| *x *= length / now);
    }
    v
}

pub(super) fn sum(parts: &[(f32, &[f32])]) -> Vec<f32> {
    let size = parts.first().map_or(0, |(_, v)| v.len());
    (0..size).map(|i| parts.iter().map(|(weight, v)| weight * v[i]).sum()).collect()
}

/// Spherical interpolation between vectors of equal length (K. Shoemake, "Animating rotation with quaternion curves",
/// 1985): (sin((1 − t)·θ)·a + sin(t·θ)·b) / sin θ. Straight where the two almost coincide or oppose each other.
pub(super) fn slerp(a: &[f32], b: &[f32], t: f32) -> Vec<f32> {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let angle = (dot / (norm(a) * norm(b)).max(1e-12)).clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    if sine < 1e-3 {
        return sum(&[(1.0 - t, a), (t, b)]);
    }
    sum(&[(((1.0 - t) * angle).sin() / sine, a), ((t * angle).sin() / sine, b)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slerp_keeps_the_length_and_meets_both_ends() {
        let [a, b] = [1, 2].map(|n| with_length(random(4, Use::Keyframe(n), 128), 11.0));
        for i in 0..=10 {
            let t = i as f32 / 10.0;
            assert!((norm(&slerp(&a, &b, t)) - 11.0).abs() < 1e-3, "at {t}");
        }
        let far = |x: &[f32], y: &[f32]| norm(&sum(&[(1.0, x), (-1.0, y)]));
        assert!(far(&slerp(&a, &b, 0.0), &a) < 1e-4 && far(&slerp(&a, &b, 1.0), &b) < 1e-4);
    }
}
