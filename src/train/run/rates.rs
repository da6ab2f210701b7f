//! Learning rates over a run.

use crate::train::program::{Feed, Feeds};
use crate::train::tensor::Tensor;

/// How fast an objective's parameters move.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Name of the objective.
    pub objective: String,
    /// Highest learning rate.
    pub peak: f64,
    /// Steps over which the rate rises to it.
    pub warm_up: u64,
    /// Share of the peak that the cosine decay ends at.
    pub end: f64,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Longest memory of the running average, as its decay a step; `None` where no average is kept.
    pub average: Option<f64>,
}

impl Rates {
    /// The learning rate of a step: linear warm-up, then half a cosine (Loshchilov & Hutter 2017).
    pub fn rate(&self, step: u64, steps: u64) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        let share = (step - self.warm_up) as f64 / (steps.max(self.warm_up + 1) - self.warm_up) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos());
        self.peak * (self.end + (1.0 - self.end) * cosine)
    }

    /// Puts what the optimizer needs at `step` among a batch's feeds.
    pub(in crate::train) fn feed(&self, step: u64, steps: u64, feeds: &mut Feeds) {
        let t = (step + 1) as f64;
        let mut put = |name: &str, value: f64| {
            feeds.insert(format!("{}/{name}", self.objective), Feed::Floats(Tensor::scalar(value as f32)));
        };
        put("rate", self.rate(step, steps));
        put("correction1", 1.0 / (1.0 - self.beta1.powf(t)));
        put("correction2", 1.0 / (1.0 - self.beta2.powf(t)));
        if let Some(decay) = self.average {
            // A young average forgets faster, so that it soon leaves its random start.
            put("average", 1.0 - decay.min((1.0 + t) / (10.0 + t)));
        }
    }
}
