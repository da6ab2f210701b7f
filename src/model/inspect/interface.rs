//! Checks of a network's inputs and outputs.

use super::graph::count;
use super::{Refusal, shortened};
use crate::model::onnx::{DataType, DimensionValue, ValueInfoProto};
use crate::model::spec::{Dim, Element, TensorSpec};

/// Bounds the fixed part of a declared shape.
pub(super) fn check_value(value: &ValueInfoProto) -> Result<(), Refusal> {
    let fixed: Vec<i64> = dims_of(value)
        .unwrap_or_default()
        .iter()
        .filter_map(|dim| match dim {
            Some(DimensionValue::Fixed(n)) => Some(*n),
            _ => None,
        })
        .collect();
    count(&value.name, &fixed).map(|_| ())
}

/// The declared dimensions; `None` where no shape is declared.
fn dims_of(value: &ValueInfoProto) -> Option<Vec<Option<DimensionValue>>> {
    let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    Some(shape.dim.iter().map(|d| d.value.clone()).collect())
}

pub(super) fn check_described(
    direction: &'static str,
    tensor: &TensorSpec,
    present: &[ValueInfoProto],
) -> Result<(), Refusal> {
    let value = present
        .iter()
        .find(|value| value.name.as_deref() == Some(&tensor.name))
        .ok_or_else(|| Refusal::MissingTensor { direction, name: shortened(&tensor.name) })?;
    let mismatch = |found: String, described: String| Refusal::Mismatch {
        direction,
        name: shortened(&tensor.name),
        found,
        described,
    };
    let found = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.elem_type);
    let wanted = match tensor.element {
        Element::F32 => DataType::Float,
        Element::I64 => DataType::Int64,
    };
    if found != Some(wanted as i32) {
        let name = found.and_then(|t| DataType::try_from(t).ok()).map_or("no tensor".into(), |t| format!("{t:?}"));
        return Err(mismatch(name, format!("{wanted:?}")));
    }
    let Some(dims) = dims_of(value) else { return Ok(()) };
    let fits = dims.len() == tensor.shape.len()
        && dims.iter().zip(&tensor.shape).all(|(there, said)| match (there, said) {
            (Some(DimensionValue::Fixed(n)), Dim::Fixed(m)) => u64::try_from(*n) == Ok(*m as u64),
            _ => true, // a length that is only known when the model runs
        });
    if fits {
        return Ok(());
    }
    let there: Vec<String> = dims
        .iter()
        .map(|dim| match dim {
            Some(DimensionValue::Fixed(n)) => n.to_string(),
            Some(DimensionValue::Named(name)) => shortened(name),
            None => "?".into(),
        })
        .collect();
    let said: Vec<String> = tensor
        .shape
        .iter()
        .map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Named(name) => shortened(name),
        })
        .collect();
    Err(mismatch(format!("({})", there.join(", ")), format!("({})", said.join(", "))))
}
