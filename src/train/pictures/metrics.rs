//! How near generated pictures are to real ones, by the features that a frozen network sees in them.
//!
//! A feature matrix has one row per picture: `N` rows of `D` values.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;

/// Why a measure cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The values do not fill rows of `D`.
    #[error("{values} values do not fill rows of {width}")]
    Shape {
        /// Values given.
        values: usize,
        /// Row length `D`.
        width: usize,
    },
    /// The two matrices have rows of different length.
    #[error("features of width {0} against {1}")]
    Widths(usize, usize),
    /// Too few rows for the measure.
    #[error("{rows} pictures; at least {needed} are needed")]
    TooFew {
        /// Rows given.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// A value that is not a number, or infinite.
    #[error("feature {column} of picture {row} is not finite")]
    NotFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
    },
}

/// `N` rows of `D` finite features.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    width: usize,
    values: Vec<f32>,
}

impl Features {
    /// Takes `N·D` values, row after row.
    ///
    /// # Errors
    /// [`Error::Shape`] where they do not fill the rows, [`Error::NotFinite`].
    pub fn new(width: usize, values: Vec<f32>) -> Result<Self, Error> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(Error::Shape { values: values.len(), width });
        }
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(Error::NotFinite { row: at / width, column: at % width }),
            None => Ok(Self { width, values }),
        }
    }

    /// Pictures `N`.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Features `D`.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Features of one picture.
    ///
    /// # Panics
    /// If there is no such picture.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    fn needs(&self, needed: usize) -> Result<(), Error> {
        if self.rows() < needed { Err(Error::TooFew { rows: self.rows(), needed }) } else { Ok(()) }
    }

    /// Mean (D) and covariance (D×D, divided by N − 1).
    fn moments(&self) -> (DVector<f64>, DMatrix<f64>) {
        let rows = self.rows();
        let mut centred = DMatrix::from_row_iterator(rows, self.width, self.values.iter().map(|&v| f64::from(v)));
        let mean = centred.row_mean();
        for mut row in centred.row_iter_mut() {
            row -= &mean;
        }
        let covariance = centred.tr_mul(&centred) / (rows as f64 - 1.0);
        (mean.transpose(), covariance)
    }
}

fn same_width(a: &Features, b: &Features) -> Result<(), Error> {
    if a.width == b.width { Ok(()) } else { Err(Error::Widths(a.width, b.width)) }
}

/// Fréchet distance between the Gaussians fitted to two feature matrices (Heusel et al. 2017, "GANs trained by a
/// two time-scale update rule"): `|μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½)`.
///
/// Not below 0. It falls with the number of pictures, so compare only distances between equal numbers.
///
/// The root's trace is taken from the symmetric `Σa^½ Σb Σa^½`, which has the eigenvalues of `Σa Σb`; small negative ones,
/// which rounding leaves when there are fewer pictures than features, count as zero.
///
/// # Errors
/// [`Error::Widths`], [`Error::TooFew`] below two pictures on either side.
pub fn frechet_distance(a: &Features, b: &Features) -> Result<f64, Error> {
    same_width(a, b)?;
    a.needs(2)?;
    b.needs(2)?;
    let ((mean_a, cov_a), (mean_b, cov_b)) = (a.moments(), b.moments());
    let root_a = square_root(&cov_a);
    let inner = &root_a * &cov_b * &root_a;
    let inner = (&inner + inner.transpose()) * 0.5;
    let cross: f64 = inner.symmetric_eigenvalues().iter().map(|&e| e.max(0.0).sqrt()).sum();
    let distance = (mean_a - mean_b).norm_squared() + cov_a.trace() + cov_b.trace() - 2.0 * cross;
    Ok(distance.max(0.0))
}

/// Root of a symmetric positive semi-definite matrix.
fn square_root(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix.clone());
    let roots = eigen.eigenvalues.map(|e| e.max(0.0).sqrt());
    &eigen.eigenvectors * DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

/// Of each row of `from`, the nearest row of `to`: (its number, Euclidean distance).
///
/// # Errors
/// [`Error::Widths`], [`Error::TooFew`] for an empty `to`.
pub fn nearest(from: &Features, to: &Features) -> Result<Vec<(usize, f32)>, Error> {
    same_width(from, to)?;
    to.needs(1)?;
    let best = |row: usize| {
        let distances = (0..to.rows()).map(|other| (other, squared(from.row(row), to.row(other))));
        let (at, squared) = distances.fold((0, f32::INFINITY), |best, d| if d.1 < best.1 { d } else { best });
        (at, squared.sqrt())
    };
    Ok((0..from.rows()).into_par_iter().map(best).collect())
}

/// How much of the generated lies among the real, and how much of the real among the generated.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct PrecisionRecall {
    /// Part of the generated pictures inside the real manifold: 0 to 1. Low: they look wrong.
    pub precision: f64,
    /// Part of the real pictures inside the generated manifold: 0 to 1. Low: variety is missing.
    pub recall: f64,
}

/// Improved precision and recall (Kynkäänniemi et al. 2019): a manifold is the union of balls round its points, each
/// reaching to its `k`-th nearest neighbour (3 in the paper).
///
/// # Errors
/// [`Error::Widths`], [`Error::TooFew`] where a side has not more than `k` pictures or `k` is 0.
pub fn precision_recall(real: &Features, generated: &Features, k: usize) -> Result<PrecisionRecall, Error> {
    same_width(real, generated)?;
    real.needs(k.max(1) + 1)?;
    generated.needs(k.max(1) + 1)?;
    Ok(PrecisionRecall { precision: inside(generated, real, k.max(1)), recall: inside(real, generated, k.max(1)) })
}

/// Part of `points` within the manifold of `centres`.
fn inside(points: &Features, centres: &Features, k: usize) -> f64 {
    let reach = |row: usize| {
        let others = (0..centres.rows()).filter(|&other| other != row);
        let mut distances: Vec<f32> = others.map(|other| squared(centres.row(row), centres.row(other))).collect();
        *distances.select_nth_unstable_by(k - 1, f32::total_cmp).1
    };
    let reaches: Vec<f32> = (0..centres.rows()).into_par_iter().map(reach).collect();
    let hit = |row: &usize| (0..centres.rows()).any(|c| squared(points.row(*row), centres.row(c)) <= reaches[c]);
    (0..points.rows()).into_par_iter().filter(hit).count() as f64 / points.rows() as f64
}

fn squared(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Rows at ±`spread[i]` along each axis and at its negative: mean as given, diagonal covariance known exactly.
    fn cross(mean: &[f32], spread: &[f32]) -> Features {
        let width = mean.len();
        let mut values = Vec::new();
        for (axis, spread) in spread.iter().enumerate() {
            for sign in [-1.0, 1.0] {
                values.extend((0..width).map(|i| mean[i] + if i == axis { sign * spread } else { 0.0 }));
            }
        }
        Features::new(width, values).unwrap()
    }

    #[test]
    fn frechet_of_diagonal_gaussians_is_the_closed_form() {
        let (ma, sa) = ([1.0, 2.0, -1.0], [1.0, 2.0, 0.5]);
        let (mb, sb) = ([0.0, 2.5, 1.0], [3.0, 0.25, 0.5]);
        // Variance along an axis: 2 s² / (N − 1), N = 6. Then sum (Δμ² + (σa − σb)²).
        let expected: f64 = (0..3)
            .map(|i| {
                let sigma = |s: f32| (2.0 * f64::from(s).powi(2) / 5.0).sqrt();
                f64::from(ma[i] - mb[i]).powi(2) + (sigma(sa[i]) - sigma(sb[i])).powi(2)
            })
            .sum();
        let found = frechet_distance(&cross(&ma, &sa), &cross(&mb, &sb)).unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} against {expected}");
    }

    #[test]
    fn frechet_is_zero_with_itself_symmetric_and_blind_to_rotation() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        // Fewer pictures than features: singular covariances.
        let mut draw = |scale: f32| -> Vec<f32> { (0..20 * 32).map(|_| scale * rng.random::<f32>()).collect() };
        let (a, b) = (Features::new(32, draw(1.0)).unwrap(), Features::new(32, draw(2.0)).unwrap());
        assert!(frechet_distance(&a, &a).unwrap() < 1e-6);
        let (ab, ba) = (frechet_distance(&a, &b).unwrap(), frechet_distance(&b, &a).unwrap());
        assert!((ab - ba).abs() < 1e-6 * ab, "{ab} against {ba}");
        let turned = |f: &Features| {
            let (s, c) = 0.7f32.sin_cos();
            let turn = |p: &[f32]| [c * p[0] - s * p[1], s * p[0] + c * p[1]];
            Features::new(32, f.values.chunks(2).flat_map(turn).collect()).unwrap()
        };
        let after = frechet_distance(&turned(&a), &turned(&b)).unwrap();
        assert!((ab - after).abs() < 1e-3 * ab, "{ab} against {after}");
    }

    #[test]
    fn precision_and_recall_see_what_is_missing() {
        let line = |from: i32, to: i32, offset: f32| {
            Features::new(2, (from..to).flat_map(|n| [n as f32, offset]).collect()).unwrap()
        };
        let real = line(0, 100, 0.0);
        // All generated pictures are real ones, but only a quarter of the variety.
        let part = precision_recall(&real, &line(0, 25, 0.1), 3).unwrap();
        assert_eq!(part.precision, 1.0);
        assert!((0.25..0.3).contains(&part.recall), "{part:?}");
        let far = precision_recall(&real, &line(0, 100, 50.0), 3).unwrap();
        assert_eq!((far.precision, far.recall), (0.0, 0.0));
        let same = precision_recall(&real, &real, 3).unwrap();
        assert_eq!((same.precision, same.recall), (1.0, 1.0));
    }

    #[test]
    fn nearest_names_the_row_and_the_distance() {
        let from = Features::new(2, vec![0.0, 0.0, 9.0, 9.0]).unwrap();
        let to = Features::new(2, vec![9.0, 8.0, 3.0, 4.0]).unwrap();
        assert_eq!(nearest(&from, &to).unwrap(), [(1, 5.0), (0, 1.0)]);
    }

    #[test]
    fn bad_matrices_are_errors() {
        assert!(matches!(Features::new(3, vec![0.0; 4]), Err(Error::Shape { .. })));
        assert_eq!(Features::new(2, vec![0.0, 1.0, f32::NAN, 0.0]), Err(Error::NotFinite { row: 1, column: 0 }));
        let (one, wide) = (Features::new(2, vec![0.0; 2]).unwrap(), Features::new(3, vec![0.0; 6]).unwrap());
        assert_eq!(frechet_distance(&one, &wide), Err(Error::Widths(2, 3)));
        assert_eq!(frechet_distance(&one, &one), Err(Error::TooFew { rows: 1, needed: 2 }));
        assert!(precision_recall(&wide, &wide, 3).is_err());
    }
}
