//! Weights back out of a model file, to train on from there.

use super::graph::Graph;
use super::half::half_value;
use super::tensor::{Tensor, Tensors};
use crate::model::onnx::{DataType, ModelProto, NodeProto, TensorProto};
use std::collections::HashMap;

/// Why a file's weights are not those of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// A parameter is missing.
    #[error("it has no weights named {0}: its network is another one")]
    Missing(String),
    /// A parameter has another shape.
    #[error("its weights {name} have the shape {found:?}, not {expected:?}: its network is another one")]
    Shape {
        /// Name of the parameter.
        name: String,
        /// What the network needs.
        expected: Vec<usize>,
        /// What is there.
        found: Vec<usize>,
    },
}

/// The constant float tensors of a model, by name; those in half precision under the name that they are read by.
pub fn constants(model: &ModelProto) -> Tensors {
    let Some(graph) = &model.graph else { return Tensors::new() };
    let is_cast = |node: &&NodeProto| node.op_type.as_deref() == Some("Cast");
    let casts = graph.node.iter().filter(is_cast);
    let read_as = casts.filter_map(|node| Some((node.input.first()?.as_str(), node.output.first()?.as_str())));
    let read_as = read_as.collect::<HashMap<_, _>>();
    let tensors = graph.initializer.iter().filter_map(|tensor| {
        let name = tensor.name.as_deref()?;
        let shape = tensor.dims.iter().map(|&d| d as usize).collect::<Vec<_>>();
        let data = floats(tensor).filter(|data| data.len() == shape.iter().product::<usize>())?;
        let name = read_as.get(name).copied().unwrap_or(name);
        Some((name.to_owned(), Tensor { shape, data }))
    });
    tensors.collect()
}

/// The weights in `model` of the parameters of `network`.
///
/// # Errors
/// [`WeightsError`] where one is missing or has another shape.
pub fn weights_of(model: &ModelProto, network: &Graph) -> Result<Tensors, WeightsError> {
    let mut all = constants(model);
    let parameters = network.parameters().iter().map(|p| {
        let tensor = all.remove(&p.name).ok_or_else(|| WeightsError::Missing(p.name.clone()))?;
        let expected = network.shape(p.var);
        if tensor.shape != expected {
            let (expected, found) = (expected.to_vec(), tensor.shape);
            return Err(WeightsError::Shape { name: p.name.clone(), expected, found });
        }
        Ok((p.name.clone(), tensor))
    });
    parameters.collect()
}

fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    let data_type = tensor.data_type.and_then(|t| DataType::try_from(t).ok())?;
    match (data_type, &tensor.raw_data) {
        (DataType::Float, Some(raw)) => {
            Some(raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
        (DataType::Float, None) => Some(tensor.float_data.clone()),
        (DataType::Float16, Some(raw)) => {
            Some(raw.chunks_exact(2).map(|b| half_value(u16::from_le_bytes([b[0], b[1]]))).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx::GraphProto;
    use crate::train::graph::Weights;
    use crate::train::nets::melody_rnn::{Config, performing_graph, performing_model};
    use crate::train::step::draw;

    #[test]
    fn weights_come_back_out_of_a_file_and_only_for_their_network() {
        let config = Config::new(16, 8);
        let network = performing_graph(config);
        let fill = |p: &crate::train::graph::Parameter| draw(&p.init, &p.name, network.shape(p.var), 3);
        let drawn: Tensors = network.parameters().iter().map(|p| (p.name.clone(), fill(p))).collect();
        let (model, _) = performing_model(config, &drawn, "small");
        assert_eq!(weights_of(&model, &network), Ok(drawn));
        let wider = weights_of(&model, &performing_graph(Config::new(24, 8)));
        assert!(matches!(wider, Err(WeightsError::Shape { .. })), "{wider:?}");
        let empty = network.to_model(&[], Weights::Fed);
        assert!(matches!(weights_of(&empty, &network), Err(WeightsError::Missing(_))));
    }

    #[test]
    fn halves_are_read_under_the_name_that_they_are_cast_to() {
        let halves: [(u16, f32); 5] =
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0)];
        let tensor = TensorProto {
            dims: vec![5],
            data_type: Some(DataType::Float16 as i32),
            name: Some("w/half".into()),
            raw_data: Some(halves.iter().flat_map(|(bits, _)| bits.to_le_bytes()).collect()),
            ..TensorProto::default()
        };
        let (input, output) = (vec!["w/half".into()], vec!["w".into()]);
        let cast = NodeProto { op_type: Some("Cast".into()), input, output, ..NodeProto::default() };
        let graph = GraphProto { node: vec![cast], initializer: vec![tensor], ..GraphProto::default() };
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        assert_eq!(constants(&model)["w"].data, halves.map(|(_, value)| value));
    }
}
