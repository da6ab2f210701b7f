//! A part of a model as a model of its own.

use super::inspect::Inspected;
use super::onnx::{GraphProto, ModelProto};
use prost::Message;
use std::collections::BTreeSet;

impl Inspected {
    /// The part of an inspected model that the named outputs need; see [`ModelProto::cut`]. Its description speaks of
    /// the inputs and outputs that are left. Names that the model does not have are left out.
    #[must_use]
    pub fn part(&self, outputs: &[&str]) -> Self {
        let mut part = self.clone();
        // Its bytes were decoded when it was inspected; where they no longer can be, a session will say so.
        let Ok(whole) = ModelProto::decode(self.bytes.as_slice()) else { return part };
        let model = whole.cut(outputs);
        let inputs = model.graph.as_ref().map_or(&[][..], |g| &g.input);
        part.spec.inputs.retain(|t| inputs.iter().any(|i| i.name.as_deref() == Some(&t.name)));
        part.spec.outputs.retain(|t| outputs.contains(&t.name.as_str()));
        part.bytes = model.encode_to_vec();
        part
    }
}

impl ModelProto {
    /// The part of the network that the named outputs need, with the inputs and weights that it reads. Metadata stays.
    ///
    /// A file may hold two networks with nothing in common but their file, an encoder and a decoder, say; ONNX Runtime
    /// runs every node of a session, whichever outputs are asked for, so each half gets a session of its own.
    pub fn cut(&self, outputs: &[&str]) -> Self {
        let mut part = self.clone();
        if let Some(graph) = &mut part.graph {
            graph.output.retain(|o| o.name.as_deref().is_some_and(|name| outputs.contains(&name)));
            let mut needed: BTreeSet<String> = outputs.iter().map(|&name| name.to_owned()).collect();
            // Nodes are in topological order: going backwards, all readers of a value come before its maker.
            let mut kept = Vec::new();
            for node in std::mem::take(&mut graph.node).into_iter().rev() {
                if node.output.iter().any(|name| needed.contains(name)) {
                    needed.extend(node.input.iter().cloned());
                    node.attribute.iter().filter_map(|a| a.g.as_ref()).for_each(|body| reads(body, &mut needed));
                    kept.push(node);
                }
            }
            kept.reverse();
            graph.node = kept;
            graph.initializer.retain(|t| t.name.as_ref().is_some_and(|name| needed.contains(name)));
            graph.input.retain(|v| v.name.as_ref().is_some_and(|name| needed.contains(name)));
        }
        part
    }
}

/// Names that the body of a loop or a branch reads, its own among them: too many do no harm.
fn reads(body: &GraphProto, needed: &mut BTreeSet<String>) {
    for node in &body.node {
        needed.extend(node.input.iter().cloned());
        node.attribute.iter().filter_map(|a| a.g.as_ref()).for_each(|inner| reads(inner, needed));
    }
    needed.extend(body.output.iter().filter_map(|o| o.name.clone()));
}

#[cfg(test)]
mod tests {
    use crate::model::onnx::{DataType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

    #[test]
    fn a_half_keeps_what_it_needs_and_nothing_of_the_other() {
        let node = |input: [&str; 2], output: &str| NodeProto {
            input: input.map(str::to_owned).to_vec(),
            output: vec![output.into()],
            op_type: Some("Add".into()),
            ..NodeProto::default()
        };
        let value = |name: &str| ValueInfoProto::tensor(name, DataType::Float, &[1]);
        let graph = GraphProto {
            node: vec![node(["x", "a"], "h"), node(["y", "b"], "other"), node(["h", "a"], "out")],
            initializer: ["a", "b"].map(|name| TensorProto::from_f32(name, &[1], &[1.0])).to_vec(),
            input: ["x", "y"].map(value).to_vec(),
            output: ["out", "other"].map(value).to_vec(),
            ..GraphProto::default()
        };
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        let part = model.cut(&["out"]).graph.unwrap();
        let names = |values: &[ValueInfoProto]| values.iter().filter_map(|v| v.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(&part.input), names(&part.output)), (vec!["x".to_owned()], vec!["out".to_owned()]));
        assert_eq!(part.node.len(), 2);
        assert_eq!(part.initializer.len(), 1);
    }
}
