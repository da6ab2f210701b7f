//! The model that performs: a picture of any size in, probabilities out.

use super::Settings;
use super::network::{self, SIDE, look};
use crate::model::onnx::ModelProto;
use crate::model::spec::{Dim, Element, Kind, ModelSpec, Picture, TensorSpec};
use crate::picture::CLASS;
use crate::train::graph::{Graph, Var, Weights, name_dims, text};
use crate::train::ops::BatchStatistics;
use crate::train::step::averaged;
use crate::train::tensor::Tensors;

/// The weights to perform with, from a training's state.
pub fn performing_weights(state: &Tensors) -> Tensors {
    averaged(state, network::PREFIX)
}

/// The network for one picture a call: input `picture` `(1, 3, height, width)` of any size in −1 … 1, scaled to [`SIDE`] pixels inside;
/// outputs `probabilities` and `logits`, `(1, K)`. Probabilities are softmax(logits / temperature).
pub fn network(settings: &Settings, weights: &Tensors, temperature: f64) -> ModelProto {
    let mut g = Graph::new();
    let picture = g.input("picture", &[1, 3, SIDE, SIDE]);
    let scaled = scaled(&mut g, picture);
    let told_by = look(&mut g, &settings.channels, scaled, BatchStatistics::Running);
    let logits = network::logits(&mut g, told_by, settings.classes.len());
    let cooled = g.scale(logits, 1.0 / temperature as f32);
    let probabilities = g.softmax(cooled);
    let outputs = [("probabilities", probabilities), ("logits", logits)];
    let mut model = g.to_model(&outputs, Weights::Inside(weights));
    name_dims(&mut model, "picture", &[(2, "height"), (3, "width")]);
    model
}

/// The same network up to what its last layer is told: input `picture` `(1, 3, S, S)`, output `told_by` `(1, F)`.
pub(super) fn features_network(settings: &Settings, weights: &Tensors) -> ModelProto {
    let mut g = Graph::new();
    let picture = g.input("picture", &[1, 3, SIDE, SIDE]);
    let told_by = look(&mut g, &settings.channels, picture, BatchStatistics::Running);
    g.to_model(&[("told_by", told_by)], Weights::Inside(weights))
}

/// A picture of any size scaled to [`SIDE`] pixels, linearly, the filter widened where it gets smaller so that nothing aliases. For inputs
/// only: its gradient is nil.
fn scaled(g: &mut Graph, x: Var) -> Var {
    let shape = [1, 3, SIDE, SIDE];
    let sizes = g.ints(&shape.map(|n| n as i64));
    let attributes = vec![text("mode", "linear"), crate::train::graph::int("antialias", 1)];
    g.emit1("Resize", &[x, Var::NONE, Var::NONE, sizes], attributes, &shape)
}

/// The parts of the model's description that follow from its settings.
pub fn description(name: &str, settings: &Settings) -> ModelSpec {
    let classes = settings.classes.len();
    let mut spec = ModelSpec::new(Kind::ArtClassifier, name);
    let side = |name: &str| Dim::Named(name.into());
    let shape = vec![Dim::Fixed(1), Dim::Fixed(3), side("height"), side("width")];
    spec.inputs = vec![TensorSpec { name: "picture".into(), element: Element::F32, shape }];
    spec.outputs = vec![TensorSpec::f32("probabilities", &[1, classes]), TensorSpec::f32("logits", &[1, classes])];
    spec.picture = Some(Picture { width: SIDE as u32, height: SIDE as u32, channels: 3, range: [-1.0, 1.0] });
    for (number, class) in settings.classes.iter().enumerate() {
        spec.settings.insert(format!("{CLASS}{class}"), number as f64);
    }
    for (name, value) in [
        ("batch", settings.batch as f64),
        ("distillation", f64::from(u8::from(settings.distillation))),
        ("folds", settings.folds as f64),
        ("held_out_fold", settings.held_out as f64),
        ("data", settings.data as f64),
    ] {
        spec.settings.insert(name.into(), value);
    }
    spec
}
