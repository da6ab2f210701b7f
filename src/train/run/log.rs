//! The file of figures, one JSON object a line, and all that is told of a run while it goes on.

use super::bar::Bar;
use super::error::RunError;
use crate::files::write_whole;
use crate::train::checkpoint::Progress;
use crate::train::health::{Rule, shown, warnings};
use crate::train::history::{FILE, History, Session};
use crate::train::report;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Steps between two lines of the log.
const EVERY: u64 = 10;
/// Share of a new figure in the running mean.
const NEW: f64 = 0.05;
/// Time between two reports without a validation.
const REPORT_EVERY: Duration = Duration::from_secs(30);

pub(super) struct Log {
    folder: PathBuf,
    file: File,
    path: PathBuf,
    history: History,
    bar: Bar,
    told: BTreeSet<Rule>,
    examples: usize,
    start: Instant,
    reported: Option<Instant>,
}

impl Log {
    /// Opens the log of a run that stands at `progress`: lines of later steps, from before a crash, are taken out.
    pub fn open(
        folder: &Path,
        progress: &Progress,
        resumed: bool,
        bar: Bar,
        session: &Session,
    ) -> Result<Self, RunError> {
        let path = folder.join(FILE);
        let io = |error| RunError::Io { path: path.clone(), error };
        let (history, lines) =
            if resumed { History::up_to(folder, progress.step).map_err(io)? } else { Default::default() };
        write_whole(&path, &lines).map_err(io)?;
        let file = OpenOptions::new().append(true).open(&path).map_err(io)?;
        let mut log = Self {
            folder: folder.to_owned(),
            file,
            path: path.clone(),
            history,
            bar,
            told: BTreeSet::new(),
            examples: 0,
            start: Instant::now(),
            reported: None,
        };
        log.write(json!({"step": progress.step, "steps": progress.steps, "session": session}))?;
        log.warn();
        Ok(log)
    }

    /// Writes a line in one piece, so that a crash can tear the last one only.
    fn write(&mut self, line: Value) -> Result<(), RunError> {
        let text = format!("{line}\n");
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| RunError::Io { path: self.path.clone(), error })?;
        self.history.add(&line);
        Ok(())
    }

    /// Tells of a step. The running means are kept in `progress`, so that a resumed run goes on with them.
    pub fn step(
        &mut self,
        progress: &mut Progress,
        metrics: &BTreeMap<String, f32>,
        rates: &BTreeMap<String, f64>,
        examples: usize,
    ) -> Result<(), RunError> {
        for (name, &value) in metrics {
            let smooth = progress.smooth.entry(name.clone()).or_insert(f64::from(value));
            *smooth += NEW * (f64::from(value) - *smooth);
        }
        self.examples += examples;
        let speed = self.examples as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
        self.bar.show(progress, &progress.smooth, speed);
        if progress.step.is_multiple_of(EVERY) {
            self.write(json!({
                "step": progress.step, "steps": progress.steps, "seconds": progress.seconds,
                "examples_per_second": speed, "train": progress.smooth, "raw": metrics, "rates": rates,
            }))?;
        }
        Ok(())
    }

    /// Tells of a validation; `best` where none before was better.
    pub fn validation(
        &mut self,
        progress: &Progress,
        figures: &BTreeMap<String, f64>,
        best: bool,
    ) -> Result<(), RunError> {
        let told = figures.iter().map(|(name, value)| format!("{name} {}", shown(*value)));
        let told = told.collect::<Vec<_>>().join(", ");
        self.bar.say(&format!("step {}: {told}{}", progress.step, if best { " (the best so far)" } else { "" }));
        self.write(json!({
            "step": progress.step, "steps": progress.steps, "seconds": progress.seconds, "validation": figures,
        }))?;
        self.warn();
        self.report();
        Ok(())
    }

    /// What is worth doing now and then.
    pub fn pause(&mut self) {
        if self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
            self.warn();
            self.report();
        }
    }

    /// Writes down why the command ends here; what fails now is not worth another error.
    pub fn end(&mut self, progress: &Progress, why: &str) {
        let line = json!({
            "step": progress.step, "steps": progress.steps, "seconds": progress.seconds, "ended": why,
        });
        if let Err(error) = self.write(line) {
            self.bar.say(&format!("warning: {error}"));
        }
        self.warn();
        self.report();
        self.bar.finish();
        self.bar.say(&format!("{why} at step {}; report: {}", progress.step, self.folder.join(report::FILE).display()));
    }

    /// Says what is wrong, each thing once.
    fn warn(&mut self) {
        for warning in warnings(&self.history) {
            // That the run broke off is told by the error itself.
            if self.told.insert(warning.rule) && warning.rule != Rule::Broken {
                self.bar.say(&format!("warning: {warning}"));
            }
        }
    }

    /// A report that cannot be written does not end a run.
    fn report(&mut self) {
        self.reported = Some(Instant::now());
        if let Err(error) = report::write(&self.folder, &self.history) {
            self.bar.say(&format!("warning: {}: {error}", self.folder.join(report::FILE).display()));
        }
    }
}
