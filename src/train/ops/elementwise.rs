//! Arithmetic on elements, with broadcasting as in NumPy.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Var};
use crate::train::tensor::Tensor;

/// Shape that two shapes broadcast to.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let dim = |s: &[usize], i: usize| if i + s.len() < rank { 1 } else { s[i + s.len() - rank] };
    (0..rank)
        .map(|i| match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => panic!("shapes {a:?} and {b:?} do not broadcast"),
        })
        .collect()
}

impl Graph {
    /// `a + b`
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let y = self.binary("Add", a, b);
        // da = dy, db = dy
        self.derive1(y, move |g, dy| vec![(a, g.sum_to(dy, a)), (b, g.sum_to(dy, b))])
    }

    /// `a − b`
    pub fn sub(&mut self, a: Var, b: Var) -> Var {
        let y = self.binary("Sub", a, b);
        // da = dy, db = −dy
        self.derive1(y, move |g, dy| {
            let neg = g.neg(dy);
            vec![(a, g.sum_to(dy, a)), (b, g.sum_to(neg, b))]
        })
    }

    /// `a · b`, element by element
    pub fn mul(&mut self, a: Var, b: Var) -> Var {
        let y = self.binary("Mul", a, b);
        // da = dy·b, db = dy·a
        self.derive1(y, move |g, dy| {
            let (da, db) = (g.mul(dy, b), g.mul(dy, a));
            vec![(a, g.sum_to(da, a)), (b, g.sum_to(db, b))]
        })
    }

    /// `a / b`, element by element
    pub fn div(&mut self, a: Var, b: Var) -> Var {
        let y = self.binary("Div", a, b);
        // da = dy/b, db = −dy·y/b
        self.derive1(y, move |g, dy| {
            let da = g.div(dy, b);
            let scaled = g.mul(da, y);
            let db = g.neg(scaled);
            vec![(a, g.sum_to(da, a)), (b, g.sum_to(db, b))]
        })
    }

    /// `x + c`
    pub fn add_scalar(&mut self, x: Var, c: f32) -> Var {
        let c = self.scalar(c);
        self.add(x, c)
    }

    /// `x · c`
    pub fn scale(&mut self, x: Var, c: f32) -> Var {
        let c = self.scalar(c);
        self.mul(x, c)
    }

    /// `1 − x`
    pub fn one_minus(&mut self, x: Var) -> Var {
        let one = self.scalar(1.0);
        self.sub(one, x)
    }

    /// `−x`
    pub fn neg(&mut self, x: Var) -> Var {
        let y = self.unary("Neg", x);
        // dx = −dy
        self.derive1(y, move |g, dy| vec![(x, g.neg(dy))])
    }

    /// `eˣ`
    pub fn exp(&mut self, x: Var) -> Var {
        let y = self.unary("Exp", x);
        // dx = dy·y
        self.derive1(y, move |g, dy| vec![(x, g.mul(dy, y))])
    }

    /// `ln x`
    pub fn log(&mut self, x: Var) -> Var {
        let y = self.unary("Log", x);
        // dx = dy/x
        self.derive1(y, move |g, dy| vec![(x, g.div(dy, x))])
    }

    /// `√x`
    pub fn sqrt(&mut self, x: Var) -> Var {
        let y = self.unary("Sqrt", x);
        // dx = dy/(2y)
        self.derive1(y, move |g, dy| {
            let half = g.scale(dy, 0.5);
            vec![(x, g.div(half, y))]
        })
    }

    /// `x²`
    pub fn square(&mut self, x: Var) -> Var {
        let y = self.binary("Mul", x, x);
        // dx = 2·dy·x
        self.derive1(y, move |g, dy| {
            let twice = g.scale(dy, 2.0);
            vec![(x, g.mul(twice, x))]
        })
    }

    /// `|x|`
    pub fn abs(&mut self, x: Var) -> Var {
        let y = self.unary("Abs", x);
        // dx = dy·sign x
        self.derive1(y, move |g, dy| {
            let sign = g.unary("Sign", x);
            vec![(x, g.mul(dy, sign))]
        })
    }

    /// `x` held within `low` and `high`; no gradient flows where it is held.
    pub fn clip(&mut self, x: Var, low: f32, high: f32) -> Var {
        let (l, h) = (self.scalar(low), self.scalar(high));
        let shape = self.shape(x).to_vec();
        let y = self.emit1("Clip", &[x, l, h], vec![], &shape);
        // dx = dy where low < x < high, else 0: there y differs from both bounds.
        self.derive1(y, move |g, dy| {
            let shape = g.shape(y).to_vec();
            let above = g.emit_typed("Greater", &[y, l], vec![], &shape, DataType::Bool);
            let below = g.emit_typed("Greater", &[h, y], vec![], &shape, DataType::Bool);
            let inside = g.emit_typed("And", &[above, below], vec![], &shape, DataType::Bool);
            let inside = g.to_float(inside);
            vec![(x, g.mul(dy, inside))]
        })
    }

    /// 1 where `a > b`, else 0. Not differentiable: its gradient is nil.
    pub fn greater(&mut self, a: Var, b: Var) -> Var {
        let shape = broadcast(self.shape(a), self.shape(b));
        let truth = self.emit_typed("Greater", &[a, b], vec![], &shape, DataType::Bool);
        self.to_float(truth)
    }

    /// 1 where `a = b`, else 0, for floats or indices. Not differentiable.
    pub fn equal(&mut self, a: Var, b: Var) -> Var {
        let shape = broadcast(self.shape(a), self.shape(b));
        let truth = self.emit_typed("Equal", &[a, b], vec![], &shape, DataType::Bool);
        self.to_float(truth)
    }

    /// Truth values or integers as floats.
    pub fn to_float(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        self.emit1("Cast", &[x], vec![crate::train::graph::int("to", DataType::Float as i64)], &shape)
    }

    /// Floats cut down to indices.
    pub fn to_indices(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        let to = crate::train::graph::int("to", DataType::Int64 as i64);
        self.emit_typed("Cast", &[x], vec![to], &shape, DataType::Int64)
    }

    /// The smaller of `a` and `b`, element by element.
    pub fn smaller(&mut self, a: Var, b: Var) -> Var {
        let y = self.binary("Min", a, b);
        // da = dy where a < b, db = dy elsewhere
        self.derive1(y, move |g, dy| {
            let first = g.greater(b, a);
            let second = g.one_minus(first);
            let (da, db) = (g.mul(dy, first), g.mul(dy, second));
            vec![(a, g.sum_to(da, a)), (b, g.sum_to(db, b))]
        })
    }

    /// The smaller of `x` and `c`.
    pub fn min_scalar(&mut self, x: Var, c: f32) -> Var {
        self.clip(x, -f32::MAX, c)
    }

    /// The larger of `x` and `c`.
    pub fn max_scalar(&mut self, x: Var, c: f32) -> Var {
        self.clip(x, c, f32::MAX)
    }

    /// A tensor filled with one value.
    pub fn full(&mut self, shape: &[usize], value: f32) -> Var {
        if shape.is_empty() {
            return self.scalar(value);
        }
        let dims = shape.iter().map(|&d| d as i64).collect::<Vec<_>>();
        let (value, dims) = (self.constant(&Tensor::new(&[1], vec![value])), self.ints(&dims));
        self.emit1("Expand", &[value, dims], vec![], shape)
    }

    /// Sums `x`, which has a shape that `like` broadcasts to, down to the shape of `like`.
    pub(super) fn sum_to(&mut self, x: Var, like: Var) -> Var {
        let target = self.shape(like).to_vec();
        let shape = self.shape(x).to_vec();
        if shape == target {
            return x;
        }
        let lead = shape.len() - target.len();
        let axes =
            (0..shape.len()).filter(|&i| i < lead || (target[i - lead] == 1 && shape[i] != 1)).collect::<Vec<_>>();
        let summed = self.sum(x, &axes, true);
        self.reshape(summed, &target)
    }

    pub(super) fn unary(&mut self, op: &'static str, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        self.emit1(op, &[x], vec![], &shape)
    }

    fn binary(&mut self, op: &'static str, a: Var, b: Var) -> Var {
        let shape = broadcast(self.shape(a), self.shape(b));
        self.emit1(op, &[a, b], vec![], &shape)
    }
}
