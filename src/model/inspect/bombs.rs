//! Operators that make much of little: a few bytes that stand for a shape, and the operator fills it.
//!
//! Only numbers that stand in the file are looked at. What a network computes while it runs is the watchdog's.

use super::{MAX_ELEMENTS, Refusal, named};
use crate::model::onnx::{AttributeProto, DataType, GraphProto, NodeProto, TensorProto};
use std::collections::HashMap;

/// Longest constant that is looked at: a shape, a count, the ends of a range.
const LONGEST: usize = 2 * super::MAX_RANK;
/// Most trips of a loop whose number stands in the file.
const MAX_TRIPS: f64 = 1e7;

/// Small constants and known numbers of elements, by name; those of the graphs around last.
#[derive(Default)]
struct Known<'a> {
    numbers: HashMap<&'a str, Vec<f64>>,
    elements: HashMap<&'a str, f64>,
}

/// Refuses graphs with operators that would make more than [`MAX_ELEMENTS`] of constants.
pub(super) fn check(graph: &GraphProto) -> Result<(), Refusal> {
    walk(graph, &mut Vec::new())
}

fn walk<'a>(graph: &'a GraphProto, around: &mut Vec<Known<'a>>) -> Result<(), Refusal> {
    let mut known = Known::default();
    for tensor in &graph.initializer {
        known.take(tensor.name.as_deref().unwrap_or_default(), tensor);
    }
    around.push(known);
    for node in &graph.node {
        let made = amount(node, around);
        if made.is_some_and(|made| made > limit(node)) {
            let operator = named(&node.op_type);
            return Err(Refusal::Amplifies { operator, elements: made.unwrap_or_default() });
        }
        if let (Some("Constant"), Some(name), Some(known)) =
            (node.op_type.as_deref(), node.output.first(), around.last_mut())
        {
            node.attribute.iter().for_each(|attribute| known.take_attribute(name, attribute));
        }
        for body in node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs)) {
            walk(body, around)?;
        }
    }
    around.pop();
    Ok(())
}

fn limit(node: &NodeProto) -> f64 {
    if node.op_type.as_deref() == Some("Loop") { MAX_TRIPS } else { MAX_ELEMENTS as f64 }
}

/// At least so many elements come out, or so many trips are made, where that stands in the file.
fn amount(node: &NodeProto, around: &[Known]) -> Option<f64> {
    let name = |place: usize| node.input.get(place).map(String::as_str).filter(|name| !name.is_empty());
    let numbers = |place: usize| name(place).and_then(|name| around.iter().rev().find_map(|k| k.numbers.get(name)));
    let first =
        || name(0).and_then(|name| around.iter().rev().find_map(|k| k.elements.get(name))).copied().unwrap_or(1.0);
    let product = |numbers: &[f64]| numbers.iter().map(|n| n.max(0.0)).product::<f64>();
    match node.op_type.as_deref()? {
        "ConstantOfShape" => numbers(0).map(|shape| product(shape)),
        "Expand" => numbers(1).map(|shape| shape.iter().map(|n| n.max(1.0)).product()),
        "Tile" => numbers(1).map(|repeats| first() * product(repeats)),
        "Resize" => {
            let scales = numbers(2).filter(|scales| !scales.is_empty()).map(|scales| first() * product(scales));
            scales.into_iter().chain(numbers(3).map(|sizes| product(sizes))).reduce(f64::max)
        }
        "Upsample" => numbers(1).map(|scales| first() * product(scales)),
        "Pad" => numbers(1).map(|pads| {
            let (before, after) = pads.split_at(pads.len() / 2);
            before.iter().zip(after).map(|(before, after)| (before + after).max(0.0) + 1.0).product()
        }),
        "OneHot" => numbers(1).map(|depth| first() * product(depth)),
        "Range" => match (numbers(0)?.first(), numbers(1)?.first(), numbers(2)?.first()) {
            (Some(from), Some(to), Some(step)) if *step != 0.0 => Some((to - from) / step),
            _ => None,
        },
        "RandomNormal" | "RandomUniform" => {
            let shape = node.attribute.iter().find(|a| a.name.as_deref() == Some("shape"))?;
            Some(shape.ints.iter().map(|n| (*n as f64).max(0.0)).product())
        }
        "Loop" => numbers(0)?.first().copied(),
        _ => None,
    }
}

impl<'a> Known<'a> {
    fn take(&mut self, name: &'a str, tensor: &TensorProto) {
        let elements: f64 = tensor.dims.iter().map(|n| (*n as f64).max(0.0)).product();
        self.elements.insert(name, elements);
        if elements > LONGEST as f64 {
            return;
        }
        let raw = tensor.raw_data.as_deref().unwrap_or_default();
        let numbers: Vec<f64> = match tensor.data_type.and_then(|t| DataType::try_from(t).ok()) {
            Some(DataType::Int64) if !raw.is_empty() => {
                let words = raw.chunks_exact(8).filter_map(|b| b.try_into().ok());
                words.map(|b| i64::from_le_bytes(b) as f64).collect()
            }
            Some(DataType::Int64) => tensor.int64_data.iter().map(|n| *n as f64).collect(),
            Some(DataType::Int32) if !raw.is_empty() => {
                let words = raw.chunks_exact(4).filter_map(|b| b.try_into().ok());
                words.map(|b| f64::from(i32::from_le_bytes(b))).collect()
            }
            Some(DataType::Int32) => tensor.int32_data.iter().map(|n| f64::from(*n)).collect(),
            Some(DataType::Float) if !raw.is_empty() => {
                let words = raw.chunks_exact(4).filter_map(|b| b.try_into().ok());
                words.map(|b| f64::from(f32::from_le_bytes(b))).collect()
            }
            Some(DataType::Float) => tensor.float_data.iter().map(|n| f64::from(*n)).collect(),
            _ => return,
        };
        self.numbers.insert(name, numbers);
    }

    fn take_attribute(&mut self, name: &'a str, attribute: &AttributeProto) {
        if let Some(tensor) = &attribute.t {
            self.take(name, tensor);
        }
        let ints = attribute.ints.iter().chain(&attribute.i).map(|n| *n as f64);
        let floats = attribute.floats.iter().chain(&attribute.f).map(|n| f64::from(*n));
        let numbers: Vec<f64> = ints.chain(floats).take(LONGEST).collect();
        if !numbers.is_empty() {
            self.numbers.insert(name, numbers);
        }
    }
}
