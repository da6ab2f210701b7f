//! The place in a latent space whose picture is most like a given one: a picture of the user's becomes somewhere to walk to.
//!
//! First many places are looked at by chance, then the best is varied by a (1+1) evolution strategy whose steps grow by what
//! succeeds and shrink by what does not (I. Rechenberg, "Evolutionsstrategie", 1973: one success in five).

use super::vectors::with_length;
use super::{Generator, Look, Picture, PictureError};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Pictures are compared as so many by so many fields.
const FIELDS: usize = 16;
/// Share of all looks that are by chance.
const BY_CHANCE: f64 = 0.35;
/// Length of the first steps, as a share of the radius.
const FIRST_STEP: f32 = 0.35;
/// How much a success lengthens steps; four failures take it back.
const LONGER: f32 = 1.35;

/// A place and how far its picture is from the one that was looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// The latent point, of the length that a walk's points have.
    pub z: Vec<f32>,
    /// Root of the mean squared difference of colours, 0 to about 1; brightness counts twice.
    pub distance: f32,
}

/// Looks for the place of a picture, which is cut to a square. The same seed finds the same place.
///
/// # Errors
/// [`PictureError`] where the generator fails.
pub fn project(
    generator: &mut Generator,
    picture: &Picture,
    seed: u64,
    looks: usize,
) -> Result<Option<Likeness>, PictureError> {
    let target = fields(picture);
    let radius = (generator.latent_size() as f32).sqrt();
    let psi = generator.psi();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let by_chance = (looks as f64 * BY_CHANCE).ceil() as usize;
    let (mut best, mut step): (Option<Likeness>, f32) = (None, FIRST_STEP);
    for look in 0..looks {
        let chance: Vec<f32> = StandardNormal.sample_iter(&mut rng).take(generator.latent_size()).collect();
        let z = match &best {
            Some(best) if look >= by_chance => best.z.iter().zip(&chance).map(|(z, c)| z + step * c).collect(),
            _ => chance,
        };
        let z = with_length(z, radius);
        let painted = generator.paint(&Look { z: z.clone(), psi, accent: 0.0, activity: 0.0 })?;
        let distance = apart(&target, &fields(&painted));
        let better = best.as_ref().is_none_or(|best| distance < best.distance);
        if look >= by_chance {
            step = (step * if better { LONGER } else { LONGER.powf(-0.25) }).clamp(0.01, 1.0);
        }
        if better {
            best = Some(Likeness { z, distance });
        }
    }
    Ok(best)
}

/// Mean brightness and two differences of colour in each field of the middle square.
fn fields(picture: &Picture) -> Vec<f32> {
    let side = picture.width.min(picture.height);
    let (left, top) = ((picture.width - side) / 2, (picture.height - side) / 2);
    let edge = |field: usize| field * side / FIELDS;
    let mut all = Vec::with_capacity(3 * FIELDS * FIELDS);
    for y in 0..FIELDS {
        for x in 0..FIELDS {
            let (mut sum, mut count) = ([0.0_f32; 3], 0.0_f32);
            for row in edge(y)..edge(y + 1).max(edge(y) + 1).min(side) {
                let start = 3 * ((top + row) * picture.width + left);
                let (from, to) = (edge(x), edge(x + 1).max(edge(x) + 1).min(side));
                for pixel in picture.data[start + 3 * from..start + 3 * to].chunks_exact(3) {
                    sum = [sum[0] + pixel[0], sum[1] + pixel[1], sum[2] + pixel[2]];
                    count += 1.0;
                }
            }
            let [r, g, b] = sum.map(|s| s / count.max(1.0));
            let bright = 0.299 * r + 0.587 * g + 0.114 * b;
            all.extend([2.0 * bright, r - bright, b - bright]);
        }
    }
    all
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    (a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() / a.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_means_of_the_middle_square() {
        // Left half black, right half white, with wings that do not count.
        let (width, height) = (100, 64);
        let pixel = |x: usize| if (50..82).contains(&x) { [1.0; 3] } else { [0.0; 3] };
        let data = (0..width * height).flat_map(|i| pixel(i % width)).collect();
        let fields = fields(&Picture { width, height, data });
        for (i, field) in fields.chunks_exact(3).enumerate() {
            let wanted = if i % FIELDS < FIELDS / 2 { 0.0 } else { 2.0 };
            assert!((field[0] - wanted).abs() < 1e-5 && field[1].abs() < 1e-5, "field {i}: {field:?}");
        }
        let tiny = Picture { width: 3, height: 2, data: vec![0.5; 18] };
        assert!(super::fields(&tiny).chunks_exact(3).all(|f| (f[0] - 1.0).abs() < 1e-5));
    }
}
