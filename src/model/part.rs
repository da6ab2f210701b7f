//! A part of a model: what some of its outputs need, as a model of its own.
//!
//! ONNX Runtime computes all of a graph, whatever is asked of it. One file can hold an encoder and a decoder
//! nevertheless: each user opens the part that it needs.

use super::inspect::Inspected;
use super::onnx::ModelProto;
use prost::Message;
use std::collections::HashSet;

/// The model without what `outputs` do not need: nodes, constants, inputs and the other outputs. Names that the model
/// does not have are left out; asking for none of its outputs gives the model as it is.
pub fn part(mut model: Inspected, outputs: &[&str]) -> Inspected {
    let Ok(mut proto) = ModelProto::decode(model.bytes.as_slice()) else { return model };
    let Some(graph) = &mut proto.graph else { return model };
    let wanted = |name: &str| outputs.contains(&name);
    if !graph.output.iter().any(|o| wanted(o.name.as_deref().unwrap_or_default())) {
        return model;
    }
    graph.output.retain(|o| wanted(o.name.as_deref().unwrap_or_default()));
    let mut needed: HashSet<String> = graph.output.iter().filter_map(|o| o.name.clone()).collect();
    // Nodes stand in the order of their running, so one pass from the end finds all that is needed.
    let mut kept = Vec::new();
    for node in std::mem::take(&mut graph.node).into_iter().rev() {
        let loops = node.attribute.iter().any(|a| a.g.is_some() || !a.graphs.is_empty());
        if node.output.iter().any(|name| needed.contains(name)) || loops {
            needed.extend(node.input.iter().cloned());
            // The body of a loop may read any outer value.
            for body in node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs)) {
                needed.extend(body.node.iter().flat_map(|n| n.input.iter().cloned()));
            }
            kept.push(node);
        }
    }
    kept.reverse();
    graph.node = kept;
    graph.initializer.retain(|t| t.name.as_ref().is_some_and(|name| needed.contains(name)));
    graph.input.retain(|i| i.name.as_ref().is_some_and(|name| needed.contains(name)));
    let inputs: HashSet<String> = graph.input.iter().filter_map(|i| i.name.clone()).collect();
    model.spec.inputs.retain(|t| inputs.contains(&t.name));
    model.spec.outputs.retain(|t| wanted(&t.name));
    model.bytes = proto.encode_to_vec();
    model
}
