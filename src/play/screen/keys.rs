//! The computer's keyboard: two rows are a piano's, the rest moves controls.

use super::super::stagehand::Wish;
use crate::controls::{CONTROLS, Control};
use crate::model::spec::Kind;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::collections::BTreeMap;

/// The lower row from C on, and the upper row from the C above, as they lie on a keyboard with American lettering.
const LOWER: &str = "zsxdcvgbhnjm,l.;/";
const UPPER: &str = "q2w3er5t6y7ui9o0p";
/// How long a key counts as held after its last sign of life, where the terminal does not tell of its release: longer
/// than keys wait before they repeat at first.
const HOLD_NS: u64 = 550_000_000;
/// The same once it repeats.
const REPEAT_NS: u64 = 150_000_000;
/// Keys pressed within this are a chord; one that is pressed later ends those before it, where no release is told.
const CHORD_NS: u64 = 80_000_000;

/// What a key does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// A note begins: pitch and velocity.
    Press(u8, u8),
    /// A note ends.
    Release(u8),
    /// Something for the stagehand.
    Wish(Wish),
    /// The program ends.
    Quit,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    pitch: u8,
    since_ns: u64,
    until_ns: u64,
}

/// The state of the keyboard.
#[derive(Debug, Clone)]
pub(super) struct Keyboard {
    /// The octave of the lower row: 4 begins at middle C.
    pub octave: u8,
    /// Velocity of its notes: 1 to 127.
    pub velocity: u8,
    /// The control that the arrow keys move, as its place in the table.
    pub selected: usize,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether the next Escape ends the program.
    pub leaving: bool,
    /// Whether the terminal tells of released keys.
    pub releases: bool,
    held: BTreeMap<char, Held>,
}

impl Default for Keyboard {
    fn default() -> Self {
        let (octave, velocity, selected) = (4, 90, Control::MODE.place());
        let (help, leaving, releases) = (false, false, false);
        Self { octave, velocity, selected, help, leaving, releases, held: BTreeMap::new() }
    }
}

impl Keyboard {
    /// A keyboard at a terminal that tells of released keys, or does not.
    pub(super) fn new(releases: bool) -> Self {
        Self { releases, ..Self::default() }
    }

    fn pitch(&self, letter: char) -> Option<u8> {
        let letter = letter.to_ascii_lowercase();
        let place = |row: &str, from: usize| row.chars().position(|c| c == letter).map(|place| place + from);
        let place = place(LOWER, 0).or_else(|| place(UPPER, 12))?;
        u8::try_from(12 * (usize::from(self.octave) + 1) + place).ok().filter(|pitch| *pitch < 128)
    }

    /// What a key does at a moment.
    pub(super) fn key(&mut self, key: KeyEvent, now_ns: u64) -> Vec<Act> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let free = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (KeyCode::Char(letter), KeyEventKind::Release) = (key.code, key.kind) {
            let held = self.held.remove(&letter.to_ascii_lowercase());
            return held.map(|held| Act::Release(held.pitch)).into_iter().collect();
        }
        if let (KeyCode::Char(letter), true) = (key.code, free) {
            let letter = letter.to_ascii_lowercase();
            if let Some(held) = self.held.get_mut(&letter) {
                held.until_ns = now_ns + REPEAT_NS;
                return Vec::new();
            }
            if let Some(pitch) = self.pitch(letter) {
                self.leaving = false;
                for held in self.held.values_mut().filter(|held| now_ns.saturating_sub(held.since_ns) > CHORD_NS) {
                    held.until_ns = now_ns;
                }
                self.held.insert(letter, Held { pitch, since_ns: now_ns, until_ns: now_ns + HOLD_NS });
                return vec![Act::Press(pitch, self.velocity)];
            }
        }
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let act = if alt { alternate(key.code) } else { self.command(key, control) };
        act.into_iter().collect()
    }

    fn command(&mut self, key: KeyEvent, control: bool) -> Option<Act> {
        let leaving = std::mem::take(&mut self.leaving);
        let selected = CONTROLS[self.selected.min(CONTROLS.len() - 1)].control;
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let far = if shift { 10.0 } else { 1.0 };
        match key.code {
            KeyCode::Char('c' | 'q') if control => Some(Act::Quit),
            KeyCode::Char('n') if control => Some(Act::Wish(Wish::NextModel(Kind::MelodyRnn))),
            KeyCode::Char('u') if control => Some(Act::Wish(Wish::Unlearn)),
            KeyCode::Char('p') if control => Some(Act::Wish(Wish::NextModel(Kind::MelodyVae))),
            KeyCode::Char('z') if control => press(Control::UNDO),
            KeyCode::Char('y') if control => press(Control::REDO),
            KeyCode::Tab if !shift => step(Control::MODE, 1.0),
            KeyCode::Tab | KeyCode::BackTab => step(Control::MODE, -1.0),
            KeyCode::Home => press(Control::AGAIN),
            KeyCode::End => press(Control::ANOTHER),
            KeyCode::Char('\\') => step_named("hold", 1.0),
            KeyCode::Char('[') => step_named("vary", -1.0),
            KeyCode::Char(']') => step_named("vary", 1.0),
            KeyCode::F(bar @ 1..=8) if shift => step_named(&format!("lock-{bar}"), 1.0),
            KeyCode::F(bar @ 1..=8) if control => step_named(&format!("lock-{}", bar + 8), 1.0),
            KeyCode::Esc if self.help => {
                self.help = false;
                None
            }
            KeyCode::Esc if leaving => Some(Act::Quit),
            KeyCode::Esc => {
                self.leaving = true;
                Some(Act::Wish(Wish::Learn(None)))
            }
            KeyCode::F(1) => {
                self.help = !self.help;
                None
            }
            KeyCode::F(2) => Some(Act::Wish(Wish::Learn(Some(selected)))),
            KeyCode::F(3) => Some(Act::Wish(Wish::Forget(selected))),
            KeyCode::F(4) => Some(Act::Wish(Wish::Record)),
            KeyCode::F(5) | KeyCode::Backspace => press(Control::PANIC),
            KeyCode::F(6) => step_named("answers", 1.0),
            KeyCode::F(7) => step_named("seed", 1.0),
            KeyCode::F(8) => step(Control::THRU, 1.0),
            KeyCode::F(9) => step(Control::SOUND, 1.0),
            KeyCode::Char(' ') => step(Control::RUN, 1.0),
            KeyCode::Enter => press(Control::TAP),
            KeyCode::Up => {
                self.selected = (self.selected + CONTROLS.len() - 1) % CONTROLS.len();
                None
            }
            KeyCode::Down => {
                self.selected = (self.selected + 1) % CONTROLS.len();
                None
            }
            KeyCode::Left => step(selected, -far),
            KeyCode::Right => step(selected, far),
            KeyCode::PageUp => {
                self.octave = (self.octave + 1).min(8);
                None
            }
            KeyCode::PageDown => {
                self.octave = self.octave.saturating_sub(1);
                None
            }
            KeyCode::Char('-') => {
                self.velocity = self.velocity.saturating_sub(10).max(10);
                None
            }
            KeyCode::Char('=' | '+') => {
                self.velocity = (self.velocity + 10).min(120);
                None
            }
            _ => None,
        }
    }

    /// Lets keys go of which nothing was heard for a while, where the terminal does not tell.
    pub(super) fn expire(&mut self, now_ns: u64) -> Vec<Act> {
        if self.releases {
            return Vec::new();
        }
        let over: Vec<char> = self.held.iter().filter(|(_, h)| h.until_ns <= now_ns).map(|(c, _)| *c).collect();
        over.iter().filter_map(|c| self.held.remove(c)).map(|held| Act::Release(held.pitch)).collect()
    }
}

fn press(control: Control) -> Option<Act> {
    Some(Act::Wish(Wish::Set(control, 1.0)))
}

fn step(control: Control, by: f64) -> Option<Act> {
    Some(Act::Wish(Wish::Step(control, by)))
}

/// A step of one of the composer's settings.
fn step_named(name: &str, by: f64) -> Option<Act> {
    step(Control::by_name(name)?, by)
}

/// What keys do together with Alt: modes, corners, and the way between them.
fn alternate(code: KeyCode) -> Option<Act> {
    match code {
        KeyCode::Char(digit @ '1'..='6') => {
            Some(Act::Wish(Wish::Set(Control::MODE, f64::from(digit as u32 - '1' as u32))))
        }
        KeyCode::Char('a' | 'A') => press(Control::CAPTURE_A),
        KeyCode::Char('b' | 'B') => press(Control::CAPTURE_B),
        KeyCode::Char('c' | 'C') => press(Control::CAPTURE_C),
        KeyCode::Char('d' | 'D') => press(Control::CAPTURE_D),
        KeyCode::Left => step_named("morph-x", -1.0),
        KeyCode::Right => step_named("morph-x", 1.0),
        KeyCode::Up => step_named("morph-y", 1.0),
        KeyCode::Down => step_named("morph-y", -1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_a_key() {
        let mut keys = Keyboard::default();
        let (none, alt, ctrl, shift) =
            (KeyModifiers::NONE, KeyModifiers::ALT, KeyModifiers::CONTROL, KeyModifiers::SHIFT);
        let set = |control, value| [Act::Wish(Wish::Set(control, value))];
        let by = |name: &str, steps| [Act::Wish(Wish::Step(Control::by_name(name).unwrap(), steps))];
        for (code, modifiers, acts) in [
            (KeyCode::Tab, none, by("mode", 1.0)),
            (KeyCode::BackTab, shift, by("mode", -1.0)),
            (KeyCode::Char('4'), alt, set(Control::MODE, 3.0)),
            (KeyCode::Home, none, set(Control::AGAIN, 1.0)),
            (KeyCode::End, none, set(Control::ANOTHER, 1.0)),
            (KeyCode::Char('z'), ctrl, set(Control::UNDO, 1.0)),
            (KeyCode::Char('y'), ctrl, set(Control::REDO, 1.0)),
            (KeyCode::Char('a'), alt, set(Control::CAPTURE_A, 1.0)),
            (KeyCode::Char('b'), alt, set(Control::CAPTURE_B, 1.0)),
            (KeyCode::Char('c'), alt, set(Control::CAPTURE_C, 1.0)),
            (KeyCode::Char('d'), alt, set(Control::CAPTURE_D, 1.0)),
            (KeyCode::Right, alt, by("morph-x", 1.0)),
            (KeyCode::Down, alt, by("morph-y", -1.0)),
            (KeyCode::Char('['), none, by("vary", -1.0)),
            (KeyCode::Char(']'), none, by("vary", 1.0)),
            (KeyCode::Char('\\'), none, by("hold", 1.0)),
            (KeyCode::F(3), shift, by("lock-3", 1.0)),
            (KeyCode::F(6), none, by("answers", 1.0)),
            (KeyCode::F(7), none, by("seed", 1.0)),
            (KeyCode::Char('n'), ctrl, [Act::Wish(Wish::NextModel(Kind::MelodyRnn))]),
            (KeyCode::Char('u'), ctrl, [Act::Wish(Wish::Unlearn)]),
            (KeyCode::Char('p'), ctrl, [Act::Wish(Wish::NextModel(Kind::MelodyVae))]),
        ] {
            assert_eq!(keys.key(KeyEvent::new(code, modifiers), 0), acts, "{code:?} {modifiers:?}");
        }
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn two_rows_are_a_piano_and_notes_end_without_word_of_a_release() {
        let mut keys = Keyboard::default();
        assert_eq!(keys.key(key(KeyCode::Char('z')), 0), [Act::Press(60, 90)]);
        assert_eq!(keys.key(key(KeyCode::Char('Q')), 0), [Act::Press(72, 90)]);
        assert!(keys.key(key(KeyCode::Char('z')), 500_000_000).is_empty(), "it repeats");
        assert_eq!(keys.expire(600_000_000), [Act::Release(72)]);
        assert_eq!(keys.expire(700_000_000), [Act::Release(60)]);
        // A key that is pressed later ends those before it.
        keys.key(key(KeyCode::Char('z')), 1_000_000_000);
        keys.key(key(KeyCode::Char('x')), 1_200_000_000);
        assert_eq!(keys.expire(1_200_000_000), [Act::Release(60)]);
        assert_eq!(keys.expire(1_750_000_000), [Act::Release(62)]);
        keys.key(key(KeyCode::PageUp), 0);
        keys.key(key(KeyCode::Char('-')), 0);
        assert_eq!(keys.key(key(KeyCode::Char('s')), 0), [Act::Press(73, 80)]);
        // The octave changes under a held key, which still ends as it began.
        keys.key(key(KeyCode::PageDown), 0);
        let release = KeyEvent::new_with_kind(KeyCode::Char('s'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(keys.key(release, 1), [Act::Release(73)]);
    }

    #[test]
    fn escape_asks_twice_and_arrows_move_the_selected_control() {
        let mut keys = Keyboard::default();
        assert_eq!(keys.key(key(KeyCode::Esc), 0), [Act::Wish(Wish::Learn(None))]);
        keys.key(key(KeyCode::Down), 0);
        assert_ne!(keys.key(key(KeyCode::Esc), 0), [Act::Quit]);
        assert_eq!(keys.key(key(KeyCode::Esc), 0), [Act::Quit]);
        assert_eq!(keys.key(key(KeyCode::Right), 0), [Act::Wish(Wish::Step(Control::AGAIN, 1.0))]);
        let all_octaves = (0..20).map(|_| KeyCode::PageUp);
        all_octaves.for_each(|code| drop(keys.key(key(code), 0)));
        for letter in LOWER.chars().chain(UPPER.chars()) {
            for act in keys.key(key(KeyCode::Char(letter)), 0) {
                assert!(matches!(act, Act::Press(pitch, _) if pitch < 128));
            }
        }
    }
}
