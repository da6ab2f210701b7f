//! What training minimises. Content and style are measured as shares: the squared distance of features (or of their Gram matrices)
//! divided by the squared size of what they should be. So one weighting serves pale and loud styles, and every depth.

use super::styles::Targets;
use crate::train::graph::{Graph, Var};
use serde::{Deserialize, Serialize};

/// How much each part of the loss counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weighting {
    /// Of the content; the others are relative to it.
    pub content: f32,
    /// Of the style.
    pub style: f32,
    /// Of the total variation, which damps noise.
    pub variation: f32,
}

/// Which of the four features is the content: that of block 3.
pub(super) const CONTENT: usize = 2;

/// ‖F − P‖² / ‖P‖² for the features `F` of what was painted and `P` of the content, `(N, C, H, W)`, the mean over N (after Johnson et al.
/// 2016, section 3.2.1).
pub(super) fn content_loss(g: &mut Graph, painted: Var, content: Var) -> Var {
    let distance = g.sub(painted, content);
    let distance = power(g, distance);
    let size = power(g, content);
    let size = g.add_scalar(size, FLOOR);
    let share = g.div(distance, size);
    g.mean_all(share)
}

/// ‖G − T‖² / ‖T‖² for the Gram matrices `G` of what was painted and `T` of the style (Gatys et al. 2016, equation 5), the mean over the four
/// depths and over N. `style` `(N, S)` are shares: targets of a mix are the mixed targets.
pub(super) fn style_loss(g: &mut Graph, features: [Var; 4], style: Var, targets: &Targets) -> Var {
    let mut total = g.scalar(0.0);
    for (feature, table) in features.into_iter().zip(&targets.grams) {
        let [n, c, ..] = *g.shape(feature) else { unreachable!("features have four axes") };
        let gram = g.gram(feature);
        let gram = g.reshape(gram, &[n, c * c]);
        let table = g.constant(table);
        let target = g.gemm(style, false, table, false);
        let distance = g.sub(gram, target);
        let distance = power(g, distance);
        let size = power(g, target);
        let share = g.div(distance, size);
        let share = g.mean_all(share);
        let share = g.scale(share, 0.25);
        total = g.add(total, share);
    }
    total
}

/// Mean squared difference of neighbouring pixels, across and down (Johnson et al. 2016, section 3.2.2).
pub(super) fn variation(g: &mut Graph, pictures: Var) -> Var {
    let mut total = g.scalar(0.0);
    for axis in [2, 3] {
        let side = g.shape(pictures)[axis];
        let (first, second) = (g.slice(pictures, axis, 0, side - 1), g.slice(pictures, axis, 1, side));
        let difference = g.l2_loss(first, second);
        total = g.add(total, difference);
    }
    total
}

/// A flat grey picture still has features of more than this, squared.
const FLOOR: f32 = 1e-3;

/// Mean of squares of each example: `(N)`.
fn power(g: &mut Graph, x: Var) -> Var {
    let squares = g.square(x);
    let axes: Vec<usize> = (1..g.shape(x).len()).collect();
    g.mean(squares, &axes, false)
}
