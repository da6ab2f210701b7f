//! Controls of the composer that move over the bars of a performance.

use super::place::Place;
use crate::compose::{Controls, PARAMETERS, Parameter, Settings, Shape};
use crate::time::{Beats, MetreMap, TempoMap};

/// Controls that say how what is rendered is composed; the others are for playing live.
const COMPOSING: [&str; 15] = [
    "temperature",
    "top-p",
    "density",
    "rests",
    "lowest",
    "highest",
    "scale",
    "root",
    "grid",
    "transposition",
    "swing",
    "timing",
    "dynamics",
    "velocity-curve",
    "gate",
];

/// Controls that say what a mode does.
const DIRECTING: [&str; 9] =
    ["answers", "phrase-length", "switch-at", "hold", "morph-x", "morph-y", "vary", "stop", "second-voice"];

/// A control that a rendering knows, by its name.
///
/// # Errors
/// A line that names those there are.
pub fn control(name: &str) -> Result<&'static Parameter, String> {
    let found = PARAMETERS.iter().find(|p| p.name == name && (COMPOSING.contains(&name) || is_directing(name)));
    found.ok_or_else(|| {
        let (composing, directing) = (COMPOSING.join(", "), DIRECTING.join(", "));
        format!("there is no control `{name}` for what is rendered; there are {composing}; in a mode also {directing}")
    })
}

/// Whether a control says what a mode does, so that without a mode it has no meaning.
pub(super) fn is_directing(name: &str) -> bool {
    DIRECTING.contains(&name)
}

/// A value at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// From this bar, and beat of it, on.
    pub at: Place,
    /// The value there.
    pub value: f64,
    /// Whether it is reached in a straight line from the point before; else it jumps there.
    pub ramp: bool,
}

/// The course of one control.
#[derive(Debug, Clone)]
pub struct Lane {
    /// What moves.
    pub control: &'static Parameter,
    /// Where to, in order.
    pub points: Vec<Mark>,
}

/// Settings at first, and how they move. A phrase is composed as a whole, with the values where it begins.
#[derive(Debug, Clone, Default)]
pub struct Automation {
    /// What holds where nothing moves. What it says of modes has a meaning only where the instrument plays along.
    pub settings: Settings,
    /// What moves; a control is in one lane at most.
    pub lanes: Vec<Lane>,
}

impl From<Controls> for Automation {
    fn from(controls: Controls) -> Self {
        Self { settings: Settings { controls, ..Settings::default() }, lanes: Vec::new() }
    }
}

impl Automation {
    /// The seed of all choices.
    pub fn seed(&self) -> u64 {
        self.settings.controls.seed
    }

    /// The controls at a position. Points at bars that the music does not have count as never.
    pub fn controls_at(&self, at: Beats, metres: &MetreMap, tempo: &TempoMap) -> Controls {
        self.settings_at(at, metres, tempo).controls
    }

    /// The controls at a position, and what the modes do there.
    pub fn settings_at(&self, at: Beats, metres: &MetreMap, tempo: &TempoMap) -> Settings {
        let mut settings = self.settings.clone();
        // A scale and its root are set one after the other, so that either may move.
        for lane in &self.lanes {
            if let Some(value) = lane.value_at(at, metres, tempo) {
                lane.control.set(&mut settings, value);
            }
        }
        settings
    }
}

impl Lane {
    fn value_at(&self, at: Beats, metres: &MetreMap, tempo: &TempoMap) -> Option<f64> {
        let places = self.points.iter().filter_map(|p| Some((p.at.beats(metres, tempo).ok()?, p)));
        let mut before: Option<(Beats, &Mark)> = None;
        for (place, point) in places {
            if place > at {
                let smooth = point.ramp && !matches!(self.control.shape, Shape::Choice(_));
                let Some((from, last)) = before.filter(|_| smooth) else { break };
                let share = (at - from) / (place - from);
                return Some(last.value + (point.value - last.value) * share);
            }
            before = Some((place, point));
        }
        before.map(|(_, point)| point.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_hold_step_and_go_in_straight_lines() {
        let bar = |bar: u32| Place::Bar { bar, beat: 1.0 };
        let point = |at: u32, value: f64, ramp: bool| Mark { at: bar(at), value, ramp };
        let lane = |name: &str, points: &[Mark]| Lane { control: control(name).unwrap(), points: points.to_vec() };
        let automation = Automation {
            lanes: vec![
                lane("temperature", &[point(3, 0.5, false), point(5, 1.5, true), point(7, 0.2, false)]),
                lane("scale", &[point(1, 5.0, false), point(9, 1.0, true)]),
            ],
            ..Automation::default()
        };
        let (metres, tempo) = (MetreMap::default(), TempoMap::default());
        let at = |bar: f64| automation.controls_at(Beats(4.0 * (bar - 1.0)), &metres, &tempo);
        let temperature = |bar: f64| at(bar).freedom.temperature;
        assert_eq!([1.0, 3.0, 4.0, 5.0, 6.9, 7.0, 99.0].map(temperature), [1.0, 0.5, 1.0, 1.5, 1.5, 0.2, 0.2]);
        assert_eq!(at(8.9).scale, at(1.0).scale, "a choice does not glide");
        assert_ne!(at(9.0).scale, at(1.0).scale);
        assert!(
            control("locked-bars").is_err() && COMPOSING.iter().chain(&DIRECTING).all(|name| control(name).is_ok())
        );
    }
}
