//! Which knob, pedal or key of a MIDI device moves which control of a table. Kept in a file of the user's.

use super::Shape;
use crate::complaint::one_line;
use crate::files::{settings_file, write_whole};
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// Largest file of a map, in bytes.
const LARGEST: u64 = 1 << 18;

/// A control that a knob can move: a row of some table.
pub trait Turned: Copy + PartialEq + 'static {
    /// Name of the file that the map is kept in.
    const FILE: &'static str;

    /// The control of that name.
    fn named(name: &str) -> Option<Self>;
    /// What a knob must know of it.
    fn row(self) -> Row;
}

/// What a knob must know of a control.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name, the same for ever.
    pub name: &'static str,
    /// How its values lie.
    pub shape: Shape,
    /// Its least and its greatest value.
    pub range: (f64, f64),
    /// Its value at first.
    pub usual: f64,
    /// What one press of a key changes.
    pub step: f64,
}

/// Something on a MIDI device that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// A controller: 0 to 119.
    Controller(u8),
    /// A key.
    Note(u8),
    /// The pitch wheel.
    Wheel,
}

impl Knob {
    /// What a message moves: its channel, the knob, and where that is then, 0 to 1. A key that is let go is at 0. Of
    /// controllers from 120 on, which are modes, none is a knob.
    pub fn of(message: &[u8]) -> Option<(u8, Self, f64)> {
        let [status, data @ ..] = message else { return None };
        let (first, second) = (data.first().copied().unwrap_or(0) & 127, data.get(1).copied().unwrap_or(0) & 127);
        let position = f64::from(second) / 127.0;
        let (knob, position) = match status & 0xF0 {
            0x80 => (Self::Note(first), 0.0),
            0x90 => (Self::Note(first), position),
            0xB0 if first < 120 => (Self::Controller(first), position),
            0xE0 => (Self::Wheel, f64::from(u16::from(second) << 7 | u16::from(first)) / 16_383.0),
            _ => return None,
        };
        Some((status & 0x0F, knob, position))
    }
}

/// One line of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<C> {
    /// MIDI channel: 0 to 15.
    pub channel: u8,
    /// What moves.
    pub knob: Knob,
    /// What it moves.
    pub control: C,
}

/// The whole map: a knob moves one control at most, and a control is moved by one knob at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlMap<C> {
    bindings: Vec<Binding<C>>,
}

impl<C> Default for ControlMap<C> {
    fn default() -> Self {
        Self { bindings: Vec::new() }
    }
}

/// Why a map cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct MapError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A line of the file: one of the three kinds of knobs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    control: String,
    channel: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    controller: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wheel: Option<bool>,
}

impl Line {
    fn new<C: Turned>(binding: &Binding<C>) -> Self {
        let (control, channel) = (binding.control.row().name.to_owned(), binding.channel);
        let line = Self { control, channel, controller: None, note: None, wheel: None };
        match binding.knob {
            Knob::Controller(number) => Self { controller: Some(number), ..line },
            Knob::Note(key) => Self { note: Some(key), ..line },
            Knob::Wheel => Self { wheel: Some(true), ..line },
        }
    }

    fn binding<C: Turned>(&self) -> Result<Binding<C>, String> {
        let name = &self.control;
        let control = C::named(name).ok_or_else(|| format!("there is no control `{name}`"))?;
        let knob = match (self.controller, self.note, self.wheel) {
            (Some(number @ 0..=119), None, None) => Knob::Controller(number),
            (None, Some(key @ 0..=127), None) => Knob::Note(key),
            (None, None, Some(true)) => Knob::Wheel,
            _ => return Err(format!("`{name}` needs a controller (0 to 119), a note (0 to 127), or wheel = true")),
        };
        let channel = Some(self.channel).filter(|channel| *channel < 16);
        let channel = channel.ok_or_else(|| format!("`{name}`: channels are 0 to 15"))?;
        Ok(Binding { channel, knob, control })
    }
}

#[derive(Serialize, Deserialize, Default)]
struct File {
    #[serde(default)]
    map: Vec<Line>,
}

impl<C: Turned> ControlMap<C> {
    /// Where the user's map lies; `None` where the system names no folder for settings.
    pub fn usual_path() -> Option<PathBuf> {
        settings_file(C::FILE)
    }

    /// Reads a map; an empty one where there is no file.
    ///
    /// # Errors
    /// [`MapError`] where the file cannot be read or says something else.
    pub fn read(path: &Path) -> Result<Self, MapError> {
        let fail = |reason: String| MapError { path: path.to_owned(), reason };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(fail(e.to_string())),
        };
        let mut text = String::new();
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|e| fail(e.to_string()))?;
        Self::parse(&text).map_err(fail)
    }

    /// Reads the text of a map.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() as u64 > LARGEST {
            return Err(format!("a map has {LARGEST} bytes at most"));
        }
        let file: File = toml::from_str(text).map_err(|e| one_line(&e.message()))?;
        let mut map = Self::default();
        for line in file.map {
            map.bind(line.binding()?);
        }
        Ok(map)
    }

    /// The map as a text that [`ControlMap::parse`] reads.
    ///
    /// # Errors
    /// What cannot be written, in words.
    pub fn text_of_all(&self) -> Result<String, String> {
        let file = File { map: self.bindings.iter().map(Line::new).collect() };
        toml::to_string(&file).map_err(|e| e.to_string())
    }

    /// Keeps the map in a file.
    ///
    /// # Errors
    /// [`MapError`].
    pub fn write(&self, path: &Path) -> Result<(), MapError> {
        let fail = |reason: String| MapError { path: path.to_owned(), reason };
        let text = self.text_of_all().map_err(fail)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
        }
        write_whole(path, text.as_bytes()).map_err(|e| fail(e.to_string()))
    }

    /// Adds a line; what the knob moved before, and what moved the control, is forgotten.
    pub fn bind(&mut self, binding: Binding<C>) {
        let same =
            |b: &Binding<C>| (b.channel, b.knob) == (binding.channel, binding.knob) || b.control == binding.control;
        self.bindings.retain(|b| !same(b));
        self.bindings.push(binding);
    }

    /// Forgets what moves a control.
    pub fn release(&mut self, control: C) {
        self.bindings.retain(|b| b.control != control);
    }

    /// The control that a knob moves.
    pub fn control(&self, channel: u8, knob: Knob) -> Option<C> {
        self.bindings.iter().find(|b| (b.channel, b.knob) == (channel, knob)).map(|b| b.control)
    }

    /// What moves a control, as a player reads it.
    pub fn text(&self, control: C) -> Option<String> {
        let binding = self.bindings.iter().find(|b| b.control == control)?;
        let knob = match binding.knob {
            Knob::Controller(number) => format!("CC{number}"),
            Knob::Note(key) => format!("key {key}"),
            Knob::Wheel => "wheel".into(),
        };
        Some(format!("{knob} ch{}", binding.channel + 1))
    }
}

/// The value that a control gets from a knob at `position`, 0 to 1: `None` where a key or a trigger is let go.
pub fn moved<C: Turned>(control: C, knob: Knob, position: f64, present: f64) -> Option<f64> {
    let Row { shape, range, usual, step, .. } = control.row();
    let (low, high) = range;
    let pressed = position > 0.0 && (matches!(knob, Knob::Note(_)) || position >= 0.5);
    match (shape, knob) {
        (Shape::Trigger, _) => pressed.then_some(1.0),
        // A key steps through the values; of a switch, each press is the other state.
        (_, Knob::Note(_)) => pressed.then(|| {
            let next = present + step;
            if next > high + 1e-9 { low } else { shape.allow(range, usual, next) }
        }),
        _ => Some(shape.allow(range, usual, low + position * (high - low))),
    }
}

/// A map, and the control that waits for a knob.
#[derive(Debug, Clone)]
pub struct Learner<C> {
    map: ControlMap<C>,
    waiting: Option<C>,
}

/// What became of a knob that moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn<C> {
    /// What was learnt by that.
    pub learnt: Option<Binding<C>>,
    /// What it moves.
    pub moved: C,
}

impl<C: Turned> Learner<C> {
    /// Knows a map, and waits for nothing.
    pub fn new(map: ControlMap<C>) -> Self {
        Self { map, waiting: None }
    }

    /// The map as it is now.
    pub fn map(&self) -> &ControlMap<C> {
        &self.map
    }

    /// The next knob that moves is to move this control; `None` ends the wait.
    pub fn wait(&mut self, control: Option<C>) {
        self.waiting = control;
    }

    /// The control that waits.
    pub fn waiting(&self) -> Option<C> {
        self.waiting
    }

    /// Forgets what moves a control.
    pub fn forget(&mut self, control: C) {
        self.map.release(control);
    }

    /// A knob moves to a position: `None` where that is no control's business.
    pub fn turn(&mut self, channel: u8, knob: Knob, position: f64) -> Option<Turn<C>> {
        let pressed = position > 0.0 || !matches!(knob, Knob::Note(_));
        let learnt = self.waiting.filter(|_| pressed).map(|control| Binding { channel, knob, control });
        if let Some(binding) = learnt {
            self.map.bind(binding);
            self.waiting = None;
        }
        self.map.control(channel, knob).map(|moved| Turn { learnt, moved })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::Control;

    type Map = ControlMap<Control>;

    fn named(name: &str) -> Control {
        Control::by_name(name).unwrap()
    }

    #[test]
    fn a_map_is_kept_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("map.toml");
        assert_eq!(Map::read(&path).unwrap(), Map::default());
        let mut map = Map::default();
        let bind = |channel, knob, control| Binding { channel, knob, control };
        map.bind(bind(0, Knob::Controller(74), named("temperature")));
        map.bind(bind(9, Knob::Note(36), Control::PANIC));
        map.bind(bind(2, Knob::Wheel, named("density")));
        map.write(&path).unwrap();
        assert_eq!(Map::read(&path).unwrap(), map);
        assert_eq!(map.text(named("temperature")).unwrap(), "CC74 ch1");
        map.bind(bind(0, Knob::Controller(74), named("density")));
        assert_eq!(map.control(0, Knob::Controller(74)), Some(named("density")));
        assert_eq!((map.text(named("temperature")), map.control(2, Knob::Wheel)), (None, None));
    }

    #[test]
    fn a_damaged_map_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.toml");
        let damaged = [
            "map = 3",
            "[[map]]\ncontrol = \"loudness\"\nchannel = 0\ncontroller = 1",
            "[[map]]\ncontrol = \"tempo\"\nchannel = 16\ncontroller = 1",
            "[[map]]\ncontrol = \"tempo\"\nchannel = 1\ncontroller = 200",
            "[[map]]\ncontrol = \"tempo\"\nchannel = 1\nlever = 2",
            "\u{0}",
        ];
        for text in damaged {
            std::fs::write(&path, text).unwrap();
            let error = Map::read(&path).unwrap_err().to_string();
            assert!(error.contains("map.toml") && error.lines().count() == 1, "{text:?}: {error}");
        }
    }

    #[test]
    fn knobs_reach_both_ends_and_keys_switch() {
        for end in [0.0, 1.0] {
            let spec = Control::TEMPO.spec();
            let range = [spec.range.0, spec.range.1];
            assert_eq!(moved(Control::TEMPO, Knob::Wheel, end, 0.0), Some(range[end as usize]));
        }
        assert_eq!(moved(Control::THRU, Knob::Note(1), 0.2, 1.0), Some(0.0));
        assert_eq!(moved(Control::THRU, Knob::Note(1), 0.0, 1.0), None);
        assert_eq!(moved(Control::PANIC, Knob::Controller(1), 0.4, 0.0), None);
        assert_eq!(moved(Control::SOUND, Knob::Note(1), 0.5, 8.0), Some(0.0));
    }
}
