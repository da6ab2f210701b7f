//! How long before its time a decision is made: as many steps as the networks and the audio side need, whatever the tempo.

use super::position;
use crate::music::STEPS_PER_BEAT;
use crate::time::{Beats, Bpm};
use std::collections::VecDeque;

/// Steps from a decision to where it takes effect, at least: an eighth of a second at 120 quarter notes a minute.
const LEAST: u32 = STEPS_PER_BEAT / 4;
/// And at most.
const MOST: u32 = 4 * STEPS_PER_BEAT;
/// Seconds that a decision is to have.
const ENOUGH: f64 = 0.1;
/// A tempo counts at a bar line if it was told this long before: hosts tell it with a block, which may begin there.
const SETTLED: Beats = Beats(1.0);

/// The lead from bar to bar. It doubles with the tempo, so that small changes of tempo change nothing.
#[derive(Debug, Clone)]
pub(super) struct Lead {
    steps: u32,
    /// Tempi with where they were told.
    tempi: VecDeque<(Beats, Bpm)>,
}

impl Lead {
    pub fn new() -> Self {
        Self { steps: LEAST, tempi: VecDeque::new() }
    }

    pub fn steps(&self) -> i64 {
        i64::from(self.steps)
    }

    /// A stretch of time begins.
    pub fn restart(&mut self, at: Beats, tempo: Bpm) {
        self.tempi.clear();
        self.tempi.push_back((at, tempo));
        self.steps = steps_at(tempo);
    }

    /// The tempo changes.
    pub fn hear(&mut self, at: Beats, tempo: Bpm) {
        self.tempi.push_back((at, tempo));
    }

    /// A bar begins at a step.
    pub fn settle(&mut self, bar: i64) {
        let known = position(bar) - SETTLED;
        while self.tempi.get(1).is_some_and(|(at, _)| *at <= known) {
            self.tempi.pop_front();
        }
        if let Some((_, tempo)) = self.tempi.front() {
            self.steps = steps_at(*tempo);
        }
    }
}

/// The least lead that lasts long enough at a tempo.
fn steps_at(tempo: Bpm) -> u32 {
    let second = tempo.0 / 60.0 * f64::from(STEPS_PER_BEAT);
    let mut steps = LEAST;
    while steps < MOST && f64::from(steps) < ENOUGH * second {
        steps *= 2;
    }
    steps.min(MOST)
}

/// How long before its time everything is decided at a tempo.
pub fn lead_time(tempo: Bpm) -> Beats {
    position(i64::from(steps_at(tempo)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_has_a_tenth_of_a_second_at_any_tempo_that_people_play() {
        for bpm in 20..=2000 {
            let steps = steps_at(Bpm(f64::from(bpm)));
            let seconds = f64::from(steps) / f64::from(STEPS_PER_BEAT) * 60.0 / f64::from(bpm);
            assert!(seconds >= ENOUGH || steps == MOST, "{steps} steps at {bpm}");
            assert!(steps == LEAST || seconds < 2.0 * ENOUGH, "{steps} steps at {bpm}");
        }
        assert_eq!([90.0, 150.0, 151.0, 300.0].map(|bpm| steps_at(Bpm(bpm))), [6, 6, 12, 12]);
    }

    #[test]
    fn a_tempo_counts_from_the_first_bar_line_that_finds_it_settled() {
        let mut lead = Lead::new();
        lead.restart(Beats(0.0), Bpm(120.0));
        // Told somewhere in the block that begins near the bar line at beat 4.
        for told in [3.9, 4.0, 4.3] {
            let mut lead = lead.clone();
            lead.hear(Beats(told), Bpm(240.0));
            let at = |lead: &mut Lead, bar| {
                lead.settle(bar);
                lead.steps()
            };
            assert_eq!([96, 192].map(|bar| at(&mut lead, bar)), [6, 12], "told at {told}");
        }
    }
}
