//! The network: seven convolutions, the mean over all places, and a last layer: for the teacher while it learns, for the classes when it performs.

use super::teacher;
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::ops::{BatchStatistics, Conv};

/// Prefix of the parameters.
pub const PREFIX: &str = "c.";

/// Names of the last layer's parameters: weight `(F, K)` and bias `(K)`.
pub const LAST: [&str; 2] = ["c.logits.weight", "c.logits.bias"];

/// Side `S` at which pictures are looked at, in pixels.
pub const SIDE: usize = 128;

/// `F`: numbers that a picture is told by.
pub fn width(channels: &[usize; 4]) -> usize {
    channels[3]
}

/// What pictures `x` `(N, 3, S, S)` are told by, `(N, F)` with `F` = [`width`]; `channels` are those of the maps at strides 2, 4, 8 and 16.
pub fn look(g: &mut Graph, channels: &[usize; 4], x: Var, statistics: BatchStatistics) -> Var {
    let mut x = x;
    for (stage, &out) in channels.iter().enumerate() {
        x = layer(g, &format!("c.stage{stage}.down"), x, out, 2, statistics);
        x = g.relu(x);
        if stage > 0 {
            let y = layer(g, &format!("c.stage{stage}.same"), x, out, 1, statistics);
            let y = g.relu(y);
            x = g.add(x, y);
        }
    }
    g.mean(x, &[2, 3], false)
}

/// What the teacher would see, `(N, 320)`.
pub fn seen(g: &mut Graph, told_by: Var) -> Var {
    g.dense("c.seen", told_by, teacher::WIDTH)
}

/// One number for each class, `(N, K)`: logits.
pub fn logits(g: &mut Graph, told_by: Var, classes: usize) -> Var {
    g.dense("c.logits", told_by, classes)
}

/// A 3×3 convolution with normalisation.
fn layer(g: &mut Graph, name: &str, x: Var, out: usize, stride: usize, statistics: BatchStatistics) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal((2.0 / (9 * c) as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[out, c, 3, 3], init, Role::Weight);
    let y = g.conv(x, w, Conv { stride, ..Conv::same(3) });
    g.batch_norm(&format!("{name}.norm"), y, statistics)
}
