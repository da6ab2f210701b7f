//! Encoder, decoder, and the finishing of denoised pictures.
//!
//! Everything between the picture and its half-size map is a rearrangement of pixels (Shi et al. 2016), residual blocks are
//! without normalisation (each begins near the identity), and the decoder doubles maps by "nearest ×2, 3×3 convolution".
//!
//! A map holds, to begin with, the coarsest cosines of every block of pixels ([`super::cosines`]), which both halves
//! reach past the network; the network learns to do better than them. That saves it a thousand steps.

use super::cosines::Cosines;
use super::{Bottleneck, Shape};
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::nets::image_gan::up_conv;
use crate::train::ops::{Conv, Dealt};
use crate::train::tensor::Tensor;

/// Prefix of all trained parameters.
pub const PREFIX: &str = "a.";

/// What the encoder gives.
#[derive(Debug, Clone, Copy)]
pub enum Code {
    /// `(N, C, h, w)` in −1 … 1.
    Map(Var),
    /// Mean and logarithm of the variance of the latent point, each `(N, C)`.
    Point {
        /// Mean.
        mu: Var,
        /// Logarithm of the variance.
        logvar: Var,
    },
}

impl Code {
    /// The place of the picture: the map, or the mean.
    pub fn place(self) -> Var {
        match self {
            Self::Map(z) => z,
            Self::Point { mu, .. } => mu,
        }
    }
}

/// Pictures `(N, 3, S, S)` in −1 … 1 to their codes.
pub fn encode(g: &mut Graph, shape: &Shape, pictures: Var) -> Code {
    let n = g.shape(pictures)[0];
    let x = g.space_to_depth(pictures, 2, Dealt::ByChannel);
    let mut x = conv_linear(g, "a.encode.first", x, shape.channels[0], Conv::same(3), 3, 1.0);
    x = blocks(g, "a.encode.0", x, shape.blocks[0]);
    for (level, &channels) in shape.channels.iter().enumerate().skip(1) {
        let name = format!("a.encode.{level}");
        x = conv(g, &format!("{name}.down"), x, channels, Conv::padded(2, 1), 4, 1.0);
        x = blocks(g, &name, x, shape.blocks[level]);
    }
    match shape.bottleneck {
        Bottleneck::Map { channels, .. } => {
            let x = conv(g, "a.encode.code", x, channels, Conv::same(3), 3, 0.1);
            let cosines = Cosines::new(channels, 1 << shape.channels.len());
            let kernel = g.constant(&cosines.analysis);
            let coarse = g.conv(pictures, kernel, Conv::padded(cosines.side, 0));
            let coarse = gain(g, "a.encode.gain", coarse, 1.0);
            let coarse = times(g, coarse, &cosines.gains, false);
            let x = g.add(x, coarse);
            Code::Map(g.tanh(x))
        }
        Bottleneck::Point { size } => {
            let x = g.relu(x);
            let numbers = g.size(x) / n;
            let x = g.reshape(x, &[n, numbers]);
            let mu = linear(g, "a.encode.mu", x, size, 1.0);
            let logvar = linear(g, "a.encode.logvar", x, size, 0.1);
            // A variance out of all proportion would overflow.
            let logvar = g.clip(logvar, -12.0, 6.0);
            Code::Point { mu, logvar }
        }
    }
}

/// Latents as [`Shape::latent`] says to pictures `(N, 3, S, S)`, about −1 … 1 but not held there.
pub fn decode(g: &mut Graph, shape: &Shape, z: Var) -> Var {
    let n = g.shape(z)[0];
    let side = shape.coarse();
    let levels = shape.channels.len();
    let coarsest = shape.channels[levels - 1];
    let mut x = match shape.bottleneck {
        Bottleneck::Map { .. } => conv_linear(g, "a.decode.code", z, coarsest, Conv::same(3), 3, 1.0),
        Bottleneck::Point { .. } => {
            let x = linear(g, "a.decode.start", z, coarsest * side * side, 1.0);
            g.reshape(x, &[n, coarsest, side, side])
        }
    };
    for level in (0..levels).rev() {
        let name = format!("a.decode.{level}");
        x = blocks(g, &name, x, shape.blocks[level]);
        if level > 0 {
            x = g.relu(x);
            let out = shape.channels[level - 1];
            x = up_conv(g, &format!("{name}.up"), x, out);
            let bias = g.parameter(&format!("{name}.up.bias"), &[out], Init::Constant(0.0), Role::Bias);
            x = g.add_channels(x, bias);
        }
    }
    let x = conv(g, "a.decode.last", x, 12, Conv::same(3), 3, 0.1);
    let x = g.depth_to_space(x, 2, Dealt::ByChannel);
    let Bottleneck::Map { channels, .. } = shape.bottleneck else { return x };
    let cosines = Cosines::new(channels, 1 << levels);
    let coarse = times(g, z, &cosines.gains, true);
    let coarse = gain(g, "a.decode.gain", coarse, 1.0);
    let kernel = g.constant(&cosines.synthesis);
    let coarse = g.conv(coarse, kernel, Conv::padded(1, 0));
    let coarse = g.depth_to_space(coarse, cosines.side, Dealt::ByChannel);
    g.add(x, coarse)
}

/// Each channel times a learned number that begins at `start`.
fn gain(g: &mut Graph, name: &str, x: Var, start: f32) -> Var {
    let c = g.shape(x)[1];
    let factors = g.parameter(name, &[1, c, 1, 1], Init::Constant(start), Role::Bias);
    g.mul(x, factors)
}

/// Each channel times its number, or divided by it.
fn times(g: &mut Graph, x: Var, numbers: &[f32], inverse: bool) -> Var {
    let numbers = numbers.iter().map(|v| if inverse { 1.0 / v } else { *v }).collect();
    let c = g.shape(x)[1];
    let factors = g.constant(&Tensor::new(&[1, c, 1, 1], numbers));
    g.mul(x, factors)
}

/// Channels of the maps between noisy and denoised pictures.
const FINISHING: usize = 32;

/// Puts detail of noisy pictures, which the middle had no room for, back into what was `decoded` from them.
pub fn finish(g: &mut Graph, noisy: Var, decoded: Var) -> Var {
    let (a, b) = (g.space_to_depth(noisy, 2, Dealt::ByChannel), g.space_to_depth(decoded, 2, Dealt::ByChannel));
    let x = g.concat(&[a, b], 1);
    let x = conv_linear(g, "a.finish.0", x, FINISHING, Conv::same(3), 3, 1.0);
    let x = conv(g, "a.finish.1", x, FINISHING, Conv::same(3), 3, 1.0);
    let x = conv(g, "a.finish.2", x, 12, Conv::same(3), 3, 0.05);
    let x = g.depth_to_space(x, 2, Dealt::ByChannel);
    g.add(decoded, x)
}

/// `count` blocks x + conv(relu(conv(relu(x)))) (He et al. 2016, pre-activation).
fn blocks(g: &mut Graph, name: &str, mut x: Var, count: usize) -> Var {
    let c = g.shape(x)[1];
    for i in 0..count {
        let y = conv(g, &format!("{name}.block{i}.a"), x, c, Conv::same(3), 3, 1.0);
        let y = conv(g, &format!("{name}.block{i}.b"), y, c, Conv::same(3), 3, 0.2);
        x = g.add(x, y);
    }
    x
}

/// A convolution of max(x, 0), with bias; `gain` scales what the first weights give.
fn conv(g: &mut Graph, name: &str, x: Var, out: usize, conv: Conv, kernel: usize, gain: f32) -> Var {
    let x = g.relu(x);
    conv_linear(g, name, x, out, conv, kernel, gain)
}

fn conv_linear(g: &mut Graph, name: &str, x: Var, out: usize, conv: Conv, kernel: usize, gain: f32) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal(gain * (2.0 / (c * kernel * kernel) as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[out, c, kernel, kernel], init, Role::Weight);
    let b = g.parameter(&format!("{name}.bias"), &[out], Init::Constant(0.0), Role::Bias);
    let y = g.conv(x, w, conv);
    g.add_channels(y, b)
}

fn linear(g: &mut Graph, name: &str, x: Var, out: usize, gain: f32) -> Var {
    let from = g.shape(x)[1];
    let init = Init::Normal(gain * (1.0 / from as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[from, out], init, Role::Weight);
    let b = g.parameter(&format!("{name}.bias"), &[out], Init::Constant(0.0), Role::Bias);
    let y = g.gemm(x, false, w, false);
    g.add(y, b)
}
