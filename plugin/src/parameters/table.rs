//! The parameters: which there are, what they are called, how they are grouped.

use oneiro::controls::{BUILT_IN_SOUNDS, CONTROLS, Control, SOUNDS, Shape, Spec};
use std::sync::LazyLock;

/// What a parameter is called and what it may be.
#[derive(Debug)]
pub struct Sheet {
    /// Its name in projects: the same for ever.
    pub id: &'static str,
    /// Its name on screens.
    pub title: String,
    /// The group that hosts show it in; empty for those that stand alone.
    pub group: &'static str,
    /// Its unit, where it has one.
    pub unit: &'static str,
    /// Its least and its greatest value.
    pub range: (f64, f64),
    /// Its value at first.
    pub usual: f64,
    /// How its values lie.
    pub shape: Shape,
    /// The control that it moves; `None` where it is the plugin's own.
    pub control: Option<Control>,
}

const SWITCH: Shape = Shape::Choice(&["off", "on"]);

/// Places of the plugin's own parameters.
pub const BYPASS: usize = 0;
/// Whether what comes in goes out again.
pub const THRU: usize = 1;
/// The MIDI channel of answers, from 1.
pub const CHANNEL: usize = 2;
/// Whether time runs while the host stands.
pub const FREE_RUN: usize = 3;
/// Whether audio waits for the composer, as it does in offline rendering.
pub const IN_SYNC: usize = 4;
/// The next preset of the bank.
pub const PRESET_NEXT: usize = 5;
/// The preset before.
pub const PRESET_PREVIOUS: usize = 6;

type Own = (&'static str, &'static str, &'static str, (f64, f64), f64, Shape);

/// The plugin's own, in the order of their places.
const OWN: [Own; 7] = [
    ("bypass", "Bypass", "", (0.0, 1.0), 0.0, SWITCH),
    ("midi-thru", "MIDI thru", "Output", (0.0, 1.0), 1.0, SWITCH),
    ("channel", "Answer channel", "Output", (1.0, 16.0), 2.0, Shape::Whole),
    ("free-run", "Run without the host", "Time", (0.0, 1.0), 0.0, SWITCH),
    ("in-sync", "Render in sync", "Time", (0.0, 1.0), 0.0, SWITCH),
    ("preset-next", "Next preset", "Presets", (0.0, 1.0), 0.0, Shape::Trigger),
    ("preset-previous", "Previous preset", "Presets", (0.0, 1.0), 0.0, Shape::Trigger),
];

/// What a SoundFont has, which the stand-alone instrument alone can load.
const SOUND_FONTS: [&str; 3] = ["call-program", "answer-program", "backing-program"];

/// Controls that a host takes the place of.
const HOSTS: [&str; 6] = ["tempo", "thru", "follow-clock", "send-clock", "run", "tap"];

/// The groups, in the order in which hosts show them, with the controls in each.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Mode", &["mode", "answers", "phrase-length", "switch-at", "stop", "vary", "second-voice", "seed"]),
    ("Phrases", &["again", "another", "undo", "redo", "hold"]),
    ("Morph", &["morph-x", "morph-y", "capture-a", "capture-b", "capture-c", "capture-d"]),
    (
        "Notes",
        &["temperature", "top-p", "density", "rests", "lowest", "highest", "scale", "root", "grid", "transposition"],
    ),
    ("Expression", &["swing", "timing", "dynamics", "velocity-curve", "gate"]),
    ("Sound", &["sound", "volume", "panic"]),
    ("Locked bars", &[]),
];

static SHEETS: LazyLock<Vec<Sheet>> = LazyLock::new(|| {
    let own = OWN.iter().map(|&(id, title, group, range, usual, shape)| {
        let title = title.to_owned();
        Sheet { id, title, group, unit: "", range, usual, shape, control: None }
    });
    let shared = CONTROLS.iter().filter(|spec| ![&HOSTS[..], &SOUND_FONTS].concat().contains(&spec.name));
    let shared = shared.map(|&Spec { control, name: id, unit, range, usual, shape, .. }| {
        let (range, shape) = if control == Control::SOUND {
            let built_in = SOUNDS.split_at(BUILT_IN_SOUNDS).0;
            ((0.0, built_in.len() as f64 - 1.0), Shape::Choice(built_in))
        } else {
            (range, shape)
        };
        let group = GROUPS.iter().find(|(_, ids)| ids.contains(&id)).map_or("Locked bars", |(group, _)| group);
        Sheet { id, title: title(id), group, unit, range, usual, shape, control: Some(control) }
    });
    own.chain(shared).collect()
});

/// A name for screens: `capture-a` becomes "Capture A".
fn title(id: &str) -> String {
    let mut words: Vec<String> = id.split('-').map(str::to_owned).collect();
    for (i, word) in words.iter_mut().enumerate() {
        if i == 0 || word.len() == 1 {
            let rest = word.split_off(1);
            *word = word.to_uppercase() + &rest;
        }
    }
    words.join(" ")
}

/// Every parameter; its place here is its number within the plugin.
pub fn sheets() -> &'static [Sheet] {
    &SHEETS
}

/// The place of the parameter of that name.
pub fn place(id: &str) -> Option<usize> {
    sheets().iter().position(|sheet| sheet.id == id)
}

/// The places in the order in which hosts show them.
pub(super) fn shown() -> Vec<usize> {
    let order = |place: &usize| {
        let sheet = &sheets()[*place];
        let group = GROUPS.iter().position(|(group, _)| *group == sheet.group);
        let within = group.and_then(|group| GROUPS[group].1.iter().position(|id| *id == sheet.id));
        // The plugin's own groups come last, what stands alone first.
        (if sheet.group.is_empty() { 0 } else { 1 + group.unwrap_or(GROUPS.len()) }, within.unwrap_or(*place))
    };
    let mut places: Vec<usize> = (0..sheets().len()).collect();
    places.sort_by_key(order);
    places
}

impl Sheet {
    /// Whether it is on or off.
    pub fn is_switch(&self) -> bool {
        self.shape == SWITCH || self.is_trigger()
    }

    /// Whether it acts when it goes on, and then is let go.
    pub fn is_trigger(&self) -> bool {
        self.shape == Shape::Trigger
    }

    /// The nearest value that it may have.
    pub fn allow(&self, value: f64) -> f64 {
        self.shape.allow(self.range, self.usual, value)
    }

    /// A value as a player reads it, with its unit.
    pub fn text(&self, value: f64) -> String {
        let text = match (self.control, self.shape) {
            (_, Shape::Trigger) => if value > 0.5 { "pressed" } else { "-" }.to_owned(),
            (Some(control), _) => control.spec().text(value),
            (None, Shape::Choice(names)) => names.get(value as usize).copied().unwrap_or_default().to_owned(),
            (None, _) => format!("{value:.0}"),
        };
        // What is no number has no unit: "follow".
        if self.unit.is_empty() || text.parse::<f64>().is_err() { text } else { format!("{text} {}", self.unit) }
    }

    /// The value that a text stands for.
    pub fn parse(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        if self.is_switch() {
            return match text.to_ascii_lowercase().as_str() {
                "on" | "pressed" | "1" | "true" => Some(1.0),
                "off" | "-" | "0" | "false" => Some(0.0),
                _ => None,
            };
        }
        let value = match self.control {
            Some(control) => control.spec().parse(text).ok(),
            None => text.parse().ok(),
        };
        value.filter(|value| (self.range.0..=self.range.1).contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// How nice-plug makes a number of an id, for the host: it must not be the same for two.
    fn number(id: &str) -> u32 {
        id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) & !(1 << 31)
    }

    #[test]
    fn ids_and_their_numbers_are_told_apart_and_every_group_is_full() {
        let ids: HashSet<&str> = sheets().iter().map(|sheet| sheet.id).collect();
        let numbers: HashSet<u32> = sheets().iter().map(|sheet| number(sheet.id)).collect();
        assert_eq!((ids.len(), numbers.len()), (sheets().len(), sheets().len()));
        for (group, named) in GROUPS {
            assert!(named.iter().all(|id| ids.contains(id)), "{group}");
            assert!(sheets().iter().any(|sheet| sheet.group == group), "{group}");
        }
        assert!(HOSTS.iter().all(|name| Control::by_name(name).is_some()));
        assert_eq!(place("bypass"), Some(BYPASS));
        assert_eq!(sheets()[PRESET_PREVIOUS].id, "preset-previous");
        let mut shown = shown();
        assert_eq!(sheets()[shown[1]].id, "mode");
        shown.sort_unstable();
        assert_eq!(shown, (0..sheets().len()).collect::<Vec<_>>());
    }

    #[test]
    fn every_value_has_a_text_that_is_read_again() {
        for sheet in sheets() {
            for share in [0.0, 0.1, 0.37, 0.5, 0.93, 1.0] {
                let value = sheet.allow(sheet.range.0 + share * (sheet.range.1 - sheet.range.0));
                let read = sheet.parse(&sheet.text(value));
                let slack = if matches!(sheet.shape, Shape::Smooth(_)) { 0.06 } else { 0.0 };
                let near = read.is_some_and(|read| (read - value).abs() <= slack);
                assert!(near, "{}: {value} as `{}` is read as {read:?}", sheet.id, sheet.text(value));
            }
            assert_eq!(sheet.parse("no such thing"), None, "{}", sheet.id);
        }
        assert_eq!(title("capture-a"), "Capture A");
        assert_eq!(sheets()[place("density").unwrap()].text(0.0), "follow");
        assert_eq!(sheets()[place("density").unwrap()].text(2.0), "2.00 notes/beat");
    }
}
