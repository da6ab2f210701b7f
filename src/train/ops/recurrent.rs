//! The gated recurrent unit over whole sequences.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Init, Role, Var, Weights, body, int, ints};

impl Graph {
    /// Gated recurrent unit (Cho et al. 2014, in the form whose reset gate acts after the product, as cuDNN has it)
    /// over `x` `(T, B, I)` from the state `h` `(B, H)`: all states `(T, B, H)`.
    ///
    /// With gates in the order z, r, n of ONNX and parameters `NAME.input` `(3H, I)`, `NAME.recurrent` `(3H, H)`,
    /// `NAME.bias` `(6H)`:
    /// z = σ(x·Wz + h·Rz), r = σ(x·Wr + h·Rr), n = tanh(x·Wn + r·(h·Rn + bn)), h' = (1 − z)·n + z·h.
    pub fn gru(&mut self, name: &str, x: Var, h: Var) -> Var {
        let (width, hidden) = (self.shape(x)[2], self.shape(h)[1]);
        let w = self.parameter(&format!("{name}.input"), &[3 * hidden, width], Init::FanIn(width), Role::Weight);
        let r =
            self.parameter(&format!("{name}.recurrent"), &[3 * hidden, hidden], Init::Orthogonal(1.0), Role::Weight);
        let b = self.parameter(&format!("{name}.bias"), &[6 * hidden], Init::FanIn(hidden), Role::Bias);
        self.gru_with(x, h, w, r, b)
    }

    fn gru_with(&mut self, x: Var, h: Var, w: Var, r: Var, b: Var) -> Var {
        let [t, batch, width] = *self.shape(x) else { panic!("sequences are (T, B, I)") };
        let hidden = self.shape(h)[1];
        let lead = |g: &mut Graph, v: Var| {
            let shape = [&[1], g.shape(v)].concat();
            g.reshape(v, &shape)
        };
        let (w1, r1, b1, h1) = (lead(self, w), lead(self, r), lead(self, b), lead(self, h));
        let attributes = vec![int("hidden_size", hidden as i64), int("linear_before_reset", 1)];
        let y = self.emit1("GRU", &[x, w1, r1, b1, Var::NONE, h1], attributes, &[t, 1, batch, hidden]);
        let direction = self.ints(&[1]);
        let y = self.emit1("Squeeze", &[y, direction], vec![], &[t, batch, hidden]);

        // The gates are computed again from the states, all steps at once; only the flow of the gradient from step to
        // step needs a loop. With δ the gradient by h' and c = h·Rn + bn:
        //   dn = δ(1 − z)(1 − n²), dr = dn·c·r(1 − r), dz = δ(h − n)z(1 − z), dc = dn·r
        //   gradient by h = δ·z + [dz, dr, dc]·R
        self.derive1(y, move |g, dy| {
            let rows = t * batch;
            let before = if t == 1 {
                lead(g, h)
            } else {
                let first = lead(g, h);
                let earlier = g.slice(y, 0, 0, t - 1);
                g.concat(&[first, earlier], 0)
            };
            let flat_x = g.reshape(x, &[rows, width]);
            let flat_h = g.reshape(before, &[rows, hidden]);
            let biases = g.split(b, 0, &[3 * hidden, 3 * hidden]);
            let from_x = g.gemm(flat_x, false, w, true);
            let from_x = g.add(from_x, biases[0]);
            let from_h = g.gemm(flat_h, false, r, true);
            let from_h = g.add(from_h, biases[1]);
            let thirds = [hidden; 3];
            let (px, ph) = (g.split(from_x, 1, &thirds), g.split(from_h, 1, &thirds));
            let z = g.add(px[0], ph[0]);
            let z = g.sigmoid(z);
            let reset = g.add(px[1], ph[1]);
            let reset = g.sigmoid(reset);
            let c = ph[2];
            let inner = g.mul(reset, c);
            let n = g.add(px[2], inner);
            let n = g.tanh(n);

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
