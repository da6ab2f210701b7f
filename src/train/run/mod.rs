//! A training run: batches prepared ahead, steps, schedule, log, checkpoints, the best state, the report.

mod bar;
mod best;
mod error;
mod lock;
mod log;
mod rates;
mod task;
#[cfg(test)]
pub(in crate::train) mod trial;

pub use bar::span;
pub use best::{BEST, CHECKPOINT, best_or_last};
pub use error::RunError;
pub use rates::Rates;
pub(in crate::train) use task::save_samples;
pub use task::{Batch, Task};

use super::checkpoint::{self, Progress};
use super::health::BROKEN;
use super::history::Session;
use super::program::{Device, Program, State};
use super::step::initial_state;
use super::tensor::Tensors;
use crate::files::write_whole;
use bar::Bar;
use best::Keeper;
use error::{DATA, same_settings};
use lock::Lock;
use log::Log;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

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
    /// The run ends early when so many validations in a row, since it began or went on, have brought nothing better.
    pub patience: Option<usize>,
}

impl RunSettings {
    /// Whether the run may begin in its folder: a new one does not take another one's place.
    ///
    /// # Errors
    /// [`RunError::Occupied`].
    pub fn check(&self) -> Result<(), RunError> {
        if !self.resume && self.folder.join(CHECKPOINT).exists() {
            return Err(RunError::Occupied { folder: self.folder.clone() });
        }
        Ok(())
    }
}

/// How long a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// A number of steps.
    Steps(u64),
    /// As many steps as fit in this time, measured on the first ones.
    Minutes(f64),
}

/// Steps after which a time limit is turned into a number of steps.
const CALIBRATION_STEPS: u64 = 24;

/// Trains until the planned length is reached or `stop` is set: the last state. [`best_or_last`] gives the state to
/// perform with. Of two runs in one folder the second is refused while the first goes on.
///
/// # Errors
/// See [`RunError`]; the last checkpoint stays.
pub fn train(task: &dyn Task, settings: &RunSettings, stop: &AtomicBool) -> Result<Tensors, RunError> {
    let folder = &settings.folder;
    fs::create_dir_all(folder).map_err(|error| RunError::Io { path: folder.clone(), error })?;
    let _alone = Lock::take(folder)?;
    settings.check()?;
    let file = folder.join(CHECKPOINT);
    let mut config = task.settings();
    config["seed"] = json!(settings.seed);
    if let Some(data) = task.fingerprint() {
        config[DATA] = json!(data);
    }

    let resumed = settings.resume && file.exists();
    let earlier = if resumed { Some(checkpoint::load(&file)?) } else { None };
    if let Some((progress, _)) = &earlier {
        same_settings(&progress.settings, &config)?;
    }
    let steps = task.steps();
    let programs = steps.iter().map(|s| Program::new(s, settings.device)).collect::<Result<Vec<_>, _>>()?;
    let (mut progress, tensors) = earlier.unwrap_or_else(|| {
        let slots = steps.iter().flat_map(|s| s.slots.clone()).collect::<Vec<_>>();
        let mut first = initial_state(&slots, settings.seed);
        first.extend(task.start());
        (Progress::default(), first)
    });
    plan(&mut progress, settings.length);
    progress.settings = config.clone();
    let state = State::new(&tensors)?;
    drop((tensors, steps));

    let text = serde_json::to_string_pretty(&config).expect("plain data");
    let config_file = folder.join("settings.json");
    write_whole(&config_file, text.as_bytes()).map_err(|error| RunError::Io { path: config_file, error })?;
    let keeper = Keeper::open(folder, task.decisive(), resumed)?;
    let bar = Bar::new(settings.progress, progress.step, progress.minutes);
    let log = Log::open(folder, &progress, resumed, bar, &session(task, settings, config))?;

    let saved = resumed.then_some(progress.step);
    let mut run = Run { task, settings, programs, state, progress, saved, rates: task.objectives(), log, keeper };
    let ended = run.go(stop);
    let why = match &ended {
        Err(error) => format!("{BROKEN}{error}"),
        Ok(_) if run.progress.step == run.progress.steps => "finished".to_owned(),
        Ok(_) => "stopped".to_owned(),
    };
    run.log.end(&run.progress, &why);
    ended
}

/// Sets the number of steps, as far as it is known.
fn plan(progress: &mut Progress, length: Length) {
    match length {
        Length::Steps(steps) => (progress.steps, progress.minutes) = (steps, None),
        Length::Minutes(minutes) if progress.step == 0 || progress.steps == 0 => progress.minutes = Some(minutes),
        // A run that is to be longer now is so at the speed that it had.
        Length::Minutes(minutes) if progress.minutes.is_some_and(|was| was != minutes) => {
            let speed = progress.step as f64 / progress.seconds.max(1e-9);
            progress.steps = progress.step.max((minutes * 60.0 * speed) as u64);
            progress.minutes = Some(minutes);
        }
        Length::Minutes(_) => {}
    }
}

/// The arguments that this command was given, those with a space in quotes.
pub fn arguments() -> impl Iterator<Item = String> {
    std::env::args().skip(1).map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { arg })
}

fn session(task: &dyn Task, settings: &RunSettings, config: Value) -> Session {
    let program = std::env::args().next().unwrap_or_default();
    let program = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let command = std::iter::once(program).chain(arguments()).collect::<Vec<_>>();
    Session {
        command: command.join(" "),
        device: match settings.device {
            Device::Cpu { threads: 1 } => "processor, one thread".into(),
            Device::Cpu { threads } => format!("processor, {threads} threads"),
            Device::Cuda { index } => format!("CUDA device {index}"),
        },
        settings: config,
        decisive: task.decisive().map(str::to_owned),
        examples: task.examples(),
        data: task.about_data(),
    }
}

/// A run under way.
struct Run<'a> {
    task: &'a dyn Task,
    settings: &'a RunSettings,
    programs: Vec<Program>,
    state: State,
    progress: Progress,
    /// Step of the last checkpoint.
    saved: Option<u64>,
    rates: Vec<Rates>,
    log: Log,
    keeper: Keeper,
}

impl Run<'_> {
    fn go(&mut self, stop: &AtomicBool) -> Result<Tensors, RunError> {
        let (task, first, spent) = (self.task, self.progress.step, self.progress.seconds);
        let file = self.settings.folder.join(CHECKPOINT);
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
            let mut validated = first;
            let mut idle = 0;
            let unfinished = |p: &Progress| p.steps == 0 || p.step < p.steps;
            while unfinished(&self.progress) && !stop.load(Ordering::Relaxed) {
                let Ok(batch) = batches.recv() else { break };
                self.step(batch, || spent + start.elapsed().as_secs_f64(), first)?;
                let due = self.progress.step.is_multiple_of(self.settings.validate_every.max(1));
                if due || !unfinished(&self.progress) {
                    idle = if self.validate()? { 0 } else { idle + 1 };
                    validated = self.progress.step;
                    if task.decisive().is_some() && self.settings.patience.is_some_and(|most| idle >= most) {
                        break;
                    }
                }
                if saved.elapsed() >= self.settings.checkpoint_every {
                    checkpoint::save(&file, &self.progress, &self.finite_state()?)?;
                    self.saved = Some(self.progress.step);
                    saved = Instant::now();
                    self.log.pause();
                }
            }
            drop(batches);
            // Where the best state is asked for, the last one must have been held against it.
            if self.progress.step > validated && task.decisive().is_some() {
                self.validate()?;
            }
            let tensors = self.finite_state()?;
            checkpoint::save(&file, &self.progress, &tensors)?;
            Ok(tensors)
        })
    }

    fn step(&mut self, mut batch: Batch, seconds: impl Fn() -> f64, first: u64) -> Result<(), RunError> {
        let progress = &mut self.progress;
        let planned = if progress.steps == 0 { u64::MAX / 2 } else { progress.steps };
        self.rates.iter().for_each(|r| r.feed(progress.step, planned, &mut batch.feeds));
        let rates = self.rates.iter().map(|r| (r.objective.clone(), r.rate(progress.step, planned))).collect();
        let metrics = self.programs[batch.program].run(&mut self.state, &batch.feeds)?;
        if let Some((metric, &value)) = metrics.iter().find(|(_, v)| !v.is_finite()) {
            let checkpoint = self.saved;
            return Err(RunError::NotFinite { step: progress.step, metric: metric.clone(), value, checkpoint });
        }
        progress.step += 1;
        progress.seconds = seconds();
        if let Some(minutes) = progress.minutes
            && progress.steps == 0
            && progress.step >= first + CALIBRATION_STEPS
        {
            let speed = progress.step as f64 / progress.seconds;
            progress.steps = progress.step + ((minutes * 60.0 - progress.seconds).max(1.0) * speed) as u64;
        }
        self.log.step(progress, &metrics, &rates, batch.examples)
    }

    /// Whether the state is the best so far.
    fn validate(&mut self) -> Result<bool, RunError> {
        let state = self.finite_state()?;
        let figures = self.task.validate(&state, &self.settings.folder, self.progress.step)?;
        let best = self.keeper.keep(&figures, &self.progress, &state)?;
        self.log.validation(&self.progress, &figures, best)?;
        Ok(best)
    }

    /// The whole state, where it is fit to go on with.
    fn finite_state(&self) -> Result<Tensors, RunError> {
        let tensors = self.state.tensors(|_| true)?;
        for (name, tensor) in &tensors {
            if let Some(&value) = tensor.data.iter().find(|v| !v.is_finite()) {
                let checkpoint = self.saved;
                return Err(RunError::NotFinite { step: self.progress.step, metric: name.clone(), value, checkpoint });
            }
        }
        Ok(tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(progress: &Progress, length: Length) -> (u64, Option<f64>) {
        let mut progress = progress.clone();
        plan(&mut progress, length);
        (progress.steps, progress.minutes)
    }

    #[test]
    fn a_run_can_be_made_longer_when_it_goes_on_and_otherwise_keeps_its_plan() {
        let fresh = Progress::default();
        assert_eq!(planned(&fresh, Length::Minutes(10.0)), (0, Some(10.0)));
        assert_eq!(planned(&fresh, Length::Steps(70)), (70, None));
        // 500 steps in five minutes, 1000 planned for ten.
        let timed = Progress { step: 500, steps: 1000, seconds: 300.0, minutes: Some(10.0), ..Progress::default() };
        assert_eq!(planned(&timed, Length::Minutes(10.0)), (1000, Some(10.0)));
        assert_eq!(planned(&timed, Length::Minutes(20.0)), (2000, Some(20.0)));
        assert_eq!(planned(&timed, Length::Minutes(1.0)), (500, Some(1.0)));
        assert_eq!(planned(&timed, Length::Steps(600)), (600, None));
        // Without any length given, the command falls back on minutes; a number of steps stands.
        let counted = Progress { minutes: None, ..timed };
        assert_eq!(planned(&counted, Length::Minutes(45.0)), (1000, None));
    }
}
