//! The network: what it adds to Catmull–Rom interpolation, and the bound that keeps it from ringing.

use super::Shape;
use super::filter::Filter;
use crate::train::graph::{Graph, Init, Role, Var, ints};
use crate::train::ops::{Conv, Dealt};
use crate::train::tensor::Tensor;

/// Prefix of the network's parameters.
pub const PREFIX: &str = "u.";

/// How many times larger the outputs are.
pub const FACTORS: [usize; 2] = [2, 4];

/// Side of the first kernel; interpolation reaches as far.
const REACH: usize = 5;
/// Slope of the rectifiers below zero.
const SLOPE: f32 = 0.1;

/// The pictures `x` `(N, 3, H, W)` enlarged by each of [`FACTORS`].
///
/// Both share all but the last convolution. Nothing here depends on `H` and `W`, so that an exported network takes pictures of any
/// size. The bounds give no gradient to `x`, which is to be an input.
pub fn enlarge(g: &mut Graph, shape: &Shape, x: Var) -> [Var; 2] {
    let wide = g.pad_edge(x, REACH / 2);
    let first = g.conv_layer("u.first", wide, shape.channels, REACH, Conv::padded(1, 0), true);
    let mut y = g.leaky_relu(first, SLOPE);
    for block in 0..shape.blocks {
        let inner = g.conv_layer(&format!("u.block{block}.a"), y, shape.channels, 3, Conv::same(3), true);
        let inner = g.leaky_relu(inner, SLOPE);
        let inner = g.conv_layer(&format!("u.block{block}.b"), inner, shape.channels, 3, Conv::same(3), true);
        // Halved, so that the sum of many blocks starts no larger than its first term.
        let inner = g.scale(inner, 0.5);
        y = g.add(y, inner);
    }
    let y = g.leaky_relu(y, SLOPE);
    let [low, high] = bounds(g, x, shape.margin);
    FACTORS.map(|factor| {
        let parts = 3 * factor * factor;
        // From zero: training starts at plain interpolation, and all places in a pixel start alike, without a grid.
        let name = format!("u.times{factor}");
        let w =
            g.parameter(&format!("{name}.weight"), &[parts, shape.channels, 3, 3], Init::Constant(0.0), Role::Weight);
        let b = g.parameter(&format!("{name}.bias"), &[parts], Init::Constant(0.0), Role::Bias);
        let detail = g.conv(y, w, Conv::same(3));
        let detail = g.add_channels(detail, b);
        let kernel = g.constant(&interpolation(factor));
        let smooth = g.conv(wide, kernel, Conv { groups: 3, ..Conv::padded(1, 0) });
        let sum = g.add(smooth, detail);
        let (low, high) = (deal(g, low, factor), deal(g, high, factor));
        let held = at_least(g, sum, low);
        let held = at_most(g, held, high);
        g.depth_to_space(held, factor, Dealt::ByChannel)
    })
}

/// Lowest and highest value around each small pixel and channel, moved apart by `margin` of their distance.
fn bounds(g: &mut Graph, x: Var, margin: f32) -> [Var; 2] {
    let high = highest_around(g, x);
    let negative = g.neg(x);
    let low = highest_around(g, negative);
    let low = g.neg(low);
    let range = g.sub(high, low);
    let slack = g.scale(range, margin);
    [g.sub(low, slack), g.add(high, slack)]
}

/// Highest value of the 3×3 pixels around each. Not differentiable: its gradient is nil.
fn highest_around(g: &mut Graph, x: Var) -> Var {
    let shape = g.shape(x).to_vec();
    g.emit1("MaxPool", &[x], vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1; 4])], &shape)
}

/// `max(x, low)`
fn at_least(g: &mut Graph, x: Var, low: Var) -> Var {
    let above = g.sub(x, low);
    let above = g.relu(above);
    g.add(low, above)
}

/// `min(x, high)`
fn at_most(g: &mut Graph, x: Var, high: Var) -> Var {
    let below = g.sub(high, x);
    let below = g.relu(below);
    g.sub(high, below)
}

/// Each channel of `(N, 3, H, W)` as often as a pixel is dealt out: `(N, 3·factor², H, W)`.
fn deal(g: &mut Graph, x: Var, factor: usize) -> Var {
    let parts = 3 * factor * factor;
    let ones = g.constant(&Tensor::new(&[parts, 1, 1, 1], vec![1.0; parts]));
    g.conv(x, ones, Conv { groups: 3, ..Conv::padded(1, 0) })
}

/// Kernels `(3·factor², 1, 5, 5)` of Catmull–Rom interpolation at each place in an enlarged pixel, row by row.
fn interpolation(factor: usize) -> Tensor {
    let taps = |place: usize| {
        let at = (place as f64 + 0.5) / factor as f64 - 0.5;
        [-2.0, -1.0, 0.0, 1.0, 2.0].map(|tap: f64| Filter::CatmullRom.weight(tap - at))
    };
    let mut data = Vec::new();
    for _channel in 0..3 {
        for (down, across) in (0..factor).flat_map(|d| (0..factor).map(move |a| (d, a))) {
            let (rows, columns) = (taps(down), taps(across));
            data.extend(rows.iter().flat_map(|r| columns.iter().map(move |c| (r * c) as f32)));
        }
    }
    Tensor::new(&[3 * factor * factor, 1, REACH, REACH], data)
}
