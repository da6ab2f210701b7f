//! From a graph to an ONNX model.

use super::super::tensor::Tensors;
use super::{Graph, Source, Var};
use crate::model::onnx::{
    Dimension, DimensionValue, GraphProto, IR_VERSION, ModelProto, NodeProto, OPSET_VERSION, OperatorSetIdProto,
    TensorProto, ValueInfoProto,
};

/// Where an exported model gets its parameters from.
#[derive(Debug, Clone, Copy)]
pub enum Weights<'a> {
    /// They are inputs: for training.
    Fed,
    /// They are constants of the model: for performing.
    Inside(&'a Tensors),
}

/// Lets dimensions of an input or output vary: `(axis, name)` for each.
///
/// Only the declaration changes; that no node depends on these lengths is the network's affair.
pub fn name_dims(model: &mut ModelProto, tensor: &str, names: &[(usize, &str)]) {
    let Some(graph) = &mut model.graph else { return };
    let declared = graph.input.iter_mut().chain(&mut graph.output).filter(|v| v.name.as_deref() == Some(tensor));
    let shapes = declared.filter_map(|v| v.r#type.as_mut()?.tensor_type.as_mut()?.shape.as_mut());
    for shape in shapes {
        for (axis, name) in names {
            shape.dim[*axis] = Dimension { value: Some(DimensionValue::Named((*name).to_owned())) };
        }
    }
}

impl Graph {
    /// The part of the graph that `outputs` need, as a model.
    ///
    /// # Panics
    /// If [`Weights::Inside`] lacks a parameter or has it in another shape.
    pub fn to_model(&self, outputs: &[(&str, Var)], weights: Weights) -> ModelProto {
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("oneiro".into()),
            producer_version: Some(env!("CARGO_PKG_VERSION").into()),
            graph: Some(self.to_proto("network", outputs, weights)),
            opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET_VERSION) }],
            ..ModelProto::default()
        }
    }

    /// Which values and which nodes `outputs` need.
    pub(super) fn reached(&self, outputs: &[(&str, Var)]) -> (Vec<bool>, Vec<bool>) {
        let mut needed = vec![false; self.values.len()];
        for (_, v) in outputs {
            needed[v.0 as usize] = true;
        }
        let mut live = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if node.outputs.iter().any(|v| needed[v.0 as usize]) {
                live[index] = true;
                for v in node.inputs.iter().chain(&node.captures).filter(|v| **v != Var::NONE) {
                    needed[v.0 as usize] = true;
                }
            }
        }
        (needed, live)
    }

    pub(in crate::train) fn to_proto(&self, name: &str, outputs: &[(&str, Var)], weights: Weights) -> GraphProto {
        let (needed, live) = self.reached(outputs);
        let mut proto = GraphProto { name: Some(name.into()), ..GraphProto::default() };
        for (index, value) in self.values.iter().enumerate() {
            let info = || ValueInfoProto::tensor(&value.name, value.data_type, &value.shape);
            match &value.source {
                // Inputs are the interface: they stay even where nothing reads them.
                Source::Input => proto.input.push(info()),
                Source::Parameter if needed[index] => match weights {
                    Weights::Fed => proto.input.push(info()),
                    Weights::Inside(tensors) => {
                        let t = tensors.get(&value.name).unwrap_or_else(|| panic!("no weights for {}", value.name));
                        assert_eq!(t.shape, value.shape, "weights of {}", value.name);
                        proto.initializer.push(TensorProto::from_f32(&value.name, &t.shape, &t.data));
                    }
                },
                Source::Constant(tensor) if needed[index] => {
                    proto.initializer.push(TensorProto { name: Some(value.name.clone()), ..tensor.clone() });
                }
                _ => {}
            }
        }
        let name_of = |v: &Var| if *v == Var::NONE { String::new() } else { self.get(*v).name.clone() };
        for (index, node) in self.nodes.iter().enumerate().filter(|(i, _)| live[*i]) {
            proto.node.push(NodeProto {
                input: node.inputs.iter().map(name_of).collect(),
                output: node.outputs.iter().map(name_of).collect(),
                name: Some(format!("{}{}_{index}", self.prefix, node.op)),
                op_type: Some(node.op.into()),
                attribute: node.attributes.clone(),
                domain: None,
            });
        }
        for (name, var) in outputs {
            let value = self.get(*var);
            proto.node.push(NodeProto {
                input: vec![value.name.clone()],
                output: vec![(*name).to_owned()],
                name: Some(format!("{}output_{name}", self.prefix)),
                op_type: Some("Identity".into()),
                ..NodeProto::default()
            });
            proto.output.push(ValueInfoProto::tensor(name, value.data_type, &value.shape));
        }
        proto
    }
}
