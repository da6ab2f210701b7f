//! The model that performs: encoder, edits and decoder in one graph, weights inside.
//!
//! | Input | | Output | |
//! |---|---|---|---|
//! | `original` (1, 3, S, S) | a picture, −1 … 1 | `latent` | its place: a map (1, C, h, w), or the mean of a point (1, C) |
//! | | | `logvar` | of a point alone: logarithm of the variance |
//! | | | `denoised` (1, 3, S, S) | of a map alone: the picture without its noise |
//! | `z`, shaped as `latent` | a place | `picture` (1, 3, S, S) | what is seen at the place after the edits |
//! | `edit` (1, 4) | amounts, see [`super::edits`] | | |
//!
//! [`crate::model::inspect::Inspected::part`] cuts out what a caller needs: the encoder or the decoder alone.

use super::network::{Code, PREFIX, decode, encode, finish};
use super::{Bottleneck, Shape, edits};
use crate::model::onnx::ModelProto;
use crate::model::spec::{Latent, ModelSpec, Picture, TensorSpec};
use crate::train::graph::{Graph, Var, Weights};
use crate::train::half::store_in_half;
use crate::train::step;
use crate::train::tensor::Tensors;

/// The weights to perform with, from a training's state: the running averages.
pub fn averaged(state: &Tensors) -> Tensors {
    step::averaged(state, PREFIX)
}

/// From `n` pictures `original` at once through the middle and back: outputs `latent`, `picture` and, for maps, `denoised`.
pub fn coder(shape: &Shape, weights: &Tensors, n: usize) -> ModelProto {
    let mut g = Graph::new();
    let original = g.input("original", &[n, 3, shape.size, shape.size]);
    let latent = encode(&mut g, shape, original).place();
    let picture = decode(&mut g, shape, latent);
    let mut outputs = vec![("latent", latent), ("picture", picture)];
    if let Bottleneck::Map { .. } = shape.bottleneck {
        outputs.push(("denoised", finish(&mut g, original, picture)));
    }
    g.to_model(&outputs, Weights::Inside(weights))
}

/// The performing network; `weights` hold those of [`averaged`] and of [`edits::find`]. Large weights are stored in half
/// precision; the network computes in single precision.
pub fn network(shape: &Shape, weights: &Tensors) -> ModelProto {
    let mut g = Graph::new();
    let original = g.input("original", &[1, 3, shape.size, shape.size]);
    let z = g.input("z", &shape.latent(1));
    let edit = g.input("edit", &[1, edits::COUNT]);
    let code = encode(&mut g, shape, original);
    let mut outputs: Vec<(&str, Var)> = vec![("latent", code.place())];
    match code {
        Code::Point { logvar, .. } => outputs.push(("logvar", logvar)),
        Code::Map(place) => {
            let decoded = decode(&mut g, shape, place);
            outputs.push(("denoised", finish(&mut g, original, decoded)));
        }
    }
    let edited = edits::apply(&mut g, shape, z, edit);
    outputs.push(("picture", decode(&mut g, shape, edited)));
    let mut model = g.to_model(&outputs, Weights::Inside(weights));
    store_in_half(&mut model);
    model
}

/// The parts of the model's description that follow from its shape.
pub fn description(name: &str, shape: &Shape) -> ModelSpec {
    let side = shape.size as u32;
    let pixels = [1, 3, shape.size, shape.size];
    let latent = shape.latent(1);
    let mut spec = ModelSpec::new(shape.kind(), name);
    spec.inputs = vec![
        TensorSpec::f32("original", &pixels),
        TensorSpec::f32("z", &latent),
        TensorSpec::f32("edit", &[1, edits::COUNT]),
    ];
    spec.outputs = vec![TensorSpec::f32("latent", &latent), TensorSpec::f32("picture", &pixels)];
    spec.outputs.push(match shape.bottleneck {
        Bottleneck::Map { .. } => TensorSpec::f32("denoised", &pixels),
        Bottleneck::Point { .. } => TensorSpec::f32("logvar", &latent),
    });
    spec.picture = Some(Picture { width: side, height: side, channels: 3, range: [-1.0, 1.0] });
    spec.latent = Some(Latent { size: latent.iter().product(), mapped_size: None, psi: None });
    let (bits, reach) = shape.storage();
    spec.settings.insert("bits".into(), f64::from(bits));
    spec.settings.insert("reach".into(), f64::from(reach));
    spec.settings.insert("compression ratio".into(), shape.compression_ratio());
    spec
}
