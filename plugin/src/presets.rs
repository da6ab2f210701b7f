//! Presets: named settings of everything that is musical. The bank that ships and the player's own files have one format
//! and one way in.
//!
//! A preset says what differs from the usual values; calling it sets everything that is musical, and leaves alone what
//! belongs to the project: bypass, thru, channel, time, volume, seed, and what is merely pressed.

use crate::parameters::{Sheet, place, sheets};
use directories::ProjectDirs;
use oneiro::files::write_whole;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 18;
/// The ending of the player's own files.
const ENDING: &str = "toml";

/// A preset.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The value of everything that is musical, by place.
    pub values: Vec<(usize, f64)>,
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
    #[error("{origin}: preset `{preset}`: `{text}` is no value of `{id}`")]
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
}

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
    let one_line = |e: &toml::de::Error| e.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let file: File =
        toml::from_str(text).map_err(|e| PresetError::Format { origin: origin.to_owned(), message: one_line(&e) })?;
    file.preset.into_iter().map(|entry| resolve(origin, entry)).collect()
}

fn resolve(origin: &str, Entry { name, about, values: given }: Entry) -> Result<Preset, PresetError> {
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
    Ok(Preset { name, about, values })
}

static FACTORY: LazyLock<Vec<Preset>> =
    // A test reads it; an instance without its bank still plays.
    LazyLock::new(|| read("the factory bank", include_str!("../presets/factory.toml")).unwrap_or_default());

/// The bank that ships.
pub fn factory() -> &'static [Preset] {
    &FACTORY
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

/// Stores values, by place, as a file of one preset in a folder, which is made if it is missing. Gives the file.
///
/// # Errors
/// [`PresetError::File`].
pub fn write(folder: &Path, name: &str, about: &str, value: impl Fn(usize) -> f64) -> Result<PathBuf, PresetError> {
    let differing = sheets().iter().enumerate().filter(|(_, sheet)| is_musical(sheet)).filter_map(|(place, sheet)| {
        let value = sheet.allow(value(place));
        // A number is exact where a text has so many decimals.
        (value != sheet.usual).then(|| (sheet.id.to_owned(), Value::Number(value)))
    });
    let entry = Entry { name: name.to_owned(), about: about.to_owned(), values: differing.collect() };
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
        let bank = read("the bank", include_str!("../presets/factory.toml")).unwrap();
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
        write(folder.path(), "My own: one/two", "mine", value).unwrap();
        std::fs::write(folder.path().join("bad.toml"), "preset = 3").unwrap();
        let (presets, errors) = in_folder(folder.path());
        assert_eq!(presets, [Preset { name: "My own: one/two".into(), about: "mine".into(), ..preset.clone() }]);
        assert!(errors.len() == 1 && errors[0].to_string().contains("bad.toml"), "{errors:?}");
        let wrong = |text: &str| read("x", text).unwrap_err().to_string();
        let text = "[[preset]]\nname = \"n\"\nvalues = { mode = \"answr\" }";
        assert_eq!(wrong(text), "x: preset `n`: `answr` is no value of `mode`");
        let text = "[[preset]]\nname = \"n\"\nvalues = { bypass = 1 }";
        assert_eq!(wrong(text), "x: preset `n`: `1` is no value of `bypass`");
    }
}
