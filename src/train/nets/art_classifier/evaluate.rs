//! How well classes are told, and how honest the probabilities are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was said of one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Number of its class.
    pub class: usize,
    /// Logits, one for each class.
    pub logits: Vec<f32>,
}

impl Prediction {
    /// The class with the largest logit.
    pub fn said(&self) -> usize {
        (0..self.logits.len()).fold(0, |best, c| if self.logits[c] > self.logits[best] { c } else { best })
    }

    /// Probabilities at a temperature above 0: softmax(logits / temperature).
    pub fn probabilities(&self, temperature: f64) -> Vec<f64> {
        let scaled: Vec<f64> = self.logits.iter().map(|&l| f64::from(l) / temperature).collect();
        let most = scaled.iter().copied().fold(f64::MIN, f64::max);
        let parts: Vec<f64> = scaled.iter().map(|s| (s - most).exp()).collect();
        let sum: f64 = parts.iter().sum();
        parts.into_iter().map(|p| p / sum).collect()
    }
}

/// Figures on pictures that were not learnt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Pictures.
    pub pictures: usize,
    /// Mean over classes of the share that was told right: 0 to 1.
    pub balanced_accuracy: f64,
    /// What guessing reaches.
    pub chance: f64,
    /// Share of all pictures told right.
    pub accuracy: f64,
    /// Balanced accuracy for each two classes, where only these are asked about.
    pub pairs: BTreeMap<String, f64>,
    /// Rows: the true class; columns: what was said.
    pub confusion: Vec<Vec<usize>>,
    /// Mean of −ln of the probability of the true class, in nats.
    pub log_loss: f64,
    /// Expected calibration error: the mean distance of confidence and accuracy in ten equal ranges of confidence (Guo et al. 2017, equation 3).
    pub calibration_error: f64,
}

/// Figures of predictions at a temperature; `None` without a picture of each class.
pub fn figures(classes: &[String], predictions: &[Prediction], temperature: f64) -> Option<Figures> {
    let k = classes.len();
    let mut confusion = vec![vec![0; k]; k];
    predictions.iter().for_each(|p| confusion[p.class][p.said()] += 1);
    let balanced_accuracy = balanced(&confusion)?;
    let right: usize = (0..k).map(|c| confusion[c][c]).sum();
    let mut pairs = BTreeMap::new();
    for (a, b) in (0..k).flat_map(|a| (a + 1..k).map(move |b| (a, b))) {
        let mut both = vec![vec![0; 2]; 2];
        for p in predictions.iter().filter(|p| p.class == a || p.class == b) {
            both[usize::from(p.class == b)][usize::from(p.logits[b] > p.logits[a])] += 1;
        }
        pairs.insert(format!("{} or {}", classes[a], classes[b]), balanced(&both)?);
    }
    Some(Figures {
        pictures: predictions.len(),
        balanced_accuracy,
        chance: 1.0 / k as f64,
        accuracy: right as f64 / predictions.len() as f64,
        pairs,
        confusion,
        log_loss: log_loss(predictions, temperature),
        calibration_error: calibration_error(predictions, temperature),
    })
}

fn balanced(confusion: &[Vec<usize>]) -> Option<f64> {
    let share = |(class, row): (usize, &Vec<usize>)| {
        let all: usize = row.iter().sum();
        (all > 0).then(|| row[class] as f64 / all as f64)
    };
    let shares: Option<Vec<f64>> = confusion.iter().enumerate().map(share).collect();
    shares.map(|s| s.iter().sum::<f64>() / s.len() as f64)
}

fn log_loss(predictions: &[Prediction], temperature: f64) -> f64 {
    let loss = |p: &Prediction| -p.probabilities(temperature)[p.class].max(1e-12).ln();
    predictions.iter().map(loss).sum::<f64>() / predictions.len().max(1) as f64
}

/// Expected calibration error over ten equal ranges of confidence.
pub fn calibration_error(predictions: &[Prediction], temperature: f64) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for p in predictions {
        let confidence = p.probabilities(temperature)[p.said()];
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        bin.0 += confidence;
        bin.1 += f64::from(u8::from(p.said() == p.class));
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f64>() / predictions.len().max(1) as f64
}

/// The temperature from 0.1 to 10 at which the predictions' log loss is least (Guo et al. 2017, section 4.2), by golden section; the loss
/// has one minimum in 1 / temperature.
pub fn temperature(predictions: &[Prediction]) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.1_f64.ln(), 10.0_f64.ln());
    let loss = |log: f64| log_loss(predictions, log.exp());
    for _ in 0..40 {
        let step = golden * (high - low);
        if loss(high - step) < loss(low + step) { high = low + step } else { low += (high - low) - step }
    }
    ((low + high) / 2.0).exp()
}
