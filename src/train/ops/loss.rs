//! Losses: each gives one number, the mean over what it is said to be a mean of.

use crate::train::graph::{Graph, Var};

impl Graph {
    /// Cross-entropy in nats of each row: −ln softmax(logits)[target], for logits `(N, V)` and indices `(N)`: `(N)`.
    pub fn cross_entropy(&mut self, logits: Var, targets: Var) -> Var {
        let classes = self.shape(logits)[1];
        let log_p = self.log_softmax(logits);
        let hot = self.one_hot(targets, classes);
        let chosen = self.mul(log_p, hot);
        let sum = self.sum(chosen, &[1], false);
        self.neg(sum)
    }

    /// Mean of squared differences.
    pub fn l2_loss(&mut self, a: Var, b: Var) -> Var {
        let d = self.sub(a, b);
        let squares = self.square(d);
        self.mean_all(squares)
    }

    /// Mean of absolute differences.
    pub fn l1_loss(&mut self, a: Var, b: Var) -> Var {
        let d = self.sub(a, b);
        let sizes = self.abs(d);
        self.mean_all(sizes)
    }

    /// Hinge loss of a discriminator (Lim & Ye 2017): mean max(0, 1 − real) + mean max(0, 1 + fake).
    pub fn hinge_loss(&mut self, real: Var, fake: Var) -> Var {
        let real = self.one_minus(real);
        let real = self.relu(real);
        let fake = self.add_scalar(fake, 1.0);
        let fake = self.relu(fake);
        let (real, fake) = (self.mean_all(real), self.mean_all(fake));
        self.add(real, fake)
    }

    /// Logistic loss of a discriminator, the minimax game of Goodfellow et al. 2014: mean ln(1 + e^−real) + mean ln(1 + e^fake).
    pub fn logistic_loss(&mut self, real: Var, fake: Var) -> Var {
        let real = self.neg(real);
        let (real, fake) = (self.softplus(real), self.softplus(fake));
        let (real, fake) = (self.mean_all(real), self.mean_all(fake));
        self.add(real, fake)
    }

    /// Critic's loss of a Wasserstein GAN (Arjovsky et al. 2017, algorithm 1): mean fake − mean real.
    pub fn wasserstein_loss(&mut self, real: Var, fake: Var) -> Var {
        let (real, fake) = (self.mean_all(real), self.mean_all(fake));
        self.sub(fake, real)
    }

    /// Non-saturating loss of a generator (Goodfellow et al. 2014, section 3): mean ln(1 + e^−fake). Unlike the minimax
    /// loss mean −ln(1 + e^fake) it keeps its gradient where the discriminator is sure.
    pub fn non_saturating_loss(&mut self, fake: Var) -> Var {
        let fake = self.neg(fake);
        let fake = self.softplus(fake);
        self.mean_all(fake)
    }

    /// Kullback–Leibler divergence of N(mu, e^logvar) from N(0, 1) in nats, by element (Kingma & Welling 2014):
    /// ½(mu² + e^logvar − 1 − logvar).
    pub fn kl_divergence(&mut self, mu: Var, logvar: Var) -> Var {
        let (squared, variance) = (self.square(mu), self.exp(logvar));
        let sum = self.add(squared, variance);
        let sum = self.sub(sum, logvar);
        let sum = self.add_scalar(sum, -1.0);
        self.scale(sum, 0.5)
    }

    /// Gram matrices `(N, C, C)` of features `(N, C, H, W)`, divided by C·H·W (Gatys et al. 2016).
    pub fn gram(&mut self, x: Var) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("features are (N, C, H, W)") };
        let flat = self.reshape(x, &[n, c, h * w]);
        let turned = self.transpose_last(flat);
        let products = self.matmul(flat, turned);
        self.scale(products, 1.0 / (c * h * w) as f32)
    }
}
