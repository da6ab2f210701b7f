//! Small models made on the spot, sound and broken.
#![allow(dead_code)] // each test program uses a part

use oneiro::model::onnx::{
    DataType, GraphProto, IR_VERSION, ModelProto, NodeProto, OPSET_VERSION, OperatorSetIdProto, TensorProto,
    ValueInfoProto,
};
use oneiro::model::spec::{Kind, Latent, ModelSpec, Picture, TensorSpec};
use prost::Message as _;
use std::path::{Path, PathBuf};

/// A "generator" from 4 numbers to a picture of 1 × 2 × 2: each pixel is twice its number.
pub fn doubling() -> ModelProto {
    let node = NodeProto {
        input: vec!["z".into(), "two".into()],
        output: vec!["image".into()],
        name: Some("double".into()),
        op_type: Some("Mul".into()),
        ..NodeProto::default()
    };
    let graph = GraphProto {
        node: vec![node],
        name: Some("doubling".into()),
        initializer: vec![TensorProto::from_f32("two", &[1], &[2.0])],
        input: vec![ValueInfoProto::tensor("z", DataType::Float, &[1, 1, 2, 2])],
        output: vec![ValueInfoProto::tensor("image", DataType::Float, &[1, 1, 2, 2])],
        ..GraphProto::default()
    };
    let mut model = ModelProto {
        ir_version: Some(IR_VERSION),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET_VERSION) }],
        ..ModelProto::default()
    };
    spec().store(&mut model).unwrap();
    model
}

/// The description of [`doubling`].
pub fn spec() -> ModelSpec {
    let mut spec = ModelSpec::new(Kind::ImageGan, "doubling");
    spec.inputs = vec![TensorSpec::f32("z", &[1, 1, 2, 2])];
    spec.outputs = vec![TensorSpec::f32("image", &[1, 1, 2, 2])];
    spec.picture = Some(Picture { width: 2, height: 2, channels: 1, range: [-1.0, 1.0] });
    spec.latent = Some(Latent { size: 4, mapped_size: None, psi: Some(0.8) });
    spec
}

/// The graph of a model, to change it.
pub fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

/// Writes a model to `name` in a folder.
pub fn write(folder: &Path, name: &str, model: &ModelProto) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, model.encode_to_vec()).unwrap();
    path
}
