//! The model that performs: one picture a call, weights and normalisation inside.

use super::generator::{self, generate};
use super::{Settings, Shape};
use crate::model::inspect::Inspected;
use crate::model::onnx::ModelProto;
use crate::model::spec::{Kind, Latent, ModelSpec, Picture, TensorSpec};
use crate::train::graph::{Graph, Role, Var, Weights};
use crate::train::half::store_in_half;
use crate::train::ops::{BatchStatistics, RUNNING_SHARE};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::step::{averaged, normal};
use crate::train::tensor::{Tensor, Tensors};
use crate::train::weights::{constants, weights_of};
use prost::Message as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;

/// Truncation that the model's description recommends.
pub const PSI: f32 = 0.9;

/// Batches and their size for measuring normalisations.
const BATCHES: usize = 16;
const BATCH: usize = 32;

/// The weights to perform with, from a training's state: running averages of what was trained, and normalisations
/// measured with them. (Those that training kept belong to the weights of the moment, not to their average.)
///
/// # Errors
/// If ONNX Runtime fails.
pub fn performing_weights(settings: &Settings, state: &Tensors, device: Device) -> Result<Tensors, ProgramError> {
    let shape = &settings.shape;
    let mut weights = averaged(state, generator::PREFIX);

    let mut g = Graph::new();
    let z = g.input("z", &[BATCH, shape.latent]);
    generate(&mut g, shape, z, None, BatchStatistics::Batch);
    let states: Vec<String> = g.parameters().iter().filter(|p| p.role == Role::State).map(|p| p.name.clone()).collect();
    // A running mean that starts at zero holds (1 − share) of the batch's after one step.
    for name in &states {
        if let Some(t) = weights.get_mut(name) {
            t.data.fill(0.0);
        }
    }
    let updates = g.updates().to_vec();
    let outputs: Vec<(&str, Var)> = updates.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    // An output may not bear the name of a weight.
    let named: Vec<String> = outputs.iter().map(|(n, _)| format!("next/{n}")).collect();
    let outputs: Vec<(&str, Var)> = named.iter().map(String::as_str).zip(outputs.iter().map(|o| o.1)).collect();
    let mut forward = Forward::new(&g.to_model(&outputs, Weights::Inside(&weights)), device)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut sums: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..BATCHES {
        let z = Tensor::new(&[BATCH, shape.latent], normal(&mut rng, 1.0, BATCH * shape.latent));
        let found = forward.run(&Feeds::from([("z".to_owned(), Feed::Floats(z))]))?;
        for name in &states {
            let new = &found[&format!("next/{name}")].data;
            let sum = sums.entry(name).or_insert_with(|| vec![0.0; new.len()]);
            sum.iter_mut().zip(new).for_each(|(s, v)| *s += f64::from(*v));
        }
    }
    let scale = 1.0 / (BATCHES as f64 * f64::from(1.0 - RUNNING_SHARE));
    for (name, sum) in sums {
        if let Some(t) = weights.get_mut(name) {
            t.data = sum.iter().map(|s| (s * scale) as f32).collect();
        }
    }
    Ok(weights)
}

/// The performing network for `n` pictures a call: inputs `z` `(n, latent)` and `psi` `(1)`, output `picture`
/// `(n, 3, S, S)`. Large weights are stored in half precision; the network computes in single precision.
pub fn network(shape: &Shape, weights: &Tensors, n: usize) -> ModelProto {
    let (g, picture) = graph(shape, n);
    let mut model = g.to_model(&[("picture", picture)], Weights::Inside(weights));
    store_in_half(&mut model);
    model
}

fn graph(shape: &Shape, n: usize) -> (Graph, Var) {
    let mut g = Graph::new();
    let z = g.input("z", &[n, shape.latent]);
    let psi = g.input("psi", &[1]);
    let picture = generate(&mut g, shape, z, Some(psi), BatchStatistics::Running);
    (g, picture)
}

/// Shape and weights of a model that [`network`] made.
///
/// # Errors
/// A reason, where it is another network.
pub fn read_model(model: &Inspected) -> Result<(Shape, Tensors), String> {
    let proto = ModelProto::decode(model.bytes.as_slice()).map_err(|e| e.to_string())?;
    let all = constants(&proto);
    let axis = |name: &str, axis: usize| all.get(name).and_then(|t| t.shape.get(axis).copied());
    let first = axis("g.start.weight", 1).map(|n| n / 32);
    let blocks = (0..).map_while(|i| axis(&format!("g.block{i}.weight"), 0)).map(|n| n / 2);
    let channels: Vec<usize> = first.into_iter().chain(blocks).collect();
    let (Some(latent), 2..=9) = (axis("g.start.weight", 0), channels.len()) else {
        return Err("its network is another one than this version's image-gan".into());
    };
    let shape = Shape { size: 4 << (channels.len() - 1), latent, channels };
    let weights = weights_of(&proto, &graph(&shape, 1).0).map_err(|e| e.to_string())?;
    Ok((shape, weights))
}

/// The parts of the model's description that follow from its shape.
pub fn description(name: &str, shape: &Shape) -> ModelSpec {
    let side = shape.size as u32;
    let mut spec = ModelSpec::new(Kind::ImageGan, name);
    spec.inputs = vec![TensorSpec::f32("z", &[1, shape.latent]), TensorSpec::f32("psi", &[1])];
    spec.outputs = vec![TensorSpec::f32("picture", &[1, 3, shape.size, shape.size])];
    spec.picture = Some(Picture { width: side, height: side, channels: 3, range: [-1.0, 1.0] });
    spec.latent = Some(Latent { size: shape.latent, mapped_size: None, psi: Some(PSI) });
    spec
}
