//! The line in the terminal that says how far a run is.

use crate::train::checkpoint::Progress;
use crate::train::health::shown;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A progress bar, or nothing where none is wanted.
pub(super) struct Bar {
    bar: ProgressBar,
    visible: bool,
    start: Instant,
    first: u64,
    minutes: Option<f64>,
}

impl Bar {
    /// A bar of a run that begins or goes on at step `first`.
    pub fn new(visible: bool, first: u64, minutes: Option<f64>) -> Self {
        let bar = if visible { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{bar:24} {msg}").expect("a valid template");
        bar.set_style(style);
        Self { bar, visible, start: Instant::now(), first, minutes }
    }

    /// Shows where the run stands: step, losses, examples a second, time left.
    pub fn show(&self, progress: &Progress, losses: &BTreeMap<String, f64>, speed: f64) {
        if !self.visible {
            return;
        }
        let mut parts = vec![match progress.steps {
            0 => format!("step {}", progress.step),
            steps => format!("step {}/{steps}", progress.step),
        }];
        let losses = losses.iter().filter(|(name, _)| name.ends_with("loss"));
        parts.extend(losses.map(|(name, value)| format!("{name} {}", shown(*value))));
        parts.push(format!("{} examples/s", shown((speed * 10.0).round() / 10.0)));
        if let Some(left) = self.left(progress) {
            parts.push(format!("{} left", span(left)));
        }
        self.bar.set_length(progress.steps.max(progress.step));
        self.bar.set_position(progress.step);
        self.bar.set_message(parts.join(" · "));
    }

    /// Seconds left, by the speed of this session, validations included.
    fn left(&self, progress: &Progress) -> Option<f64> {
        let done = progress.step - self.first;
        match (progress.steps, self.minutes) {
            (0, minutes) => Some((minutes? * 60.0 - progress.seconds).max(0.0)),
            (steps, _) if done > 0 => {
                let pace = self.start.elapsed().as_secs_f64() / done as f64;
                Some(steps.saturating_sub(progress.step) as f64 * pace)
            }
            _ => None,
        }
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        if self.visible {
            self.bar.suspend(|| println!("{line}"));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A time for people: the two largest units.
pub fn span(seconds: f64) -> String {
    let s = Duration::try_from_secs_f64(seconds.max(0.0).round()).unwrap_or(Duration::MAX).as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_told_in_their_two_largest_units() {
        for (seconds, told) in
            [(0.4, "0 s"), (59.6, "1 min 0 s"), (3725.0, "1 h 2 min"), (200_000.0, "2 d 7 h"), (-3.0, "0 s")]
        {
            assert_eq!(span(seconds), told);
        }
    }

    #[test]
    fn time_left_is_known_before_the_number_of_steps_is() {
        let bar = Bar::new(false, 0, Some(2.0));
        let progress = Progress { step: 3, seconds: 30.0, ..Progress::default() };
        assert_eq!(bar.left(&progress), Some(90.0));
    }
}
