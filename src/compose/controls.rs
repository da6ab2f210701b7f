//! What a player sets: how the composer chooses, and how what it chose is played.

use super::ComposeError;
use super::sampler::Freedom;
use crate::music::{PitchClassSet, STEPS_PER_BEAT};
use crate::time::Beats;

/// Every control of the composer. A change takes effect with the next phrase. What is `None` follows the player.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Controls {
    /// Seed of all choices.
    pub seed: u64,
    /// How freely events are drawn.
    pub freedom: Freedom,
    /// Notes in a quarter note: 0.125 to 8.
    pub density: Option<f64>,
    /// Silence between notes, −1 to 1: none at all, as the network likes, as much as it can.
    pub rests: f64,
    /// Lowest and highest pitch of what sounds.
    pub range: Option<(u8, u8)>,
    /// The tones that may sound, and those to end on.
    pub scale: Option<ScaleControl>,
    /// Onsets fall on multiples of this from the phrase's start, in grid steps of 1/24 of a quarter note. The second voice
    /// goes with the player instead.
    pub grid: Option<u32>,
    /// Semitones that all is moved by, −24 to 24. Range and scale are those of what sounds then.
    pub transpose: i32,
    /// How it is played.
    pub expression: Expression,
}

/// A scale on its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleControl {
    /// The tones; at least one.
    pub tones: PitchClassSet,
    /// Those a phrase may end on: the root, or the root's chord. None means that any tone will do.
    pub stable: PitchClassSet,
}

/// How notes that were composed are played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expression {
    /// Where the second of two eighths falls in their quarter note: 0.5 is straight, 2/3 a triplet, up to 0.75. Metres
    /// that group in threes stay straight.
    pub swing: f64,
    /// Onsets stray by about this much, to either side: 0 to 0.1 quarter notes.
    pub timing: Beats,
    /// Velocities stray by about this much: 0 to 30.
    pub dynamics: f64,
    /// Velocity v becomes 127·(v/127)^curve: below 1 louder, above 1 softer; 0.25 to 4.
    pub velocity_curve: f64,
    /// Share of its length that a note is held: 0.1 to 1.
    pub gate: f64,
}

impl Default for Expression {
    fn default() -> Self {
        Self { swing: 0.5, timing: Beats(0.0), dynamics: 0.0, velocity_curve: 1.0, gate: 0.95 }
    }
}

impl Controls {
    /// Checks that every control is within its range.
    ///
    /// # Errors
    /// [`ComposeError::Control`] names the first that is not.
    pub fn check(&self) -> Result<(), ComposeError> {
        let within = |control, value, low, high| ComposeError::unless_within(control, value, (low, high));
        let Expression { swing, timing, dynamics, velocity_curve, gate } = self.expression;
        within("temperature", self.freedom.temperature, 0.01, 10.0)?;
        within("top-p", self.freedom.top_p, 0.01, 1.0)?;
        within("density", self.density.unwrap_or(1.0), 0.125, 8.0)?;
        within("rests", self.rests, -1.0, 1.0)?;
        if let Some((low, high)) = self.range {
            within("highest pitch", f64::from(high), f64::from(low), 127.0)?;
        }
        if let Some(scale) = self.scale {
            within("tones of the scale", scale.tones.len() as f64, 1.0, 12.0)?;
        }
        if let Some(grid) = self.grid {
            within("grid", f64::from(grid), 1.0, f64::from(4 * STEPS_PER_BEAT))?;
        }
        within("transposition", f64::from(self.transpose), -24.0, 24.0)?;
        within("swing", swing, 0.5, 0.75)?;
        within("timing", timing.0, 0.0, 0.1)?;
        within("dynamics", dynamics, 0.0, 30.0)?;
        within("velocity curve", velocity_curve, 0.25, 4.0)?;
        within("gate", gate, 0.1, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_controls_are_in_range_and_others_are_named() {
        Controls::default().check().unwrap();
        let wrong = [
            (Controls { rests: f64::NAN, ..Controls::default() }, "rests"),
            (Controls { density: Some(0.0), ..Controls::default() }, "density"),
            (Controls { range: Some((70, 60)), ..Controls::default() }, "highest pitch"),
            (Controls { grid: Some(0), ..Controls::default() }, "grid"),
            (Controls { transpose: 25, ..Controls::default() }, "transposition"),
            (
                Controls { expression: Expression { swing: 0.9, ..Expression::default() }, ..Controls::default() },
                "swing",
            ),
        ];
        for (controls, name) in wrong {
            let text = controls.check().unwrap_err().to_string();
            assert!(text.starts_with(name), "{text}");
        }
    }
}
