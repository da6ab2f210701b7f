//! Lists of cues as files.

use super::{Cue, LONGEST_FADE};
use crate::show::When;
use crate::show::controls::{Control, Shape};
use oneiro::complaint::one_line;
use oneiro::files::{settings_file, write_whole};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Most cues of a list.
pub const MOST: usize = 256;
/// Longest name, in characters.
const LONGEST_NAME: usize = 64;
/// Greatest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Cues in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CueList {
    cues: Vec<Cue>,
}

/// Why a list cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct CueError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    cue: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<String>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    fade: f64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Name(String),
    Whole(i64),
    Number(f64),
}

impl Line {
    fn new(cue: &Cue) -> Self {
        let value = |(control, value): &(Control, f64)| {
            let spec = control.spec();
            let kept = match spec.shape {
                Shape::Choice(_) => Value::Name(spec.text(*value)),
                Shape::Whole => Value::Whole(*value as i64),
                Shape::Smooth(_) | Shape::Trigger => Value::Number(*value),
            };
            (spec.name.to_owned(), kept)
        };
        let Cue { name, scene, when, fade, set } = cue;
        Self {
            name: name.clone(),
            scene: scene.clone(),
            when: *when,
            fade: *fade,
            set: set.iter().map(value).collect(),
        }
    }

    fn cue(self) -> Result<Cue, String> {
        let Self { name, scene, when, fade, set } = self;
        if !(0.0..=LONGEST_FADE).contains(&fade) {
            return Err(format!("cue `{name}`: a fade lasts 0 to {LONGEST_FADE} beats"));
        }
        let values = set.into_iter().map(|(control, value)| {
            let known = Control::by_name(&control)
                .filter(|known| known.spec().shape != Shape::Trigger && *known != Control::Scene);
            let spec = known.ok_or_else(|| format!("cue `{name}`: `{control}` is nothing that a cue can set"))?.spec();
            let number = match value {
                Value::Name(choice) => spec.named(&choice),
                Value::Whole(number) => Some(number as f64),
                Value::Number(number) => Some(number),
            };
            let number = number.filter(|number| (spec.range.0..=spec.range.1).contains(number));
            let wanted = || match spec.shape {
                Shape::Choice(names) => format!("one of: {}", names.join(", ")),
                _ => format!("from {} to {}", spec.range.0, spec.range.1),
            };
            let number = number.ok_or_else(|| format!("cue `{name}`: `{control}` is {}", wanted()))?;
            Ok((spec.control, spec.allow(number)))
        });
        let set = values.collect::<Result<_, String>>()?;
        Ok(Cue { name, scene, when, fade, set })
    }
}

impl CueList {
    /// Where the user's list lies; `None` where the system names no folder for settings.
    pub fn usual_path() -> Option<PathBuf> {
        settings_file("show-cues.toml")
    }

    /// The cues.
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    /// The place of a cue, by its name or its number from 1.
    pub fn find(&self, wanted: &str) -> Option<usize> {
        let named = self.cues.iter().position(|cue| cue.name == wanted);
        named.or_else(|| wanted.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < self.cues.len()))
    }

    /// Adds a cue at the end, or puts it in the place of the one with its name.
    ///
    /// # Errors
    /// Why it cannot be, in words: its name, or too many others.
    pub fn keep(&mut self, cue: Cue) -> Result<(), String> {
        let length = cue.name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) || cue.name.chars().any(char::is_control) {
            return Err(format!("names of cues have 1 to {LONGEST_NAME} characters"));
        }
        match self.cues.iter().position(|known| known.name == cue.name) {
            Some(place) => self.cues[place] = cue,
            None if self.cues.len() >= MOST => return Err(format!("a list has {MOST} cues at most")),
            None => self.cues.push(cue),
        }
        Ok(())
    }

    /// Takes a cue out: its place before.
    pub fn remove(&mut self, name: &str) -> Option<usize> {
        let place = self.cues.iter().position(|cue| cue.name == name)?;
        self.cues.remove(place);
        Some(place)
    }

    /// Reads a list from a text.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| one_line(&e.message()))?;
        let mut list = Self::default();
        for line in file.cue {
            let cue = line.cue()?;
            if list.cues.iter().any(|known| known.name == cue.name) {
                return Err(format!("there are two cues `{}`", cue.name));
            }
            list.keep(cue)?;
        }
        Ok(list)
    }

    /// The list as a text that [`CueList::parse`] reads.
    ///
    /// # Errors
    /// What cannot be written, in words.
    pub fn text(&self) -> Result<String, String> {
        let file = File { cue: self.cues.iter().map(Line::new).collect() };
        toml::to_string(&file).map_err(|e| e.to_string())
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`CueError`] where the file cannot be read or says something else.
    pub fn read(path: &Path) -> Result<Self, CueError> {
        let fail = |reason: String| CueError { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
        if size > LARGEST {
            return Err(fail(format!("{size} bytes are too many for a list of cues")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
        Self::parse(&text).map_err(fail)
    }

    /// Reads a list that need not be there yet.
    ///
    /// # Errors
    /// As [`CueList::read`].
    pub fn read_if_there(path: &Path) -> Result<Self, CueError> {
        match std::fs::metadata(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Self::default()),
            _ => Self::read(path),
        }
    }

    /// Keeps the list in a file.
    ///
    /// # Errors
    /// [`CueError`].
    pub fn write(&self, path: &Path) -> Result<(), CueError> {
        let fail = |reason: String| CueError { path: path.to_owned(), reason };
        let text = self.text().map_err(fail)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
        }
        write_whole(path, text.as_bytes()).map_err(|e| fail(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::controls::Settings;

    #[test]
    fn a_list_is_kept_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("cues.toml");
        let mut list = CueList::read_if_there(&path).unwrap();
        let mut settings = Settings::default();
        settings.set(Control::Zoom, 1.75);
        settings.set(Control::Walk, 2.0);
        list.keep(Cue::of("first".into(), "aurora".into(), &settings, When::Beat, 8.0)).unwrap();
        list.keep(Cue { name: "1".into(), scene: None, when: When::Now, fade: 0.0, set: Vec::new() }).unwrap();
        list.write(&path).unwrap();
        let again = CueList::read(&path).unwrap();
        assert_eq!(again.cues()[1], list.cues()[1]);
        let sorted = |cue: &Cue| {
            let mut set = cue.set.clone();
            set.sort_by_key(|(control, _)| *control);
            (set, cue.scene.clone(), cue.when, cue.fade)
        };
        assert_eq!(sorted(&again.cues()[0]), sorted(&list.cues()[0]));
        // A name goes before a number.
        assert_eq!(
            (again.find("1"), again.find("2"), again.find("first"), again.find("0")),
            (Some(1), Some(1), Some(0), None)
        );
        assert!(again.cues()[0].set.iter().all(|(control, _)| *control != Control::Guard));
    }

    #[test]
    fn a_damaged_list_is_an_error_that_names_the_file_and_the_cue() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cues.toml");
        let damaged = [
            ("cue = 3", ""),
            ("[[cue]]\nname = ''", "characters"),
            ("[[cue]]\nname = 'a'\nfade = -1.0", "`a`"),
            ("[[cue]]\nname = 'a'\nfade = nan", "`a`"),
            ("[[cue]]\nname = 'a'\nwhen = 'soon'", ""),
            ("[[cue]]\nname = 'a'\nset = { next = 1 }", "`next`"),
            ("[[cue]]\nname = 'a'\nset = { loudness = 1 }", "`loudness`"),
            ("[[cue]]\nname = 'a'\nset = { zoom = 9 }", "0.25 to 4"),
            ("[[cue]]\nname = 'a'\nset = { walk = 'fly' }", "wander"),
            ("[[cue]]\nname = 'a'\n[[cue]]\nname = 'a'", "two cues"),
            ("\u{0}", ""),
        ];
        for (text, says) in damaged {
            std::fs::write(&path, text).unwrap();
            let error = CueList::read(&path).unwrap_err().to_string();
            assert!(
                error.contains("cues.toml") && error.contains(says) && error.lines().count() == 1,
                "{text:?}: {error}"
            );
        }
    }
}
