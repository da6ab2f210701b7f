//! The model that performs: pictures of any size in, both enlargements out.

use super::network::{self, FACTORS};
use super::{Settings, Shape};
use crate::model::onnx::ModelProto;
use crate::model::spec::{Dim, Element, Kind, ModelSpec, Picture, TensorSpec};
use crate::train::graph::{Graph, Weights, name_dims};
use crate::train::step::averaged;
use crate::train::tensor::Tensors;

/// The weights to perform with, from a training's state: running averages.
pub fn performing_weights(state: &Tensors) -> Tensors {
    averaged(state, network::PREFIX)
}

/// Names of the outputs, as of [`FACTORS`].
pub const OUTPUTS: [&str; 2] = ["x2", "x4"];

/// The network for one picture a call: input `picture` `(1, 3, height, width)` of any size in −1 … 1, outputs [`OUTPUTS`].
pub fn network(shape: &Shape, weights: &Tensors) -> ModelProto {
    // Any size serves to write the graph down: no node knows it.
    const SIDE: usize = 64;
    let mut g = Graph::new();
    let x = g.input("picture", &[1, 3, SIDE, SIDE]);
    let enlarged = network::enlarge(&mut g, shape, x);
    let outputs: Vec<_> = OUTPUTS.into_iter().zip(enlarged).collect();
    let mut model = g.to_model(&outputs, Weights::Inside(weights));
    name_dims(&mut model, "picture", &[(2, "height"), (3, "width")]);
    for (name, factor) in OUTPUTS.into_iter().zip(FACTORS) {
        name_dims(&mut model, name, &[(2, &format!("{factor}*height")), (3, &format!("{factor}*width"))]);
    }
    model
}

/// The parts of the model's description that follow from its settings.
pub fn description(name: &str, settings: &Settings) -> ModelSpec {
    let tensor = |name: &str, factor: usize| {
        let side = |what: &str| Dim::Named(if factor == 1 { what.into() } else { format!("{factor}*{what}") });
        let shape = vec![Dim::Fixed(1), Dim::Fixed(3), side("height"), side("width")];
        TensorSpec { name: name.into(), element: Element::F32, shape }
    };
    let mut spec = ModelSpec::new(Kind::Upscaler, name);
    spec.inputs = vec![tensor("picture", 1)];
    spec.outputs = OUTPUTS.into_iter().zip(FACTORS).map(|(name, factor)| tensor(name, factor)).collect();
    // The size that it is meant for; others do as well.
    spec.picture = Some(Picture { width: 64, height: 64, channels: 3, range: [-1.0, 1.0] });
    let Shape { channels, blocks, margin } = settings.shape;
    let margin = (f64::from(margin) * 1e4).round() / 1e4;
    for (name, value) in [
        ("channels", channels as f64),
        ("blocks", blocks as f64),
        ("margin", margin),
        ("batch", settings.batch as f64),
        ("patch", settings.patch as f64),
        ("perceptual", settings.perceptual),
    ] {
        spec.settings.insert(name.into(), value);
    }
    spec
}
