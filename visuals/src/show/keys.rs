//! What keys do: one table, for the window and for its help.

use super::controls::{Control, Settings, Shape};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// Chooses a scene, by its number.
    Scene(u8),
    /// Presses a trigger.
    Press(Control),
    /// Turns a switch, or goes on to the next choice or the next of these values.
    Next(Control, &'static [f64]),
    /// Moves a control.
    Move(Control, f64),
    /// Shows or hides the help.
    Help,
    /// Fills the monitor, or no longer.
    FullScreen,
    /// Ends the show.
    Quit,
}

/// A key by the name of its place on a keyboard, as others read it, and what it does.
pub struct Key {
    /// Its place: `KeyB`, `Digit1`, `ArrowLeft`, …
    pub code: &'static str,
    /// What stands on it.
    pub label: &'static str,
    /// What it does.
    pub act: Act,
    /// The same in words; empty where a neighbour's say it.
    pub about: &'static str,
}

macro_rules! keys {
    ($($code:literal $label:literal $act:expr, $about:literal;)*) => {
        /// Every key.
        pub const KEYS: &[Key] = &[$(Key { code: $code, label: $label, act: $act, about: $about }),*];
    };
}

keys! {
    "F1" "F1" Act::Help, "this help";
    "F11" "F11" Act::FullScreen, "full screen";
    "Escape" "Esc" Act::Quit, "end";
    "ArrowRight" "→" Act::Press(Control::Next), "next scene";
    "ArrowLeft" "←" Act::Press(Control::Previous), "scene before";
    "Digit1" "1 … 0" Act::Scene(1), "scenes";
    "Digit2" "2" Act::Scene(2), "";
    "Digit3" "3" Act::Scene(3), "";
    "Digit4" "4" Act::Scene(4), "";
    "Digit5" "5" Act::Scene(5), "";
    "Digit6" "6" Act::Scene(6), "";
    "Digit7" "7" Act::Scene(7), "";
    "Digit8" "8" Act::Scene(8), "";
    "Digit9" "9" Act::Scene(9), "";
    "Digit0" "0" Act::Scene(10), "";
    "Enter" "enter" Act::Press(Control::Go), "next cue";
    "Backspace" "⌫" Act::Press(Control::Back), "cue before";
    "KeyQ" "Q" Act::Next(Control::SwitchAt, &[]), "scenes begin now, on the beat, on the bar";
    "KeyA" "A" Act::Next(Control::Auto, &[0.0, 4.0, 8.0, 16.0, 32.0]), "scenes change by themselves";
    "Space" "space" Act::Press(Control::Tap), "tap the tempo";
    "KeyB" "B" Act::Next(Control::Black, &[]), "black";
    "KeyF" "F" Act::Next(Control::Freeze, &[]), "freeze";
    "KeyN" "N" Act::Press(Control::Another), "other pictures";
    "KeyW" "W" Act::Next(Control::Walk, &[]), "wander, loop, circle";
    "KeyY" "Y" Act::Next(Control::Style, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]), "repaint in a style";
    "KeyD" "D" Act::Next(Control::Drift, &[]), "lean towards a class";
    "KeyS" "S" Act::Next(Control::Strobe, &[0.0, 0.5, 1.0]), "strobe";
    "KeyG" "G" Act::Next(Control::Guard, &[]), "flash guard";
    "KeyX" "X" Act::Next(Control::Text, &[]), "text";
    "ArrowUp" "↑ ↓" Act::Move(Control::Speed, 0.25), "speed";
    "ArrowDown" "↓" Act::Move(Control::Speed, -0.25), "";
    "KeyM" "M" Act::Next(Control::Motion, &[0.0, 0.5, 1.0, 2.0]), "how far music moves the scene";
    "Comma" ", ." Act::Move(Control::Blend, -0.1), "first or second pictures";
    "Period" "." Act::Move(Control::Blend, 0.1), "";
    "Minus" "− +" Act::Move(Control::Zoom, -0.05), "zoom";
    "Equal" "+" Act::Move(Control::Zoom, 0.05), "";
    "BracketLeft" "[ ]" Act::Move(Control::Hue, -0.02), "hue";
    "BracketRight" "]" Act::Move(Control::Hue, 0.02), "";
    "KeyJ" "J K" Act::Move(Control::Light, -0.1), "light";
    "KeyK" "K" Act::Move(Control::Light, 0.1), "";
}

impl Key {
    /// The key at a place.
    pub fn at(code: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.code == code)
    }
}

impl Act {
    /// The control that it sets and the value that it gives it, where it does that.
    pub fn sets(self, settings: &Settings) -> Option<(Control, f64)> {
        match self {
            Self::Scene(number) => Some((Control::Scene, f64::from(number))),
            Self::Press(control) => Some((control, 1.0)),
            Self::Move(control, by) => Some((control, settings.get(control) + by)),
            Self::Next(control, values) => {
                let now = settings.get(control);
                let next = match (control.spec().shape, values) {
                    (Shape::Choice(names), []) => (now + 1.0).rem_euclid(names.len() as f64),
                    (_, values) => values.iter().copied().find(|v| *v > now + 1e-9).unwrap_or(values.first().copied()?),
                };
                Some((control, next))
            }
            Self::Help | Self::FullScreen | Self::Quit => None,
        }
    }
}

/// The help: a line for each key, in so many columns.
pub fn help() -> String {
    KEYS.iter().filter(|k| !k.about.is_empty()).map(|k| format!("{}   {}\n", k.label, k.about)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_there_twice_and_what_goes_round_comes_back() {
        for key in KEYS {
            assert_eq!(KEYS.iter().filter(|k| k.code == key.code).count(), 1, "{}", key.code);
            let Act::Next(control, _) = key.act else { continue };
            let mut settings = Settings::default();
            settings.set(control, control.spec().range.0);
            let first = settings.get(control);
            let round = (0..40).any(|_| {
                let (control, value) = key.act.sets(&settings).unwrap();
                settings.set(control, value) == first
            });
            assert!(round, "{} does not come back", key.code);
        }
        assert_eq!(Key::at("KeyB").map(|k| k.act), Some(Act::Next(Control::Black, &[])));
        assert!(help().lines().count() > 15);
    }
}
