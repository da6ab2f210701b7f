//! What a player sets of the modes, and what he orders.

use super::super::{ComposeError, Controls};
use crate::music::{Melody, PitchClass, STEPS_PER_BEAT};
use std::fmt;
use std::str::FromStr;

/// What the composer does with what it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Listens for some bars and replies for as many.
    #[default]
    Answer,
    /// Goes on as soon as the player stops, until he plays again.
    Continue,
    /// A running melody over the chords that are held or played.
    Improvise,
    /// Phrases between those that were captured.
    Morph,
    /// Listens to a phrase and replies with a variation of it.
    Vary,
    /// A second voice to what is played: it begins and ends with each note.
    Harmonise,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 6] =
        [Self::Answer, Self::Continue, Self::Improvise, Self::Morph, Self::Vary, Self::Harmonise];

    /// Their names, in lower case and in the same order.
    pub const NAMES: &[&str] = &["answer", "continue", "improvise", "morph", "vary", "harmonise"];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| format!("one of {} is needed", names()))
    }
}

/// Where a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Boundary {
    /// On the next beat of the metre.
    Beat,
    /// On the next bar line.
    #[default]
    Bar,
}

/// The interval that the second voice likes best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)] // the names say it
pub enum SecondVoice {
    #[default]
    ThirdBelow,
    SixthBelow,
    ThirdAbove,
    SixthAbove,
}

/// Most bars of a phrase.
pub const MOST_BARS: u32 = 16;

/// What a player sets of the modes. A change takes effect with the next phrase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// Bars of a call, an answer and any other phrase, 1 to 16. Phrases of the phrase network have its own number.
    pub bars: u32,
    /// Whether anything is played: where this is off, the player is heard and left alone.
    pub answers: bool,
    /// Where a change of mode, and a phrase that is asked for, begin.
    pub switch_at: Boundary,
    /// Whether the phrase that sounds is repeated until this is off again.
    pub hold: bool,
    /// Bit n is set where bar n of a phrase stays as it is when another one is asked for.
    pub locked: u16,
    /// Where between the captured phrases to be: 0 to 1 each. A is at (0, 0), B at (1, 0), C at (0, 1), D at (1, 1).
    pub morph: [f64; 2],
    /// How far a variation goes, 0 to 1: from the phrase as the network writes it again to as far as phrases go.
    pub vary: f64,
    /// Silence after which the player has stopped, in grid steps of 1/24 of a quarter note: 0 to 96.
    pub stop: u32,
    /// The second voice.
    pub second: SecondVoice,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            bars: 2,
            answers: true,
            switch_at: Boundary::default(),
            hold: false,
            locked: 0,
            morph: [0.0; 2],
            vary: 0.3,
            stop: STEPS_PER_BEAT / 2,
            second: SecondVoice::default(),
        }
    }
}

/// Everything that a player sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How notes are chosen and played.
    pub controls: Controls,
    /// What the modes do.
    pub direction: Direction,
    /// The root that [`super::super::PARAMETERS`] put a scale on, kept while the player is followed.
    pub root: PitchClass,
}

impl Default for Settings {
    fn default() -> Self {
        Self { controls: Controls::default(), direction: Direction::default(), root: PitchClass::C }
    }
}

impl Settings {
    /// Checks that everything is within its range.
    ///
    /// # Errors
    /// [`ComposeError::Control`] names the first that is not.
    pub fn check(&self) -> Result<(), ComposeError> {
        self.controls.check()?;
        let Direction { bars, morph: [x, y], vary, stop, .. } = self.direction;
        let stop_range = (0.0, f64::from(4 * STEPS_PER_BEAT));
        for (control, value, range) in [
            ("phrase length", f64::from(bars), (1.0, f64::from(MOST_BARS))),
            ("morph x", x, (0.0, 1.0)),
            ("morph y", y, (0.0, 1.0)),
            ("vary", vary, (0.0, 1.0)),
            ("stop", f64::from(stop), stop_range),
        ] {
            ComposeError::unless_within(control, value, range)?;
        }
        Ok(())
    }
}

/// A place for a captured phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Corner {
    A,
    B,
    C,
    D,
}

impl Corner {
    /// Every corner.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];
}

impl fmt::Display for Corner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Corner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_it = |corner: &Self| corner.to_string().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(is_it).ok_or_else(|| "a corner is A, B, C or D".into())
    }
}

/// What a player orders. Each order has a position in the music, and so has what comes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Another mode, from the next boundary on.
    Mode(Mode),
    /// Other settings; where one is out of range all stay as they are.
    Settings(Box<Settings>),
    /// Keeps the bars that the player has just played as a phrase, up to the bar line after his last note.
    Capture(Corner),
    /// Puts a phrase of one's own into a corner, or empties it. Only its first bars count, and their metre is that of
    /// the melody.
    Keep(Corner, Option<Melody>),
    /// The phrase that sounded last, note for note.
    Again,
    /// Another phrase in place of the one that sounded last; its locked bars stay.
    Another,
    /// The phrase before the one that sounded last.
    Undo,
    /// The phrase that was undone.
    Redo,
}
