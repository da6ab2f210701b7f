//! Ways through the latent space, for looking at a model.

/// `steps` points from `from` to `to` along the great circle of their directions (spherical interpolation, Shoemake
/// 1985), both ends included. Their length is 1: a generator looks at directions only.
///
/// # Panics
/// If the two have different lengths.
pub fn walk(from: &[f32], to: &[f32], steps: usize) -> Vec<Vec<f32>> {
    assert_eq!(from.len(), to.len(), "points of one latent space");
    let (a, b) = (unit(from), unit(to));
    let cosine: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let at = |t: f32| {
        // Nearly the same or opposite directions have no arc to speak of: the ends then blend.
        let (wa, wb) = if angle.sin() < 1e-4 {
            (1.0 - t, t)
        } else {
            (((1.0 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin())
        };
        a.iter().zip(&b).map(|(x, y)| wa * x + wb * y).collect()
    };
    let last = steps.saturating_sub(1).max(1) as f32;
    (0..steps).map(|i| at(i as f32 / last)).collect()
}

fn unit(v: &[f32]) -> Vec<f32> {
    let length = v.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    v.iter().map(|x| x / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_keeps_its_length_and_its_pace() {
        let path = walk(&[3.0, 0.0, 0.0], &[0.0, 0.5, 0.0], 7);
        for (i, point) in path.iter().enumerate() {
            let angle = i as f32 * std::f32::consts::FRAC_PI_2 / 6.0;
            assert!((point[0] - angle.cos()).abs() < 1e-5 && (point[1] - angle.sin()).abs() < 1e-5, "{i}: {point:?}");
        }
    }

    #[test]
    fn a_walk_to_the_same_place_stays_there() {
        for point in walk(&[0.6, 0.8], &[0.6, 0.8], 3) {
            assert!((point[0] - 0.6).abs() < 1e-5 && (point[1] - 0.8).abs() < 1e-5, "{point:?}");
        }
    }
}
