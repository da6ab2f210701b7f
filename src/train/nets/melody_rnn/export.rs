//! The melody network as a model to perform with: one event a call.

use super::super::vocabulary::vocabulary;
use super::{Config, Events, MelodyRnn, PHASES, StepMemory};
use crate::model::inspect::Inspected;
use crate::model::onnx::ModelProto;
use crate::model::spec::{Dim, Kind, ModelSpec, TensorSpec};
use crate::music::encoding::CODING;
use crate::train::graph::{Graph, Var, Weights, name_dims};
use crate::train::tensor::Tensors;
use crate::train::weights::weights_of;
use prost::Message;
use std::collections::BTreeMap;

/// Most events that a performing model remembers.
pub const MEMORY: usize = 512;
/// What the axis of its entries is called: it has as many as are fed, up to [`MEMORY`].
const ENTRIES: &str = "memory";

/// Sizes and weights of a model that [`performing_model`] made, to be trained further.
///
/// # Errors
/// A reason, where the model is another network or codes music otherwise.
pub fn read_model(model: &Inspected) -> Result<(Config, Tensors), String> {
    let spec = &model.spec;
    let coding = spec.vocabulary.as_ref().map(|v| (v.coding.as_str(), v.version));
    if spec.kind != Kind::MelodyRnn || coding != Some(CODING) {
        return Err(format!("not a melody network that codes music as `{}` {}", CODING.0, CODING.1));
    }
    let width = |name: &str| match spec.inputs.iter().find(|t| t.name == name)?.shape.get(1)? {
        Dim::Fixed(n @ 1..=8192) => Some(*n),
        _ => None,
    };
    let widths =
        width("state0").zip(width("keys")).filter(|(_, row)| *row > PHASES && (row - PHASES).is_multiple_of(2));
    let (hidden, row) = widths.ok_or("its states and keys have no sizes that can be trained")?;
    let config = Config::new(hidden, (row - PHASES) / 2);
    let proto = ModelProto::decode(model.bytes.as_slice()).map_err(|e| e.to_string())?;
    let weights = weights_of(&proto, &performing_graph(config)).map_err(|e| e.to_string())?;
    Ok((config, weights))
}

/// Describes a memory of [`MEMORY`] entries as one of as many as are fed; earlier versions' models had always all.
pub fn open_memory(inputs: &mut [TensorSpec]) {
    for dim in inputs.iter_mut().filter_map(|input| input.shape.first_mut()).filter(|dim| **dim == Dim::Fixed(MEMORY)) {
        *dim = Dim::Named(ENTRIES.into());
    }
}

/// A graph of one step, with the descriptions of its inputs, and its outputs with their shapes.
struct StepGraph {
    graph: Graph,
    inputs: Vec<TensorSpec>,
    outputs: Vec<(&'static str, Var, Vec<usize>)>,
}

impl StepGraph {
    fn new(config: Config) -> Self {
        let mut g = Graph::new();
        let Config { durations, pitches, hidden, .. } = config;
        let mut inputs = Vec::new();
        let mut indices = |g: &mut Graph, name: &str, shape: &[usize]| {
            inputs.push(TensorSpec::i64(name, shape));
            g.input_indices(name, shape)
        };
        let event = ["duration", "pitch", "position", "metre"].map(|name| indices(&mut g, name, &[1]));
        let classes = ["memory_duration", "memory_pitch"].map(|name| indices(&mut g, name, &[MEMORY]));
        let mut floats = |g: &mut Graph, name: &str, shape: &[usize]| {
            inputs.push(TensorSpec::f32(name, shape));
            g.input(name, shape)
        };
        let phase = floats(&mut g, "phase", &[1, PHASES]);
        let before = ["state0", "state1"].map(|name| floats(&mut g, name, &[1, hidden]));
        let rows = floats(&mut g, "keys", &[MEMORY, config.memory()]);
        let [match_full, match_rhythm, valid] =
            ["match_full", "match_rhythm", "valid"].map(|name| floats(&mut g, name, &[MEMORY]));

        let events = Events { duration: event[0], pitch: event[1], position: event[2], metre: event[3], phase };
        let memory = StepMemory { rows, duration: classes[0], pitch: classes[1], match_full, match_rhythm, valid };
        let out = MelodyRnn::new(&mut g, config).step(events, before, memory);
        let outputs = vec![
            ("log_duration", out.log_duration, vec![durations]),
            ("log_pitch", out.log_pitch, vec![durations, pitches]),
            ("state0_next", out.states[0], vec![1, hidden]),
            ("state1_next", out.states[1], vec![1, hidden]),
            ("key", out.key, vec![1, config.memory()]),
        ];
        open_memory(&mut inputs);
        Self { graph: g, inputs, outputs }
    }
}

/// The graph of one step: its parameters are those that [`performing_model`] needs.
pub fn performing_graph(config: Config) -> Graph {
    StepGraph::new(config).graph
}

/// The model of one step with `weights` inside, and a description with everything but data, metrics and command.
pub fn performing_model(config: Config, weights: &Tensors, name: &str) -> (ModelProto, ModelSpec) {
    let Config { durations, pitches, hidden, .. } = config;
    let step = StepGraph::new(config);
    let named = step.outputs.iter().map(|(name, v, _)| (*name, *v)).collect::<Vec<_>>();
    let mut model = step.graph.to_model(&named, Weights::Inside(weights));
    for input in step.inputs.iter().filter(|input| matches!(input.shape.first(), Some(Dim::Named(_)))) {
        name_dims(&mut model, &input.name, &[(0, ENTRIES)]);
    }

    let mut spec = ModelSpec::new(Kind::MelodyRnn, name);
    spec.inputs = step.inputs;
    spec.outputs = step.outputs.iter().map(|(name, _, shape)| TensorSpec::f32(name, shape)).collect();
    spec.vocabulary = Some(vocabulary(CODING, durations, pitches));
    spec.settings = BTreeMap::from([("hidden".into(), hidden as f64), ("memory".into(), MEMORY as f64)]);
    (model, spec)
}
