//! Presets: named settings of everything that is musical. The bank that ships and the player's own files have one format
//! and one way in.
//!
//! A preset says what differs from the usual values; calling it sets everything that is musical, and leaves alone what
//! belongs to the project: bypass, thru, channel, time, volume, seed, and what is merely pressed. It may bring phrases for
//! the corners A to D; corners for which it has none keep theirs. [`bank()`] has those that can be called.

mod bank;

pub use bank::{Called, bank, factory, look, look_into};

use crate::parameters::{Sheet, place, sheets};
use crate::state::check_phrase;
use bank::LISTS;
use directories::ProjectDirs;
use oneiro::complaint::one_line;
use oneiro::compose::Corner;
use oneiro::files::write_whole;
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 18;
/// The ending of the player's own files.
const ENDING: &str = "toml";

/// Phrases for the corners A to D.
pub type Phrases = [Option<Melody>; 4];

/// A preset.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The value of everything that is musical, by place.
    pub values: Vec<(usize, f64)>,
    /// The phrases that it brings.
    pub phrases: Phrases,
}

/// Why a file holds no presets.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not written as presets are.
    #[error("{origin}: {message}")]
    Format {
        /// Where it came from.
        origin: String,
        /// What is wrong, in one line.
        message: String,
    },
    /// A value stands for nothing.
    #[error("{origin}: preset `{}`: `{}` is no value of `{}`", one_line(preset), one_line(text), one_line(id))]
    Value {
        /// Where it came from.
        origin: String,
        /// The preset's name.
        preset: String,
        /// The parameter.
        id: String,
        /// What it says.
        text: String,
    },
    /// A phrase is none.
    #[error("{origin}: preset `{}`: phrase `{}`: {reason}", one_line(preset), one_line(corner))]
    Phrase {
        /// Where it came from.
        origin: String,
        /// The preset's name.
        preset: String,
        /// Its corner, as it is written.
        corner: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The presets were changed more often than is kept account of.
    #[error("presets were changed {LISTS} times; the last change is seen when the host has been started again")]
    TooOften,
}

#[derive(Serialize, Deserialize)]
struct File {
    preset: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    values: BTreeMap<String, Value>,
    /// By corner, `a` to `d`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    phrases: BTreeMap<String, PhraseEntry>,
}

/// A phrase in a file.
#[derive(Serialize, Deserialize)]
struct PhraseEntry {
    /// Beats of a bar, and what part of a whole note each is.
    metre: [u8; 2],
    /// Steps from the bar line to the first event.
    #[serde(default)]
    start: u32,
    /// Key and steps of each event; a key below 0 is a rest. A quarter note has 24 steps.
    events: Vec<(i16, u16)>,
}

impl PhraseEntry {
    fn of(melody: &Melody) -> Self {
        let event = |event: &MelodyEvent| (event.pitch.map_or(-1, i16::from), event.steps);
        Self {
            metre: [melody.metre.numerator, melody.metre.denominator],
            start: melody.start_step,
            events: melody.events.iter().map(event).collect(),
        }
    }

    fn melody(&self) -> Result<Melody, String> {
        let [numerator, denominator] = self.metre;
        let metre = TimeSignature::new(numerator, denominator).map_err(|e| e.to_string())?;
        let event = |&(key, steps): &(i16, u16)| match u8::try_from(key) {
            Ok(key) => Ok(MelodyEvent { pitch: Some(key), steps }),
            Err(_) if key < 0 => Ok(MelodyEvent { pitch: None, steps }),
            Err(_) => Err(format!("there is no key {key}")),
        };
        let events = self.events.iter().map(event).collect::<Result<_, _>>()?;
        let melody = Melody { title: String::new(), metre, start_step: self.start, events };
        check_phrase(&melody)?;
        Ok(melody)
    }
}

/// The corners, as files name them.
const CORNERS: [&str; 4] = ["a", "b", "c", "d"];

/// A number, or a text such as hosts show.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
}

/// Whether presets set it.
pub fn is_musical(sheet: &Sheet) -> bool {
    sheet.control.is_some() && !sheet.is_trigger() && !["volume", "seed"].contains(&sheet.id)
}

/// Reads presets; `origin` stands for the file in errors.
///
/// # Errors
/// [`PresetError`] names the first thing that is wrong.
pub fn read(origin: &str, text: &str) -> Result<Vec<Preset>, PresetError> {
    let file: File = toml::from_str(text)
        .map_err(|e| PresetError::Format { origin: origin.to_owned(), message: one_line(&e.message()) })?;
    file.preset.into_iter().map(|entry| resolve(origin, entry)).collect()
}

fn resolve(origin: &str, Entry { name, about, values: given, phrases: written }: Entry) -> Result<Preset, PresetError> {
    let musical = sheets().iter().enumerate().filter(|(_, sheet)| is_musical(sheet));
    let mut values: Vec<(usize, f64)> = musical.map(|(place, sheet)| (place, sheet.usual)).collect();
    for (id, value) in given {
        let number = place(&id).filter(|place| is_musical(&sheets()[*place])).and_then(|place| {
            let sheet = &sheets()[place];
            let number = match &value {
                Value::Number(number) => Some(*number),
                Value::Text(text) => sheet.parse(text),
            };
            let number = number.filter(|number| (sheet.range.0..=sheet.range.1).contains(number))?;
            Some((place, sheet.allow(number)))
        });
        let Some((place, number)) = number else {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text,
            };
            return Err(PresetError::Value { origin: origin.to_owned(), preset: name, id, text });
        };
        values.iter_mut().filter(|(p, _)| *p == place).for_each(|(_, value)| *value = number);
    }
    let mut phrases = Phrases::default();
    for (corner, phrase) in written {
        let place = CORNERS.iter().position(|c| *c == corner).ok_or_else(|| "there is no such corner".to_owned());
        match place.and_then(|place| phrase.melody().map(|melody| (place, melody))) {
            Ok((place, melody)) => phrases[place] = Some(melody),
            Err(reason) => {
                return Err(PresetError::Phrase { origin: origin.to_owned(), preset: name, corner, reason });
            }
        }
    }
    Ok(Preset { name, about, values, phrases })
}

/// Where the player's own presets lie.
pub fn folder() -> Option<PathBuf> {
    ProjectDirs::from("", "", "oneiro").map(|dirs| dirs.data_dir().join("presets"))
}

/// The presets of all files in a folder, by file name; and what could not be read. A folder that is not there holds none.
pub fn in_folder(folder: &Path) -> (Vec<Preset>, Vec<PresetError>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == ENDING)).collect();
    paths.sort();
    let (mut presets, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match read_file(&path) {
            Ok(read) => presets.extend(read),
            Err(e) => errors.push(e),
        }
    }
    (presets, errors)
}

/// The presets of a file.
///
/// # Errors
/// [`PresetError`].
pub fn read_file(path: &Path) -> Result<Vec<Preset>, PresetError> {
    let fail = |source| PresetError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(fail)?.len() > LONGEST {
        return Err(fail(std::io::Error::other("too long for presets")));
    }
    read(&path.display().to_string(), &std::fs::read_to_string(path).map_err(fail)?)
}

/// Stores values, by place, and phrases as a file of one preset in a folder, which is made if it is missing. Gives the
/// file.
///
/// # Errors
/// [`PresetError::File`].
pub fn write(
    folder: &Path,
    name: &str,
    about: &str,
    value: impl Fn(usize) -> f64,
    phrases: &Phrases,
) -> Result<PathBuf, PresetError> {
    let differing = sheets().iter().enumerate().filter(|(_, sheet)| is_musical(sheet)).filter_map(|(place, sheet)| {
        let value = sheet.allow(value(place));
        // A number is exact where a text has so many decimals.
        (value != sheet.usual).then(|| (sheet.id.to_owned(), Value::Number(value)))
    });
    let named = Corner::ALL.map(|corner| (CORNERS[corner as usize], &phrases[corner as usize]));
    let phrases =
        named.into_iter().filter_map(|(name, phrase)| Some((name.to_owned(), PhraseEntry::of(phrase.as_ref()?))));
    let entry = Entry {
        name: name.to_owned(),
        about: about.to_owned(),
        values: differing.collect(),
        phrases: phrases.collect(),
    };
    let stem: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
    let path = folder.join(if stem.is_empty() { "preset".to_owned() } else { stem }).with_extension(ENDING);
    let fail = |source| PresetError::File { path: path.clone(), source };
    let text = toml::to_string(&File { preset: vec![entry] }).map_err(|e| fail(std::io::Error::other(e)))?;
    std::fs::create_dir_all(folder).map_err(fail)?;
    write_whole(&path, text.as_bytes()).map_err(fail)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_bank_is_sound_and_no_two_presets_are_the_same() {
        let bank = read("the bank", include_str!("../../presets/factory.toml")).unwrap();
        assert!(bank.len() >= 24, "{} presets", bank.len());
        let names: HashSet<&str> = bank.iter().map(|preset| preset.name.as_str()).collect();
        assert_eq!(names.len(), bank.len());
        let bits = |preset: &Preset| preset.values.iter().map(|(_, v)| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bank.iter().map(bits).collect::<HashSet<_>>().len(), bank.len());
        assert!(bank.iter().all(|preset| !preset.about.is_empty()));
        // They show the range: every mode and every sound is used.
        for id in ["mode", "sound"] {
            let at = place(id).unwrap();
            let used: HashSet<u64> =
                bank.iter().flat_map(|p| &p.values).filter(|(p, _)| *p == at).map(|(_, v)| *v as u64).collect();
            assert_eq!(used.len() as f64, sheets()[at].range.1 + 1.0, "{id}");
        }
    }

    #[test]
    fn a_preset_that_is_stored_comes_back_and_nonsense_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let preset = &factory()[3];
        let value = |place| preset.values.iter().find(|(p, _)| *p == place).map_or(0.0, |(_, value)| *value);
        let phrase = |pitch: u8| {
            let event = |pitch, steps| MelodyEvent { pitch, steps };
            let events = vec![event(Some(pitch), 24), event(None, 12), event(Some(pitch + 4), 36)];
            Melody { title: String::new(), metre: TimeSignature::new(3, 4).unwrap(), start_step: 24, events }
        };
        let phrases = [Some(phrase(60)), None, None, Some(phrase(67))];
        write(folder.path(), "My own: one/two", "mine", value, &phrases).unwrap();
        std::fs::write(folder.path().join("bad.toml"), "preset = 3").unwrap();
        let (presets, errors) = in_folder(folder.path());
        let own = Preset { name: "My own: one/two".into(), about: "mine".into(), phrases, ..preset.clone() };
        assert_eq!(presets, std::slice::from_ref(&own));
        assert!(errors.len() == 1 && errors[0].to_string().contains("bad.toml"), "{errors:?}");
        let wrong = |text: &str| read("x", text).unwrap_err().to_string();
        let text = "[[preset]]\nname = \"n\"\nvalues = { mode = \"answr\" }";
        assert_eq!(wrong(text), "x: preset `n`: `answr` is no value of `mode`");
        let text = "[[preset]]\nname = \"n\"\nvalues = { bypass = 1 }";
        assert_eq!(wrong(text), "x: preset `n`: `1` is no value of `bypass`");
        let text = "[[preset]]\nname = \"two\\nlines\"\nvalues = { mode = \"answr\" }";
        assert_eq!(wrong(text), "x: preset `two lines`: `answr` is no value of `mode`");
        for (phrase, expected) in [
            ("e = { metre = [4, 4], events = [] }", "phrase `e`: there is no such corner"),
            ("a = { metre = [4, 4], events = [[200, 24]] }", "phrase `a`: a phrase with notes that are none"),
            ("b = { metre = [4, 4], events = [[60, 0]] }", "phrase `b`: a phrase with notes that are none"),
            ("c = { metre = [4, 3], events = [] }", "phrase `c`: "),
        ] {
            let told = wrong(&format!("[[preset]]\nname = \"n\"\nphrases.{phrase}"));
            assert!(told.starts_with(&format!("x: preset `n`: {expected}")), "{told}");
        }
    }
}
