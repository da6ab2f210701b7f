//! How fast training steps are: against the peak of the machine's matrix products, and against another framework.

mod clock;
pub mod layers;
mod pictures;
mod subjects;

pub use clock::Clock;
pub use subjects::{SUBJECTS, Subject};

use super::graph::{Graph, Var, Weights};
use super::program::{Device, Feed, Feeds, Forward, Program, State};
use super::run::{Rates, RunError};
use super::step::{Step, initial_state};
use super::tensor::Tensor;
use serde::Serialize;
use std::path::Path;
use subjects::{Made, SEED};

/// What was measured of a kind; times are medians, of the processor where there is one thread.
#[derive(Debug, Clone, Serialize)]
pub struct Speed {
    /// The kind.
    pub kind: &'static str,
    /// Examples of a step: tunes or pictures.
    pub examples: usize,
    /// Steps that were timed.
    pub steps: usize,
    /// A step.
    pub milliseconds: f64,
    /// Examples a second.
    pub examples_per_second: f64,
    /// Operations of a step's matrix products, in 10⁹, as they are done: forms of a derivative differ in it.
    pub giga_operations: f64,
    /// Operations a second while stepping, over those of a large matrix product timed in turns with the steps: 0 to 1.
    pub share_of_peak: f64,
    /// The peak, in 10⁹ operations a second.
    pub peak: f64,
    /// A step of the same net elsewhere, in turns with ours.
    pub other_milliseconds: Option<f64>,
    /// Operations of its products, in 10⁹.
    pub other_giga_operations: Option<f64>,
    /// Our time over the other's.
    pub ratio: Option<f64>,
}

/// Side of the matrices whose products stand for the machine's peak, and their number.
const PEAK: (usize, usize) = (768, 4);

/// Products of large matrices, as ONNX Runtime does them.
pub struct Peak(Forward);

impl Peak {
    /// Makes ready.
    ///
    /// # Errors
    /// If no session can be made.
    pub fn new(device: Device) -> Result<Self, RunError> {
        let (side, count) = PEAK;
        let mut g = Graph::new();
        let (a, b) = (g.input("a", &[side, side]), g.input("b", &[side, side]));
        let y = (0..count).fold(a, |y, _| g.matmul(y, b));
        let corner = corner(&mut g, y);
        let mut forward = Forward::new(&g.to_model(&[("corner", corner)], Weights::Fed), device)?;
        let matrix = || Feed::Floats(Tensor::new(&[side, side], vec![0.5; side * side]));
        forward.hold(&Feeds::from([("a".into(), matrix()), ("b".into(), matrix())]))?;
        Ok(Self(forward))
    }

    /// 10⁹ operations a second, from milliseconds.
    pub fn rate(milliseconds: f64) -> f64 {
        2.0 * PEAK.1 as f64 * (PEAK.0 as f64).powi(3) / milliseconds / 1e6
    }

    /// Milliseconds that the products take.
    ///
    /// # Errors
    /// If the session fails.
    pub fn milliseconds(&mut self, clock: Clock) -> Result<f64, RunError> {
        let (time, done) = clock.time(|| self.0.run(&Feeds::new()));
        done?;
        Ok(time)
    }
}

/// One number of `x`, so that nothing large need be copied out of a session.
fn corner(g: &mut Graph, x: Var) -> Var {
    (0..g.shape(x).len()).fold(x, |x, axis| g.slice(x, axis, 0, 1))
}

/// Another framework that takes turns with us.
pub trait Rival {
    /// Builds the net of a kind with these sizes, and counts the operations of a step's products, in 10⁹. `None`: it does not
    /// know the kind.
    ///
    /// # Errors
    /// If it fails.
    fn prepare(&mut self, kind: &str, sizes: &serde_json::Value) -> Result<Option<f64>, RunError>;
    /// Milliseconds of one step, by the clock that suits its threads.
    ///
    /// # Errors
    /// If it fails.
    fn step(&mut self) -> Result<f64, RunError>;
}

/// A training that is ready for its first step, and takes the same batch again and again.
pub struct Ready {
    program: Program,
    state: State,
    feeds: Feeds,
    examples: usize,
    /// Of a step's products.
    operations: u64,
    /// What another framework needs to build the same net.
    sizes: serde_json::Value,
}

impl Ready {
    /// The usual training of a kind; `folder` is a place for made-up data.
    ///
    /// # Errors
    /// If data or a session cannot be made.
    pub fn new(subject: &Subject, folder: &Path, device: Device) -> Result<Self, RunError> {
        let Made { task, sizes } = (subject.make)(folder, device)?;
        let mut batch = task.batch(0);
        let sizes = sizes(&batch);
        let rates: Vec<Rates> = task.objectives();
        rates.iter().for_each(|r| r.feed(0, 1000, &mut batch.feeds));
        let step: Step = task.steps().swap_remove(batch.program);
        let program = Program::new(&step, device)?;
        let state = State::new(&initial_state(&step.slots, SEED))?;
        Ok(Self { program, state, feeds: batch.feeds, examples: batch.examples, operations: step.operations, sizes })
    }

    /// One step.
    ///
    /// # Errors
    /// If the session fails.
    pub fn step(&mut self) -> Result<(), RunError> {
        self.program.run(&mut self.state, &self.feeds)?;
        Ok(())
    }
}

/// Times `steps` steps of a kind, each in turn with matrix products and a step of the rival; `folder` is a place for
/// made-up data.
///
/// # Errors
/// If a session cannot be made or fails.
pub fn measure(
    subject: &Subject,
    folder: &Path,
    device: Device,
    steps: usize,
    rival: Option<&mut dyn Rival>,
) -> Result<Speed, RunError> {
    let mut ready = Ready::new(subject, folder, device)?;
    let mut peak = Peak::new(device)?;
    let clock = match device {
        Device::Cpu { threads } => Clock::for_threads(threads),
        Device::Cuda { .. } => Clock::Wall,
    };
    let mut rival = match rival {
        Some(r) => r.prepare(subject.kind, &ready.sizes)?.map(|operations| (r, operations)),
        None => None,
    };
    let (mut ours, mut products, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=steps.max(1) {
        let (time, done) = clock.time(|| ready.step());
        done?;
        let product = peak.milliseconds(clock)?;
        let other = rival.as_mut().map(|(r, _)| r.step()).transpose()?;
        // The first turn warms up.
        if turn > 0 {
            ours.push(time);
            products.push(product);
            theirs.extend(other);
        }
    }
    let milliseconds = median(&mut ours);
    let peak = Peak::rate(median(&mut products));
    let giga_operations = ready.operations as f64 / 1e9;
    let other_milliseconds = (!theirs.is_empty()).then(|| median(&mut theirs));
    Ok(Speed {
        kind: subject.kind,
        examples: ready.examples,
        steps: ours.len(),
        milliseconds,
        examples_per_second: ready.examples as f64 / milliseconds * 1e3,
        giga_operations,
        share_of_peak: giga_operations / milliseconds * 1e3 / peak,
        peak,
        other_milliseconds,
        other_giga_operations: rival.map(|(_, operations)| operations),
        ratio: other_milliseconds.map(|other| milliseconds / other),
    })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Metronome(usize);

    impl Rival for Metronome {
        fn prepare(&mut self, kind: &str, sizes: &serde_json::Value) -> Result<Option<f64>, RunError> {
            assert_eq!((kind, sizes["hidden"].as_u64()), ("melody-rnn", Some(192)));
            Ok(Some(7.0))
        }
        fn step(&mut self) -> Result<f64, RunError> {
            self.0 += 1;
            Ok(2.0)
        }
    }

    #[test]
    fn a_step_is_measured_in_turn_with_the_rival() {
        let dir = tempfile::tempdir().unwrap();
        let mut other = Metronome(0);
        let cpu = Device::Cpu { threads: 1 };
        let speed = measure(&SUBJECTS[0], dir.path(), cpu, 2, Some(&mut other)).unwrap();
        assert_eq!((other.0, speed.steps, speed.other_milliseconds), (3, 2, Some(2.0)));
        assert_eq!(speed.other_giga_operations, Some(7.0));
        assert!(speed.milliseconds > 0.0 && speed.giga_operations > 0.1, "{speed:?}");
        assert!(speed.share_of_peak > 0.0 && speed.share_of_peak < 2.0, "{speed:?}");
    }
}
