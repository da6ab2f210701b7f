//! The baseline: ridge regression on what a frozen network sees, one regression for each class.

use super::evaluate::Prediction;
use nalgebra::{DMatrix, DVector};

/// Candidates for the penalty, as parts of the number of pictures.
const PENALTIES: [f64; 7] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Rows of features with what is known of them.
pub struct Examples<'a> {
    /// Row after row.
    pub features: &'a [f32],
    /// Features a row.
    pub width: usize,
    /// Class of each row.
    pub classes: &'a [usize],
    /// Fold of each row.
    pub folds: &'a [usize],
}

impl Examples<'_> {
    fn rows(&self, keep: &dyn Fn(usize) -> bool) -> Vec<usize> {
        (0..self.classes.len()).filter(|&at| keep(self.folds[at])).collect()
    }

    fn row(&self, at: usize) -> DVector<f64> {
        DVector::from_iterator(
            self.width,
            self.features[at * self.width..(at + 1) * self.width].iter().map(|&v| f64::from(v)),
        )
    }
}

/// What linear regressions say: logits = x·weights + bias.
pub struct Head {
    /// `(width, classes)`.
    pub weights: DMatrix<f64>,
    /// One number for each class.
    pub bias: DVector<f64>,
}

impl Head {
    /// The regressions on the rows of all folds but `held_out`.
    ///
    /// Classes weigh the same however many pictures they have. The penalty is the one with the best balanced accuracy when each of the other folds is
    /// held out in turn, so that nothing of the held-out fold is used.
    pub fn fit(examples: &Examples, classes: usize, held_out: usize) -> Self {
        let training = examples.rows(&|fold| fold != held_out);
        let mut inner: Vec<usize> = training.iter().map(|&at| examples.folds[at]).collect();
        inner.sort_unstable();
        inner.dedup();
        let mut found: Vec<Vec<Prediction>> = vec![Vec::new(); PENALTIES.len()];
        if inner.len() > 1 {
            for fold in inner {
                let fit = Fit::new(examples, &examples.rows(&|f| f != held_out && f != fold), classes);
                for (found, penalty) in found.iter_mut().zip(PENALTIES) {
                    found.extend(fit.head(penalty).predict(examples, &examples.rows(&|f| f == fold)));
                }
            }
        }
        let score = |predictions: &Vec<Prediction>| {
            let share = |class| {
                let of: Vec<&Prediction> = predictions.iter().filter(|p| p.class == class).collect();
                of.iter().filter(|p| p.said() == class).count() as f64 / of.len().max(1) as f64
            };
            (0..classes).map(share).sum::<f64>()
        };
        let best = (0..PENALTIES.len()).max_by(|&a, &b| score(&found[a]).total_cmp(&score(&found[b]))).unwrap_or(0);
        Fit::new(examples, &training, classes).head(PENALTIES[best])
    }

    /// What it says of some rows.
    pub fn predict(&self, examples: &Examples, rows: &[usize]) -> Vec<Prediction> {
        let says = |&at: &usize| {
            let y = self.weights.tr_mul(&examples.row(at)) + &self.bias;
            Prediction { class: examples.classes[at], logits: y.iter().map(|&v| v as f32).collect() }
        };
        rows.iter().map(says).collect()
    }
}

/// Predictions for the rows of fold `held_out` from all other folds, in the order of the rows.
pub fn predict(examples: &Examples, classes: usize, held_out: usize) -> Vec<Prediction> {
    Head::fit(examples, classes, held_out).predict(examples, &examples.rows(&|fold| fold == held_out))
}

/// Weighted moments of the training rows.
struct Fit {
    mean: DVector<f64>,
    deviation: DVector<f64>,
    /// Mean of x·xᵀ of standardised rows.
    gram: DMatrix<f64>,
    /// Mean of x·yᵀ, with y = ±1 less its mean.
    cross: DMatrix<f64>,
    /// Mean of y.
    offset: DVector<f64>,
    rows: f64,
}

impl Fit {
    fn new(examples: &Examples, rows: &[usize], classes: usize) -> Self {
        let mut counts = vec![0.0; classes];
        rows.iter().for_each(|&at| counts[examples.classes[at]] += 1.0);
        let weight = |at: usize| 1.0 / (classes as f64 * counts[examples.classes[at]]);
        let mut mean = DVector::zeros(examples.width);
        rows.iter().for_each(|&at| mean += examples.row(at) * weight(at));
        let mut variance = DVector::zeros(examples.width);
        rows.iter().for_each(|&at| variance += (examples.row(at) - &mean).map(|d| d * d) * weight(at));
        let deviation = variance.map(|v: f64| v.sqrt().max(1e-6));
        let target = |at: usize| DVector::from_fn(classes, |c, _| if examples.classes[at] == c { 1.0 } else { -1.0 });
        let mut offset = DVector::zeros(classes);
        rows.iter().for_each(|&at| offset += target(at) * weight(at));
        let mut x = DMatrix::zeros(rows.len(), examples.width);
        let mut y = DMatrix::zeros(rows.len(), classes);
        for (i, &at) in rows.iter().enumerate() {
            let root = weight(at).sqrt();
            x.set_row(i, &((examples.row(at) - &mean).component_div(&deviation) * root).transpose());
            y.set_row(i, &((target(at) - &offset) * root).transpose());
        }
        Self { gram: x.tr_mul(&x), cross: x.tr_mul(&y), mean, deviation, offset, rows: rows.len() as f64 }
    }

    /// b = (XᵀX + λI)⁻¹·Xᵀy with λ = penalty · width / rows, for rows as they come: standardising is part of it.
    fn head(&self, penalty: f64) -> Head {
        let mut matrix = self.gram.clone();
        let width = matrix.nrows();
        let lambda = penalty * width as f64 / self.rows.max(1.0);
        for i in 0..width {
            matrix[(i, i)] += lambda;
        }
        // Positive definite, since λ is above 0; if rounding says otherwise, nothing but the classes' means is left to say.
        let none = || DMatrix::zeros(width, self.offset.len());
        let mut weights = matrix.cholesky().map_or_else(none, |c| c.solve(&self.cross));
        for (mut row, deviation) in weights.row_iter_mut().zip(&self.deviation) {
            row /= *deviation;
        }
        let bias = &self.offset - weights.tr_mul(&self.mean);
        // ±1 apart: twice that is a fair guess of logits before their temperature is fitted.
        Head { weights: weights * 2.0, bias: bias * 2.0 }
    }
}
