//! The model that performs: a picture of any size and a style in, the repainted picture out.

use super::network::{self, repaint};
use super::{Settings, Shape};
use crate::model::onnx::ModelProto;
use crate::model::spec::{Dim, Element, Kind, ModelSpec, Picture, TensorSpec};
use crate::train::graph::{Graph, Weights, name_dims};
use crate::train::half::store_in_half;
use crate::train::step::averaged;
use crate::train::tensor::Tensors;

/// The size that models are meant for, in pixels; others do as well.
const SIDE: usize = 256;

/// The weights to perform with, from a training's state: running averages.
pub fn performing_weights(state: &Tensors) -> Tensors {
    averaged(state, network::PREFIX)
}

/// The network for one picture a call: inputs `picture` `(1, 3, height, width)` in −1 … 1, sides multiples of 4, and `style` `(1, S)`, shares that
/// sum to 1; output `painted`, as `picture`. Large weights are stored in half precision; the network computes in single precision.
pub fn network(shape: &Shape, weights: &Tensors) -> ModelProto {
    let mut g = Graph::new();
    let picture = g.input("picture", &[1, 3, SIDE, SIDE]);
    let style = g.input("style", &[1, shape.styles]);
    let painted = repaint(&mut g, shape, picture, style);
    let mut model = g.to_model(&[("painted", painted)], Weights::Inside(weights));
    for name in ["picture", "painted"] {
        name_dims(&mut model, name, &[(2, "height"), (3, "width")]);
    }
    store_in_half(&mut model);
    model
}

/// The parts of the model's description that follow from its settings; `styles` are their names.
pub fn description(name: &str, settings: &Settings, styles: Vec<String>) -> ModelSpec {
    let picture = |name: &str| {
        let side = |name: &str| Dim::Named(name.into());
        let shape = vec![Dim::Fixed(1), Dim::Fixed(3), side("height"), side("width")];
        TensorSpec { name: name.into(), element: Element::F32, shape }
    };
    let mut spec = ModelSpec::new(Kind::StyleTransfer, name);
    spec.inputs = vec![picture("picture"), TensorSpec::f32("style", &[1, settings.shape.styles])];
    spec.outputs = vec![picture("painted")];
    spec.picture = Some(Picture { width: SIDE as u32, height: SIDE as u32, channels: 3, range: [-1.0, 1.0] });
    spec.styles = styles;
    let Settings { shape, batch, crop, weighting, .. } = settings;
    let plain = |v: f32| (f64::from(v) * 1e6).round() / 1e6;
    for (name, value) in [
        ("blocks", shape.blocks as f64),
        ("batch", *batch as f64),
        ("crop", *crop as f64),
        ("content weight", plain(weighting.content)),
        ("style weight", plain(weighting.style)),
        ("variation weight", plain(weighting.variation)),
        (STYLE_SIDE, settings.style_side as f64),
        (STYLE_EDGE, plain(settings.style_edge)),
    ] {
        spec.settings.insert(name.into(), value);
    }
    spec
}

/// Names of the settings that measuring needs to read the styles as training did.
pub const STYLE_SIDE: &str = "style side";
/// As [`STYLE_SIDE`].
pub const STYLE_EDGE: &str = "style edge";
