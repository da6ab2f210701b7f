//! One training step as a graph: gradients, clipping, optimizer, weight averages.

use super::graph::{Graph, Init, Role, Var, Weights};
use super::tensor::{Tensor, Tensors};
use crate::model::onnx::ModelProto;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Normal};
use sha2::{Digest, Sha256};

/// Settings of Adam with decoupled weight decay (Kingma & Ba 2015; Loshchilov & Hutter 2019).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Adam {
    /// Decay of the mean of gradients, 0 to 1.
    pub beta1: f32,
    /// Decay of the mean of squared gradients, 0 to 1.
    pub beta2: f32,
    /// Added to the root of the mean of squares.
    pub epsilon: f32,
    /// Share of a weight taken away at learning rate 1; biases are spared.
    pub weight_decay: f32,
    /// Gradients of all parameters together are scaled down to this Euclidean norm.
    pub clip_norm: Option<f32>,
    /// Whether a running average of the parameters is kept, for performing.
    pub average: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, clip_norm: Some(1.0), average: true }
    }
}

/// A loss and the parameters that it moves.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Names the inputs `NAME/rate`, `NAME/correction1`, `NAME/correction2`, `NAME/average` and the metrics.
    pub name: String,
    /// One number.
    pub loss: Var,
    /// Parameters whose names begin so are moved.
    pub prefix: String,
    /// How they are moved.
    pub adam: Adam,
}

/// A tensor that a step takes in and gives back renewed.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Name of the input; the output is called `next/NAME`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first contents.
    pub start: Start,
}

/// First contents of a slot.
#[derive(Debug, Clone)]
pub enum Start {
    /// Drawn for the parameter of the slot's own name.
    Drawn(Init),
    /// Zeros: the optimizer's moments.
    Zeros,
    /// The first contents of another slot: a running average begins at the parameter.
    CopyOf(String),
}

/// One training step as an ONNX model.
pub struct Step {
    /// The model: slots, batch and rates in; slots and metrics out.
    pub model: ModelProto,
    /// State that goes from step to step.
    pub slots: Vec<Slot>,
    /// Names of the outputs that are single numbers.
    pub metrics: Vec<String>,
    /// Floating-point operations of its matrix products.
    pub operations: u64,
}

/// Prefix of running averages of parameters among the slots.
const AVERAGE: &str = "average/";

/// Name in a state of a parameter's running average.
pub fn average_of(name: &str) -> String {
    format!("{AVERAGE}{name}")
}

/// The running averages of a state, under the parameters' own names.
pub fn averages(state: &Tensors) -> Tensors {
    let averages = state.iter().filter_map(|(name, t)| Some((name.strip_prefix(AVERAGE)?.to_owned(), t.clone())));
    averages.collect()
}

/// The weights to perform with, from a training's state, of the parameters whose names begin with `prefix`: running averages, and the
/// parameters themselves where none is kept.
pub fn averaged(state: &Tensors, prefix: &str) -> Tensors {
    let own = state.iter().filter(|(name, _)| name.starts_with(prefix));
    own.map(|(name, t)| (name.clone(), state.get(&average_of(name)).unwrap_or(t).clone())).collect()
}

impl Step {
    /// Differentiates `objectives` and adds the optimizer. All parameters move at once, from the same forward pass.
    pub fn new(mut g: Graph, objectives: &[Objective], metrics: &[(&str, Var)]) -> Self {
        let mut outputs: Vec<(String, Var)> = metrics.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
        let mut renewed = Vec::new();
        let mut slots = Vec::new();
        let parameters = g.parameters().to_vec();
        let slot = |name: String, shape: &[usize], start| Slot { name, shape: shape.to_vec(), start };

        for objective in objectives {
            let of = |name: &str| format!("{}/{name}", objective.name);
            let moved = parameters.iter().filter(|p| p.role != Role::State && p.name.starts_with(&objective.prefix));
            let moved = moved.cloned().collect::<Vec<_>>();
            let vars = moved.iter().map(|p| p.var).collect::<Vec<_>>();
            let gradients = g.gradients(objective.loss, &vars);
            let norm = norm_of(&mut g, &gradients);
            outputs.push((of("loss"), objective.loss));
            outputs.push((of("gradient_norm"), norm));
            let clip = objective.adam.clip_norm.map(|limit| clip_factor(&mut g, norm, limit));

            let rate = g.input(&of("rate"), &[]);
            let correction1 = g.input(&of("correction1"), &[]);
            let correction2 = g.input(&of("correction2"), &[]);
            let average_rate = objective.adam.average.then(|| g.input(&of("average"), &[]));
            for (p, gradient) in moved.iter().zip(gradients) {
                let shape = g.shape(p.var).to_vec();
                let gradient = clip.map_or(gradient, |c| g.mul(gradient, c));
                let (m_name, v_name) = (format!("adam.m/{}", p.name), format!("adam.v/{}", p.name));
                let (m, v) = (g.input(&m_name, &shape), g.input(&v_name, &shape));
                let adam = objective.adam;
                let (m, v, delta) = adam_update(&mut g, adam, gradient, m, v, correction1, correction2);
                let delta = if adam.weight_decay > 0.0 && p.role == Role::Weight {
                    let decay = g.scale(p.var, adam.weight_decay);
                    g.add(delta, decay)
                } else {
                    delta
                };
                let change = g.mul(delta, rate);
                let new = g.sub(p.var, change);
                slots.push(slot(p.name.clone(), &shape, Start::Drawn(p.init.clone())));
                slots.push(slot(m_name.clone(), &shape, Start::Zeros));
                slots.push(slot(v_name.clone(), &shape, Start::Zeros));
                renewed.extend([(p.name.clone(), new), (m_name, m), (v_name, v)]);
                if let Some(average_rate) = average_rate {
                    let name = average_of(&p.name);
                    let old = g.input(&name, &shape);
                    // average' = average + rate·(parameter − average)
                    let distance = g.sub(new, old);
                    let step = g.mul(distance, average_rate);
                    let next = g.add(old, step);
                    slots.push(slot(name.clone(), &shape, Start::CopyOf(p.name.clone())));
                    renewed.push((name, next));
                }
            }
        }
        for (name, new) in g.updates().to_vec() {
            let p = parameters.iter().find(|p| p.name == name).expect("an update names a parameter");
            slots.push(slot(name.clone(), g.shape(p.var), Start::Drawn(p.init.clone())));
            renewed.push((name, new));
        }

        let metrics = outputs.iter().map(|(n, _)| n.clone()).collect();
        outputs.extend(renewed.into_iter().map(|(name, v)| (format!("next/{name}"), v)));
        let named = outputs.iter().map(|(n, v)| (n.as_str(), *v)).collect::<Vec<_>>();
        let operations = g.operations(&named);
        Self { model: g.to_model(&named, Weights::Fed), slots, metrics, operations }
    }
}

/// Euclidean norm of all gradients together.
fn norm_of(g: &mut Graph, gradients: &[Var]) -> Var {
    let squares = gradients.iter().map(|&d| {
        let s = g.mul(d, d);
        let s = g.sum_all(s);
        g.reshape(s, &[1])
    });
    let squares = squares.collect::<Vec<_>>();
    let all = g.concat(&squares, 0);
    let total = g.sum(all, &[0], false);
    g.sqrt(total)
}

/// min(1, limit / norm)
fn clip_factor(g: &mut Graph, norm: Var, limit: f32) -> Var {
    let safe = g.add_scalar(norm, 1e-6);
    let limit = g.scalar(limit);
    let ratio = g.div(limit, safe);
    g.min_scalar(ratio, 1.0)
}

/// The new moments and the direction to walk against: m' / (√v' + ε), both corrected for their start at zero by
/// `correction1` = 1/(1 − β1ᵗ) and `correction2` = 1/(1 − β2ᵗ).
fn adam_update(
    g: &mut Graph,
    adam: Adam,
    d: Var,
    m: Var,
    v: Var,
    correction1: Var,
    correction2: Var,
) -> (Var, Var, Var) {
    let (old, new) = (g.scale(m, adam.beta1), g.scale(d, 1.0 - adam.beta1));
    let m = g.add(old, new);
    let squared = g.mul(d, d);
    let (old, new) = (g.scale(v, adam.beta2), g.scale(squared, 1.0 - adam.beta2));
    let v = g.add(old, new);
    let corrected = g.mul(v, correction2);
    let root = g.sqrt(corrected);
    let root = g.add_scalar(root, adam.epsilon);
    let mean = g.mul(m, correction1);
    let delta = g.div(mean, root);
    (m, v, delta)
}

/// First contents of all `slots`, drawn from `seed` and each slot's name, so that adding a parameter changes no other.
pub fn initial_state(slots: &[Slot], seed: u64) -> Tensors {
    let mut state = Tensors::new();
    for slot in slots {
        let name = if let Start::CopyOf(original) = &slot.start { original } else { &slot.name };
        let start = slots.iter().find(|s| s.name == *name).map(|s| &s.start);
        let tensor = match start {
            Some(Start::Drawn(init)) => draw(init, name, &slot.shape, seed),
            _ => Tensor::zeros(&slot.shape),
        };
        state.insert(slot.name.clone(), tensor);
    }
    state
}

/// A tensor drawn as `init` says, from `seed` and `name` alone.
pub fn draw(init: &Init, name: &str, shape: &[usize], seed: u64) -> Tensor {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(name.as_bytes());
    let mut rng = ChaCha8Rng::from_seed(hash.finalize().into());
    let count = shape.iter().product();
    let data = match *init {
        Init::Constant(value) => vec![value; count],
        Init::FanIn(fan_in) => uniform(&mut rng, 1.0 / (fan_in as f32).sqrt(), count),
        Init::Normal(deviation) => normal(&mut rng, deviation, count),
        Init::Orthogonal(gain) => {
            let n = shape[shape.len() - 1];
            let squares = count / (n * n);
            (0..squares).flat_map(|_| orthogonal(&mut rng, n, gain)).collect()
        }
    };
    Tensor::new(shape, data)
}

fn uniform(rng: &mut ChaCha8Rng, bound: f32, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-bound..=bound)).collect()
}

/// `count` draws from a normal distribution around zero.
pub fn normal(rng: &mut ChaCha8Rng, deviation: f32, count: usize) -> Vec<f32> {
    let distribution = Normal::new(0.0, deviation).expect("a finite deviation");
    (0..count).map(|_| distribution.sample(rng)).collect()
}

/// A square matrix whose rows are orthonormal, by Gram–Schmidt on normal draws, times `gain`.
fn orthogonal(rng: &mut ChaCha8Rng, n: usize, gain: f32) -> Vec<f32> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
    while rows.len() < n {
        let mut row: Vec<f64> = normal(rng, 1.0, n).into_iter().map(f64::from).collect();
        for earlier in &rows {
            let along: f64 = row.iter().zip(earlier).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(earlier).for_each(|(a, b)| *a -= along * b);
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        if length > 1e-6 {
            row.iter_mut().for_each(|a| *a /= length);
            rows.push(row);
        }
    }
    rows.into_iter().flatten().map(|a| a as f32 * gain).collect()
}
