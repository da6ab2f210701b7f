//! The gated recurrent unit over whole sequences.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Init, Role, Var, Weights, body, int, ints};

/// Which output of the forward loop holds the states.
const STATES: usize = 1;

/// `v` with an axis of length 1 before the others.
fn lead(g: &mut Graph, v: Var) -> Var {
    let shape = [&[1], g.shape(v)].concat();
    g.reshape(v, &shape)
}

impl Graph {
    /// Gated recurrent unit (Cho et al. 2014, in the form whose reset gate acts after the product, as cuDNN has it)
    /// over `x` `(T, B, I)` from the state `h` `(B, H)`: all states `(T, B, H)`.
    ///
    /// With gates in the order z, r, n of ONNX and parameters `NAME.input` `(3H, I)`, `NAME.recurrent` `(3H, H)`,
    /// `NAME.bias` `(6H)`:
    /// z = σ(x·Wz + h·Rz), r = σ(x·Wr + h·Rr), n = tanh(x·Wn + r·(h·Rn + bn)), h' = (1 − z)·n + z·h.
    ///
    /// In a graph that is made for training it is a loop that keeps the gates for the reverse pass, else one node.
    pub fn gru(&mut self, name: &str, x: Var, h: Var) -> Var {
        let (width, hidden) = (self.shape(x)[2], self.shape(h)[1]);
        let w = self.parameter(&format!("{name}.input"), &[3 * hidden, width], Init::FanIn(width), Role::Weight);
        let r =
            self.parameter(&format!("{name}.recurrent"), &[3 * hidden, hidden], Init::Orthogonal(1.0), Role::Weight);
        let b = self.parameter(&format!("{name}.bias"), &[6 * hidden], Init::FanIn(hidden), Role::Bias);
        self.gru_with(x, h, w, r, b)
    }

    fn gru_with(&mut self, x: Var, h: Var, w: Var, r: Var, b: Var) -> Var {
        if !self.is_for_training() {
            return self.gru_node(x, h, w, r, b);
        }
        let [t, batch, width] = self.sequence(x);
        let (hidden, rows) = (self.shape(h)[1], t * batch);
        let [y, z, reset, n, c] = self.gru_forward_loop(x, h, w, r, b);

        // All steps at once; only the flow of the gradient from step to step needs a loop. With δ the gradient by h' and
        // c = h·Rn + bn:
        //   dn = δ(1 − z)(1 − n²), dr = dn·c·r(1 − r), dz = δ(h − n)z(1 − z), dc = dn·r
        //   gradient by h = δ·z + [dz, dr, dc]·R
        self.derive(y, move |g, dys| {
            let dy = dys[STATES].expect("the states are all that is given away");
            let first = lead(g, h);
            let before = if t == 1 {
                first
            } else {
                let earlier = g.slice(y, 0, 0, t - 1);
                g.concat(&[first, earlier], 0)
            };
            let flat_x = g.reshape(x, &[rows, width]);
            let flat_h = g.reshape(before, &[rows, hidden]);
            let [z, reset, n, c] = [z, reset, n, c].map(|v| g.reshape(v, &[rows, hidden]));

            // Factors of δ for dz, dr, dn and dc.
            let (rest_z, rest_r) = (g.one_minus(z), g.one_minus(reset));
            let distance = g.sub(flat_h, n);
            let slope_z = g.mul(z, rest_z);
            let factor_z = g.mul(distance, slope_z);
            let squared = g.mul(n, n);
            let slope_n = g.one_minus(squared);
            let factor_n = g.mul(rest_z, slope_n);
            let slope_r = g.mul(reset, rest_r);
            let through = g.mul(factor_n, c);
            let factor_r = g.mul(through, slope_r);
            let factor_c = g.mul(factor_n, reset);
            let to_h = g.concat(&[factor_z, factor_r, factor_c], 1);
            let to_h = g.reshape(to_h, &[t, batch, 3 * hidden]);
            let keep = g.reshape(z, &[t, batch, hidden]);

            let (carried, delta) = g.gru_backward_loop(dy, to_h, keep, r);
            let delta = g.reshape(delta, &[rows, hidden]);
            let three = g.concat(&[delta, delta, delta], 1);
            let to_x = g.concat(&[factor_z, factor_r, factor_n], 1);
            let to_h = g.reshape(to_h, &[rows, 3 * hidden]);
            let (d_from_x, d_from_h) = (g.mul(three, to_x), g.mul(three, to_h));
            let dx = g.gemm(d_from_x, false, w, false);
            let dx = g.reshape(dx, &[t, batch, width]);
            let dw = g.gemm(d_from_x, true, flat_x, false);
            let dr = g.gemm(d_from_h, true, flat_h, false);
            let (db_x, db_h) = (g.sum(d_from_x, &[0], false), g.sum(d_from_h, &[0], false));
            let db = g.concat(&[db_x, db_h], 0);
            vec![(x, dx), (w, dw), (r, dr), (b, db), (h, carried)]
        })
    }

    /// One node, which keeps nothing for a reverse pass.
    fn gru_node(&mut self, x: Var, h: Var, w: Var, r: Var, b: Var) -> Var {
        let ([t, batch, _], hidden) = (self.sequence(x), self.shape(h)[1]);
        let (w, r, b, h) = (lead(self, w), lead(self, r), lead(self, b), lead(self, h));
        let attributes = vec![int("hidden_size", hidden as i64), int("linear_before_reset", 1)];
        let y = self.emit1("GRU", &[x, w, r, b, Var::NONE, h], attributes, &[t, 1, batch, hidden]);
        let direction = self.ints(&[1]);
        let y = self.emit1("Squeeze", &[y, direction], vec![], &[t, batch, hidden]);
        self.derive1(y, |_, _| {
            panic!("a recurrent layer is differentiated in a graph made by `Graph::for_training` only")
        })
    }

    /// Runs from the first step to the last and keeps the gates: h', z, r, n and c = h·Rn + bn of every step, `(T, B, H)` each.
    /// What of the gates depends on `x` alone is computed for all steps at once.
    fn gru_forward_loop(&mut self, x: Var, h: Var, w: Var, r: Var, b: Var) -> [Var; 5] {
        let ([t, batch, width], hidden) = (self.sequence(x), self.shape(h)[1]);
        let parts = [2 * hidden, hidden];
        let (ws, rs) = (self.split(w, 0, &parts), self.split(r, 0, &parts));
        let biases = self.split(b, 0, &[2 * hidden, hidden, 2 * hidden, hidden]);
        let gates_bias = self.add(biases[0], biases[2]);
        let flat = self.reshape(x, &[t * batch, width]);
        let gates = self.affine(flat, ws[0], true, gates_bias);
        let gates = self.reshape(gates, &[t, batch, 2 * hidden]);
        let candidate = self.affine(flat, ws[1], true, biases[1]);
        let candidate = self.reshape(candidate, &[t, batch, hidden]);

        let prefix = format!("loop{}_", self.len());
        let named = |name: &str| format!("{prefix}{name}");
        let mut step = Graph::with_prefix(&prefix);
        let state = step.input(&named("state"), &[batch, hidden]);
        let gates_t = step.input(&named("gates"), &[batch, 2 * hidden]);
        let candidate_t = step.input(&named("candidate"), &[batch, hidden]);
        let [r_gates, r_candidate, bias] = [rs[0], rs[1], biases[3]].map(|v| step.outer(self.name(v), self.shape(v)));
        let both = step.affine(state, r_gates, true, gates_t);
        let both = step.sigmoid(both);
        let both = step.split(both, 1, &[hidden, hidden]);
        let (z, reset) = (both[0], both[1]);
        let c = step.affine(state, r_candidate, true, bias);
        let inner = step.mul(reset, c);
        let n = step.add(candidate_t, inner);
        let n = step.tanh(n);
        // (1 − z)·n + z·h
        let distance = step.sub(state, n);
        let kept = step.mul(z, distance);
        let next = step.add(n, kept);
        let given = [("next", next), ("y", next), ("z", z), ("r", reset), ("n", n), ("c", c)];
        let given = given.map(|(name, v)| (named(name), v));
        let given = given.each_ref().map(|(name, v)| (name.as_str(), *v));
        let operations = t as u64 * step.operations(&given);
        let proto = step.to_proto("gru_forward", &given, Weights::Fed);

        let attributes = vec![body("body", proto), int("num_scan_inputs", 2)];
        let last = (vec![batch, hidden], DataType::Float);
        let all = || (vec![t, batch, hidden], DataType::Float);
        let outputs = self.emit("Scan", &[h, gates, candidate], attributes, &[last, all(), all(), all(), all(), all()]);
        self.capture(&[rs[0], rs[1], biases[3]]);
        self.counts_inside(operations);
        [1, 2, 3, 4, 5].map(|i| outputs[i])
    }

    fn sequence(&self, x: Var) -> [usize; 3] {
        self.shape(x).try_into().unwrap_or_else(|_| panic!("sequences are (T, B, I), not {:?}", self.shape(x)))
    }

    /// Runs from the last step to the first: δ = dy + carried, carried' = δ·keep + (δ·to_h)·R.
    /// Gives the gradient by the first state, and δ of every step.
    fn gru_backward_loop(&mut self, dy: Var, to_h: Var, keep: Var, r: Var) -> (Var, Var) {
        let [t, batch, hidden] = *self.shape(dy) else { unreachable!("a sequence") };
        // Names inside must not hide names outside, nor those of another loop.
        let prefix = format!("loop{}_", self.len());
        let named = |name: &str| format!("{prefix}{name}");
        let mut step = Graph::with_prefix(&prefix);
        let carried = step.input(&named("carried"), &[batch, hidden]);
        let dy_t = step.input(&named("dy"), &[batch, hidden]);
        let to_h_t = step.input(&named("to_h"), &[batch, 3 * hidden]);
        let keep_t = step.input(&named("keep"), &[batch, hidden]);
        let outer = step.outer(self.name(r), self.shape(r));
        let delta = step.add(dy_t, carried);
        let three = step.concat(&[delta, delta, delta], 1);
        let to_gates = step.mul(three, to_h_t);
        let through = step.gemm(to_gates, false, outer, false);
        let kept = step.mul(delta, keep_t);
        let next = step.add(kept, through);
        let outputs = [(named("next"), next), (named("delta"), delta)];
        let outputs = outputs.each_ref().map(|(name, v)| (name.as_str(), *v));
        let operations = t as u64 * step.operations(&outputs);
        let proto = step.to_proto("gru_backward", &outputs, Weights::Fed);

        let start = self.full(&[batch, hidden], 0.0);
        let attributes = vec![
            body("body", proto),
            int("num_scan_inputs", 3),
            ints("scan_input_directions", &[1; 3]),
            ints("scan_output_directions", &[1]),
        ];
        let shapes = [(vec![batch, hidden], DataType::Float), (vec![t, batch, hidden], DataType::Float)];
        let outputs = self.emit("Scan", &[start, dy, to_h, keep], attributes, &shapes);
        self.capture(&[r]);
        self.counts_inside(operations);
        (outputs[0], outputs[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::program::{Device, Feed, Feeds, Forward};
    use crate::train::step::{draw, normal};
    use crate::train::tensor::{Tensor, Tensors};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn what_is_trained_computes_what_performs() {
        let (seed, x_shape, h_shape) = (4, [7, 3, 5], [3, 6]);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut tensor = |shape: &[usize]| Tensor::new(shape, normal(&mut rng, 1.0, shape.iter().product()));
        let feeds =
            Feeds::from([("x", &x_shape[..]), ("h", &h_shape)].map(|(n, s)| (n.into(), Feed::Floats(tensor(s)))));
        let [trained, performing] = [Graph::for_training(), Graph::new()].map(|mut g| {
            let (x, h) = (g.input("x", &x_shape), g.input("h", &h_shape));
            let y = g.gru("r", x, h);
            let weights = g.parameters().iter().map(|p| (p.name.clone(), draw(&p.init, &p.name, g.shape(p.var), seed)));
            let weights: Tensors = weights.collect();
            let model = g.to_model(&[("y", y)], Weights::Inside(&weights));
            Forward::new(&model, Device::Cpu { threads: 1 }).unwrap().run(&feeds).unwrap().remove("y").unwrap()
        });
        assert_eq!(trained.shape, [7, 3, 6]);
        assert_eq!(trained.shape, performing.shape);
        for (a, b) in trained.data.iter().zip(&performing.data) {
            assert!((a - b).abs() < 1e-5, "{a} against {b}, seed {seed}");
        }
    }

    #[test]
    #[should_panic(expected = "for_training")]
    fn a_graph_for_performing_refuses_to_differentiate_a_recurrent_layer() {
        let mut g = Graph::new();
        let (x, h) = (g.input("x", &[2, 1, 3]), g.input("h", &[1, 4]));
        let y = g.gru("r", x, h);
        let loss = g.sum_all(y);
        g.gradients(loss, &[x]);
    }
}
