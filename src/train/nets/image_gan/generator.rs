//! The generator: a light relative of FastGAN's (Liu et al. 2021, "Towards faster and stabilized GAN training").
//!
//! A latent point becomes a 4×4 map; each block doubles its side. A block is "nearest ×2, 3×3 convolution, batch
//! normalisation, GLU". Nearest ×2 followed by a 3×3 convolution equals four 2×2 convolutions on the small map, one for
//! each of the four places in a doubled pixel, with 2.25 times fewer products; normalisation and gate run on the four
//! parts as they are, and only their result is woven together.

use super::Shape;
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::ops::{BatchStatistics, Conv, Dealt};
use crate::train::tensor::Tensor;

/// Prefix of the generator's parameters.
pub const PREFIX: &str = "g.";

/// Pictures `(N, 3, S, S)` in −1 … 1 from latent points `z` `(N, latent)` of any length: only their direction counts.
///
/// `psi`, where given, is a truncation: points move towards the middle of the latent space, at 0 all are the same.
pub fn generate(g: &mut Graph, shape: &Shape, z: Var, psi: Option<Var>, statistics: BatchStatistics) -> Var {
    let n = g.shape(z)[0];
    let first = shape.channels[0];
    let mut direction = on_sphere(g, z);
    if let Some(psi) = psi {
        direction = g.mul(direction, psi);
    }
    let init = Init::Normal((1.0 / shape.latent as f32).sqrt());
    let w = g.parameter("g.start.weight", &[shape.latent, 2 * first * 16], init, Role::Weight);
    let x = g.gemm(direction, false, w, false);
    let x = g.reshape(x, &[n, 2 * first, 4, 4]);
    let x = g.batch_norm("g.start.norm", x, statistics);
    let start = g.glu(x, 1);
    let mut x = start;
    let blocks = shape.channels.len() - 1;
    for (i, &channels) in shape.channels[1..].iter().enumerate() {
        let name = format!("g.block{i}");
        let parts = up_conv_parts(g, &name, x, 2 * channels);
        let parts = g.batch_norm(&format!("{name}.norm"), parts, statistics);
        let parts = g.glu(parts, 1);
        x = weave(g, parts);
        if i + EXCITED >= blocks {
            x = excite(g, &name, x, start);
        }
    }
    let x = picture(g, x);
    g.tanh(x)
}

/// Three colours from the last map.
fn picture(g: &mut Graph, x: Var) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal((1.0 / (9 * c) as f32).sqrt());
    let kernel = g.parameter("g.picture.weight", &[3, c, 3, 3], init, Role::Weight);
    let bias = g.parameter("g.picture.bias", &[3], Init::Constant(0.0), Role::Bias);
    let x = g.conv(x, kernel, Conv::same(3));
    g.add_channels(x, bias)
}

/// `z` scaled to the length √latent.
fn on_sphere(g: &mut Graph, z: Var) -> Var {
    let squares = g.square(z);
    let mean = g.mean(squares, &[1], true);
    let mean = g.add_scalar(mean, 1e-8);
    let length = g.sqrt(mean);
    g.div(z, length)
}

/// The four parts of "nearest ×2, 3×3 convolution" of `(N, C, H, W)`, one after another along the first axis:
/// `(4N, out, H, W)`; part 2a + b holds the pixels (2y + a, 2x + b).
fn up_conv_parts(g: &mut Graph, name: &str, x: Var, out: usize) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal((2.0 / (9 * c) as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[out, c, 3, 3], init, Role::Weight);
    let flat = g.reshape(w, &[out * c, 9]);
    let mut parts = Vec::new();
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let taps = g.constant(&tap_sums(a, b));
        let kernel = g.gemm(flat, false, taps, false);
        let kernel = g.reshape(kernel, &[out, c, 2, 2]);
        let conv = Conv { stride: 1, pads: [1 - a, 1 - b, a, b], dilation: 1, groups: 1 };
        parts.push(g.conv(x, kernel, conv));
    }
    g.concat(&parts, 0)
}

/// Matrix `(9, 4)` that sums the taps of a 3×3 kernel which fall on the same small pixel, for the place `(a, b)` in a
/// doubled pixel.
fn tap_sums(a: usize, b: usize) -> Tensor {
    let mut data = vec![0.0; 36];
    for ky in 0..3 {
        for kx in 0..3 {
            // Place a sees the rows a − 1 … a + 1 of the doubled map: rows (a + ky − 1) / 2 of the small one.
            let (row, column) = ((a + ky).div_ceil(2) - a, (b + kx).div_ceil(2) - b);
            data[(3 * ky + kx) * 4 + 2 * row + column] = 1.0;
        }
    }
    Tensor::new(&[9, 4], data)
}

/// Nearest ×2, then a 3×3 convolution with the parameter `NAME.weight`: `(N, out, 2H, 2W)`.
pub fn up_conv(g: &mut Graph, name: &str, x: Var, out: usize) -> Var {
    let parts = up_conv_parts(g, name, x, out);
    weave(g, parts)
}

/// `(4N, C, H, W)` woven to `(N, C, 2H, 2W)`.
fn weave(g: &mut Graph, parts: Var) -> Var {
    let [n, c, h, w] = *g.shape(parts) else { unreachable!("maps have four axes") };
    let mut x = parts;
    if n > 4 {
        // The four parts of each picture side by side.
        x = g.reshape(x, &[4, n / 4, c, h, w]);
        x = g.transpose(x, &[1, 0, 2, 3, 4]);
    }
    let x = g.reshape(x, &[n / 4, 4 * c, h, w]);
    g.depth_to_space(x, 2, Dealt::ByPlace)
}

/// How many of the last blocks the 4×4 map reaches past those between.
const EXCITED: usize = 2;

/// Skip-layer excitation (Liu et al. 2021, section 3.1): each channel of `x` is multiplied by a number in 0 … 1 that follows
/// from the whole 4×4 map `start`, so that the fine layers know what the picture is about.
fn excite(g: &mut Graph, name: &str, x: Var, start: Var) -> Var {
    let [n, c, _, _] = *g.shape(x) else { unreachable!("maps have four axes") };
    let all: usize = g.shape(start)[1..].iter().product();
    let linear = |g: &mut Graph, part: &str, x: Var, from: usize| {
        let init = Init::Normal((2.0 / from as f32).sqrt());
        let w = g.parameter(&format!("{name}.{part}.weight"), &[from, c], init, Role::Weight);
        let b = g.parameter(&format!("{name}.{part}.bias"), &[c], Init::Constant(0.0), Role::Bias);
        let y = g.gemm(x, false, w, false);
        g.add(y, b)
    };
    let flat = g.reshape(start, &[n, all]);
    let y = linear(g, "squeeze", flat, all);
    let y = g.leaky_relu(y, 0.1);
    let y = linear(g, "excite", y, c);
    let y = g.sigmoid(y);
    let y = g.reshape(y, &[n, c, 1, 1]);
    g.mul(x, y)
}
