//! The network: nine convolutions, the mean over all places, and two heads.

use super::teacher;
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::ops::{BatchStatistics, Conv};

/// Prefix of the parameters.
pub const PREFIX: &str = "c.";

/// Side `S` at which pictures are looked at, in pixels.
pub const SIDE: usize = 96;

/// What the network says.
pub struct Heads {
    /// One number for each class, `(N, K)`: logits.
    pub logits: Var,
    /// What the teacher would see, `(N, 320)`.
    pub seen: Var,
}

/// Looks at pictures `x` `(N, 3, S, S)`; `channels` are those of the maps at strides 2, 4, 8 and 16, and `keep`, where given, is a mask
/// `(N, channels[3])` that drops parts of what leads to the logits.
pub fn look(
    g: &mut Graph,
    channels: &[usize; 4],
    classes: usize,
    x: Var,
    keep: Option<Var>,
    statistics: BatchStatistics,
) -> Heads {
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
    let pooled = g.mean(x, &[2, 3], false);
    let seen = g.dense("c.seen", pooled, teacher::WIDTH);
    let kept = match keep {
        Some(mask) => g.mul(pooled, mask),
        None => pooled,
    };
    let logits = g.dense("c.logits", kept, classes);
    Heads { logits, seen }
}

/// A 3×3 convolution with normalisation.
fn layer(g: &mut Graph, name: &str, x: Var, out: usize, stride: usize, statistics: BatchStatistics) -> Var {
    let c = g.shape(x)[1];
    let init = Init::Normal((2.0 / (9 * c) as f32).sqrt());
    let w = g.parameter(&format!("{name}.weight"), &[out, c, 3, 3], init, Role::Weight);
    let y = g.conv(x, w, Conv { stride, ..Conv::same(3) });
    g.batch_norm(&format!("{name}.norm"), y, statistics)
}
