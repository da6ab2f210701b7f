//! Matrix products.

use super::elementwise::broadcast;
use crate::train::graph::{Graph, Init, Role, Var, int};

impl Graph {
    /// `a · b` over the last two axes, the others broadcast.
    pub fn matmul(&mut self, a: Var, b: Var) -> Var {
        let (sa, sb) = (self.shape(a).to_vec(), self.shape(b).to_vec());
        let (ra, rb) = (sa.len(), sb.len());
        assert!(ra >= 2 && rb >= 2 && sa[ra - 1] == sb[rb - 2], "no product of {sa:?} and {sb:?}");
        if rb == 2 && ra > 2 {
            // One large product is faster than many small ones, and so is its derivative.
            let rows = sa[..ra - 1].iter().product();
            let flat = self.reshape(a, &[rows, sa[ra - 1]]);
            let y = self.gemm(flat, false, b, false);
            return self.reshape(y, &[&sa[..ra - 1], &sb[1..]].concat());
        }
        if ra == 2 && rb == 2 {
            return self.gemm(a, false, b, false);
        }
        let mut shape = broadcast(&sa[..ra - 2], &sb[..rb - 2]);
        shape.extend([sa[ra - 2], sb[rb - 1]]);
        let y = self.emit1("MatMul", &[a, b], vec![], &shape);
        // da = dy·bᵀ, db = aᵀ·dy, summed over what was broadcast
        self.derive1(y, move |g, dy| {
            let (at, bt) = (g.transpose_last(a), g.transpose_last(b));
            let (da, db) = (g.matmul(dy, bt), g.matmul(at, dy));
            vec![(a, g.sum_to(da, a)), (b, g.sum_to(db, b))]
        })
    }

    /// Product of two matrices, each transposed where its flag says so.
    pub fn gemm(&mut self, a: Var, transpose_a: bool, b: Var, transpose_b: bool) -> Var {
        let dims = |s: &[usize], t: bool| if t { (s[1], s[0]) } else { (s[0], s[1]) };
        let ((m, k), (k2, n)) = (dims(self.shape(a), transpose_a), dims(self.shape(b), transpose_b));
        assert_eq!(k, k2, "no product of {:?} and {:?}", self.shape(a), self.shape(b));
        let attributes = vec![int("transA", i64::from(transpose_a)), int("transB", i64::from(transpose_b))];
        let y = self.emit1("Gemm", &[a, b], attributes, &[m, n]);
        // With A = a or aᵀ and B = b or bᵀ: dA = dy·Bᵀ, dB = Aᵀ·dy, transposed back
        self.derive1(y, move |g, dy| {
            let da = if transpose_a { g.gemm(b, transpose_b, dy, true) } else { g.gemm(dy, false, b, !transpose_b) };
            let db = if transpose_b { g.gemm(dy, true, a, transpose_a) } else { g.gemm(a, !transpose_a, dy, false) };
            vec![(a, da), (b, db)]
        })
    }

    /// `a·b + c`, or `a·bᵀ + c` where `transpose` says so: matrices, and a `c` that is broadcast.
    pub fn affine(&mut self, a: Var, b: Var, transpose: bool, c: Var) -> Var {
        let (sa, sb) = (self.shape(a).to_vec(), self.shape(b).to_vec());
        let (inner, outer) = if transpose { (sb[1], sb[0]) } else { (sb[0], sb[1]) };
        assert_eq!(sa[1], inner, "no product of {sa:?} and {sb:?}");
        let y = self.emit1("Gemm", &[a, b, c], vec![int("transB", i64::from(transpose))], &[sa[0], outer]);
        // As for `gemm`, and dc = dy
        self.derive1(y, move |g, dy| {
            let da = g.gemm(dy, false, b, !transpose);
            let db = if transpose { g.gemm(dy, true, a, false) } else { g.gemm(a, true, dy, false) };
            vec![(a, da), (b, db), (c, g.sum_to(dy, c))]
        })
    }

    /// The last two axes exchanged.
    pub fn transpose_last(&mut self, x: Var) -> Var {
        let rank = self.shape(x).len();
        let mut order = (0..rank).collect::<Vec<_>>();
        order.swap(rank - 1, rank - 2);
        self.transpose(x, &order)
    }

    /// A dense layer `x · w + b` over the last axis, with parameters `NAME.weight` `(in, out)` and `NAME.bias` `(out)`.
    pub fn dense(&mut self, name: &str, x: Var, out: usize) -> Var {
        let fan_in = *self.shape(x).last().expect("a dense layer needs an axis");
        let w = self.parameter(&format!("{name}.weight"), &[fan_in, out], Init::FanIn(fan_in), Role::Weight);
        let b = self.parameter(&format!("{name}.bias"), &[out], Init::Constant(0.0), Role::Bias);
        let y = self.matmul(x, w);
        self.add(y, b)
    }
}
