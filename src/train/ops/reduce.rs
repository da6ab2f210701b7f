//! Sums and means over axes.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Var, int};

impl Graph {
    /// Sum over `axes`; they stay with length 1 where `keep` is set.
    pub fn sum(&mut self, x: Var, axes: &[usize], keep: bool) -> Var {
        self.reduce("ReduceSum", x, axes, keep, 1.0)
    }

    /// Mean over `axes`; they stay with length 1 where `keep` is set.
    pub fn mean(&mut self, x: Var, axes: &[usize], keep: bool) -> Var {
        let count = axes.iter().map(|&a| self.shape(x)[a]).product::<usize>();
        self.reduce("ReduceMean", x, axes, keep, 1.0 / count as f32)
    }

    /// Sum of all elements, without dimensions.
    pub fn sum_all(&mut self, x: Var) -> Var {
        let axes = (0..self.shape(x).len()).collect::<Vec<_>>();
        self.sum(x, &axes, false)
    }

    /// Mean of all elements, without dimensions.
    pub fn mean_all(&mut self, x: Var) -> Var {
        let axes = (0..self.shape(x).len()).collect::<Vec<_>>();
        self.mean(x, &axes, false)
    }

    /// Index of the largest element of the last axis, as a float. Not differentiable.
    pub fn arg_max(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        let attributes = vec![int("axis", -1), int("keepdims", 0)];
        let index = self.emit_typed("ArgMax", &[x], attributes, &shape[..shape.len() - 1], DataType::Int64);
        self.to_float(index)
    }

    /// A sum or a mean: dx = factor · dy, spread over the axes that were reduced.
    fn reduce(&mut self, op: &'static str, x: Var, axes: &[usize], keep: bool, factor: f32) -> Var {
        let shape = self.shape(x).to_vec();
        let kept = (0..shape.len()).map(|i| if axes.contains(&i) { 1 } else { shape[i] }).collect::<Vec<_>>();
        if kept == shape && keep || axes.is_empty() {
            return x;
        }
        let out = if keep {
            kept.clone()
        } else {
            (0..shape.len()).filter(|i| !axes.contains(i)).map(|i| shape[i]).collect()
        };
        let list = axes.iter().map(|&a| a as i64).collect::<Vec<_>>();
        let list = self.ints(&list);
        let y = self.emit1(op, &[x, list], vec![int("keepdims", i64::from(keep))], &out);
        self.derive1(y, move |g, dy| {
            let dy = g.reshape(dy, &kept);
            let dy = if factor == 1.0 { dy } else { g.scale(dy, factor) };
            vec![(x, g.broadcast_to(dy, &shape))]
        })
    }
}
