//! The files we write against the checker of the ONNX project (Python package `onnx`); skipped where it is missing.

use oneiro::train::graph::Graph;
use oneiro::train::nets::melody_rnn::{Config, performing_graph, performing_model};
use oneiro::train::ops::{BatchStatistics, Conv};
use oneiro::train::step::{Adam, Objective, Step, draw};
use oneiro::train::tensor::Tensors;
use prost::Message;
use std::process::Command;

/// Runs the checker with full type and shape inference on a file.
fn check(name: &str, model: &oneiro::model::onnx::ModelProto) {
    let found = Command::new("python3").args(["-c", "import onnx"]).output();
    if !found.is_ok_and(|o| o.status.success()) {
        println!("skipped: Python's `onnx` is not here; `cargo xtask test` brings it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{name}.onnx"));
    std::fs::write(&file, model.encode_to_vec()).unwrap();
    let script = "import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)";
    let output = Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_training_step_with_every_kind_of_layer_is_valid_onnx() {
    let mut g = Graph::for_training();
    let picture = g.input("picture", &[2, 3, 8, 8]);
    let y = g.conv_layer("a", picture, 8, 3, Conv::same(3), true);
    let y = g.batch_norm("n", y, BatchStatistics::Batch);
    let y = g.glu(y, 1);
    let y = g.double_nearest(y);
    let y = g.conv_layer("b", y, 4, 4, Conv::padded(2, 1), false);
    let affine = g.input("affine", &[2, 4]);
    let y = g.instance_norm(y, affine, affine);
    let y = g.pad_edge(y, 1);
    let y = g.resize_linear(y, 6, 6);
    let y = g.average_pool(y);
    let steps = g.reshape(y, &[2, 4, 9]);
    let steps = g.transpose(steps, &[1, 0, 2]);
    let start = g.full(&[2, 5], 0.0);
    let h = g.gru("r", steps, start);
    let h = g.reshape(h, &[8, 5]);
    let logits = g.dense("o", h, 7);
    let targets = g.input_indices("targets", &[8]);
    let costs = g.cross_entropy(logits, targets);
    let loss = g.mean_all(costs);
    let adam = Adam { weight_decay: 0.1, ..Adam::default() };
    let step = Step::new(g, &[Objective { name: "net".into(), loss, prefix: String::new(), adam }], &[]);
    check("step", &step.model);
}

#[test]
fn the_performing_melody_model_is_valid_onnx_with_its_description_inside() {
    let config = Config::new(16, 8);
    let (mut model, spec) = performing_model(config, &random_weights(config), "test");
    spec.store(&mut model).unwrap();
    check("melody", &model);
}

/// Weights of the right names and shapes.
fn random_weights(config: Config) -> Tensors {
    let g = performing_graph(config);
    let drawn = g.parameters().iter().map(|p| (p.name.clone(), draw(&p.init, &p.name, g.shape(p.var), 1)));
    drawn.collect()
}
