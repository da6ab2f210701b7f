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
