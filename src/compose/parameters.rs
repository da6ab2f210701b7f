//! Every setting as a number with a name, a unit, a range and a text: one table for plugins, screens, MIDI maps and
//! recordings.

use super::director::{Boundary, MOST_BARS, SecondVoice, Settings};
use super::{ComposeError, ScaleControl};
use crate::music::{PitchClass, PitchClassSet, Scale};
use crate::time::Beats;

/// How the values of a parameter, or of another control, lie in its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Any number; written with so many decimals.
    Smooth(usize),
    /// Whole numbers.
    Whole,
    /// One of these, by its place.
    Choice(&'static [&'static str]),
    /// Something that happens when it is pressed; no parameter is such.
    Trigger,
}

impl Shape {
    /// The nearest value that lies so in a range; the usual one for a number that is none.
    pub fn allow(self, range: (f64, f64), usual: f64, value: f64) -> f64 {
        let value = if value.is_nan() { usual } else { value.clamp(range.0, range.1) };
        if matches!(self, Self::Smooth(_)) { value } else { value.round() }
    }

    /// A value as one reads it.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Choice(names) => names.get(value as usize).copied().unwrap_or_default().to_owned(),
            Self::Trigger => String::new(),
            Self::Whole => format!("{value:.0}"),
            Self::Smooth(decimals) => format!("{value:.decimals$}"),
        }
    }
}

/// A setting as a number.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name: lower case, unique, and the same for ever, for projects are stored with it.
    pub name: &'static str,
    /// Its unit; empty where it has none.
    pub unit: &'static str,
    /// The least and the greatest value.
    pub range: (f64, f64),
    /// The value at first.
    pub default: f64,
    /// How values lie in between.
    pub shape: Shape,
    /// A value that stands for following the player, where there is one.
    pub follows: Option<f64>,
    get: fn(&Settings) -> f64,
    set: fn(&mut Settings, f64),
}

const GRIDS: &[&str] = &["free", "1/32", "1/16 triplet", "1/16", "1/8 triplet", "1/8", "1/4 triplet", "1/4", "1/2"];
const GRID_STEPS: [Option<u32>; 9] = [None, Some(3), Some(4), Some(6), Some(8), Some(12), Some(16), Some(24), Some(48)];
const SCALES: &[&str] = &[
    "follow",
    "major",
    "minor",
    "harmonic minor",
    "melodic minor",
    "dorian",
    "phrygian",
    "lydian",
    "mixolydian",
    "locrian",
    "major pentatonic",
    "minor pentatonic",
    "blues",
    "whole tone",
    "octatonic",
    "chromatic",
];
const ROOTS: &[&str] = &["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const SWITCH: &[&str] = &["off", "on"];
const BOUNDARIES: &[&str] = &["beat", "bar"];
const VOICES: &[&str] = &["third below", "sixth below", "third above", "sixth above"];

macro_rules! parameters {
    ($($name:literal $unit:literal $low:literal ..= $high:literal, $default:literal, $shape:expr, $follows:expr,
       |$s:ident| $get:expr, |$t:ident, $v:ident| $set:expr;)*) => {
        /// Every parameter, in the order of a screen.
        pub const PARAMETERS: &[Parameter] = &[$(Parameter {
            name: $name, unit: $unit, range: ($low, $high), default: $default, shape: $shape, follows: $follows,
            get: |$s| $get, set: |$t, $v| $set,
        },)*];
    };
}

parameters! {
    "temperature" "" 0.05 ..= 3.0, 1.0, Shape::Smooth(2), None,
        |s| s.controls.freedom.temperature, |s, v| s.controls.freedom.temperature = v;
    "top-p" "" 0.01 ..= 1.0, 0.95, Shape::Smooth(2), None,
        |s| s.controls.freedom.top_p, |s, v| s.controls.freedom.top_p = v;
    "density" "notes/beat" 0.0 ..= 8.0, 0.0, Shape::Smooth(2), Some(0.0),
        |s| s.controls.density.unwrap_or(0.0), |s, v| s.controls.density = Some(v.max(0.125)).filter(|_| v > 0.0);
    "rests" "" -1.0 ..= 1.0, 0.0, Shape::Smooth(2), None,
        |s| s.controls.rests, |s, v| s.controls.rests = v;
    "lowest" "key" 0.0 ..= 127.0, 0.0, Shape::Whole, Some(0.0),
        |s| s.controls.range.map_or(0.0, |r| f64::from(r.0)), |s, v| s.set_range(v as u8, s.range().1.max(v as u8));
    "highest" "key" 0.0 ..= 127.0, 127.0, Shape::Whole, Some(127.0),
        |s| s.controls.range.map_or(127.0, |r| f64::from(r.1)), |s, v| s.set_range(s.range().0.min(v as u8), v as u8);
    "scale" "" 0.0 ..= 15.0, 0.0, Shape::Choice(SCALES), None,
        |s| s.scale() as f64, |s, v| s.set_scale(v as usize, s.root);
    "root" "" 0.0 ..= 11.0, 0.0, Shape::Choice(ROOTS), None,
        |s| f64::from(s.root.semitone()), |s, v| s.set_scale(s.scale(), PitchClass::of(v as u8));
    "grid" "" 0.0 ..= 8.0, 0.0, Shape::Choice(GRIDS), None,
        |s| GRID_STEPS.iter().position(|&g| g == s.controls.grid).unwrap_or(0) as f64,
        |s, v| s.controls.grid = GRID_STEPS[v as usize];
    "transposition" "semitones" -24.0 ..= 24.0, 0.0, Shape::Whole, None,
        |s| f64::from(s.controls.transpose), |s, v| s.controls.transpose = v as i32;
    "swing" "of a beat" 0.5 ..= 0.75, 0.5, Shape::Smooth(2), None,
        |s| s.controls.expression.swing, |s, v| s.controls.expression.swing = v;
    "timing" "beats" 0.0 ..= 0.1, 0.0, Shape::Smooth(3), None,
        |s| s.controls.expression.timing.0, |s, v| s.controls.expression.timing = Beats(v);
    "dynamics" "velocity" 0.0 ..= 30.0, 0.0, Shape::Smooth(1), None,
        |s| s.controls.expression.dynamics, |s, v| s.controls.expression.dynamics = v;
    "velocity-curve" "" 0.25 ..= 4.0, 1.0, Shape::Smooth(2), None,
        |s| s.controls.expression.velocity_curve, |s, v| s.controls.expression.velocity_curve = v;
    "gate" "of its length" 0.1 ..= 1.0, 0.95, Shape::Smooth(2), None,
        |s| s.controls.expression.gate, |s, v| s.controls.expression.gate = v;
    "answers" "" 0.0 ..= 1.0, 1.0, Shape::Choice(SWITCH), None,
        |s| f64::from(u8::from(s.direction.answers)), |s, v| s.direction.answers = v > 0.5;
    "phrase-length" "bars" 1.0 ..= 16.0, 2.0, Shape::Whole, None,
        |s| f64::from(s.direction.bars), |s, v| s.direction.bars = (v as u32).clamp(1, MOST_BARS);
    "switch-at" "" 0.0 ..= 1.0, 1.0, Shape::Choice(BOUNDARIES), None,
        |s| f64::from(u8::from(s.direction.switch_at == Boundary::Bar)),
        |s, v| s.direction.switch_at = if v > 0.5 { Boundary::Bar } else { Boundary::Beat };
    "hold" "" 0.0 ..= 1.0, 0.0, Shape::Choice(SWITCH), None,
        |s| f64::from(u8::from(s.direction.hold)), |s, v| s.direction.hold = v > 0.5;
    "locked-bars" "bits" 0.0 ..= 65535.0, 0.0, Shape::Whole, None,
        |s| f64::from(s.direction.locked), |s, v| s.direction.locked = v as u16;
    "morph-x" "" 0.0 ..= 1.0, 0.0, Shape::Smooth(2), None,
        |s| s.direction.morph[0], |s, v| s.direction.morph[0] = v;
    "morph-y" "" 0.0 ..= 1.0, 0.0, Shape::Smooth(2), None,
        |s| s.direction.morph[1], |s, v| s.direction.morph[1] = v;
    "vary" "" 0.0 ..= 1.0, 0.3, Shape::Smooth(2), None,
        |s| s.direction.vary, |s, v| s.direction.vary = v;
    "stop" "1/24 beat" 0.0 ..= 96.0, 12.0, Shape::Whole, None,
        |s| f64::from(s.direction.stop), |s, v| s.direction.stop = v as u32;
    "second-voice" "" 0.0 ..= 3.0, 0.0, Shape::Choice(VOICES), None,
        |s| f64::from(s.direction.second as u8),
        |s, v| s.direction.second = [SecondVoice::ThirdBelow, SecondVoice::SixthBelow, SecondVoice::ThirdAbove, SecondVoice::SixthAbove][v as usize];
    "seed" "" 0.0 ..= 9999.0, 0.0, Shape::Whole, None,
        |s| s.controls.seed as f64, |s, v| s.controls.seed = v as u64;
}

impl Settings {
    fn range(&self) -> (u8, u8) {
        self.controls.range.unwrap_or((0, 127))
    }

    fn set_range(&mut self, low: u8, high: u8) {
        self.controls.range = Some((low, high)).filter(|&range| range != (0, 127));
    }

    /// Place of the scale among the choices.
    fn scale(&self) -> usize {
        let Some(ScaleControl { tones, .. }) = self.controls.scale else { return 0 };
        let is_it = |name: &&str| Scale::by_name(name).is_some_and(|scale| scale.on(self.root) == tones);
        SCALES.iter().position(is_it).unwrap_or(0)
    }

    fn set_scale(&mut self, scale: usize, root: PitchClass) {
        self.root = root;
        // The root, and of its triads what the scale has.
        let stable: PitchClassSet = [0, 3, 4, 7].map(|up| root.up(up)).into_iter().collect();
        self.controls.scale = SCALES.get(scale).and_then(|name| Scale::by_name(name)).map(|scale| {
            let tones = scale.on(root);
            ScaleControl { tones, stable: stable.intersection(tones) }
        });
    }
}

impl Parameter {
    /// The parameter of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.name == name)
    }

    /// Its value in some settings.
    pub fn get(&self, settings: &Settings) -> f64 {
        (self.get)(settings)
    }

    /// Sets it to the nearest value that it may have, and gives that.
    pub fn set(&self, settings: &mut Settings, value: f64) -> f64 {
        let value = self.allow(value);
        (self.set)(settings, value);
        value
    }

    /// The nearest value that it may have; the default for what is no number.
    pub fn allow(&self, value: f64) -> f64 {
        self.shape.allow(self.range, self.default, value)
    }

    /// A value as a player reads it, without the unit.
    pub fn text(&self, value: f64) -> String {
        let value = self.allow(value);
        if self.follows == Some(value) { "follow".to_owned() } else { self.shape.text(value) }
    }

    /// The value that a text stands for; the unit may follow a number.
    ///
    /// # Errors
    /// [`ComposeError::Control`] for a number out of range, [`ComposeError::Text`] for what is no value at all.
    pub fn parse(&self, text: &str) -> Result<f64, ComposeError> {
        let text = text.trim();
        if let Some(value) = self.follows.filter(|_| text.eq_ignore_ascii_case("follow")) {
            return Ok(value);
        }
        if let Shape::Choice(names) = self.shape
            && let Some(i) = names.iter().position(|name| name.eq_ignore_ascii_case(text))
        {
            return Ok(i as f64);
        }
        let number = text.strip_suffix(self.unit).unwrap_or(text).trim().parse::<f64>();
        let value = number.ok().filter(|value| !value.is_nan());
        let value = value.ok_or_else(|| ComposeError::Text { control: self.name, text: text.to_owned() })?;
        ComposeError::unless_within(self.name, value, self.range)?;
        Ok(self.allow(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_sound_and_its_defaults_are_the_settings_defaults() {
        for (i, parameter) in PARAMETERS.iter().enumerate() {
            let name = parameter.name;
            assert!(PARAMETERS[..i].iter().all(|other| other.name != name), "{name} is there twice");
            assert_eq!(parameter.get(&Settings::default()), parameter.default, "{name}");
            assert_eq!(parameter.allow(parameter.default), parameter.default, "{name}");
            if let Shape::Choice(names) = parameter.shape {
                assert_eq!(parameter.range, (0.0, names.len() as f64 - 1.0), "{name}");
            }
        }
        assert!(SCALES[1..].iter().all(|name| Scale::by_name(name).is_some()));
        assert_eq!(GRIDS.len(), GRID_STEPS.len());
    }

    #[test]
    fn scales_and_roots_are_told_apart() {
        let [scale, root] = ["scale", "root"].map(|name| Parameter::by_name(name).unwrap());
        for (s, name) in SCALES.iter().enumerate().skip(1) {
            for r in 0..12 {
                let mut settings = Settings::default();
                // In either order, as a host may have it.
                let order = if r % 2 == 0 {
                    [(scale, s as f64), (root, f64::from(r))]
                } else {
                    [(root, f64::from(r)), (scale, s as f64)]
                };
                order.iter().for_each(|(parameter, value)| assert_eq!(parameter.set(&mut settings, *value), *value));
                assert_eq!((scale.get(&settings), root.get(&settings)), (s as f64, f64::from(r)), "{name}");
            }
        }
    }

    #[test]
    fn texts_are_read_and_nonsense_is_refused() {
        let parse = |name: &str, text: &str| Parameter::by_name(name).unwrap().parse(text);
        assert_eq!(parse("density", "Follow").unwrap(), 0.0);
        assert_eq!(parse("density", " 1.5 notes/beat").unwrap(), 1.5);
        assert_eq!(parse("scale", "Dorian").unwrap(), 5.0);
        assert_eq!(parse("swing", "0.9").unwrap_err().to_string(), "swing 0.9: 0.5 to 0.75 is needed");
        assert_eq!(parse("hold", "maybe").unwrap_err().to_string(), "hold: `maybe` is no value of it");
        assert!(parse("vary", "nan").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_set_is_in_range_and_comes_back(
            moves in prop::collection::vec((0..PARAMETERS.len(), prop::num::f64::ANY), 0..40),
        ) {
            let mut settings = Settings::default();
            for (i, value) in moves {
                let parameter = &PARAMETERS[i];
                let set = parameter.set(&mut settings, value);
                prop_assert!(set >= parameter.range.0 && set <= parameter.range.1);
                let read = parameter.parse(&parameter.text(set)).unwrap();
                // A text has so many decimals.
                let slack = if let Shape::Smooth(decimals) = parameter.shape { 0.51 / 10_f64.powi(decimals as i32) } else { 0.0 };
                prop_assert!((read - set).abs() <= slack, "{} {set} reads as {read}", parameter.name);
                if parameter.name != "density" {
                    prop_assert_eq!(parameter.get(&settings), set, "{}", parameter.name);
                }
            }
            settings.check().unwrap();
        }
    }
}
