//! A training run: batches prepared ahead, steps, schedule, log, checkpoints.

use super::checkpoint::{self, CheckpointError, Progress};
use super::program::{Device, Feed, Feeds, Program, ProgramError, State};
use super::step::{Step, initial_state};
use super::tensor::{Tensor, Tensors};
use crate::files::write_whole;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// What a step trains on.
pub struct Batch {
    /// Which of the task's programs runs it.
    pub program: usize,
    /// Its inputs besides state and rates.
    pub feeds: Feeds,
    /// Examples in it.
    pub examples: usize,
}

/// Something that can be trained.
pub trait Task: Sync {
    /// The steps that share one state: the same network for several shapes of batch, say.
    fn steps(&self) -> Vec<Step>;
    /// The batch of a step; depends on nothing but the step, so that a resumed run sees the same.
    fn batch(&self, step: u64) -> Batch;
    /// Learning rates and betas by objective.
    fn objectives(&self) -> Vec<Rates>;
    /// All settings that a resumed run must share.
    fn settings(&self) -> serde_json::Value;
    /// Figures on data that is not trained on, from the current state, and files worth looking at.
    ///
    /// # Errors
    /// If a session fails or a file cannot be written.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError>;
}

/// How fast an objective's parameters move.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Name of the objective.
    pub objective: String,
    /// Highest learning rate.
    pub peak: f64,
    /// Steps over which the rate rises to it.
    pub warm_up: u64,
    /// Share of the peak that the cosine decay ends at.
    pub end: f64,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Longest memory of the running average, as its decay a step; `None` where no average is kept.
    pub average: Option<f64>,
}

impl Rates {
    /// The learning rate of a step: linear warm-up, then half a cosine (Loshchilov & Hutter 2017).
    pub fn rate(&self, step: u64, steps: u64) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        let share = (step - self.warm_up) as f64 / (steps.max(self.warm_up + 1) - self.warm_up) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos());
        self.peak * (self.end + (1.0 - self.end) * cosine)
    }

    /// Adds rate and corrections of a step to its feeds.
    pub fn feed(&self, step: u64, steps: u64, feeds: &mut Feeds) {
        let t = (step + 1) as f64;
        let mut put = |name: &str, value: f64| {
            feeds.insert(format!("{}/{name}", self.objective), Feed::Floats(Tensor::scalar(value as f32)));
        };
        put("rate", self.rate(step, steps));
        put("correction1", 1.0 / (1.0 - self.beta1.powf(t)));
        put("correction2", 1.0 / (1.0 - self.beta2.powf(t)));
        if let Some(decay) = self.average {
            // A young average forgets faster, so that it soon leaves its random start.
            put("average", 1.0 - decay.min((1.0 + t) / (10.0 + t)));
        }
    }
}

/// How a run goes.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Folder for checkpoints, log and samples.
    pub folder: PathBuf,
    /// How long to train.
    pub length: Length,
    /// Whether to go on from the folder's checkpoint.
    pub resume: bool,
    /// Seed of first weights.
    pub seed: u64,
    /// Where steps run.
    pub device: Device,
    /// Time between checkpoints.
    pub checkpoint_every: Duration,
    /// Steps between validations.
    pub validate_every: u64,
    /// Whether a progress bar is drawn.
    pub progress: bool,
}

/// How long a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// A number of steps.
    Steps(u64),
    /// As many steps as fit in this time, measured on the first ones.
    Minutes(f64),
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A step failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A checkpoint failed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A loss became infinite or not a number.
    #[error("step {step}: {metric} is {value}; the last good checkpoint is kept. A lower learning rate may help")]
    NotFinite {
        /// The step.
        step: u64,
        /// Which figure.
        metric: String,
        /// Its value.
        value: f32,
    },
    /// The checkpoint was made with other settings.
    #[error("cannot resume: {name} was {was}, now {now}. Use the old setting, or another folder")]
    Settings {
        /// Name of the first setting that differs.
        name: String,
        /// Value in the checkpoint.
        was: String,
        /// Value asked for.
        now: String,
    },
    /// The data is not fit for training.
    #[error("{0}")]
    Data(String),
}

/// Steps after which a time limit is turned into a number of steps.
const CALIBRATION_STEPS: u64 = 24;

/// Trains until the planned length is reached or `stop` is set: the last state.
///
/// # Errors
/// See [`RunError`]; the last checkpoint stays.
pub fn train(task: &dyn Task, settings: &RunSettings, stop: &AtomicBool) -> Result<Tensors, RunError> {
    let folder = &settings.folder;
    fs::create_dir_all(folder).map_err(|error| RunError::Io { path: folder.clone(), error })?;
    let file = folder.join("checkpoint.safetensors");
    let mut config = task.settings();
    config["seed"] = json!(settings.seed);

    let steps = task.steps();
    let slots = steps.iter().flat_map(|s| s.slots.clone()).collect::<Vec<_>>();
    let mut programs = steps.iter().map(|s| Program::new(s, settings.device)).collect::<Result<Vec<_>, _>>()?;
    let (mut progress, tensors) = if settings.resume && file.exists() {
        let (mut progress, tensors) = checkpoint::load(&file)?;
        same_settings(&progress.settings, &config)?;
        if let Length::Steps(n) = settings.length {
            progress.steps = n;
        }
        (progress, tensors)
    } else {
        let planned = if let Length::Steps(n) = settings.length { n } else { 0 };
        (
            Progress { step: 0, steps: planned, seconds: 0.0, settings: config.clone() },
            initial_state(&slots, settings.seed),
        )
    };
    let mut state = State::new(&tensors)?;
    drop(tensors);
    let text = serde_json::to_string_pretty(&config).expect("plain data");
    let config_file = folder.join("settings.json");
    write_whole(&config_file, text.as_bytes()).map_err(|error| RunError::Io { path: config_file, error })?;
    let mut log = Log::open(folder, settings.progress)?;
    let rates = task.objectives();

    let first = progress.step;
    let spent = progress.seconds;
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(2);
        // Ends when the receiver is dropped.
        scope.spawn(move || {
            let mut step = first;
            while sender.send(task.batch(step)).is_ok() {
                step += 1;
            }
        });
        let start = Instant::now();
        let mut saved = Instant::now();
        while (progress.steps == 0 || progress.step < progress.steps) && !stop.load(Ordering::Relaxed) {
            let Ok(mut batch) = batches.recv() else { break };
            let planned = if progress.steps == 0 { u64::MAX / 2 } else { progress.steps };
            rates.iter().for_each(|r| r.feed(progress.step, planned, &mut batch.feeds));
            let metrics = programs[batch.program].run(&mut state, &batch.feeds)?;
            if let Some((metric, &value)) = metrics.iter().find(|(_, v)| !v.is_finite()) {
                return Err(RunError::NotFinite { step: progress.step, metric: metric.clone(), value });
            }
            progress.step += 1;
            progress.seconds = spent + start.elapsed().as_secs_f64();
            if let Length::Minutes(minutes) = settings.length
                && progress.steps == 0
                && progress.step >= first + CALIBRATION_STEPS
            {
                let speed = (progress.step - first) as f64 / start.elapsed().as_secs_f64();
                progress.steps = progress.step + ((minutes * 60.0 - progress.seconds).max(1.0) * speed) as u64;
            }
            log.step(&progress, &metrics, batch.examples)?;
            let last = progress.step == progress.steps;
            if progress.step.is_multiple_of(settings.validate_every) || last {
                let figures = task.validate(&state.tensors(|_| true)?, folder, progress.step)?;
                log.validation(&progress, &figures)?;
            }
            if saved.elapsed() >= settings.checkpoint_every {
                checkpoint::save(&file, &progress, &state.tensors(|_| true)?)?;
                saved = Instant::now();
            }
        }
        let tensors = state.tensors(|_| true)?;
        checkpoint::save(&file, &progress, &tensors)?;
        drop(batches);
        log.finish();
        Ok(tensors)
    })
}

fn same_settings(was: &serde_json::Value, now: &serde_json::Value) -> Result<(), RunError> {
    let (Some(old), Some(new)) = (was.as_object(), now.as_object()) else { return Ok(()) };
    for name in old.keys().chain(new.keys()) {
        let (a, b) = (old.get(name), new.get(name));
        if a != b {
            let show = |v: Option<&serde_json::Value>| v.map_or("not set".to_owned(), ToString::to_string);
            return Err(RunError::Settings { name: name.clone(), was: show(a), now: show(b) });
        }
    }
    Ok(())
}

/// The progress bar and the file of figures, one JSON object a line.
struct Log {
    file: File,
    path: PathBuf,
    bar: ProgressBar,
    /// Whether anything is printed.
    shown: bool,
    smooth: BTreeMap<String, f64>,
    examples: usize,
    start: Instant,
}

/// Steps between two lines of the log.
const LOG_EVERY: u64 = 10;

impl Log {
    fn open(folder: &Path, progress: bool) -> Result<Self, RunError> {
        let path = folder.join("metrics.jsonl");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|error| RunError::Io { path: path.clone(), error })?;
        let bar = if progress { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left, {msg}");
        bar.set_style(style.expect("a valid template"));
        Ok(Self { file, path, bar, shown: progress, smooth: BTreeMap::new(), examples: 0, start: Instant::now() })
    }

    fn write(&mut self, line: &serde_json::Value) -> Result<(), RunError> {
        writeln!(self.file, "{line}").map_err(|error| RunError::Io { path: self.path.clone(), error })
    }

    fn step(&mut self, progress: &Progress, metrics: &BTreeMap<String, f32>, examples: usize) -> Result<(), RunError> {
        for (name, &value) in metrics {
            let smooth = self.smooth.entry(name.clone()).or_insert(f64::from(value));
            *smooth += 0.05 * (f64::from(value) - *smooth);
        }
        self.examples += examples;
        let speed = self.examples as f64 / self.start.elapsed().as_secs_f64();
        let losses = self.smooth.iter().filter(|(n, _)| n.ends_with("loss")).map(|(n, v)| format!("{n} {v:.3}"));
        let losses = losses.collect::<Vec<_>>().join(", ");
        self.bar.set_length(progress.steps.max(progress.step));
        self.bar.set_position(progress.step);
        self.bar.set_message(format!("{losses}, {speed:.1} examples/s"));
        if progress.step.is_multiple_of(LOG_EVERY) {
            let line = json!({"step": progress.step, "steps": progress.steps, "seconds": progress.seconds,
                "examples_per_second": speed, "train": self.smooth});
            self.write(&line)?;
        }
        Ok(())
    }

    fn validation(&mut self, progress: &Progress, figures: &BTreeMap<String, f64>) -> Result<(), RunError> {
        let line = json!({"step": progress.step, "seconds": progress.seconds, "validation": figures});
        if self.shown {
            self.bar.suspend(|| println!("step {}: {}", progress.step, json!(figures)));
        }
        self.write(&line)
    }

    fn finish(&self) {
        self.bar.finish();
    }
}
