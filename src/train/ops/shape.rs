//! Rearranging elements.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Var, int, ints, text};
use crate::train::tensor::Tensor;

/// Integers for a node's input.
pub(super) fn as_i64(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&v| v as i64).collect()
}

/// In which order channels hold the pixels of a square; ONNX, `DepthToSpace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dealt {
    /// All places of channel 0, then those of channel 1: channel `c·f² + f·i + j` for the pixel `(i, j)`.
    ByChannel,
    /// All channels of the first place, then those of the second: channel `(f·i + j)·C + c`.
    ByPlace,
}

impl Dealt {
    fn mode(self) -> &'static str {
        match self {
            Self::ByChannel => "CRD",
            Self::ByPlace => "DCR",
        }
    }

    /// The axes `(n, c, y, i, x, j)` in the order in which channels hold them.
    fn axes(self) -> &'static [usize; 6] {
        match self {
            Self::ByChannel => &[0, 1, 3, 5, 2, 4],
            Self::ByPlace => &[0, 3, 5, 1, 2, 4],
        }
    }
}

impl Graph {
    /// The same elements in another shape of the same size.
    pub fn reshape(&mut self, x: Var, shape: &[usize]) -> Var {
        let from = self.shape(x).to_vec();
        if from == shape {
            return x;
        }
        let size = shape.iter().product::<usize>();
        assert_eq!(from.iter().product::<usize>(), size, "{from:?} cannot be reshaped to {shape:?}");
        let dims = self.ints(&as_i64(shape));
        let y = self.emit1("Reshape", &[x, dims], vec![], shape);
        // dx = dy in the old shape
        self.derive1(y, move |g, dy| vec![(x, g.reshape(dy, &from))])
    }

    /// Indices in another shape of the same size.
    pub fn reshape_indices(&mut self, x: Var, shape: &[usize]) -> Var {
        let dims = self.ints(&as_i64(shape));
        self.emit_typed("Reshape", &[x, dims], vec![], shape, DataType::Int64)
    }

    /// Axes in another order: axis `i` of the result is axis `order[i]` of `x`.
    pub fn transpose(&mut self, x: Var, order: &[usize]) -> Var {
        let shape = order.iter().map(|&a| self.shape(x)[a]).collect::<Vec<_>>();
        let y = self.emit1("Transpose", &[x], vec![ints("perm", &as_i64(order))], &shape);
        let mut inverse = vec![0; order.len()];
        for (i, &a) in order.iter().enumerate() {
            inverse[a] = i;
        }
        // dx = dy with the order undone
        self.derive1(y, move |g, dy| vec![(x, g.transpose(dy, &inverse))])
    }

    /// `(N, C·f², H, W)` dealt out to `(N, C, f·H, f·W)`: the pixels of each square of `f`·`f` lie in as many channels, in the
    /// `order` that says which.
    pub fn depth_to_space(&mut self, x: Var, f: usize, order: Dealt) -> Var {
        let [n, parts, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let attributes = vec![int("blocksize", f as i64), text("mode", order.mode())];
        let y = self.emit1("DepthToSpace", &[x], attributes, &[n, parts / (f * f), h * f, w * f]);
        // dx = dy collected again
        self.derive1(y, move |g, dy| vec![(x, g.space_to_depth(dy, f, order))])
    }

    /// `(N, C, f·H, f·W)` collected to `(N, C·f², H, W)`: the reverse of [`Graph::depth_to_space`].
    pub fn space_to_depth(&mut self, x: Var, f: usize, order: Dealt) -> Var {
        let [n, c, h, w] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let split = self.reshape(x, &[n, c, h / f, f, w / f, f]);
        let sorted = self.transpose(split, order.axes());
        self.reshape(sorted, &[n, c * f * f, h / f, w / f])
    }

    /// Parts one after another along `axis`.
    pub fn concat(&mut self, parts: &[Var], axis: usize) -> Var {
        if let [one] = parts {
            return *one;
        }
        let mut shape = self.shape(parts[0]).to_vec();
        shape[axis] = parts.iter().map(|&p| self.shape(p)[axis]).sum();
        let y = self.emit1("Concat", parts, vec![int("axis", axis as i64)], &shape);
        let parts = parts.to_vec();
        // each part's gradient is its own stretch of dy
        self.derive1(y, move |g, dy| {
            let mut start = 0;
            let mut gradients = Vec::new();
            for &part in &parts {
                let end = start + g.shape(part)[axis];
                gradients.push((part, g.slice(dy, axis, start, end)));
                start = end;
            }
            gradients
        })
    }

    /// Indices one after another along `axis`.
    pub fn concat_indices(&mut self, parts: &[Var], axis: usize) -> Var {
        let mut shape = self.shape(parts[0]).to_vec();
        shape[axis] = parts.iter().map(|&p| self.shape(p)[axis]).sum();
        self.emit_typed("Concat", parts, vec![int("axis", axis as i64)], &shape, DataType::Int64)
    }

    /// `x` cut along `axis` into parts of these lengths.
    pub fn split(&mut self, x: Var, axis: usize, lengths: &[usize]) -> Vec<Var> {
        let full = self.shape(x).to_vec();
        assert_eq!(lengths.iter().sum::<usize>(), full[axis], "parts {lengths:?} do not make up {full:?}");
        let shapes = lengths
            .iter()
            .map(|&n| {
                let mut shape = full.clone();
                shape[axis] = n;
                (shape, DataType::Float)
            })
            .collect::<Vec<_>>();
        let list = self.ints(&as_i64(lengths));
        let parts = self.emit("Split", &[x, list], vec![int("axis", axis as i64)], &shapes);
        // dx = the parts' gradients one after another, zeros for a part nobody used
        self.derive(parts[0], move |g, dy| {
            let filled =
                dy.iter().zip(&shapes).map(|(d, (s, _))| d.unwrap_or_else(|| g.full(s, 0.0))).collect::<Vec<_>>();
            vec![(x, g.concat(&filled, axis))]
        });
        parts
    }

    /// The elements `start..end` of `axis`.
    pub fn slice(&mut self, x: Var, axis: usize, start: usize, end: usize) -> Var {
        let full = self.shape(x).to_vec();
        if start == 0 && end == full[axis] {
            return x;
        }
        let mut shape = full.clone();
        shape[axis] = end - start;
        let y = self.slice_raw(x, &[(axis, start as i64, end as i64, 1)], &shape);
        // dx = dy between zeros
        self.derive1(y, move |g, dy| {
            let mut pads = vec![0; 2 * full.len()];
            pads[axis] = start;
            pads[full.len() + axis] = full[axis] - end;
            vec![(x, g.pad(dy, &pads))]
        })
    }

    /// A `Slice` node without a derivative: `(axis, start, end, step)` for each axis that is cut.
    pub(super) fn slice_raw(&mut self, x: Var, cuts: &[(usize, i64, i64, i64)], shape: &[usize]) -> Var {
        let starts = self.ints(&cuts.iter().map(|c| c.1).collect::<Vec<_>>());
        let ends = self.ints(&cuts.iter().map(|c| c.2).collect::<Vec<_>>());
        let axes = self.ints(&cuts.iter().map(|c| c.0 as i64).collect::<Vec<_>>());
        let steps = self.ints(&cuts.iter().map(|c| c.3).collect::<Vec<_>>());
        self.emit1("Slice", &[x, starts, ends, axes, steps], vec![], shape)
    }

    /// Zeros around `x`: `pads` holds the counts before every axis, then those after.
    pub fn pad(&mut self, x: Var, pads: &[usize]) -> Var {
        if pads.iter().all(|&p| p == 0) {
            return x;
        }
        let from = self.shape(x).to_vec();
        let rank = from.len();
        let shape = (0..rank).map(|i| from[i] + pads[i] + pads[rank + i]).collect::<Vec<_>>();
        let list = self.ints(&as_i64(pads));
        let y = self.emit1("Pad", &[x, list], vec![text("mode", "constant")], &shape);
        let pads = pads.to_vec();
        // dx = the middle of dy
        self.derive1(y, move |g, dy| {
            let mut dx = dy;
            for axis in 0..rank {
                dx = g.slice(dx, axis, pads[axis], pads[axis] + from[axis]);
            }
            vec![(x, dx)]
        })
    }

    /// `x` repeated along axes of length 1 until it has `shape`.
    pub fn broadcast_to(&mut self, x: Var, shape: &[usize]) -> Var {
        if self.shape(x) == shape {
            return x;
        }
        let dims = self.ints(&as_i64(shape));
        let y = self.emit1("Expand", &[x, dims], vec![], shape);
        // dx = dy summed over the repeats
        self.derive1(y, move |g, dy| vec![(x, g.sum_to(dy, x))])
    }

    /// Rows of `table` `(V, D)` picked by `indices` (any shape `S`): `(S…, D)`.
    pub fn embedding(&mut self, table: Var, indices: Var) -> Var {
        let (rows, width) = (self.shape(table)[0], self.shape(table)[1]);
        let count = self.size(indices);
        let shape = [self.shape(indices), &[width]].concat();
        let y = self.emit1("Gather", &[table, indices], vec![int("axis", 0)], &shape);
        // dtable = one-hot(indices)ᵀ · dy: a product, where scattering would add in no fixed order
        self.derive1(y, move |g, dy| {
            let hot = g.one_hot(indices, rows);
            let hot = g.reshape(hot, &[count, rows]);
            let dy = g.reshape(dy, &[count, width]);
            vec![(table, g.gemm(hot, true, dy, false))]
        })
    }

    /// Columns of `table` `(D, V)` picked by `indices` `(N)`: `(D, N)`.
    pub fn columns(&mut self, table: Var, indices: Var) -> Var {
        let (height, width) = (self.shape(table)[0], self.shape(table)[1]);
        let shape = [height, self.size(indices)];
        let y = self.emit1("Gather", &[table, indices], vec![int("axis", 1)], &shape);
        // dtable = dy · one-hot(indices)
        self.derive1(y, move |g, dy| {
            let hot = g.one_hot(indices, width);
            vec![(table, g.gemm(dy, false, hot, false))]
        })
    }

    /// 1 at the index, 0 elsewhere, along a new last axis of length `depth`.
    pub fn one_hot(&mut self, indices: Var, depth: usize) -> Var {
        let shape = [self.shape(indices), &[depth]].concat();
        let depth = self.ints(&[depth as i64]);
        let values = self.constant(&Tensor::new(&[2], vec![0.0, 1.0]));
        self.emit_typed("OneHot", &[indices, depth, values], vec![int("axis", -1)], &shape, DataType::Float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::graph::Weights;
    use crate::train::program::{Device, Feed, Feeds, Forward};

    #[test]
    fn dealing_undoes_collecting_and_squares_stay_together() {
        for (order, first) in [(Dealt::ByChannel, [0, 1, 2, 3]), (Dealt::ByPlace, [0, 2, 4, 6])] {
            let mut g = Graph::new();
            let x = g.input("x", &[1, 2, 4, 4]);
            let parts = g.space_to_depth(x, 2, order);
            let again = g.depth_to_space(parts, 2, order);
            let model = g.to_model(&[("parts", parts), ("again", again)], Weights::Fed);
            let data: Vec<f32> = (0..32).map(|v| v as f32).collect();
            let feed = Feed::Floats(Tensor::new(&[1, 2, 4, 4], data.clone()));
            let device = Device::Cpu { threads: 1 };
            let found = Forward::new(&model, device).unwrap().run(&Feeds::from([("x".to_owned(), feed)])).unwrap();
            assert_eq!(found["again"].data, data, "{order:?}");
            // The first square of the first channel.
            let square = first.map(|channel| found["parts"].data[4 * channel]);
            assert_eq!(square, [0.0, 1.0, 4.0, 5.0], "{order:?}");
        }
    }
}
