//! What the player likes of the editor, kept in a file of the user's for all projects.

use super::theme::{is_light, set_light};
use directories::ProjectDirs;
use oneiro::files::write_whole;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 16;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Taste {
    /// A light ground, and not a dark one.
    #[serde(default)]
    light: bool,
}

fn file() -> Option<PathBuf> {
    ProjectDirs::from("", "", "oneiro").map(|dirs| dirs.config_dir().join("editor.toml"))
}

/// Takes up what was kept, once: for the first window of all. A file that is missing or damaged says nothing.
pub fn recall() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Some(taste) = file().and_then(|path| read(&path)) {
            set_light(taste.light);
        }
    });
}

/// Changes between a light ground and a dark one, and keeps it.
///
/// # Errors
/// Of the file; the ground is changed all the same.
pub fn turn_light() -> io::Result<()> {
    set_light(!is_light());
    match file() {
        Some(path) => write(&path, Taste { light: is_light() }),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Option<Taste> {
    let short = std::fs::metadata(path).ok()?.len() <= LONGEST;
    let text = std::fs::read_to_string(path).ok().filter(|_| short)?;
    toml::from_str(&text).ok()
}

fn write(path: &Path, taste: Taste) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_whole(path, toml::to_string(&taste).map_err(io::Error::other)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taste_comes_back_and_nonsense_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/editor.toml");
        assert_eq!(read(&path), None);
        for light in [true, false] {
            write(&path, Taste { light }).unwrap();
            assert_eq!(read(&path), Some(Taste { light }));
        }
        std::fs::write(&path, "light = 7").unwrap();
        assert_eq!(read(&path), None);
    }
}
