//! Checks of a network's operators and tensors.

use super::{Facts, MAX_ELEMENTS, MAX_RANK, MAX_TENSORS, Refusal, named, shortened};
use crate::model::onnx::{DataLocation, DataType, GraphProto, TensorProto};

/// Nesting is bounded by the look at the raw bytes.
pub(super) fn check_graph(graph: &GraphProto, facts: &mut Facts) -> Result<(), Refusal> {
    for tensor in &graph.initializer {
        check_tensor(tensor, facts)?;
    }
    for node in &graph.node {
        facts.nodes += 1;
        let domain = node.domain.as_deref().unwrap_or_default();
        if !matches!(domain, "" | "ai.onnx") {
            return Err(Refusal::CustomOperator { operator: named(&node.op_type), domain: shortened(domain) });
        }
        for attribute in &node.attribute {
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                check_tensor(tensor, facts)?;
            }
            for body in attribute.g.iter().chain(&attribute.graphs) {
                check_graph(body, facts)?;
            }
        }
    }
    Ok(())
}

fn check_tensor(tensor: &TensorProto, facts: &mut Facts) -> Result<(), Refusal> {
    facts.tensors += 1;
    if facts.tensors > MAX_TENSORS {
        return Err(Refusal::Bomb("it has more than 65536 tensors"));
    }
    let external = tensor.data_location == Some(DataLocation::External as i32) || !tensor.external_data.is_empty();
    if external {
        return Err(Refusal::ExternalData { name: named(&tensor.name) });
    }
    let elements = count(&tensor.name, &tensor.dims)?;
    let refuse = |problem: String| Refusal::Shape { name: named(&tensor.name), shape: tensor.dims.clone(), problem };
    let element_bytes = match tensor.data_type.and_then(|t| DataType::try_from(t).ok()) {
        Some(DataType::Float | DataType::Int32) => 4,
        Some(DataType::Int64 | DataType::Double) => 8,
        Some(DataType::Float16) => 2,
        Some(DataType::Uint8 | DataType::Int8 | DataType::Bool) => 1,
        _ => return Err(refuse(format!("elements of type {} are not read", tensor.data_type.unwrap_or(0)))),
    };
    match &tensor.raw_data {
        Some(raw) if raw.len() as u64 != elements * element_bytes => {
            return Err(refuse(format!("that needs {} bytes, but it has {}", elements * element_bytes, raw.len())));
        }
        Some(_) => {}
        None => {
            // Values in typed fields; which field is for which type matters to ONNX Runtime, the count to us.
            let given = tensor.float_data.len() + tensor.int32_data.len() + tensor.int64_data.len();
            let typed_elsewhere = tensor.data_type == Some(DataType::Double as i32);
            if given as u64 != elements && !typed_elsewhere {
                return Err(refuse(format!("that needs {elements} values, but it has {given}")));
            }
        }
    }
    if [DataType::Float, DataType::Float16].into_iter().any(|t| tensor.data_type == Some(t as i32)) {
        facts.parameters += elements;
    }
    Ok(())
}

/// Number of elements, without overflow.
pub(super) fn count(name: &Option<String>, dims: &[i64]) -> Result<u64, Refusal> {
    let refuse = |problem: String| Refusal::Shape {
        name: named(name),
        shape: dims.iter().copied().take(MAX_RANK + 1).collect(),
        problem,
    };
    if dims.len() > MAX_RANK {
        return Err(refuse(format!("it has {} dimensions; the limit is {MAX_RANK}", dims.len())));
    }
    let mut elements = 1u64;
    for &dim in dims {
        let dim = u64::try_from(dim).map_err(|_| refuse("a length is negative".into()))?;
        elements = elements
            .checked_mul(dim)
            .filter(|&n| n <= MAX_ELEMENTS)
            .ok_or_else(|| refuse(format!("it is too large; the limit is {MAX_ELEMENTS} elements")))?;
    }
    Ok(elements)
}
