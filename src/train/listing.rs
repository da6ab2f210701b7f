//! The files below a folder, whatever else lies there.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// What a folder and its subfolders hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files, sorted. Hidden ones are left out.
    pub files: Vec<PathBuf>,
    /// Subfolders that cannot be listed, links that lead nowhere, and devices, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Lists a folder with all its subfolders. A subfolder is entered once, however many links lead to it.
///
/// # Errors
/// If the folder itself cannot be listed.
pub fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let mut entered = HashSet::from([folder.canonicalize()?]);
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        let entries = match std::fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(error) if here == folder => return Err(error),
            Err(error) => {
                listing.unreadable.push((here, error.to_string()));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    listing.unreadable.push((here.clone(), error.to_string()));
                    continue;
                }
            };
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // Follows links.
            match std::fs::metadata(&path) {
                Ok(about) if about.is_file() => listing.files.push(path),
                Ok(about) if about.is_dir() => {
                    if path.canonicalize().is_ok_and(|target| entered.insert(target)) {
                        open.push(path);
                    }
                }
                Ok(_) => listing.unreadable.push((path, "neither a file nor a folder".into())),
                Err(error) => listing.unreadable.push((path, error.to_string())),
            }
        }
    }
    listing.files.sort();
    listing.unreadable.sort();
    Ok(listing)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_once_and_those_that_lead_nowhere_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a.png/b")).unwrap();
        for file in ["1.mid", "a.png/b/2.abc", ".hidden"] {
            std::fs::write(at(file), "x").unwrap();
        }
        symlink(folder.path(), at("a.png/loop")).unwrap();
        symlink(at("gone"), at("3.mid")).unwrap();
        symlink(at("1.mid"), at("4.mid")).unwrap();
        let listing = list(folder.path()).unwrap();
        assert_eq!(listing.files, [at("1.mid"), at("4.mid"), at("a.png/b/2.abc")]);
        assert_eq!(listing.unreadable.iter().map(|(path, _)| path).collect::<Vec<_>>(), [&at("3.mid")]);
        assert!(list(&at("gone")).is_err());
        assert!(list(&at("1.mid")).is_err(), "a file is no folder");
    }
}
