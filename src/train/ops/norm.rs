//! Normalisation.

use crate::train::graph::{Graph, Init, Role, Var, float};

/// Where a batch normalisation takes mean and variance from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStatistics {
    /// From the batch; running means of them are kept for performing.
    Batch,
    /// From the running means.
    Running,
}

/// Share of the old value that a running mean keeps each step.
pub const RUNNING_SHARE: f32 = 0.95;
const EPSILON: f32 = 1e-5;

impl Graph {
    /// `gain · (x − mean) / √(variance + ε) + bias` over `axes`, with the mean and the variance. Gain and bias have
    /// length 1 along `axes`. The derivative is written out (Ioffe & Szegedy 2015): with c = x − mean, s = √(variance + ε)
    /// and M elements a mean is taken over,
    /// dbias = Σdy,  dgain = Σ(dy·c)/s,  dx = (gain/s)·(dy − dbias/M − c·dgain/(s·M)).
    /// Differentiating each operation instead would take twice as many passes over the tensor.
    fn normalize(&mut self, x: Var, axes: &[usize], (gain, bias): (Var, Var)) -> (Var, Var, Var) {
        let shape = self.shape(x).to_vec();
        let count = axes.iter().map(|&a| shape[a]).product::<usize>() as f32;
        let mean = self.mean(x, axes, true);
        let centred = self.sub(x, mean);
        let squares = self.mul(centred, centred);
        let variance = self.mean(squares, axes, true);
        let inside = self.add_scalar(variance, EPSILON);
        let deviation = self.sqrt(inside);
        let factor = self.div(gain, deviation);
        let scaled = self.mul(centred, factor);
        let y = self.add(scaled, bias);
        // This node carries the whole derivative from y to x; no gradient ever reaches the nodes in between.
        let y = self.emit1("Identity", &[y], vec![], &shape);
        let axes = axes.to_vec();
        self.derive1(y, move |g, dy| {
            let sum_dy = g.sum(dy, &axes, true);
            let weighted = g.mul(dy, centred);
            let sum_weighted = g.sum(weighted, &axes, true);
            let dgain = g.div(sum_weighted, deviation);
            let along = g.div(dgain, deviation);
            let along = g.mul(along, factor);
            let along = g.scale(along, -1.0 / count);
            let offset = g.mul(sum_dy, factor);
            let offset = g.scale(offset, -1.0 / count);
            let dx = g.mul(dy, factor);
            let curve = g.mul(centred, along);
            let dx = g.add(dx, curve);
            let dx = g.add(dx, offset);
            vec![(x, dx), (gain, dgain), (bias, sum_dy)]
        });
        (y, mean, variance)
    }

    /// Instance normalisation of `(N, C, H, W)` (Ulyanov et al. 2016) with a gain and a bias `(N, C)` for each channel of each picture, as one node, which
    /// knows no height and width. The derivative is that of [`Graph::batch_norm`] over other axes; mean and deviation are taken again for it.
    pub fn instance_norm(&mut self, x: Var, gain: Var, bias: Var) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        // The node has one gain a channel: pictures become channels.
        let shape = [1, n * c, h, w];
        let (x, gain) = (self.reshape(x, &shape), self.reshape(gain, &[n * c]));
        let bias = self.reshape(bias, &[n * c]);
        let epsilon = vec![float("epsilon", EPSILON)];
        let y = self.emit1("InstanceNormalization", &[x, gain, bias], epsilon, &shape);
        // With u = (x − mean)/s: dbias = Σdy, dgain = Σ dy·u, dx = gain/s·(dy − mean(dy) − u·mean(dy·u))
        self.derive1(y, move |g, dy| {
            let mean = g.mean(x, &[2, 3], true);
            let centred = g.sub(x, mean);
            let squares = g.mul(centred, centred);
            let variance = g.mean(squares, &[2, 3], true);
            let inside = g.add_scalar(variance, EPSILON);
            let deviation = g.sqrt(inside);
            let unit = g.div(centred, deviation);
            let along = g.mul(dy, unit);
            let (dgain, dbias) = (g.sum(along, &[2, 3], false), g.sum(dy, &[2, 3], false));
            let (mean_along, mean_dy) = (g.mean(along, &[2, 3], true), g.mean(dy, &[2, 3], true));
            let curve = g.mul(unit, mean_along);
            let dx = g.sub(dy, mean_dy);
            let dx = g.sub(dx, curve);
            let wide = g.reshape(gain, &[1, n * c, 1, 1]);
            let factor = g.div(wide, deviation);
            let dx = g.mul(dx, factor);
            vec![(x, dx), (gain, g.reshape(dgain, &[n * c])), (bias, g.reshape(dbias, &[n * c]))]
        });
        self.reshape(y, &[n, c, h, w])
    }

    /// Batch normalisation of `(N, C, H, W)` or `(N, C)` (Ioffe & Szegedy 2015), with parameters `NAME.gain` and
    /// `NAME.bias` and the state `NAME.mean` and `NAME.variance`.
    pub fn batch_norm(&mut self, name: &str, x: Var, statistics: BatchStatistics) -> Var {
        let shape = self.shape(x).to_vec();
        let c = shape[1];
        let mut per_channel = vec![1; shape.len()];
        per_channel[1] = c;
        let (gain, bias) = self.gain_and_bias(name, c);
        let (gain, bias) = (self.reshape(gain, &per_channel), self.reshape(bias, &per_channel));
        let (mean_name, variance_name) = (format!("{name}.mean"), format!("{name}.variance"));
        let running_mean = self.parameter(&mean_name, &[c], Init::Constant(0.0), Role::State);
        let running_variance = self.parameter(&variance_name, &[c], Init::Constant(1.0), Role::State);
        if statistics == BatchStatistics::Running {
            // One gain and one offset a channel: y = x·a + (bias − mean·a) with a = gain / √(variance + ε)
            let inside = self.add_scalar(running_variance, EPSILON);
            let deviation = self.sqrt(inside);
            let deviation = self.reshape(deviation, &per_channel);
            let factor = self.div(gain, deviation);
            let mean = self.reshape(running_mean, &per_channel);
            let shift = self.mul(mean, factor);
            let offset = self.sub(bias, shift);
            let y = self.mul(x, factor);
            return self.add(y, offset);
        }
        let axes = (0..shape.len()).filter(|&a| a != 1).collect::<Vec<_>>();
        let (y, mean, variance) = self.normalize(x, &axes, (gain, bias));
        for (name, running, new) in [(mean_name, running_mean, mean), (variance_name, running_variance, variance)] {
            let new = self.reshape(new, &[c]);
            let old = self.scale(running, RUNNING_SHARE);
            let new = self.scale(new, 1.0 - RUNNING_SHARE);
            let renewed = self.add(old, new);
            self.update(&name, renewed);
        }
        y
    }

    fn gain_and_bias(&mut self, name: &str, n: usize) -> (Var, Var) {
        let gain = self.parameter(&format!("{name}.gain"), &[n], Init::Constant(1.0), Role::Bias);
        let bias = self.parameter(&format!("{name}.bias"), &[n], Init::Constant(0.0), Role::Bias);
        (gain, bias)
    }
}
