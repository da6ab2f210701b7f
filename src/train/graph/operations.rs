//! How much arithmetic a graph asks for.

use super::{Graph, Node, Var};

impl Graph {
    /// Floating-point operations of the matrix products that `outputs` need, a multiplication and its addition counted
    /// as two. Everything else (activations, sums, copies) is left out, as is usual.
    pub fn operations(&self, outputs: &[(&str, Var)]) -> u64 {
        let (_, live) = self.reached(outputs);
        self.nodes.iter().zip(live).filter(|(_, live)| *live).map(|(node, _)| self.operations_of(node)).sum()
    }

    fn operations_of(&self, node: &Node) -> u64 {
        let shape = |i: usize| self.shape(node.inputs[i]);
        let last = |i: usize| shape(i).last().copied().unwrap_or(1);
        let size = |v: Var| self.size(v);
        let products = match node.op {
            // Each output is a sum over the kernel of its channel.
            "Conv" => size(node.outputs[0]) * shape(1)[1..].iter().product::<usize>(),
            // Each input is spread over the kernel of its channel.
            "ConvTranspose" => size(node.inputs[0]) * shape(1)[1..].iter().product::<usize>(),
            "Gemm" => {
                // The rows of the result and the length of the sum are the two axes of the first factor.
                let columns = self.shape(node.outputs[0])[1];
                size(node.inputs[0]) * columns
            }
            "MatMul" => size(node.outputs[0]) * last(0),
            "GRU" => {
                let [steps, batch, _] = *shape(0) else { return 0 };
                // Weights (1, 3H, I) and (1, 3H, H) are used once a step and example.
                steps * batch * (size(node.inputs[1]) + size(node.inputs[2]))
            }
            _ => 0,
        };
        2 * products as u64 + node.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::graph::{Init, Role};
    use crate::train::ops::Conv;

    #[test]
    fn products_are_counted_as_by_hand() {
        let mut g = Graph::new();
        let (a, b) = (g.input("a", &[3, 4]), g.input("b", &[5, 4]));
        let product = g.gemm(a, false, b, true);
        assert_eq!(g.operations(&[("y", product)]), 2 * 3 * 4 * 5);
        let (a, b) = (g.input("c", &[7, 3, 4]), g.input("d", &[7, 4, 5]));
        let batched = g.matmul(a, b);
        assert_eq!(g.operations(&[("y", batched)]), 2 * 7 * 3 * 4 * 5);
        assert_eq!(g.operations(&[("y", batched), ("z", product)]), 2 * 8 * 3 * 4 * 5);
    }

    #[test]
    fn convolutions_are_counted_as_by_hand() {
        let mut g = Graph::new();
        let x = g.input("x", &[2, 4, 8, 8]);
        let w = g.input("w", &[6, 4, 3, 3]);
        let y = g.conv(x, w, Conv::padded(2, 1));
        assert_eq!(g.operations(&[("y", y)]), 2 * (2 * 6 * 4 * 4) * (4 * 3 * 3));
        let w = g.input("v", &[4, 1, 3, 3]);
        let y = g.conv(x, w, Conv { groups: 4, ..Conv::same(3) });
        assert_eq!(g.operations(&[("y", y)]), 2 * (2 * 4 * 8 * 8) * (3 * 3));
        let (x, w) = (g.input("t", &[2, 6, 4, 4]), g.input("u", &[6, 4, 4, 4]));
        let y = g.conv_transpose(x, w, [8, 8], Conv::padded(2, 1));
        assert_eq!(g.operations(&[("y", y)]), 2 * (2 * 6 * 4 * 4) * (4 * 4 * 4));
    }

    #[test]
    fn a_recurrent_layer_and_its_loop_backwards_are_counted_as_by_hand() {
        let (t, b, i, h) = (5, 2, 3, 4);
        let mut g = Graph::for_training();
        let x = g.input("x", &[t, b, i]);
        let start = g.parameter("start", &[b, h], Init::Constant(0.0), Role::Weight);
        let y = g.gru("r", x, start);
        let forward = 2 * t * b * 3 * h * (i + h);
        assert_eq!(g.operations(&[("y", y)]), forward as u64);
        let loss = g.sum_all(y);
        let by_start = g.gradients(loss, &[start])[0];
        // The loop's product with R at every step.
        let backward = 2 * t * b * 3 * h * h;
        assert_eq!(g.operations(&[("d", by_start)]), (forward + backward) as u64);
    }
}
