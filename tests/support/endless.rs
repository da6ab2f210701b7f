//! Models that loop for ever by a number that they compute: no reader of the file can know it.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use oneiro::model::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};
use prost::Message as _;

pub fn node(operator: &str, input: &[&str], output: &[&str]) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    NodeProto { input: names(input), output: names(output), op_type: Some(operator.into()), ..NodeProto::default() }
}

pub fn attribute(name: &str) -> AttributeProto {
    AttributeProto { name: Some(name.into()), ..AttributeProto::default() }
}

pub fn value(name: &str, of: DataType, dims: &[usize]) -> ValueInfoProto {
    ValueInfoProto::tensor(name, of, dims)
}

/// A loop of 10^12 trips whose number is computed from `input`, which is of floats; in the end it gives `end`, one zero. In every trip
/// `each` is done with `held`, which makes `holds`, and with `scanned` also `page`: 2^16 numbers that are kept.
pub fn endless(input: &str, each: Vec<NodeProto>, scanned: bool) -> (Vec<TensorProto>, Vec<NodeProto>) {
    let mut body = vec![node("Identity", &["go"], &["goes"])];
    body.extend(each);
    let mut inner = GraphProto {
        node: body,
        name: Some("trip".into()),
        initializer: vec![TensorProto::from_f32("one", &[1], &[1.0])],
        input: vec![
            value("trip", DataType::Int64, &[]),
            value("go", DataType::Bool, &[]),
            value("held", DataType::Float, &[1]),
        ],
        output: vec![value("goes", DataType::Bool, &[]), value("holds", DataType::Float, &[1])],
        ..GraphProto::default()
    };
    if scanned {
        inner.output.push(value("page", DataType::Float, &[1 << 16]));
    }
    let mut loops = node("Loop", &["trips", "", "start"], &["end"]);
    if scanned {
        loops.output.push("pages".into());
    }
    let body = AttributeProto { g: Some(inner), r#type: Some(AttributeType::Graph as i32), ..attribute("body") };
    loops.attribute = vec![body];
    let whole =
        AttributeProto { i: Some(DataType::Int64 as i64), r#type: Some(AttributeType::Int as i32), ..attribute("to") };
    let mut cast = node("Cast", &["exponent"], &["trips"]);
    cast.attribute = vec![whole];
    let constants = vec![
        TensorProto::from_f32("start", &[1], &[0.0]),
        TensorProto::from_i64("wide", &[1], &[1 << 16]),
        TensorProto::from_f32("much", &[], &[1e12]),
        TensorProto::from_f32("least", &[], &[0.0]),
    ];
    let keep = AttributeProto { i: Some(0), r#type: Some(AttributeType::Int as i32), ..attribute("keepdims") };
    let mut sum = node("ReduceSum", &[input], &["summed"]);
    sum.attribute = vec![keep];
    let nodes = vec![
        sum,
        node("Abs", &["summed"], &["size"]),
        node("Mul", &["size", "least"], &["none"]),
        node("Add", &["none", "much"], &["exponent"]),
        cast,
        loops,
    ];
    (constants, nodes)
}

/// A sound model that loops for ever before it gives `output`, once `input`, which is of floats, was put in.
pub fn looping(bytes: &[u8], input: &str, output: &str) -> Vec<u8> {
    let mut model = ModelProto::decode(bytes).unwrap();
    let graph = model.graph.as_mut().unwrap();
    for made in graph.node.iter_mut().flat_map(|node| &mut node.output).filter(|made| **made == output) {
        *made = "unlooped".into();
    }
    let (constants, nodes) = endless(input, vec![node("Add", &["held", "held"], &["holds"])], false);
    graph.initializer.extend(constants);
    graph.node.splice(0..0, nodes);
    graph.node.push(node("Add", &["unlooped", "end"], &[output]));
    model.encode_to_vec()
}
