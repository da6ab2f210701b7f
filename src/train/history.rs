//! What a run has logged so far: the figures of `metrics.jsonl`, in memory.
//!
//! One JSON object a line, each with a `step`:
//!
//! | Line has | Meaning |
//! |---|---|
//! | `session` | the command started or went on here: see [`Session`] |
//! | `train`, `raw`, `rates` | figures of training steps, smoothed and as they were at this step, and learning rates |
//! | `validation` | figures on data that is not trained on |
//! | `ended` | why the command ended here, in words |

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Figures of one kind: steps and values, steps rising.
pub type Series = Vec<(u64, f64)>;

/// Name of the log in a run's folder.
pub const FILE: &str = "metrics.jsonl";

/// Examples that a task trains on, and how many it should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examples {
    /// Distinct examples, augmentation not counted.
    pub count: usize,
    /// Fewer than these are learnt by heart rather than understood.
    pub enough: usize,
    /// What they are: `pictures`, say.
    pub what: String,
}

/// What is known of the training when a command starts or goes on with it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The command as it was given.
    pub command: String,
    /// Where steps run, in words.
    pub device: String,
    /// All settings.
    pub settings: Value,
    /// The validation figure by which the best state is kept.
    pub decisive: Option<String>,
    /// How much there is to learn from.
    pub examples: Option<Examples>,
    /// What is learnt from, as names and values.
    pub data: Vec<(String, String)>,
}

/// Everything that was logged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Steps at which commands started, and what they were to do.
    pub sessions: Vec<(u64, Session)>,
    /// Training figures, smoothed.
    pub train: BTreeMap<String, Series>,
    /// Training figures of single steps.
    pub raw: BTreeMap<String, Series>,
    /// Learning rates.
    pub rates: BTreeMap<String, Series>,
    /// Figures on data that is not trained on.
    pub validation: BTreeMap<String, Series>,
    /// Steps at which the run was validated, rising.
    pub validated: Vec<u64>,
    /// Latest step that a line speaks of.
    pub step: u64,
    /// Steps planned; 0 where that is not known yet.
    pub steps: u64,
    /// Seconds trained.
    pub seconds: f64,
    /// Examples a second, at the latest.
    pub speed: f64,
    /// Why the last command ended, where it said so.
    pub ended: Option<String>,
}

impl History {
    /// Takes in one line of the log; `None` where it is none, as after a crash in the middle of writing.
    pub fn take(&mut self, line: &str) -> Option<()> {
        let line: Value = serde_json::from_str(line).ok()?;
        self.add(&line)
    }

    /// Takes in one line of the log that was read already.
    pub fn add(&mut self, line: &Value) -> Option<()> {
        let step = line.get("step")?.as_u64()?;
        self.step = self.step.max(step);
        for (series, key) in [
            (&mut self.train, "train"),
            (&mut self.raw, "raw"),
            (&mut self.rates, "rates"),
            (&mut self.validation, "validation"),
        ] {
            for (name, value) in line.get(key).and_then(Value::as_object).into_iter().flatten() {
                let series = series.entry(name.clone()).or_default();
                // A run that was ended and went on may have been validated at this step before.
                if let Some(value) = value.as_f64()
                    && series.last().is_none_or(|(last, _)| *last < step)
                {
                    series.push((step, value));
                }
            }
        }
        if line.get("validation").is_some() && self.validated.last() != Some(&step) {
            self.validated.push(step);
        }
        if let Some(steps) = line.get("steps").and_then(Value::as_u64) {
            self.steps = steps;
        }
        if let Some(seconds) = line.get("seconds").and_then(Value::as_f64) {
            self.seconds = seconds;
        }
        if let Some(speed) = line.get("examples_per_second").and_then(Value::as_f64) {
            self.speed = speed;
        }
        if let Some(session) = line.get("session") {
            self.ended = None;
            self.sessions.push((step, serde_json::from_value(session.clone()).unwrap_or_default()));
        }
        if let Some(ended) = line.get("ended").and_then(Value::as_str) {
            self.ended = Some(ended.to_owned());
        }
        Some(())
    }

    /// Reads the log of a run's folder up to a step, and gives the lines themselves as well, each with its line end. Lines that are none
    /// are passed over; without a log, nothing was logged.
    ///
    /// # Errors
    /// If the log is there and cannot be read.
    pub fn up_to(folder: &Path, step: u64) -> io::Result<(Self, Vec<u8>)> {
        let bytes = match std::fs::read(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let mut history = Self::default();
        let mut kept = Vec::new();
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
            if value.get("step").and_then(Value::as_u64).is_some_and(|at| at <= step) && history.add(&value).is_some() {
                kept.extend_from_slice(line);
                kept.push(b'\n');
            }
        }
        Ok((history, kept))
    }

    /// The session that is under way, or was the last.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.last().map(|(_, session)| session)
    }

    /// The figure that decides, so far.
    pub fn decisive(&self) -> Option<(&str, &Series)> {
        let name = self.session()?.decisive.as_deref()?;
        Some((name, self.validation.get(name)?))
    }
}

/// The lowest value of a series and its step; the earlier of two equal ones.
pub fn lowest(series: &[(u64, f64)]) -> Option<(u64, f64)> {
    series.iter().copied().reduce(|best, at| if at.1 < best.1 { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_and_lines_past_a_step_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let whole = "{\"step\":10,\"steps\":40,\"train\":{\"a/loss\":2.5},\"raw\":{\"a/loss\":null}}\n";
        let later = "{\"step\":20,\"steps\":40,\"train\":{\"a/loss\":2.0}}\n";
        let torn = "{\"step\":30,\"steps\":40,\"tra";
        std::fs::write(folder.path().join(FILE), format!("{whole}{later}{torn}")).unwrap();
        let history = History::up_to(folder.path(), u64::MAX).unwrap().0;
        assert_eq!(history.train["a/loss"], [(10, 2.5), (20, 2.0)]);
        assert!(history.raw["a/loss"].is_empty());
        assert_eq!((history.step, history.steps), (20, 40));
        let (history, lines) = History::up_to(folder.path(), 15).unwrap();
        assert_eq!(lines, whole.as_bytes());
        assert_eq!(history.step, 10);
    }

    #[test]
    fn a_folder_without_a_log_has_no_history() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(History::up_to(folder.path(), u64::MAX).unwrap().0, History::default());
    }
}
