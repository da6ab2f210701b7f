//! Activations and gates.

use crate::train::graph::{Graph, Var, float, int};

impl Graph {
    /// `max(x, 0)`
    pub fn relu(&mut self, x: Var) -> Var {
        let y = self.unary("Relu", x);
        // dx = dy where y > 0
        self.derive1(y, move |g, dy| {
            let zero = g.scalar(0.0);
            let on = g.greater(y, zero);
            vec![(x, g.mul(dy, on))]
        })
    }

    /// `x` above zero, `slope · x` below.
    pub fn leaky_relu(&mut self, x: Var, slope: f32) -> Var {
        let shape = self.shape(x).to_vec();
        let y = self.emit1("LeakyRelu", &[x], vec![float("alpha", slope)], &shape);
        // dx = dy·(slope + (1 − slope)·[x > 0])
        self.derive1(y, move |g, dy| {
            let zero = g.scalar(0.0);
            let on = g.greater(x, zero);
            let rest = g.scale(on, 1.0 - slope);
            let factor = g.add_scalar(rest, slope);
            vec![(x, g.mul(dy, factor))]
        })
    }

    /// `1 / (1 + e⁻ˣ)`
    pub fn sigmoid(&mut self, x: Var) -> Var {
        let y = self.unary("Sigmoid", x);
        // dx = dy·y·(1 − y)
        self.derive1(y, move |g, dy| {
            let rest = g.one_minus(y);
            let slope = g.mul(y, rest);
            vec![(x, g.mul(dy, slope))]
        })
    }

    /// Hyperbolic tangent.
    pub fn tanh(&mut self, x: Var) -> Var {
        let y = self.unary("Tanh", x);
        // dx = dy·(1 − y²)
        self.derive1(y, move |g, dy| {
            let squared = g.mul(y, y);
            let slope = g.one_minus(squared);
            vec![(x, g.mul(dy, slope))]
        })
    }

    /// `ln(1 + eˣ)`
    pub fn softplus(&mut self, x: Var) -> Var {
        let y = self.unary("Softplus", x);
        // dx = dy·σ(x)
        self.derive1(y, move |g, dy| {
            let slope = g.sigmoid(x);
            vec![(x, g.mul(dy, slope))]
        })
    }

    /// Gated linear unit (Dauphin et al. 2017): the first half of `axis` times the sigmoid of the second.
    pub fn glu(&mut self, x: Var, axis: usize) -> Var {
        let half = self.shape(x)[axis] / 2;
        let parts = self.split(x, axis, &[half, half]);
        let gate = self.sigmoid(parts[1]);
        self.mul(parts[0], gate)
    }

    /// Softmax along the last axis.
    pub fn softmax(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        let last = shape.len() - 1;
        let y = self.emit1("Softmax", &[x], vec![int("axis", -1)], &shape);
        // dx = y·(dy − Σ dy·y)
        self.derive1(y, move |g, dy| {
            let weighted = g.mul(dy, y);
            let total = g.sum(weighted, &[last], true);
            let rest = g.sub(dy, total);
            vec![(x, g.mul(y, rest))]
        })
    }

    /// Logarithm of the softmax along the last axis.
    pub fn log_softmax(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        let last = shape.len() - 1;
        let y = self.emit1("LogSoftmax", &[x], vec![int("axis", -1)], &shape);
        // dx = dy − eʸ·Σ dy
        self.derive1(y, move |g, dy| {
            let total = g.sum(dy, &[last], true);
            let p = g.exp(y);
            let share = g.mul(p, total);
            vec![(x, g.sub(dy, share))]
        })
    }
}
