//! The network: down to a quarter of the side, residual blocks, up again (after Johnson et al. 2016), every convolution but the last
//! normalised by the chosen style.
//!
//! Maps are continued by their edge pixels instead of zeros, which would paint a frame; they grow by repeating pixels before a convolution,
//! where a transposed convolution would leave a checkerboard (Odena et al. 2016).

use super::Shape;
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::ops::Conv;

/// Prefix of the network's parameters.
pub const PREFIX: &str = "s.";

/// The pictures `(N, 3, H, W)` in −1 … 1, sides multiples of 4, repainted with the shares `style` `(N, S)`.
pub fn repaint(g: &mut Graph, shape: &Shape, pictures: Var, style: Var) -> Var {
    let [half, quarter, half_again, whole] = shape.channels;
    let x = layer(g, "s.down0", pictures, style, half, 5, 2);
    let x = g.relu(x);
    let x = layer(g, "s.down1", x, style, quarter, 3, 2);
    let mut x = g.relu(x);
    for block in 0..shape.blocks {
        let y = layer(g, &format!("s.block{block}.a"), x, style, quarter, 3, 1);
        let y = g.relu(y);
        let y = layer(g, &format!("s.block{block}.b"), y, style, quarter, 3, 1);
        x = g.add(x, y);
    }
    for (name, channels) in [("s.up0", half_again), ("s.up1", whole)] {
        let doubled = g.double_nearest(x);
        let y = layer(g, name, doubled, style, channels, 3, 1);
        x = g.relu(y);
    }
    let x = padded_conv(g, "s.picture", x, 3, 3, 1, 1.0);
    let bias = g.parameter("s.picture.bias", &[3], Init::Constant(0.0), Role::Bias);
    let x = g.add_channels(x, bias);
    g.tanh(x)
}

/// A convolution and the normalisation of the style.
fn layer(g: &mut Graph, name: &str, x: Var, style: Var, out: usize, kernel: usize, stride: usize) -> Var {
    let x = padded_conv(g, name, x, out, kernel, stride, 2.0);
    let styles = g.shape(style)[1];
    // A row for each style; the shares of a style mix the rows.
    let gains = g.parameter(&format!("{name}.gain"), &[styles, out], Init::Constant(1.0), Role::Bias);
    let biases = g.parameter(&format!("{name}.bias"), &[styles, out], Init::Constant(0.0), Role::Bias);
    let gain = g.gemm(style, false, gains, false);
    let bias = g.gemm(style, false, biases, false);
    g.instance_norm(x, gain, bias)
}

/// A convolution of the picture continued by its edges. `power` is 2 before a rectifier, which halves the power of what passes it.
fn padded_conv(g: &mut Graph, name: &str, x: Var, out: usize, kernel: usize, stride: usize, power: f32) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal((power / (c * kernel * kernel) as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[out, c, kernel, kernel], init, Role::Weight);
    let x = g.pad_edge(x, kernel / 2);
    g.conv(x, w, Conv::padded(stride, 0))
}
