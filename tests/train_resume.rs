//! A run that was stopped and resumed ends with the same bits as one that went through.

use oneiro::train::checkpoint;
use oneiro::train::graph::Graph;
use oneiro::train::program::{Device, Feed, Feeds};
use oneiro::train::run::{Batch, Length, Rates, RunError, RunSettings, Task, best_or_last, train};
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
    /// The figure that decides, by the number of the validation.
    figures: &'static [f64],
}

impl Regression {
    fn new(stop_at: Option<u64>) -> Self {
        Self { stop: AtomicBool::new(false), stop_at, width: 16, poison: None, figures: &[] }
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
            patience: None,
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

    fn validate(&self, _: &Tensors, _: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let figure = self.figures.get((step / 10) as usize);
        Ok(figure.map(|v| ("held_out".to_owned(), *v)).into_iter().collect())
    }

    fn decisive(&self) -> Option<&'static str> {
        (!self.figures.is_empty()).then_some("held_out")
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
fn the_best_state_is_kept_and_a_resumed_run_remembers_it() {
    // Validated after 10, 20, 30 and 40 steps; where it is stopped, as well.
    const FIGURES: &[f64] = &[9.0, 3.0, 2.0, 4.0, 2.5];
    let task = |stop_at| Regression { figures: FIGURES, ..Regression::new(stop_at) };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let last = task(None).run(whole.path(), false).unwrap();
    let (progress, best) = best_or_last(whole.path()).unwrap();
    assert_eq!((progress.step, progress.best.unwrap().value), (20, 2.0));
    assert!(best.keys().all(|name| !name.starts_with("adam.")), "the optimizer's memory is of no use here");
    assert_ne!(best["a.weight"], last["a.weight"]);

    task(Some(29)).run(parts.path(), false).unwrap();
    task(None).run(parts.path(), true).unwrap();
    let (progress, found) = best_or_last(parts.path()).unwrap();
    assert_eq!(progress.step, 20);
    assert_eq!(found, best);

    // A new run in the same folder knows nothing of the old one's best.
    std::fs::remove_file(parts.path().join("checkpoint.safetensors")).unwrap();
    let plain = Regression::new(None).run(parts.path(), true).unwrap();
    let (progress, found) = best_or_last(parts.path()).unwrap();
    assert_eq!((progress.step, found), (STEPS, plain));
}

#[test]
fn figures_that_are_not_numbers_are_never_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let task = Regression { figures: &[9.0, f64::NAN, 5.0, f64::NEG_INFINITY, 6.0], ..Regression::new(None) };
    task.run(folder.path(), false).unwrap();
    assert_eq!(best_or_last(folder.path()).unwrap().0.step, 20);
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
    assert!(error.to_string().contains("checkpoint, of step 20, is kept"), "{error}");
    let (progress, state) = checkpoint::load(&folder.path().join("checkpoint.safetensors")).unwrap();
    assert_eq!(progress.step, 20);
    let report = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(report.contains("The run broke off") && report.contains("net/"), "{report}");
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
