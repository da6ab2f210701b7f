//! The grid of steps that the director thinks on, and how bars lie on it.

use super::Director;
use crate::compose::pen::steps;
use crate::music::STEPS_PER_BEAT;
use crate::time::{Beats, TimeSignature};

/// Positions are heard in so many parts of a quarter note, 40 of a step. Whether a sample that is meant to lie on a step
/// comes out a hair before or after it depends on the sample rate; what is decided must not.
const TICKS: u32 = 40 * STEPS_PER_BEAT;

impl Director {
    /// Steps since the start of the bar that a step lies in, and the bar's metre.
    fn place_in_bar(&self, step: i64) -> (i64, TimeSignature) {
        // Half a step on, so that rounded bar lines do not matter.
        let at = Beats((step as f64 + 0.5) / f64::from(STEPS_PER_BEAT));
        let bar = self.ear.metres().bar_at(at);
        (step - bar.start.nearest_step(STEPS_PER_BEAT), bar.metre)
    }

    pub(super) fn is_bar(&self, step: i64) -> bool {
        self.place_in_bar(step).0 <= 0
    }

    pub(super) fn is_beat(&self, step: i64) -> bool {
        let (into, metre) = self.place_in_bar(step);
        into % i64::from(steps(metre.beat_beats())) == 0
    }

    pub(super) fn is_pulse(&self, step: i64) -> bool {
        let (into, metre) = self.place_in_bar(step);
        into % i64::from(steps(metre.pulse_beats())) == 0
    }

    /// The bar line that lies so many bars after the start of the bar of a position, on the grid.
    pub(super) fn bar_line(&self, at: Beats, bars: i64) -> Beats {
        let metres = self.ear.metres();
        let here = metres.bar_at(at + Beats(0.5 / f64::from(STEPS_PER_BEAT)));
        position(metres.bar(here.index.saturating_add(bars)).start.nearest_step(STEPS_PER_BEAT))
    }
}

/// Where a step stands.
pub(super) fn position(step: i64) -> Beats {
    Beats::from_steps(step, STEPS_PER_BEAT)
}

/// A position as it is heard: the nearest tick.
pub(super) fn heard_at(at: Beats) -> Beats {
    if at.is_finite() { Beats::from_steps(at.nearest_step(TICKS), TICKS) } else { at }
}

/// The first step that is not before a position.
pub(super) fn step_after(at: Beats) -> i64 {
    let step = at.nearest_step(STEPS_PER_BEAT);
    step + i64::from(position(step) < at)
}
