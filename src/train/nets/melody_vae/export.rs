//! The melody VAE as a model to perform with: phrases to points, and one event a call from points to phrases.
//!
//! Both halves are in one graph, each with inputs and outputs of its own; whoever needs one half cuts it out
//! ([`crate::model::onnx::ModelProto::cut`]).

use super::super::vocabulary::vocabulary;
use super::{Config, MelodyVae, Rows};
use crate::model::onnx::ModelProto;
use crate::model::spec::{Kind, Latent, ModelSpec, TensorSpec};
use crate::music::phrase::{CODING, FEATURES};
use crate::train::graph::{Graph, Var, Weights};
use crate::train::half::store_in_half;
use crate::train::tensor::Tensors;
use std::collections::BTreeMap;

/// A graph of both halves, with the descriptions of its inputs, and its outputs with their shapes.
struct Halves {
    graph: Graph,
    inputs: Vec<TensorSpec>,
    outputs: Vec<(&'static str, Var, Vec<usize>)>,
}

/// Inputs of `rows` rows of one phrase, each named with `prefix`.
fn rows_of(g: &mut Graph, inputs: &mut Vec<TensorSpec>, prefix: &str, rows: usize) -> Rows {
    let mut indices = |g: &mut Graph, name: &str| {
        let name = format!("{prefix}{name}");
        inputs.push(TensorSpec::i64(&name, &[1, rows]));
        g.input_indices(&name, &[1, rows])
    };
    let [duration, pitch, position, metre] = ["duration", "pitch", "position", "metre"].map(|name| indices(g, name));
    let name = format!("{prefix}features");
    inputs.push(TensorSpec::f32(&name, &[1, rows, FEATURES]));
    Rows { duration, pitch, position, metre, features: g.input(&name, &[1, rows, FEATURES]) }
}

impl Halves {
    fn new(config: Config) -> Self {
        let Config { hidden, latent, .. } = config;
        let mut g = Graph::new();
        let mut inputs = Vec::new();
        let phrase = rows_of(&mut g, &mut inputs, "phrase_", config.rows());
        let mut float = |g: &mut Graph, name: &str, shape: &[usize]| {
            inputs.push(TensorSpec::f32(name, shape));
            g.input(name, shape)
        };
        let last = float(&mut g, "phrase_last", &[1, config.rows()]);
        let z = float(&mut g, "z", &[1, latent]);
        let state = float(&mut g, "state", &[1, hidden]);
        // 1 before the first event: the state then comes from the point.
        let first = float(&mut g, "first", &[1, 1]);
        let before = rows_of(&mut g, &mut inputs, "", 1);

        let [mu, logvar] = MelodyVae::new(&mut g, config).encode(phrase, last);
        let start = MelodyVae::new(&mut g, config).first_state(z);
        let start = g.mul(start, first);
        let later = g.one_minus(first);
        let state = g.mul(state, later);
        let state = g.add(start, state);
        let [log_duration, log_pitch, next] = MelodyVae::new(&mut g, config).step(before, z, state);
        let (d, p) = (Config::DURATIONS, Config::PITCHES);
        let log_duration = g.reshape(log_duration, &[d]);
        let log_pitch = g.reshape(log_pitch, &[d, p]);
        let outputs = vec![
            ("mu", mu, vec![1, latent]),
            ("logvar", logvar, vec![1, latent]),
            ("log_duration", log_duration, vec![d]),
            ("log_pitch", log_pitch, vec![d, p]),
            ("state_next", next, vec![1, hidden]),
        ];
        Self { graph: g, inputs, outputs }
    }
}

/// The graph of both halves: its parameters are those that [`performing_model`] needs.
pub fn performing_graph(config: Config) -> Graph {
    Halves::new(config).graph
}

/// The model with `weights` inside, and a description with everything but data, metrics and command.
pub fn performing_model(config: Config, weights: &Tensors, name: &str) -> (ModelProto, ModelSpec) {
    let halves = Halves::new(config);
    let named = halves.outputs.iter().map(|(name, v, _)| (*name, *v)).collect::<Vec<_>>();
    let mut model = halves.graph.to_model(&named, Weights::Inside(weights));
    store_in_half(&mut model);

    let mut spec = ModelSpec::new(Kind::MelodyVae, name);
    spec.inputs = halves.inputs;
    spec.outputs = halves.outputs.iter().map(|(name, _, shape)| TensorSpec::f32(name, shape)).collect();
    spec.vocabulary = Some(vocabulary(CODING, Config::DURATIONS, Config::PITCHES));
    spec.latent = Some(Latent { size: config.latent, mapped_size: None, psi: None });
    spec.settings = BTreeMap::from([("hidden".into(), config.hidden as f64), ("bars".into(), f64::from(config.bars))]);
    (model, spec)
}
