//! Small models with random weights, made on the spot: real networks in a real session, quick to run.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use oneiro::model::onnx::ModelProto;
use oneiro::model::spec::{Kind, Latent, ModelSpec, Picture, TensorSpec};
use oneiro::music::midi::{ReadOptions, read_midi_file, write_midi_file};
use oneiro::train::graph::{Graph, Weights};
use oneiro::train::nets::melody_rnn::{Config, Events, MelodyRnn, PHASES, performing_model};
use oneiro::train::step::draw;
use oneiro::train::tensor::{Tensor, Tensors};
use prost::Message as _;
use std::path::{Path, PathBuf};

/// Side of the small generator's pictures.
pub const SIDE: usize = 16;

/// Weights for every parameter of a graph.
pub fn weights(graph: &Graph, seed: u64) -> Tensors {
    let draw = |p: &oneiro::train::graph::Parameter| (p.name.clone(), draw(&p.init, &p.name, graph.shape(p.var), seed));
    graph.parameters().iter().map(draw).collect()
}

/// Sizes of the small melody network.
pub fn config() -> Config {
    Config::new(16, 8)
}

/// Weights of the small melody network.
pub fn melody_weights() -> Tensors {
    let mut g = Graph::new();
    let events = Events {
        duration: g.input_indices("duration", &[1, 2]),
        pitch: g.input_indices("pitch", &[1, 2]),
        position: g.input_indices("position", &[1, 2]),
        metre: g.input_indices("metre", &[1, 2]),
        phase: g.input("phase", &[1, 2, PHASES]),
    };
    let targets = ["target_duration", "target_pitch"].map(|name| g.input_indices(name, &[1, 2]));
    let matches = ["match_full", "match_rhythm"].map(|name| g.input(name, &[1, 2, 2]));
    MelodyRnn::new(&mut g, config()).costs(events, targets, matches, None);
    weights(&g, 5)
}

/// A melody network that knows nothing.
pub fn melody_model() -> (ModelProto, ModelSpec) {
    performing_model(config(), &melody_weights(), "random-melody")
}

/// A generator that turns a latent point into soft blots.
pub fn generator() -> (ModelProto, ModelSpec) {
    let mut g = Graph::new();
    let z = g.input("z", &[1, 128]);
    let psi = g.input("psi", &[1]);
    let z = g.mul(z, psi);
    let x = g.dense("blots", z, 3 * 16);
    let x = g.reshape(x, &[1, 3, 4, 4]);
    let x = g.resize_linear(x, SIDE, SIDE);
    let picture = g.tanh(x);
    let model = g.to_model(&[("picture", picture)], Weights::Inside(&weights(&g, 9)));
    let mut spec = ModelSpec::new(Kind::ImageGan, "random-blots");
    spec.inputs = vec![TensorSpec::f32("z", &[1, 128]), TensorSpec::f32("psi", &[1])];
    spec.outputs = vec![TensorSpec::f32("picture", &[1, 3, SIDE, SIDE])];
    spec.picture = Some(Picture { width: SIDE as u32, height: SIDE as u32, channels: 3, range: [-1.0, 1.0] });
    spec.latent = Some(Latent { size: 128, mapped_size: None, psi: Some(0.8) });
    (model, spec)
}

/// A generator of one grey: the lighter, the farther a latent point lies in a direction.
pub fn generator_along(direction: &[f32]) -> (ModelProto, ModelSpec) {
    let mut g = Graph::new();
    let z = g.input("z", &[1, 128]);
    let x = g.dense("grey", z, 3);
    let x = g.reshape(x, &[1, 3, 1, 1]);
    let x = g.resize_linear(x, SIDE, SIDE);
    let picture = g.tanh(x);
    let mut weights = weights(&g, 9);
    let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
    for parameter in g.parameters() {
        let shape = g.shape(parameter.var).to_vec();
        let values = match shape[..] {
            [128, 3] => direction.iter().flat_map(|x| [0.12 * x / length; 3]).collect(),
            [3, 128] => (0..3).flat_map(|_| direction.iter().map(|x| 0.12 * x / length)).collect(),
            _ => vec![0.0; shape.iter().product()],
        };
        weights.insert(parameter.name.clone(), Tensor::new(&shape, values));
    }
    let model = g.to_model(&[("picture", picture)], Weights::Inside(&weights));
    let (_, mut spec) = generator();
    spec.inputs.truncate(1);
    (model, spec)
}

/// A folder with both models and a tune, `tune.mid`.
pub struct Stage(tempfile::TempDir);

impl Stage {
    /// A tune of so many quarter notes at a tempo.
    pub fn new(beats: f64, bpm: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        std::fs::create_dir(&models).unwrap();
        write(melody_model(), &models, "melody.onnx");
        write(generator(), &models, "blots.onnx");
        let mut score = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap();
        for part in &mut score.parts {
            part.notes.retain(|n| n.onset.0 < beats);
        }
        score.tempo = oneiro::time::TempoMap::constant(oneiro::time::Bpm(bpm)).unwrap();
        write_midi_file(folder.path().join("tune.mid"), &score).unwrap();
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The command `oneiro` there.
    pub fn plain(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_oneiro"));
        command.current_dir(self.path()).env("ONEIRO_MODELS", self.path().join("models"));
        command.env("XDG_DATA_HOME", self.path());
        command
    }
}

/// Names in a folder in order, hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Writes a model with its description inside.
pub fn write((mut model, spec): (ModelProto, ModelSpec), folder: &Path, name: &str) -> PathBuf {
    spec.store(&mut model).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, model.encode_to_vec()).unwrap();
    path
}

/// The bytes of a model with its description inside.
pub fn bytes((mut model, spec): (ModelProto, ModelSpec)) -> Vec<u8> {
    spec.store(&mut model).unwrap();
    model.encode_to_vec()
}

/// Where the demo's tune lies.
pub fn evening_walk() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/midi/evening-walk.mid")
}
