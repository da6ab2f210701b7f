//! What a player can turn and press, with ranges and units: one table for the screen, for MIDI and for recordings.

use crate::compose::{Controls, Expression, Freedom, ScaleControl};
use crate::music::{PitchClass, PitchClassSet, Scale};
use crate::time::Beats;

/// How the values of a control lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Any number of its range.
    Smooth,
    /// Whole numbers.
    Whole,
    /// One of these, by its place.
    Choice(&'static [&'static str]),
    /// A switch: 0 or 1.
    Switch,
    /// Something that happens when it is pressed.
    Trigger,
}

/// A control: what it is called, and what it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// The control.
    pub control: Control,
    /// Its name, as in the map of MIDI controllers and in recordings.
    pub name: &'static str,
    /// Its unit, where it has one.
    pub unit: &'static str,
    /// Its least and its greatest value.
    pub range: (f64, f64),
    /// What one press of an arrow key changes.
    pub step: f64,
    /// Its value at first.
    pub usual: f64,
    /// How its values lie.
    pub shape: Shape,
}

macro_rules! controls {
    ($($(#[$doc:meta])* $id:ident $name:literal $unit:literal $low:literal .. $high:literal, $step:literal, $usual:literal, $shape:expr;)*) => {
        /// A control.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Control { $($(#[$doc])* $id,)* }

        /// Every control, in the order of the screen.
        pub const CONTROLS: &[Spec] = &[$(Spec {
            control: Control::$id, name: $name, unit: $unit, range: ($low, $high), step: $step, usual: $usual, shape: $shape,
        },)*];
    };
}

const GRIDS: &[&str] = &["free", "1/32", "1/16", "1/8 triplet", "1/8", "1/4"];
const GRID_STEPS: [Option<u32>; 6] = [None, Some(3), Some(6), Some(8), Some(12), Some(24)];
const SCALES: &[&str] = &[
    "follow",
    "major",
    "minor",
    "harmonic minor",
    "dorian",
    "phrygian",
    "lydian",
    "mixolydian",
    "major pentatonic",
    "minor pentatonic",
    "blues",
    "whole tone",
    "octatonic",
];
const ROOTS: &[&str] = &["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

controls! {
    /// How freely events are drawn.
    Temperature "temperature" "" 0.05..3.0, 0.05, 1.0, Shape::Smooth;
    /// The share of the likeliest events that is drawn from.
    TopP "top-p" "" 0.01..1.0, 0.01, 0.95, Shape::Smooth;
    /// Notes in a beat; at its least it follows the player.
    Density "density" "notes/beat" 0.0..8.0, 0.25, 0.0, Shape::Smooth;
    /// Silence between notes.
    Rests "rests" "" -1.0..1.0, 0.1, 0.0, Shape::Smooth;
    /// Lowest pitch; at its least it follows the player.
    Lowest "lowest" "key" 0.0..127.0, 1.0, 0.0, Shape::Whole;
    /// Highest pitch; at its greatest it follows the player.
    Highest "highest" "key" 0.0..127.0, 1.0, 127.0, Shape::Whole;
    /// The scale.
    Scale "scale" "" 0.0..12.0, 1.0, 0.0, Shape::Choice(SCALES);
    /// The root of the scale.
    Root "root" "" 0.0..11.0, 1.0, 0.0, Shape::Choice(ROOTS);
    /// Where onsets may fall.
    Grid "grid" "" 0.0..5.0, 1.0, 0.0, Shape::Choice(GRIDS);
    /// Semitones that answers are moved by.
    Transpose "transpose" "semitones" -24.0..24.0, 1.0, 0.0, Shape::Whole;
    /// Where the second of two eighths falls.
    Swing "swing" "" 0.5..0.75, 0.01, 0.5, Shape::Smooth;
    /// How far onsets stray.
    Timing "timing" "beats" 0.0..0.1, 0.005, 0.0, Shape::Smooth;
    /// How far velocities stray.
    Dynamics "dynamics" "" 0.0..30.0, 1.0, 0.0, Shape::Smooth;
    /// The curve of velocities.
    VelocityCurve "velocity-curve" "" 0.25..4.0, 0.05, 1.0, Shape::Smooth;
    /// Share of its length that a note is held.
    Gate "gate" "" 0.1..1.0, 0.05, 0.95, Shape::Smooth;
    /// Bars that are listened to.
    CallBars "call-bars" "bars" 1.0..16.0, 1.0, 2.0, Shape::Whole;
    /// Bars of an answer.
    AnswerBars "answer-bars" "bars" 1.0..16.0, 1.0, 2.0, Shape::Whole;
    /// Whether there are answers.
    Answers "answers" "" 0.0..1.0, 1.0, 1.0, Shape::Switch;
    /// Tempo of the own clock.
    Tempo "tempo" "bpm" 30.0..300.0, 1.0, 110.0, Shape::Smooth;
    /// The sounds.
    Sound "sound" "" 0.0..7.0, 1.0, 0.0, Shape::Choice(super::preset::NAMES);
    /// The level of all sound.
    Volume "volume" "" 0.0..1.0, 0.05, 1.0, Shape::Smooth;
    /// The seed of all choices.
    Seed "seed" "" 0.0..9999.0, 1.0, 1.0, Shape::Whole;
    /// Whether what comes in by MIDI goes out again.
    Thru "thru" "" 0.0..1.0, 1.0, 0.0, Shape::Switch;
    /// Whether time comes from MIDI clock.
    Follow "follow-clock" "" 0.0..1.0, 1.0, 0.0, Shape::Switch;
    /// Whether MIDI clock is sent.
    SendClock "send-clock" "" 0.0..1.0, 1.0, 0.0, Shape::Switch;
    /// Whether the own clock runs.
    Run "run" "" 0.0..1.0, 1.0, 1.0, Shape::Switch;
    /// A tap of the tempo.
    Tap "tap" "" 0.0..1.0, 1.0, 0.0, Shape::Trigger;
    /// Everything ends.
    Panic "panic" "" 0.0..1.0, 1.0, 0.0, Shape::Trigger;
}

impl Control {
    /// What it is called and what it may be.
    pub fn spec(self) -> &'static Spec {
        &CONTROLS[self as usize]
    }

    /// The control of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        CONTROLS.iter().find(|spec| spec.name == name).map(|spec| spec.control)
    }
}

impl Spec {
    /// The nearest value that the control may have; its usual one for a number that is none.
    pub fn allow(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.usual } else { value.clamp(self.range.0, self.range.1) };
        if self.shape == Shape::Smooth { value } else { value.round() }
    }

    /// The value at a share of its range, 0 to 1.
    pub fn at(&self, share: f64) -> f64 {
        self.allow(self.range.0 + share * (self.range.1 - self.range.0))
    }

    /// The value as a player reads it.
    pub fn text(&self, value: f64) -> String {
        let follows = match self.control {
            Control::Density | Control::Lowest => value <= self.range.0,
            Control::Highest => value >= self.range.1,
            _ => false,
        };
        match self.shape {
            _ if follows => "follow".into(),
            Shape::Choice(names) => names.get(value as usize).copied().unwrap_or_default().to_owned(),
            Shape::Switch => if value > 0.5 { "on" } else { "off" }.into(),
            Shape::Trigger => String::new(),
            Shape::Whole => format!("{value:.0}"),
            Shape::Smooth if self.step < 0.01 => format!("{value:.3}"),
            Shape::Smooth => format!("{value:.2}"),
        }
    }
}

/// The values of all controls, each within its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings([f64; CONTROLS.len()]);

impl Default for Settings {
    fn default() -> Self {
        Self(std::array::from_fn(|i| CONTROLS[i].usual))
    }
}

impl Settings {
    /// The value of a control.
    pub fn get(&self, control: Control) -> f64 {
        self.0[control as usize]
    }

    /// Whether a switch is on.
    pub fn on(&self, control: Control) -> bool {
        self.get(control) > 0.5
    }

    /// Sets a control to the nearest value that it may have, and gives that.
    pub fn set(&mut self, control: Control, value: f64) -> f64 {
        let value = control.spec().allow(value);
        self.0[control as usize] = value;
        value
    }

    /// What the composer is to do.
    pub fn composer(&self) -> Controls {
        let pitch = |control| self.get(control) as u8;
        let (low, high) = (pitch(Control::Lowest), pitch(Control::Highest));
        let root = PitchClass::of(self.get(Control::Root) as u8);
        let scale = Scale::by_name(SCALES[self.get(Control::Scale) as usize]).map(|scale| {
            let tones = scale.on(root);
            let stable: PitchClassSet = [root, root.up(3), root.up(4), root.up(7)].into_iter().collect();
            ScaleControl { tones, stable: stable.intersection(tones) }
        });
        let density = Some(self.get(Control::Density)).filter(|notes| *notes > 0.0).map(|notes| notes.max(0.125));
        Controls {
            seed: self.get(Control::Seed) as u64,
            freedom: Freedom { temperature: self.get(Control::Temperature), top_p: self.get(Control::TopP) },
            density,
            rests: self.get(Control::Rests),
            range: ((low, high) != (0, 127)).then(|| (low.min(high), high.max(low))),
            scale,
            grid: GRID_STEPS[self.get(Control::Grid) as usize],
            transpose: self.get(Control::Transpose) as i32,
            expression: Expression {
                swing: self.get(Control::Swing),
                timing: Beats(self.get(Control::Timing)),
                dynamics: self.get(Control::Dynamics),
                velocity_curve: self.get(Control::VelocityCurve),
                gate: self.get(Control::Gate),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_sound_and_its_usual_values_are_the_composers() {
        for (i, spec) in CONTROLS.iter().enumerate() {
            assert_eq!(spec.control as usize, i);
            assert_eq!(Control::by_name(spec.name), Some(spec.control));
            assert_eq!(spec.allow(spec.usual), spec.usual, "{}", spec.name);
            if let Shape::Choice(names) = spec.shape {
                assert_eq!(spec.range, (0.0, names.len() as f64 - 1.0), "{}", spec.name);
            }
        }
        assert!(SCALES[1..].iter().all(|name| Scale::by_name(name).is_some()));
        assert_eq!(GRIDS.len(), GRID_STEPS.len());
        assert_eq!(Settings::default().composer(), Controls { seed: 1, ..Controls::default() });
    }

    proptest! {
        #[test]
        fn whatever_is_set_is_fit_for_the_composer(moves in prop::collection::vec((0..CONTROLS.len(), prop::num::f64::ANY), 0..40)) {
            let mut settings = Settings::default();
            for (i, value) in moves {
                let set = settings.set(CONTROLS[i].control, value);
                prop_assert!(set >= CONTROLS[i].range.0 && set <= CONTROLS[i].range.1);
                CONTROLS[i].text(set);
            }
            settings.composer().check().unwrap();
        }
    }
}
