//! Halving and doubling of pictures, and the picture continued beyond its edges. None of these nodes knows the size of its
//! picture, so that a network made of them performs at any.

use super::shape::as_i64;
use crate::train::graph::{Graph, Var, ints, text};
use crate::train::tensor::Tensor;

impl Graph {
    /// Means of 2×2 pixels of `(N, C, H, W)`, even sides.
    pub fn average_pool(&mut self, x: Var) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        assert!(h % 2 == 0 && w % 2 == 0, "{h} × {w} pixels cannot be halved");
        let attributes = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
        let y = self.emit1("AveragePool", &[x], attributes, &[n, c, h / 2, w / 2]);
        // dx = dy/4 for each of the four
        self.derive1(y, move |g, dy| {
            let quarter = g.scale(dy, 0.25);
            vec![(x, g.double_nearest(quarter))]
        })
    }

    /// Every pixel of `(N, C, H, W)` four times: twice as high and as wide.
    pub fn double_nearest(&mut self, x: Var) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let scales = self.constant(&Tensor::new(&[4], vec![1.0, 1.0, 2.0, 2.0]));
        let attributes = vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ];
        let y = self.emit1("Resize", &[x, Var::NONE, scales], attributes, &[n, c, 2 * h, 2 * w]);
        // dx = sum of the four dy
        self.derive1(y, move |g, dy| {
            let mean = g.average_pool(dy);
            vec![(x, g.scale(mean, 4.0))]
        })
    }

    /// `margin` pixels more on every side of `(N, C, H, W)`, each like the nearest pixel of the edge.
    pub fn pad_edge(&mut self, x: Var, margin: usize) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let m = margin;
        let list = self.ints(&as_i64(&[0, 0, m, m, 0, 0, m, m]));
        let y = self.emit1("Pad", &[x, list], vec![text("mode", "edge")], &[n, c, h + 2 * m, w + 2 * m]);
        // dx = the middle of dy; the margins go to the pixels that they repeat, one axis after the other
        self.derive1(y, move |g, dy| {
            let dx = g.fold_margins(dy, 3, m, w);
            vec![(x, g.fold_margins(dx, 2, m, h))]
        })
    }

    /// Adds the `margin` elements before and after the `length` middle ones of `axis` to the first and the last of those.
    fn fold_margins(&mut self, x: Var, axis: usize, margin: usize, length: usize) -> Var {
        let rank = self.shape(x).len();
        let mut y = self.slice(x, axis, margin, margin + length);
        for (start, before) in [(0, 0), (margin + length, length - 1)] {
            let part = self.slice(x, axis, start, start + margin);
            let sum = self.sum(part, &[axis], true);
            let mut pads = vec![0; 2 * rank];
            pads[axis] = before;
            pads[rank + axis] = length - 1 - before;
            let sum = self.pad(sum, &pads);
            y = self.add(y, sum);
        }
        y
    }
}
