//! The discriminator of a projected GAN (Sauer et al. 2021): a frozen network's features, mixed by fixed random
//! convolutions, judged by a small trained head at each scale.

use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::nets::efficientnet::CHANNELS;
use crate::train::ops::Conv;
use crate::train::step::draw;
use crate::train::tensor::Tensor;

/// Prefix of the heads' parameters.
pub const PREFIX: &str = "d.";

/// Channels after the fixed projection, by scale.
const PROJECTED: [usize; 4] = [32, 48, 64, 96];
const HEAD: usize = 64;

/// The fixed random convolutions.
pub struct Projection {
    /// `(PROJECTED, CHANNELS, 1, 1)` by scale; each channel is first divided by its usual size.
    across: Vec<Tensor>,
    /// From each scale to the next finer one.
    down: Vec<Tensor>,
}

impl Projection {
    /// Draws the projections; `deviations` holds the usual size of each channel of the features.
    pub fn new(seed: u64, deviations: &[Vec<f32>; 4]) -> Self {
        let across = (0..4).map(|i| {
            let shape = [PROJECTED[i], CHANNELS[i], 1, 1];
            let init = Init::Normal((1.0 / CHANNELS[i] as f32).sqrt());
            let mut w = draw(&init, &format!("across{i}"), &shape, seed);
            for (at, value) in w.data.iter_mut().enumerate() {
                *value /= deviations[i][at % CHANNELS[i]].max(1e-3);
            }
            w
        });
        let down = (0..3).map(|i| {
            let shape = [PROJECTED[i], PROJECTED[i + 1], 1, 1];
            let init = Init::Normal((1.0 / PROJECTED[i + 1] as f32).sqrt());
            draw(&init, &format!("down{i}"), &shape, seed)
        });
        Self { across: across.collect(), down: down.collect() }
    }

    /// Mixes the features across channels, and from coarse to fine across scales.
    pub fn apply(&self, g: &mut Graph, features: [Var; 4]) -> [Var; 4] {
        let mut mixed = features;
        for i in (0..4).rev() {
            let w = g.constant(&self.across[i]);
            let mut x = g.conv(features[i], w, Conv::padded(1, 0));
            if i < 3 {
                let w = g.constant(&self.down[i]);
                let coarse = g.conv(mixed[i + 1], w, Conv::padded(1, 0));
                let size = g.shape(x)[2];
                let coarse = g.resize_linear(coarse, size, size);
                x = g.add(x, coarse);
                x = g.scale(x, 0.5_f32.sqrt());
            }
            mixed[i] = x;
        }
        mixed
    }
}

/// The trained heads: their kernels, divided by their spectral norm (Miyato et al. 2018).
pub struct Heads {
    layers: Vec<Vec<Layer>>,
}

struct Layer {
    kernel: Var,
    bias: Var,
    conv: Conv,
}

impl Heads {
    /// Makes the parameters for features of `sides` pixels.
    pub fn new(g: &mut Graph, sides: [usize; 4]) -> Self {
        let layers = (0..4).map(|i| {
            let mut layers = Vec::new();
            let (mut side, mut channels) = (sides[i], PROJECTED[i]);
            let mut add = |g: &mut Graph, out, k, conv| {
                let name = format!("d.head{i}.{}", layers.len());
                layers.push(layer(g, &name, [out, channels, k, k], conv));
                channels = out;
            };
            if side <= 4 {
                add(g, HEAD, 3, Conv::same(3));
            }
            while side > 4 {
                add(g, HEAD, 4, Conv::padded(2, 1));
                side /= 2;
            }
            add(g, 1, 3, Conv::same(3));
            layers
        });
        Self { layers: layers.collect() }
    }

    /// How real each place of each picture looks, at each scale: four of `(N, 1, h, w)`.
    pub fn judge(&self, g: &mut Graph, features: [Var; 4]) -> Vec<Var> {
        let judge = |(layers, mut x): (&Vec<Layer>, Var)| {
            for (i, layer) in layers.iter().enumerate() {
                if i > 0 {
                    x = g.leaky_relu(x, 0.2);
                }
                x = g.conv(x, layer.kernel, layer.conv);
                x = g.add_channels(x, layer.bias);
            }
            x
        };
        self.layers.iter().zip(features).map(judge).collect()
    }
}

fn layer(g: &mut Graph, name: &str, shape: [usize; 4], conv: Conv) -> Layer {
    let [out, rest] = [shape[0], shape[1] * shape[2] * shape[3]];
    let init = Init::Normal((1.0 / rest as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &shape, init, Role::Weight);
    let bias = g.parameter(&format!("{name}.bias"), &[out], Init::Constant(0.0), Role::Bias);
    // One round of power iteration a step; no gradient flows through the vectors.
    let u_name = format!("{name}.u");
    let u = g.parameter(&u_name, &[1, out], Init::Normal(1.0), Role::State);
    let flat = g.reshape(w, &[out, rest]);
    let still = g.detach(flat);
    let v = g.gemm(u, false, still, false);
    let v = unit(g, v);
    let next = g.gemm(v, false, still, true);
    let next = unit(g, next);
    g.update(&u_name, next);
    let wv = g.gemm(flat, false, v, true);
    let norm = g.gemm(next, false, wv, false);
    let norm = g.reshape(norm, &[1, 1, 1, 1]);
    let kernel = g.div(w, norm);
    Layer { kernel, bias, conv }
}

fn unit(g: &mut Graph, v: Var) -> Var {
    let squares = g.mul(v, v);
    let sum = g.sum(squares, &[1], true);
    let sum = g.add_scalar(sum, 1e-12);
    let length = g.sqrt(sum);
    g.div(v, length)
}
