//! Changing the size of pictures.

use crate::train::graph::{Graph, Var};
use crate::train::tensor::Tensor;

impl Graph {
    /// Linear interpolation to `height × width`, pixel centres at halves; smaller sizes are not filtered first.
    ///
    /// Interpolation is linear in the pixels, so it is two products with constant matrices, and needs no derivative of its own.
    pub fn resize_linear(&mut self, x: Var, height: usize, width: usize) -> Var {
        let (h, w) = (self.shape(x)[2], self.shape(x)[3]);
        if (h, w) == (height, width) {
            return x;
        }
        let columns = self.constant(&interpolation(w, width, true));
        let rows = self.constant(&interpolation(h, height, false));
        let y = self.matmul(x, columns);
        self.matmul(rows, y)
    }
}

/// Matrix `(to, from)`, or `(from, to)` if transposed, that interpolates a line of pixels.
fn interpolation(from: usize, to: usize, transposed: bool) -> Tensor {
    let mut data = vec![0.0; from * to];
    for i in 0..to {
        let at = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, from as f64 - 1.0);
        let low = at.floor() as usize;
        let high = (low + 1).min(from - 1);
        let share = (at - low as f64) as f32;
        for (j, weight) in [(low, 1.0 - share), (high, share)] {
            data[if transposed { j * to + i } else { i * from + j }] += weight;
        }
    }
    Tensor::new(&if transposed { [from, to] } else { [to, from] }, data)
}
