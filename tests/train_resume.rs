//! A run that was stopped and resumed ends with the same bits as one that went through.

use oneiro::train::checkpoint;
use oneiro::train::graph::Graph;
use oneiro::train::program::{Device, Feed, Feeds};
use oneiro::train::run::{Batch, Length, Rates, RunError, RunSettings, Task, train};
use oneiro::train::step::{Adam, Objective, Step, normal};
use oneiro::train::tensor::{Tensor, Tensors};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const STEPS: u64 = 40;

/// A small regression that asks for a stop when the batch of a certain step is made.
struct Regression {
    stop: AtomicBool,
    stop_at: Option<u64>,
    width: usize,
    poison: Option<u64>,
}

impl Regression {
    fn new(stop_at: Option<u64>) -> Self {
        Self { stop: AtomicBool::new(false), stop_at, width: 16, poison: None }
    }

    fn run(&self, folder: &Path, resume: bool) -> Result<Tensors, RunError> {
        let settings = RunSettings {
            folder: folder.to_owned(),
            length: Length::Steps(STEPS),
            resume,
            seed: 3,
            device: Device::Cpu { threads: 1 },
            checkpoint_every: Duration::ZERO,
            validate_every: 10,
            progress: false,
        };
        train(self, &settings, &self.stop)
    }
}

impl Task for Regression {
    fn steps(&self) -> Vec<Step> {
        let mut g = Graph::new();
        let (x, y) = (g.input("x", &[8, 6]), g.input("y", &[8, 1]));
        let h = g.dense("a", x, self.width);
        let h = g.tanh(h);
        let guess = g.dense("b", h, 1);
        let loss = g.l2_loss(guess, y);
        let adam = Adam { weight_decay: 0.01, ..Adam::default() };
        vec![Step::new(g, &[Objective { name: "net".into(), loss, prefix: String::new(), adam }], &[])]
    }

    fn batch(&self, step: u64) -> Batch {
        if self.stop_at == Some(step) {
            self.stop.store(true, Ordering::Relaxed);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(step);
        let mut x = normal(&mut rng, 1.0, 48);
        let y = x.chunks(6).map(|row| row.iter().sum::<f32>().sin()).collect();
        if self.poison == Some(step) {
            x[0] = f32::NAN;
        }
        let feeds = Feeds::from([
            ("x".into(), Feed::Floats(Tensor::new(&[8, 6], x))),
            ("y".into(), Feed::Floats(Tensor::new(&[8, 1], y))),
        ]);
        Batch { program: 0, feeds, examples: 8 }
    }

    fn objectives(&self) -> Vec<Rates> {
        vec![Rates {
            objective: "net".into(),
            peak: 1e-2,
            warm_up: 5,
            end: 0.1,
            beta1: 0.9,
            beta2: 0.999,
            average: Some(0.99),
        }]
    }

    fn settings(&self) -> serde_json::Value {
        json!({ "width": self.width })
    }

    fn validate(&self, _: &Tensors, _: &Path, _: u64) -> Result<BTreeMap<String, f64>, RunError> {
        Ok(BTreeMap::new())
    }
}

#[test]
fn a_resumed_run_ends_bit_for_bit_like_one_that_went_through() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Regression::new(None).run(whole.path(), false).unwrap();
    Regression::new(Some(15)).run(parts.path(), false).unwrap();
    let stopped = checkpoint::load(&parts.path().join("checkpoint.safetensors")).unwrap().0;
    assert!(stopped.step < STEPS, "the run was to stop half-way, and stopped at {}", stopped.step);
    let found = Regression::new(None).run(parts.path(), true).unwrap();
    assert_eq!(found, expected);
    assert!(found["a.weight"].data.iter().all(|v| v.is_finite()));
}

#[test]
fn other_settings_are_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    Regression::new(Some(3)).run(folder.path(), false).unwrap();
    let wider = Regression { width: 17, ..Regression::new(None) };
    let error = wider.run(folder.path(), true).unwrap_err().to_string();
    assert!(error.contains("width was 16, now 17"), "{error}");
}

#[test]
fn a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let poisoned = Regression { poison: Some(20), ..Regression::new(None) };
    let error = poisoned.run(folder.path(), false).unwrap_err();
    assert!(matches!(error, RunError::NotFinite { step: 20, .. }), "{error}");
    let (progress, state) = checkpoint::load(&folder.path().join("checkpoint.safetensors")).unwrap();
    assert_eq!(progress.step, 20);
    assert!(state.values().all(|t| t.data.iter().all(|v| v.is_finite())));
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.safetensors");
    std::fs::write(&file, b"not a checkpoint at all").unwrap();
    let error = Regression::new(None).run(folder.path(), true).unwrap_err().to_string();
    assert!(error.contains("checkpoint.safetensors"), "{error}");
}
