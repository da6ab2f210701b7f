//! Reverse-mode differentiation.

use super::{Graph, Var};
use std::collections::HashMap;

impl Graph {
    /// Gradients of the scalar `loss` with respect to each of `wrt`, as new values of this graph.
    ///
    /// Nodes are visited from the last to the first; each one's derivative turns the gradients of its outputs into
    /// those of its inputs, and a value used several times gets the sum. Nodes that the result does not need are
    /// left out when the graph is exported. A variable that does not influence the loss gets zeros.
    ///
    /// # Panics
    /// If `loss` is not a single element, or a derivative gives a wrong shape.
    pub fn gradients(&mut self, loss: Var, wrt: &[Var]) -> Vec<Var> {
        assert_eq!(self.size(loss), 1, "a loss is one number, not {:?}", self.shape(loss));
        let relevant = self.influenced_by(wrt);
        let mut found: HashMap<Var, Vec<Var>> = HashMap::new();
        let seed = self.full(&[], 1.0);
        found.insert(loss, vec![seed]);

        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index];
            let outputs = node.outputs.clone();
            let wanted = node.inputs.iter().chain(&node.captures).any(|v| *v != Var::NONE && relevant[v.0 as usize]);
            let Some(derivative) = node.derivative.clone().filter(|_| wanted) else { continue };
            if !outputs.iter().any(|v| found.contains_key(v)) {
                continue;
            }
            let gradients = outputs.iter().map(|v| self.total(&mut found, *v)).collect::<Vec<_>>();
            let op = self.nodes[index].op;
            for (input, gradient) in derivative(self, &gradients) {
                assert_eq!(
                    self.shape(input),
                    self.shape(gradient),
                    "gradient of {op} has another shape than its input"
                );
                if relevant[input.0 as usize] {
                    found.entry(input).or_default().push(gradient);
                }
            }
        }
        wrt.iter()
            .map(|&v| {
                self.total(&mut found, v).unwrap_or_else(|| {
                    let shape = self.shape(v).to_vec();
                    self.full(&shape, 0.0)
                })
            })
            .collect()
    }

    /// The same value, through which no gradient flows.
    pub fn detach(&mut self, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        self.emit1("Identity", &[x], vec![], &shape)
    }

    fn influenced_by(&self, sources: &[Var]) -> Vec<bool> {
        let mut marked = vec![false; self.values.len()];
        for v in sources {
            marked[v.0 as usize] = true;
        }
        for node in &self.nodes {
            if node.inputs.iter().chain(&node.captures).any(|v| *v != Var::NONE && marked[v.0 as usize]) {
                for v in &node.outputs {
                    marked[v.0 as usize] = true;
                }
            }
        }
        marked
    }

    fn total(&mut self, found: &mut HashMap<Var, Vec<Var>>, var: Var) -> Option<Var> {
        let parts = found.remove(&var)?;
        let sum = if let [one] = parts[..] {
            one
        } else {
            let shape = self.shape(var).to_vec();
            self.emit1("Sum", &parts, vec![], &shape)
        };
        // A variable asked for may also be an inner value, whose node still needs the sum.
        found.insert(var, vec![sum]);
        Some(sum)
    }
}
