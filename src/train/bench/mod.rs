//! How fast training steps are: against the peak of the machine's matrix products, and against another framework.

use super::graph::{Graph, Weights};
use super::nets::efficientnet::EfficientNet;
use super::nets::{image_gan, melody_rnn};
use super::pictures::dataset::{Dataset, Options, Source};
use super::pictures::procedural::{Family, paint};
use super::pictures::sheet::save_png;
use super::program::{Device, Feed, Feeds, Forward, Program, State};
use super::run::{Batch, Rates, RunError, Task};
use super::step::{Step, initial_state};
use super::tensor::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Makes a task with its data in a folder.
type Make = fn(&Path, Device) -> Result<Box<dyn Task>, RunError>;

/// A kind whose training is measured.
pub struct Subject {
    /// The kind, as `oneiro train` calls it.
    pub kind: &'static str,
    /// Makes its usual training on made-up data, whose files may be put into a folder.
    make: Make,
    /// Sizes that another framework needs to build the same net.
    sizes: fn(&Batch) -> serde_json::Value,
}

/// All kinds that can be measured.
pub const SUBJECTS: &[Subject] = &[
    Subject { kind: "melody-rnn", make: melody, sizes: melody_sizes },
    Subject { kind: "image-gan", make: gan, sizes: gan_sizes },
];

const SEED: u64 = 1;
const HIDDEN: usize = 192;
const KEY: usize = 48;
const SIDE: usize = 64;
const PICTURES: usize = 16;

fn melody(_: &Path, _: Device) -> Result<Box<dyn Task>, RunError> {
    let config = melody_rnn::Config::new(HIDDEN, KEY);
    let start = melody_rnn::Start::Random;
    let settings = melody_rnn::TaskSettings { config, rate: 2e-3, dropout: 0.2, weight_decay: 0.01, seed: SEED, start };
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let events = 120;
    let tunes = (0..24).map(|_| melody_rnn::Tune {
        durations: (0..=events).map(|_| rng.random_range(0..config.durations as u8 - 1)).collect(),
        pitches: (0..events).map(|_| rng.random_range(1..config.pitches as u8)).collect(),
        positions: (0..=events).map(|i| i % 16).collect(),
        bars: (0..=events).map(|i| i as f32 / 16.0).collect(),
        metre: 0,
        notes: events as usize,
    });
    let tunes: Vec<_> = tunes.collect();
    Ok(Box::new(melody_rnn::MelodyTask::new(settings, tunes.clone(), tunes)?))
}

fn melody_sizes(batch: &Batch) -> serde_json::Value {
    let config = melody_rnn::Config::new(HIDDEN, KEY);
    let rows = match &batch.feeds["pitch"] {
        Feed::Indices(shape, _) => shape[1],
        Feed::Floats(t) => t.shape[1],
    };
    json!({"tunes": batch.examples, "rows": rows, "input": config.input(), "hidden": HIDDEN, "key": KEY,
        "phases": melody_rnn::PHASES, "durations": config.durations, "pitches": config.pitches})
}

fn gan(folder: &Path, device: Device) -> Result<Box<dyn Task>, RunError> {
    let data = |e: &dyn std::fmt::Display| RunError::Data(e.to_string());
    for (i, family) in Family::ALL.into_iter().cycle().take(PICTURES).enumerate() {
        let path = folder.join(format!("{i}.png"));
        save_png(&paint(family, i as u64, SIDE as u32), &path).map_err(|error| RunError::Io { path, error })?;
    }
    let options = Options { size: SIDE, held_out: 0.0, ..Options::default() };
    let dataset = Dataset::open(&[Source::new(folder)], &options).map_err(|e| data(&e))?;
    let shape = image_gan::Shape::for_size(SIDE, 1.0).expect("a usual size");
    let settings = image_gan::Settings {
        shape,
        batch: PICTURES,
        rate: 4e-4,
        discriminator_rate: 2e-4,
        blur: (1.28, 1500),
        average: 0.995,
        seed: SEED,
        loss: image_gan::Loss::default(),
    };
    Ok(Box::new(image_gan::Task::new(settings, Arc::new(dataset), EfficientNet::random(SEED), device)?))
}

fn gan_sizes(batch: &Batch) -> serde_json::Value {
    let shape = image_gan::Shape::for_size(SIDE, 1.0).expect("a usual size");
    json!({"pictures": batch.examples, "side": SIDE, "latent": shape.latent, "channels": shape.channels})
}

/// What was measured of a kind; times are medians.
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
    /// Operations of a step's matrix products, in 10⁹.
    pub giga_operations: f64,
    /// Operations a second while stepping, over those of a large matrix product timed in turns with the steps: 0 to 1.
    pub share_of_peak: f64,
    /// The peak, in 10⁹ operations a second.
    pub peak: f64,
    /// A step of the same net elsewhere, in turns with ours.
    pub other_milliseconds: Option<f64>,
    /// Our time over the other's.
    pub ratio: Option<f64>,
}

/// Side of the matrices whose product stands for the machine's peak.
const PEAK: usize = 768;

/// A product of two large matrices, as ONNX Runtime does it.
struct Peak {
    forward: Forward,
    feeds: Feeds,
}

impl Peak {
    fn new(device: Device) -> Result<Self, RunError> {
        let mut g = Graph::new();
        let (a, b) = (g.input("a", &[PEAK, PEAK]), g.input("b", &[PEAK, PEAK]));
        let y = g.matmul(a, b);
        // One number comes back: copying the product is no part of it.
        let corner = g.slice(y, 0, 0, 1);
        let corner = g.slice(corner, 1, 0, 1);
        let forward = Forward::new(&g.to_model(&[("corner", corner)], Weights::Fed), device)?;
        let matrix = || Feed::Floats(Tensor::new(&[PEAK, PEAK], vec![0.5; PEAK * PEAK]));
        Ok(Self { forward, feeds: Feeds::from([("a".into(), matrix()), ("b".into(), matrix())]) })
    }

    fn milliseconds(&mut self) -> Result<f64, RunError> {
        let start = Instant::now();
        self.forward.run(&self.feeds)?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }
}

/// Another framework that takes turns with us.
pub trait Rival {
    /// Builds the net of a kind with these sizes. `false`: it does not know the kind.
    ///
    /// # Errors
    /// If it fails.
    fn prepare(&mut self, kind: &str, sizes: &serde_json::Value) -> Result<bool, RunError>;
    /// Milliseconds of one step.
    ///
    /// # Errors
    /// If it fails.
    fn step(&mut self) -> Result<f64, RunError>;
}

/// Times `steps` steps of a kind, each in turn with a matrix product and a step of the rival; `folder` is a place for
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
    let task = (subject.make)(folder, device)?;
    let mut batch = task.batch(0);
    let rates: Vec<Rates> = task.objectives();
    rates.iter().for_each(|r| r.feed(0, 1000, &mut batch.feeds));
    let step: Step = task.steps().swap_remove(batch.program);
    let mut program = Program::new(&step, device)?;
    let mut state = State::new(&initial_state(&step.slots, SEED))?;
    let mut peak = Peak::new(device)?;
    let mut rival = match rival {
        Some(r) => r.prepare(subject.kind, &(subject.sizes)(&batch))?.then_some(r),
        None => None,
    };
    let (mut ours, mut products, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=steps.max(1) {
        let start = Instant::now();
        program.run(&mut state, &batch.feeds)?;
        let time = start.elapsed().as_secs_f64() * 1e3;
        let product = peak.milliseconds()?;
        let other = rival.as_mut().map(|r| r.step()).transpose()?;
        // The first turn warms up.
        if turn > 0 {
            ours.push(time);
            products.push(product);
            theirs.extend(other);
        }
    }
    let milliseconds = median(&mut ours);
    let peak = 2.0 * (PEAK as f64).powi(3) / median(&mut products) / 1e6;
    let giga_operations = step.operations as f64 / 1e9;
    let other_milliseconds = (!theirs.is_empty()).then(|| median(&mut theirs));
    Ok(Speed {
        kind: subject.kind,
        examples: batch.examples,
        steps: ours.len(),
        milliseconds,
        examples_per_second: batch.examples as f64 / milliseconds * 1e3,
        giga_operations,
        share_of_peak: giga_operations / milliseconds * 1e3 / peak,
        peak,
        other_milliseconds,
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

    struct Clock(usize);

    impl Rival for Clock {
        fn prepare(&mut self, kind: &str, sizes: &serde_json::Value) -> Result<bool, RunError> {
            assert_eq!((kind, sizes["hidden"].as_u64()), ("melody-rnn", Some(192)));
            Ok(true)
        }
        fn step(&mut self) -> Result<f64, RunError> {
            self.0 += 1;
            Ok(2.0)
        }
    }

    #[test]
    fn a_step_is_measured_in_turn_with_the_rival() {
        let dir = tempfile::tempdir().unwrap();
        let mut clock = Clock(0);
        let cpu = Device::Cpu { threads: 1 };
        let speed = measure(&SUBJECTS[0], dir.path(), cpu, 2, Some(&mut clock)).unwrap();
        assert_eq!((clock.0, speed.steps, speed.other_milliseconds), (3, 2, Some(2.0)));
        assert!(speed.milliseconds > 0.0 && speed.giga_operations > 0.1, "{speed:?}");
        assert!(speed.share_of_peak > 0.0 && speed.share_of_peak < 2.0, "{speed:?}");
    }
}
