//! Short runs, for the tests of what is trained.

use super::{Batch, Length, Rates, RunError, RunSettings, Task, train};
use crate::train::history::Examples;
use crate::train::program::Device;
use crate::train::step::Step;
use crate::train::tensor::Tensors;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Steps of a short run.
const STEPS: u64 = 4;

/// A run of four steps on one thread, with a validation after every second one.
pub fn short(folder: &Path, resume: bool) -> RunSettings {
    RunSettings {
        folder: folder.to_owned(),
        length: Length::Steps(STEPS),
        resume,
        seed: 3,
        device: Device::Cpu { threads: 1 },
        checkpoint_every: Duration::from_secs(3600),
        validate_every: STEPS / 2,
        progress: false,
        patience: None,
    }
}

/// A task whose validations take no time and find nothing, but set a flag.
pub struct Unmeasured<'a> {
    pub task: &'a dyn Task,
    pub validated: AtomicBool,
}

impl<'a> Unmeasured<'a> {
    pub fn new(task: &'a dyn Task) -> Self {
        Self { task, validated: AtomicBool::new(false) }
    }
}

impl Task for Unmeasured<'_> {
    fn steps(&self) -> Vec<Step> {
        self.task.steps()
    }
    fn batch(&self, step: u64) -> Batch {
        self.task.batch(step)
    }
    fn objectives(&self) -> Vec<Rates> {
        self.task.objectives()
    }
    fn start(&self) -> Tensors {
        self.task.start()
    }
    fn settings(&self) -> serde_json::Value {
        self.task.settings()
    }
    fn fingerprint(&self) -> Option<u64> {
        self.task.fingerprint()
    }
    fn validate(&self, _: &Tensors, _: &Path, _: u64) -> Result<BTreeMap<String, f64>, RunError> {
        self.validated.store(true, Ordering::Relaxed);
        Ok(BTreeMap::new())
    }
    fn about_data(&self) -> Vec<(String, String)> {
        self.task.about_data()
    }
    fn examples(&self) -> Option<Examples> {
        self.task.examples()
    }
}

/// Trains in `whole` in one go, and in `broken` with a break at the first validation: both must end with the same state,
/// which is returned, and samples must have been written.
pub fn ends_the_same_after_a_break(task: &dyn Task, folder: &Path) -> Tensors {
    let never = AtomicBool::new(false);
    let (whole, broken) = (folder.join("whole"), folder.join("broken"));
    let expected = train(task, &short(&whole, false), &never).unwrap();
    assert!(whole.join(format!("samples-{STEPS:06}.png")).is_file());
    let interrupted = Unmeasured::new(task);
    let first = train(&interrupted, &short(&broken, false), &interrupted.validated).unwrap();
    assert_ne!(first, expected, "the break came too late");
    let resumed = train(task, &short(&broken, true), &never).unwrap();
    for (name, t) in &expected {
        assert_eq!(t, &resumed[name], "{name} differs after resuming");
    }
    assert_eq!(resumed.len(), expected.len());
    expected
}
