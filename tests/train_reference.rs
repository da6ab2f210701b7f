//! Whole training steps against JAX and Optax: see `tests/reference/small_net.py`, which made the frozen numbers.

use oneiro::train::graph::{Graph, Init, Role, Var};
use oneiro::train::ops::{BatchStatistics, Conv};
use oneiro::train::program::{Device, Feed, Feeds, Program, State};
use oneiro::train::step::{Adam, Objective, Step, initial_state};
use oneiro::train::tensor::Tensor;
use serde::Deserialize;
use std::collections::BTreeMap;

const BATCH: usize = 4;
const STEPS: usize = 4;
const HIDDEN: usize = 5;

#[derive(Deserialize)]
struct Reference {
    losses: Vec<f32>,
    gradient_norms: Vec<f32>,
    last: BTreeMap<String, Vec<f32>>,
}

fn wave(shape: &[usize], phase: f64, size: f64) -> Tensor {
    let n = shape.iter().product::<usize>();
    Tensor::new(shape, (0..n).map(|i| (size * (1.7 * i as f64 + phase).sin()) as f32).collect())
}

fn loss(g: &mut Graph) -> Var {
    let picture = g.input("picture", &[BATCH, 2, 8, 8]);
    let symbols = g.input_indices("symbols", &[BATCH, STEPS]);
    let targets = g.input_indices("targets", &[BATCH * STEPS]);
    let y = g.conv_layer("conv", picture, 6, 3, Conv::padded(2, 1), false);
    let y = g.batch_norm("norm", y, BatchStatistics::Batch);
    let y = g.leaky_relu(y, 0.2);
    let y = g.glu(y, 1);
    let columns = g.transpose(y, &[3, 0, 1, 2]);
    let columns = g.reshape(columns, &[STEPS, BATCH, 12]);
    let table = g.parameter("embed", &[7, 3], Init::Constant(0.0), Role::Weight);
    let embedded = g.embedding(table, symbols);
    let embedded = g.transpose(embedded, &[1, 0, 2]);
    let x = g.concat(&[columns, embedded], 2);
    let start = g.full(&[BATCH, HIDDEN], 0.0);
    let h = g.gru("gru", x, start);
    let h = g.transpose(h, &[1, 0, 2]);
    let h = g.reshape(h, &[BATCH * STEPS, HIDDEN]);
    let logits = g.dense("out", h, 7);
    let costs = g.cross_entropy(logits, targets);
    g.mean_all(costs)
}

#[test]
fn five_steps_of_a_small_net_agree_with_jax() {
    let reference: Reference = serde_json::from_str(include_str!("reference/small_net.json")).unwrap();
    let mut g = Graph::for_training();
    let loss = loss(&mut g);
    let adam = Adam { beta1: 0.9, beta2: 0.99, weight_decay: 0.1, clip_norm: Some(0.5), ..Adam::default() };
    let objective = Objective { name: "net".into(), loss, prefix: String::new(), adam };
    let step = Step::new(g, &[objective], &[]);
    let mut program = Program::new(&step, Device::Cpu { threads: 1 }).unwrap();

    let mut tensors = initial_state(&step.slots, 1);
    let mut starts = vec![
        ("conv.weight", wave(&[6, 2, 3, 3], 0.1, 0.4)),
        ("embed", wave(&[7, 3], 0.2, 0.5)),
        ("gru.input", wave(&[3 * HIDDEN, 15], 0.3, 0.4)),
        ("gru.recurrent", wave(&[3 * HIDDEN, HIDDEN], 0.4, 0.4)),
        ("out.weight", wave(&[HIDDEN, 7], 0.5, 0.6)),
        ("norm.bias", wave(&[6], 0.7, 0.2)),
        ("gru.bias", wave(&[6 * HIDDEN], 0.8, 0.3)),
        ("out.bias", wave(&[7], 0.9, 0.1)),
    ];
    let gain = wave(&[6], 0.6, 0.2);
    starts.push(("norm.gain", Tensor::new(&[6], gain.data.iter().map(|v| 1.0 + v).collect())));
    for (name, tensor) in starts {
        assert_eq!(tensors.insert(name.into(), tensor.clone()).unwrap().shape, tensor.shape, "{name}");
    }
    let mut state = State::new(&tensors).unwrap();
    let mut feeds = Feeds::from([
        ("picture".into(), Feed::Floats(wave(&[BATCH, 2, 8, 8], 1.0, 1.0))),
        ("symbols".into(), Feed::Indices(vec![BATCH, STEPS], vec![0, 3, 6, 1, 2, 2, 5, 4, 6, 0, 1, 3, 4, 5, 2, 0])),
        ("targets".into(), Feed::Indices(vec![BATCH * STEPS], vec![3, 6, 1, 2, 2, 5, 4, 0, 0, 1, 3, 3, 5, 2, 0, 6])),
    ]);
    for (i, (expected, norm)) in reference.losses.iter().zip(&reference.gradient_norms).enumerate() {
        let t = i as i32 + 1;
        let mut put = |name: &str, v: f32| feeds.insert(format!("net/{name}"), Feed::Floats(Tensor::scalar(v)));
        put("rate", 0.02);
        put("correction1", 1.0 / (1.0 - 0.9_f32.powi(t)));
        put("correction2", 1.0 / (1.0 - 0.99_f32.powi(t)));
        put("average", 0.5);
        let metrics = program.run(&mut state, &feeds).unwrap();
        let (loss, found_norm) = (metrics["net/loss"], metrics["net/gradient_norm"]);
        assert!((loss - expected).abs() < 2e-5, "step {i}: loss {loss}, JAX says {expected}");
        assert!((found_norm - norm).abs() < 2e-4 * norm, "step {i}: gradient norm {found_norm}, JAX says {norm}");
    }
    let last = state.tensors(|_| true).unwrap();
    for (name, expected) in &reference.last {
        for (found, expected) in last[name].data.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{name} ends at {found}, JAX says {expected}");
        }
    }
    let average = &last["average/embed"].data;
    assert!(average.iter().zip(&last["embed"].data).any(|(a, p)| a != p), "the average trails the parameter");
}
