//! Every control, with ranges, units and texts.
//!
//! What belongs to the instrument itself stands here; the composer's settings are taken from [`PARAMETERS`].

use super::learn::{Row, Turned};
use super::sounds;
use crate::bridge::Part;
use crate::compose::{self, Corner, Mode, Order, PARAMETERS, Parameter, Shape};
use crate::live::Patch;
use std::sync::LazyLock;

/// A control: what it is called, and what it may be.
#[derive(Debug, Clone, Copy)]
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
    source: Source,
}

/// Where the value of a control is.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// Here.
    Own,
    /// In the composer's settings.
    Composer(&'static Parameter),
    /// In the bit of the composer's locked bars that has this number.
    Lock(u32),
}

/// A control, as its place in [`CONTROLS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Control(usize);

macro_rules! own {
    ($($(#[$doc:meta])* $id:ident = $place:literal, $name:literal $unit:literal $low:literal ..= $high:literal, $step:literal, $usual:literal, $shape:expr;)*) => {
        impl Control { $($(#[$doc])* pub const $id: Self = Self($place);)* }

        /// The instrument's own.
        const OWN: &[Spec] = &[$(Spec {
            control: Control::$id, name: $name, unit: $unit, range: ($low, $high), step: $step, usual: $usual,
            shape: $shape, source: Source::Own,
        },)*];
    };
}

const SWITCH: &[&str] = &["off", "on"];

own! {
    /// What the composer does: [`Mode`], by its place.
    MODE = 0, "mode" "" 0.0 ..= 5.0, 1.0, 0.0, Shape::Choice(Mode::NAMES);
    /// The phrase that sounded last, once more.
    AGAIN = 1, "again" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// Another phrase in its place.
    ANOTHER = 2, "another" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The phrase before it.
    UNDO = 3, "undo" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The phrase that was undone.
    REDO = 4, "redo" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// Keeps what was just played as phrase A.
    CAPTURE_A = 5, "capture-a" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The same as phrase B.
    CAPTURE_B = 6, "capture-b" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The same as phrase C.
    CAPTURE_C = 7, "capture-c" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The same as phrase D.
    CAPTURE_D = 8, "capture-d" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// Tempo of the own clock.
    TEMPO = 9, "tempo" "bpm" 30.0 ..= 300.0, 1.0, 110.0, Shape::Smooth(2);
    /// The sounds.
    SOUND = 10, "sound" "" 0.0 ..= 8.0, 1.0, 0.0, Shape::Choice(sounds::NAMES);
    /// The level of all sound.
    VOLUME = 11, "volume" "" 0.0 ..= 1.0, 0.05, 1.0, Shape::Smooth(2);
    /// Whether what comes in by MIDI goes out again.
    THRU = 12, "thru" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Choice(SWITCH);
    /// Whether time comes from MIDI clock.
    FOLLOW = 13, "follow-clock" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Choice(SWITCH);
    /// Whether MIDI clock is sent.
    SEND_CLOCK = 14, "send-clock" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Choice(SWITCH);
    /// Whether the own clock runs.
    RUN = 15, "run" "" 0.0 ..= 1.0, 1.0, 1.0, Shape::Choice(SWITCH);
    /// A tap of the tempo.
    TAP = 16, "tap" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// Everything ends.
    PANIC = 17, "panic" "" 0.0 ..= 1.0, 1.0, 0.0, Shape::Trigger;
    /// The SoundFont's instrument that calls, by its number in General MIDI, from 0.
    CALL_PROGRAM = 18, "call-program" "" 0.0 ..= 127.0, 1.0, 0.0, Shape::Whole;
    /// That answers.
    ANSWER_PROGRAM = 19, "answer-program" "" 0.0 ..= 127.0, 1.0, 73.0, Shape::Whole;
    /// That accompanies.
    BACKING_PROGRAM = 20, "backing-program" "" 0.0 ..= 127.0, 1.0, 48.0, Shape::Whole;
}

/// The parameter that the locks are bits of; each bar has a switch of its own here.
const LOCKED: &str = "locked-bars";
const LOCKS: [&str; compose::MOST_BARS as usize] = [
    "lock-1", "lock-2", "lock-3", "lock-4", "lock-5", "lock-6", "lock-7", "lock-8", "lock-9", "lock-10", "lock-11",
    "lock-12", "lock-13", "lock-14", "lock-15", "lock-16",
];

/// Every control, in the order of the screen: the instrument's own, the composer's, a lock for each bar.
pub static CONTROLS: LazyLock<Vec<Spec>> = LazyLock::new(|| {
    let mut all = OWN.to_vec();
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.name != LOCKED) {
        let Parameter { name, unit, range, default: usual, shape, .. } = *parameter;
        let step = if let Shape::Smooth(_) = shape { round_step(range.1 - range.0) } else { 1.0 };
        let (control, source) = (Control(all.len()), Source::Composer(parameter));
        all.push(Spec { control, name, unit, range, step, usual, shape, source });
    }
    for (bit, name) in (0..).zip(LOCKS) {
        let (control, source, shape) = (Control(all.len()), Source::Lock(bit), Shape::Choice(SWITCH));
        all.push(Spec { control, name, unit: "", range: (0.0, 1.0), step: 1.0, usual: 0.0, shape, source });
    }
    all
});

/// 1, 2 or 5 times a power of ten: the greatest that is at most a twentieth of a range.
fn round_step(range: f64) -> f64 {
    let most = range / 20.0 * (1.0 + 1e-9);
    let power = 10_f64.powf(most.log10().floor());
    [5.0, 2.0].into_iter().map(|m| m * power).find(|step| *step <= most).unwrap_or(power)
}

impl Control {
    /// What it is called and what it may be.
    pub fn spec(self) -> &'static Spec {
        &CONTROLS[self.0]
    }

    /// Its place in [`CONTROLS`].
    pub fn place(self) -> usize {
        self.0
    }

    /// The control of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        CONTROLS.iter().find(|spec| spec.name == name).map(|spec| spec.control)
    }
}

impl Turned for Control {
    const FILE: &'static str = "midi-map.toml";

    fn named(name: &str) -> Option<Self> {
        Self::by_name(name)
    }

    fn row(self) -> Row {
        let &Spec { name, shape, range, usual, step, .. } = self.spec();
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

    /// The value as a player reads it.
    pub fn text(&self, value: f64) -> String {
        if let Source::Composer(parameter) = self.source {
            return parameter.text(value);
        }
        self.shape.text(value)
    }

    /// The value that a text stands for.
    ///
    /// # Errors
    /// What is needed in its place, in words.
    pub fn parse(&self, text: &str) -> Result<f64, String> {
        let (name, (low, high)) = (self.name, self.range);
        if let Source::Composer(parameter) = self.source {
            return parameter.parse(text).map_err(|e| e.to_string());
        }
        let place = |names: &[&str]| names.iter().position(|n| *n == text).map(|i| i as f64);
        let value = match self.shape {
            Shape::Trigger => return Err(format!("`{name}` is pressed, not set")),
            Shape::Choice(names) => place(names).or_else(|| text.parse().ok()),
            Shape::Smooth(_) | Shape::Whole => text.parse().ok(),
        };
        value
            .filter(|v| (low..=high).contains(v))
            .map(|v| self.allow(v))
            .ok_or_else(|| format!("`{name}` is from {low} to {high}"))
    }

    /// Whether it is one of the composer's settings, which are given to it altogether.
    pub fn is_composers(&self) -> bool {
        !matches!(self.source, Source::Own)
    }
}

/// The values of all controls, each within its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    own: Vec<f64>,
    composer: compose::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self { own: OWN.iter().map(|spec| spec.usual).collect(), composer: compose::Settings::default() }
    }
}

impl Settings {
    /// The value of a control.
    pub fn get(&self, control: Control) -> f64 {
        match control.spec().source {
            Source::Own => self.own[control.0],
            Source::Composer(parameter) => parameter.get(&self.composer),
            Source::Lock(bit) => f64::from(self.composer.direction.locked >> bit & 1),
        }
    }

    /// Whether a switch is on.
    pub fn on(&self, control: Control) -> bool {
        self.get(control) > 0.5
    }

    /// Sets a control to the nearest value that it may have, and gives that.
    pub fn set(&mut self, control: Control, value: f64) -> f64 {
        let spec = control.spec();
        let value = spec.allow(value);
        match spec.source {
            Source::Own => self.own[control.0] = value,
            Source::Composer(parameter) => drop(parameter.set(&mut self.composer, value)),
            Source::Lock(bit) if value > 0.5 => self.composer.direction.locked |= 1 << bit,
            Source::Lock(bit) => self.composer.direction.locked &= !(1 << bit),
        }
        value
    }

    /// The instruments of the parts, in the order of [`Part::ALL`].
    pub fn patches(&self) -> [Patch; Part::ALL.len()] {
        let programs = [Control::CALL_PROGRAM, Control::ANSWER_PROGRAM, Control::BACKING_PROGRAM];
        sounds::patches(self.get(Control::SOUND) as usize, programs.map(|program| self.get(program) as u8))
    }

    /// Whether the instruments are those of a SoundFont.
    pub fn wants_sound_font(&self) -> bool {
        self.get(Control::SOUND) as usize == sounds::BUILT_IN
    }

    /// The composer's.
    pub fn composer(&self) -> &compose::Settings {
        &self.composer
    }

    /// The mode that is wanted.
    pub fn mode(&self) -> Mode {
        Mode::ALL[self.get(Control::MODE) as usize]
    }

    /// What a control that has just been set orders of the composer, if anything.
    pub fn order(&self, control: Control) -> Option<Order> {
        let order = match control {
            Control::MODE => Order::Mode(self.mode()),
            Control::AGAIN => Order::Again,
            Control::ANOTHER => Order::Another,
            Control::UNDO => Order::Undo,
            Control::REDO => Order::Redo,
            Control::CAPTURE_A => Order::Capture(Corner::A),
            Control::CAPTURE_B => Order::Capture(Corner::B),
            Control::CAPTURE_C => Order::Capture(Corner::C),
            Control::CAPTURE_D => Order::Capture(Corner::D),
            _ if control.spec().is_composers() => Order::Settings(Box::new(self.composer.clone())),
            _ => return None,
        };
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_sound_and_holds_every_parameter_of_the_composer() {
        for (i, spec) in CONTROLS.iter().enumerate() {
            assert_eq!(spec.control.place(), i, "{}", spec.name);
            assert_eq!(Control::by_name(spec.name), Some(spec.control), "{} is there twice", spec.name);
            assert_eq!(spec.allow(spec.usual), spec.usual, "{}", spec.name);
            assert_eq!(Settings::default().get(spec.control), spec.usual, "{}", spec.name);
            if let Shape::Choice(names) = spec.shape {
                assert_eq!(spec.range, (0.0, names.len() as f64 - 1.0), "{}", spec.name);
            }
        }
        assert!(PARAMETERS.iter().all(|p| p.name == LOCKED || Control::by_name(p.name).is_some()));
        assert_eq!(Mode::NAMES, Mode::ALL.map(Mode::name).as_slice());
        assert_eq!(Settings::default().composer(), &compose::Settings::default());
        let step = |name: &str| Control::by_name(name).unwrap().spec().step;
        assert!((step("temperature") - 0.1).abs() < 1e-12 && (step("vary") - 0.05).abs() < 1e-12);
    }

    #[test]
    fn locks_are_bits_and_triggers_are_orders() {
        let mut settings = Settings::default();
        let lock = |n: u32| Control::by_name(&format!("lock-{n}")).unwrap();
        settings.set(lock(1), 1.0);
        settings.set(lock(16), 1.0);
        assert_eq!((settings.composer().direction.locked, settings.on(lock(2))), (0x8001, false));
        settings.set(lock(1), 0.0);
        let Some(Order::Settings(given)) = settings.order(lock(1)) else { panic!("a lock is a setting") };
        assert_eq!(given.direction.locked, 0x8000);
        assert_eq!(settings.order(Control::CAPTURE_C), Some(Order::Capture(Corner::C)));
        assert_eq!(settings.order(Control::TEMPO), None);
    }

    proptest! {
        #[test]
        fn whatever_is_set_is_fit_for_the_composer(moves in prop::collection::vec((0..CONTROLS.len(), prop::num::f64::ANY), 0..40)) {
            let mut settings = Settings::default();
            for (i, value) in moves {
                let spec = &CONTROLS[i];
                let set = settings.set(spec.control, value);
                prop_assert!(set >= spec.range.0 && set <= spec.range.1);
                let text = spec.text(settings.get(spec.control));
                prop_assert!(spec.shape == Shape::Trigger || spec.parse(&text).is_ok(), "{} {text}", spec.name);
            }
            settings.composer().check().unwrap();
        }
    }
}
