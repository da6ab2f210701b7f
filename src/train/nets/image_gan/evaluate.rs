//! How good a generator is, by what a frozen network sees in its pictures and in real ones.

use crate::train::graph::{Graph, Weights};
use crate::train::nets::efficientnet::{CHANNELS, EfficientNet};
use crate::train::pictures::metrics::{self, Features, frechet_distance, nearest, precision_recall};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::tensor::Tensor;
use serde::Serialize;

/// Why a measure could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// ONNX Runtime failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The features do not allow it.
    #[error(transparent)]
    Metrics(#[from] metrics::Error),
}

/// Looks at pictures through the frozen network: pooled features of the coarsest scale, 320 a picture.
pub struct Eye {
    forward: Forward,
    side: usize,
}

const BATCH: usize = 8;
const WIDTH: usize = CHANNELS[3];

impl Eye {
    /// For pictures of `side` pixels, a multiple of 32; those below 128 are seen enlarged to 128.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn new(network: &EfficientNet, side: usize, device: Device) -> Result<Self, ProgramError> {
        let mut g = Graph::new();
        let pictures = g.input("pictures", &[BATCH, 3, side, side]);
        let seen = if side < 128 { g.resize_linear(pictures, 128, 128) } else { pictures };
        let pooled = network.pooled(&mut g, seen);
        Ok(Self { forward: Forward::new(&g.to_model(&[("pooled", pooled)], Weights::Fed), device)?, side })
    }

    /// Features of `(N, 3, S, S)` pictures in −1 … 1.
    ///
    /// # Errors
    /// If ONNX Runtime fails or features are not finite.
    pub fn features(&mut self, pictures: &[f32]) -> Result<Features, Error> {
        let each = 3 * self.side * self.side;
        let mut values = Vec::with_capacity(pictures.len() / each * WIDTH);
        for part in pictures.chunks(BATCH * each) {
            let count = part.len() / each;
            let mut batch = part.to_vec();
            batch.resize(BATCH * each, 0.0);
            let feed = Feed::Floats(Tensor::new(&[BATCH, 3, self.side, self.side], batch));
            let found = self.forward.run(&Feeds::from([("pictures".to_owned(), feed)]))?;
            values.extend_from_slice(&found["pooled"].data[..count * WIDTH]);
        }
        Ok(Features::new(WIDTH, values)?)
    }
}

/// Features of equal numbers of pictures from every side.
pub struct Sides {
    /// Painted by the model.
    pub painted: Features,
    /// Of the training pictures.
    pub training: Features,
    /// Of the pictures held out.
    pub held_out: Features,
    /// Of one half of all real pictures; no artist and no picture is in both.
    pub half_a: Features,
    /// Of the other half.
    pub half_b: Features,
    /// Of noise.
    pub noise: Features,
}

/// All figures. Distances are Fréchet distances of pooled features unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Pictures on every side.
    pub pictures: usize,
    /// Painted to held-out pictures: the figure to look at.
    pub frechet_held_out: f64,
    /// Painted to training pictures.
    pub frechet_training: f64,
    /// Training to held-out pictures: what a perfect copy of the training pictures would get.
    pub frechet_training_to_held_out: f64,
    /// Two halves of the real pictures.
    pub frechet_real_halves: f64,
    /// Noise to held-out pictures.
    pub frechet_noise: f64,
    /// Part of the painted pictures that lie among the training pictures.
    pub precision: f64,
    /// Part of the training pictures that lie among the painted ones.
    pub recall: f64,
    /// The same for held-out pictures against training pictures.
    pub held_out_precision: f64,
    /// The same for held-out pictures against training pictures.
    pub held_out_recall: f64,
    /// Median distance of a painted picture to the nearest training picture.
    pub nearest_training: f64,
    /// The same for held-out pictures. Much less for painted ones would mean that pictures were learnt by heart.
    pub nearest_training_of_held_out: f64,
    /// The smallest distance of a painted picture to a training picture.
    pub nearest_training_least: f64,
    /// The same for held-out pictures.
    pub nearest_training_least_of_held_out: f64,
    /// Mean distance between two painted pictures. Much less than between real ones would mean that all look alike.
    pub spread: f64,
    /// Mean distance between two training pictures.
    pub spread_training: f64,
    /// Whether the spread is below [`ALARMING_SPREAD`] of that of the training pictures.
    pub mode_collapse: bool,
}

/// Painted pictures that differ by less than this share of what real ones do are an alarm. Half of all real pictures
/// cut at random keep a share near 1; one picture with noise on it keeps next to nothing.
pub const ALARMING_SPREAD: f64 = 0.5;

/// How evenly pictures change along walks, by distances of pooled features between neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Smoothness {
    /// Mean over all steps of squared distance over squared angle, in feature units a radian²: the perceptual path
    /// length of Karras et al. 2019, section 4.1, with our features. Small: pictures change gently.
    pub path_length: f64,
    /// Largest step of a walk over the mean step of that walk, mean over walks: 1 is an even pace.
    pub worst_step: f64,
    /// The same of the worst walk.
    pub worst_step_of_all: f64,
}

/// Smoothness of `walks`: features of equally many pictures each, one walk after another. `angles` tells how far apart
/// neighbouring points of each walk lie, in radians.
///
/// # Errors
/// [`Error::Metrics`] where a walk has fewer than two pictures.
pub fn smoothness(walks: &Features, angles: &[f64]) -> Result<Smoothness, Error> {
    let count = angles.len();
    let length = walks.rows() / count.max(1);
    if length < 2 {
        return Err(metrics::Error::TooFew { rows: length, needed: 2 }.into());
    }
    let (mut path, mut worst, mut worst_of_all) = (0.0, 0.0, 0.0_f64);
    for (walk, angle) in angles.iter().enumerate() {
        let distance = |i: usize| {
            let (a, b) = (walks.row(walk * length + i), walks.row(walk * length + i + 1));
            a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>()
        };
        let squares: Vec<f64> = (0..length - 1).map(distance).collect();
        let mean = squares.iter().map(|s| s.sqrt()).sum::<f64>() / squares.len() as f64;
        let largest = squares.iter().fold(0.0_f64, |m, s| m.max(s.sqrt()));
        // Where nothing changes the pace is even.
        let ratio = if mean > 0.0 { largest / mean } else { 1.0 };
        path += squares.iter().sum::<f64>() / squares.len() as f64 / angle.powi(2).max(1e-12);
        worst += ratio;
        worst_of_all = worst_of_all.max(ratio);
    }
    let walks = count as f64;
    Ok(Smoothness { path_length: path / walks, worst_step: worst / walks, worst_step_of_all: worst_of_all })
}

/// Takes all measures.
///
/// # Errors
/// [`Error::Metrics`] where there are too few pictures.
pub fn figures(sides: &Sides) -> Result<Figures, Error> {
    let Sides { painted, training, held_out, half_a, half_b, noise } = sides;
    let painted_pr = precision_recall(training, painted, 3)?;
    let held_out_pr = precision_recall(training, held_out, 3)?;
    let (near, near_held_out) = (distances(painted, training)?, distances(held_out, training)?);
    Ok(Figures {
        pictures: painted.rows(),
        frechet_held_out: frechet_distance(painted, held_out)?,
        frechet_training: frechet_distance(painted, training)?,
        frechet_training_to_held_out: frechet_distance(training, held_out)?,
        frechet_real_halves: frechet_distance(half_a, half_b)?,
        frechet_noise: frechet_distance(noise, held_out)?,
        precision: painted_pr.precision,
        recall: painted_pr.recall,
        held_out_precision: held_out_pr.precision,
        held_out_recall: held_out_pr.recall,
        nearest_training: near[near.len() / 2],
        nearest_training_of_held_out: near_held_out[near_held_out.len() / 2],
        nearest_training_least: near[0],
        nearest_training_least_of_held_out: near_held_out[0],
        spread: spread(painted),
        spread_training: spread(training),
        mode_collapse: spread(painted) < ALARMING_SPREAD * spread(training),
    })
}

/// Distances of each row of `from` to the nearest of `to`, from small to large.
fn distances(from: &Features, to: &Features) -> Result<Vec<f64>, Error> {
    let mut list: Vec<f64> = nearest(from, to)?.into_iter().map(|(_, d)| f64::from(d)).collect();
    list.sort_by(f64::total_cmp);
    Ok(list)
}

/// Mean Euclidean distance between two rows.
pub fn spread(features: &Features) -> f64 {
    let rows = features.rows();
    let mut sum = 0.0;
    for a in 0..rows {
        for b in 0..a {
            let squares = features.row(a).iter().zip(features.row(b)).map(|(x, y)| f64::from(x - y).powi(2));
            sum += squares.sum::<f64>().sqrt();
        }
    }
    2.0 * sum / (rows * (rows - 1)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_in_a_walk_shows_and_an_even_walk_is_even() {
        // Steps of 1, 1, 1 and of 0, 3, 0, a quarter of a radian each.
        let values = vec![0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 3.0, 3.0];
        let found = smoothness(&Features::new(1, values).unwrap(), &[0.25, 0.25]).unwrap();
        assert!((found.path_length - (1.0 + 3.0) / 2.0 * 16.0).abs() < 1e-9, "{found:?}");
        assert!((found.worst_step - 2.0).abs() < 1e-9, "{found:?}");
        assert!((found.worst_step_of_all - 3.0).abs() < 1e-9, "{found:?}");
        assert!(smoothness(&Features::new(1, vec![0.0]).unwrap(), &[0.1]).is_err());
    }

    #[test]
    fn pictures_that_are_all_alike_raise_the_alarm() {
        let line = |scale: f32| Features::new(1, (0..20).map(|i| scale * i as f32).collect()).unwrap();
        let sides = |painted| Sides {
            painted,
            training: line(1.0),
            held_out: line(1.0),
            half_a: line(1.0),
            half_b: line(1.0),
            noise: line(2.0),
        };
        assert!(figures(&sides(line(0.4))).unwrap().mode_collapse);
        assert!(!figures(&sides(line(0.6))).unwrap().mode_collapse);
    }
}
