//! What the show can be told: one table with names, units and ranges, for keys, MIDI, OSC and pages alike.

pub use oneiro::controls::Shape;
use oneiro::controls::{Row, Turned};

/// A control: what it is called, and what it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// The control.
    pub control: Control,
    /// Its name, the same for ever: lower case.
    pub name: &'static str,
    /// Its unit, where it has one.
    pub unit: &'static str,
    /// Its least and its greatest value.
    pub range: (f64, f64),
    /// Its value at first.
    pub usual: f64,
    /// How its values lie.
    pub shape: Shape,
    /// What it does.
    pub about: &'static str,
}

const SWITCH: &[&str] = &["off", "on"];
const WHEN: &[&str] = &["now", "beat", "bar"];
const WALKS: &[&str] = &["wander", "loop", "circle"];
const CLASSES: &[&str] = &["none", "first", "second", "third"];

macro_rules! controls {
    ($($id:ident $name:literal $unit:literal $low:literal ..= $high:literal, $usual:literal, $shape:expr, $about:literal;)*) => {
        /// A control, as its place in [`CONTROLS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Control { $(#[doc = $about] $id),* }

        /// Every control.
        pub const CONTROLS: &[Spec] = &[$(Spec {
            control: Control::$id, name: $name, unit: $unit, range: ($low, $high), usual: $usual, shape: $shape, about: $about,
        }),*];
    };
}

controls! {
    Scene "scene" "" 1.0 ..= 256.0, 1.0, Shape::Whole, "The scene, by its number.";
    Next "next" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "The next scene.";
    Previous "previous" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "The scene before.";
    SwitchAt "switch-at" "" 0.0 ..= 2.0, 2.0, Shape::Choice(WHEN), "When a scene that was chosen begins.";
    SceneFade "scene-fade" "beats" 0.0 ..= 64.0, 4.0, Shape::Smooth(2), "How long it takes to come.";
    Auto "auto" "bars" 0.0 ..= 128.0, 0.0, Shape::Whole, "After so many bars the next scene comes by itself; 0 is never.";
    Black "black" "" 0.0 ..= 1.0, 0.0, Shape::Choice(SWITCH), "Everything goes dark.";
    BlackFade "black-fade" "s" 0.0 ..= 20.0, 1.5, Shape::Smooth(1), "How long that takes.";
    Freeze "freeze" "" 0.0 ..= 1.0, 0.0, Shape::Choice(SWITCH), "The picture stands still.";
    Light "light" "" 0.0 ..= 1.0, 1.0, Shape::Smooth(2), "Light of everything.";
    Strobe "strobe" "" 0.0 ..= 1.0, 0.0, Shape::Smooth(2), "White on the beat.";
    StrobeRate "strobe-rate" "per beat" 0.25 ..= 8.0, 1.0, Shape::Smooth(2), "How often.";
    Guard "guard" "" 0.0 ..= 1.0, 1.0, Shape::Choice(SWITCH), "Never more than three flashes a second.";
    Walk "walk" "" 0.0 ..= 2.0, 0.0, Shape::Choice(WALKS), "How pictures follow each other.";
    LoopBars "loop-bars" "bars" 1.0 ..= 64.0, 8.0, Shape::Whole, "A loop and a circle are closed after so many bars.";
    Speed "speed" "" 0.0 ..= 8.0, 1.0, Shape::Smooth(2), "How fast they do.";
    Push "push" "" 0.0 ..= 3.0, 1.0, Shape::Smooth(2), "How far notes push them.";
    Truncation "truncation" "" -0.5 ..= 0.5, 0.0, Shape::Smooth(2), "Below 0 pictures are more usual, above stranger.";
    Another "another" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "Other pictures, from another seed.";
    PadX "pad-x" "" -1.0 ..= 1.0, 0.0, Shape::Smooth(2), "Pans through the pictures along one direction.";
    PadY "pad-y" "" -1.0 ..= 1.0, 0.0, Shape::Smooth(2), "The same along another.";
    Blend "blend" "" -1.0 ..= 1.0, 0.0, Shape::Smooth(2), "More of the scene's first pictures, or of its second.";
    Style "style" "" 0.0 ..= 64.0, 0.0, Shape::Whole, "A style that everything painted is repainted in; 0 is the scene's own.";
    Motion "motion" "" 0.0 ..= 2.0, 1.0, Shape::Smooth(2), "How far music moves the scene.";
    Zoom "zoom" "" 0.25 ..= 4.0, 1.0, Shape::Smooth(2), "Closer.";
    Turn "turn" "turns" -0.5 ..= 0.5, 0.0, Shape::Smooth(2), "Turned.";
    Warp "warp" "" 0.0 ..= 1.0, 0.0, Shape::Smooth(2), "More waves than the scene has.";
    Hue "hue" "turns" -0.5 ..= 0.5, 0.0, Shape::Smooth(2), "Other hues.";
    Chroma "chroma" "" 0.0 ..= 2.0, 1.0, Shape::Smooth(2), "Stronger colours.";
    Exposure "exposure" "" 0.25 ..= 4.0, 1.0, Shape::Smooth(2), "Lighter.";
    Trail "trail" "" 0.0 ..= 4.0, 1.0, Shape::Smooth(2), "Longer trails.";
    Glow "glow" "" 0.0 ..= 3.0, 1.0, Shape::Smooth(2), "More glow.";
    Grain "grain" "" 0.0 ..= 4.0, 1.0, Shape::Smooth(2), "More grain.";
    Text "text" "" 0.0 ..= 1.0, 1.0, Shape::Choice(SWITCH), "Titles and lyrics are shown.";
    Tempo "tempo" "bpm" 30.0 ..= 300.0, 100.0, Shape::Smooth(1), "Tempo, where no music gives one.";
    Tap "tap" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "A tap of the tempo.";
    Drift "drift" "" 0.0 ..= 3.0, 0.0, Shape::Choice(CLASSES), "The class of the classifier that the walk leans towards.";
    Place "place" "" 0.0 ..= 64.0, 0.0, Shape::Whole, "The picture of yours that the walk leans towards, by its number; 0 is none.";
    Lean "lean" "" 0.0 ..= 1.0, 0.5, Shape::Smooth(2), "How far.";
    First "first" "" 0.0 ..= 64.0, 0.0, Shape::Whole, "The model that paints first, by its number; 0 leaves the one that does.";
    Second "second" "" 0.0 ..= 64.0, 0.0, Shape::Whole, "The model that paints second.";
    ModelFade "model-fade" "s" 0.0 ..= 20.0, 2.0, Shape::Smooth(1), "How long one model takes to follow another.";
    Go "go" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "The next cue.";
    Back "back" "" 0.0 ..= 1.0, 0.0, Shape::Trigger, "The cue before.";
}

impl Control {
    /// What it is called and what it may be.
    pub fn spec(self) -> &'static Spec {
        &CONTROLS[self as usize]
    }

    /// Whether its values are numbers of things that have names: they can be chosen by those.
    pub fn is_of_names(self) -> bool {
        use Control as C;
        matches!(self, C::Scene | C::Style | C::Drift | C::Place | C::First | C::Second)
    }

    /// The control of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        CONTROLS.iter().find(|spec| spec.name == name).map(|spec| spec.control)
    }
}

impl Turned for Control {
    const FILE: &'static str = "show-midi-map.toml";

    fn named(name: &str) -> Option<Self> {
        Self::by_name(name)
    }

    fn row(self) -> Row {
        let &Spec { name, shape, range, usual, .. } = self.spec();
        let step = if matches!(shape, Shape::Smooth(_)) { 0.1 * (range.1 - range.0) } else { 1.0 };
        Row { name, shape, range, usual, step }
    }
}

impl Spec {
    /// The nearest value that the control may have; its usual one for a number that is none.
    pub fn allow(&self, value: f64) -> f64 {
        self.shape.allow(self.range, self.usual, value)
    }

    /// The value at a share of its range, 0 to 1.
    pub fn at(&self, share: f64) -> f64 {
        self.allow(self.range.0 + share * (self.range.1 - self.range.0))
    }

    /// Where a value lies in its range, 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        ((value - self.range.0) / (self.range.1 - self.range.0)).clamp(0.0, 1.0)
    }

    /// The value of a choice, by its name.
    pub fn named(&self, name: &str) -> Option<f64> {
        let Shape::Choice(names) = self.shape else { return None };
        names.iter().position(|known| *known == name).map(|place| place as f64)
    }

    /// The value as one reads it.
    pub fn text(&self, value: f64) -> String {
        self.shape.text(value)
    }
}

/// The values of all controls, each within its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings(Vec<f64>);

impl Default for Settings {
    fn default() -> Self {
        Self(CONTROLS.iter().map(|spec| spec.usual).collect())
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

    /// Sets a control to the nearest value that it may have, and gives that. A trigger keeps no value.
    pub fn set(&mut self, control: Control, value: f64) -> f64 {
        let value = control.spec().allow(value);
        if control.spec().shape != Shape::Trigger {
            self.0[control as usize] = value;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (i, spec) in CONTROLS.iter().enumerate() {
            assert_eq!(spec.control as usize, i, "{}", spec.name);
            assert_eq!(Control::by_name(spec.name), Some(spec.control), "{} is there twice", spec.name);
            assert_eq!(spec.allow(spec.usual), spec.usual, "{}", spec.name);
            if let Shape::Choice(names) = spec.shape {
                assert_eq!(spec.range, (0.0, names.len() as f64 - 1.0), "{}", spec.name);
            }
        }
    }

    #[test]
    fn whatever_is_sent_a_control_stays_in_its_range() {
        let mut settings = Settings::default();
        for spec in CONTROLS {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300, 0.49, 1e300] {
                settings.set(spec.control, value);
                let now = settings.get(spec.control);
                assert!((spec.range.0..=spec.range.1).contains(&now), "{} is {now}", spec.name);
            }
        }
    }
}
