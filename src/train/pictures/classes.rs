//! Laying out folders of pictures by class, as a classifier learns from them.

use super::dataset::catalogue::{LIMIT_BYTES, objects};
use super::dataset::files_in;
use super::procedural::gallery::MANIFEST;
use crate::files::{read_at_most, write_whole};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why classes cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum ClassesError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder of paintings says nothing of their years.
    #[error("{}: no museum's catalogue with years: {reason}", path.display())]
    Catalogue {
        /// The catalogue.
        path: PathBuf,
        /// What is the matter.
        reason: String,
    },
    /// The target is taken.
    #[error("{}: there is something already; name a folder that is not there", path.display())]
    Taken {
        /// The target.
        path: PathBuf,
    },
}

/// What was laid out.
#[derive(Debug, Serialize)]
pub struct Laid {
    /// Pictures of each class.
    pub classes: BTreeMap<String, usize>,
    /// Paintings that the catalogue does not know.
    pub unknown: usize,
}

/// Lays paintings out as `classical` (finished before `year`) and `modern` (in it or later) by the museum's catalogue beside them, and
/// the pictures of another folder as `abstract`. A painting without a year counts as unknown. The catalogue goes along, so that artists
/// stay known; so does the list of a painted folder. Files are linked where the system allows it, otherwise copied; `out` must not be
/// there yet.
///
/// # Errors
/// [`ClassesError`].
pub fn lay_out(paintings: &Path, abstracts: &Path, year: i64, out: &Path) -> Result<Laid, ClassesError> {
    if out.exists() {
        return Err(ClassesError::Taken { path: out.to_owned() });
    }
    let catalogue = paintings.join("objects.json");
    let bytes = read(&catalogue)?;
    let wrong = |reason: String| ClassesError::Catalogue { path: catalogue.clone(), reason };
    let works = objects(&bytes).map_err(|e| wrong(e.to_string()))?;
    let years: BTreeMap<String, i64> = works.into_iter().filter_map(|o| Some((o.id.to_string(), o.end?))).collect();
    if years.is_empty() {
        return Err(wrong("no work has an `objectEndDate`".to_owned()));
    }
    let mut laid = Laid { classes: BTreeMap::new(), unknown: 0 };
    for file in list(paintings)? {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        match years.get(stem.as_ref()) {
            Some(end) => put(&file, out, if *end < year { "classical" } else { "modern" }, &mut laid)?,
            None => laid.unknown += 1,
        }
    }
    for file in list(abstracts)? {
        put(&file, out, "abstract", &mut laid)?;
    }
    let write =
        |path: PathBuf, bytes: &[u8]| write_whole(&path, bytes).map_err(|source| ClassesError::Io { path, source });
    write(out.join("objects.json"), &bytes)?;
    let manifest = abstracts.join(MANIFEST);
    let mut origin = std::fs::read_to_string(paintings.join("ORIGIN.txt")).unwrap_or_default().trim().to_owned();
    if manifest.is_file() {
        write(out.join("abstract").join(MANIFEST), &read(&manifest)?)?;
        origin.push_str("\nClass abstract: painted by `oneiro data procedural`.");
    } else {
        let other = std::fs::read_to_string(abstracts.join("ORIGIN.txt")).unwrap_or_default();
        origin = format!("{origin}\n{}", other.trim());
    }
    write(
        out.join("ORIGIN.txt"),
        format!("{}\nClassical: before {year}; modern: from {year}.\n", origin.trim()).as_bytes(),
    )?;
    Ok(laid)
}

fn read(path: &Path) -> Result<Vec<u8>, ClassesError> {
    read_at_most(path, LIMIT_BYTES).map_err(|source| ClassesError::Io { path: path.to_owned(), source })
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, ClassesError> {
    let io = |e: super::dataset::Error| ClassesError::Io {
        path: folder.to_owned(),
        source: std::io::Error::other(e.to_string()),
    };
    files_in(folder).map_err(io)
}

fn put(file: &Path, out: &Path, class: &str, laid: &mut Laid) -> Result<(), ClassesError> {
    let folder = out.join(class);
    let io = |path: &Path, source| ClassesError::Io { path: path.to_owned(), source };
    std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
    // Subfolders are laid flat: equal names get a number.
    let name = file.file_name().unwrap_or_default();
    let mut target = folder.join(name);
    let mut number = 1;
    while target.exists() {
        target = folder.join(format!("{number}-{}", name.to_string_lossy()));
        number += 1;
    }
    // A link to the file itself, not to a link that leads there.
    let file = file.canonicalize().map_err(|e| io(file, e))?;
    std::fs::hard_link(&file, &target)
        .or_else(|_| std::fs::copy(&file, &target).map(drop))
        .map_err(|e| io(&target, e))?;
    *laid.classes.entry(class.to_owned()).or_insert(0) += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paintings_are_dealt_by_their_last_year_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let (paintings, abstracts, out) = (dir.path().join("p"), dir.path().join("a"), dir.path().join("out"));
        std::fs::create_dir_all(&abstracts).unwrap();
        std::fs::create_dir_all(&paintings).unwrap();
        for (folder, name) in
            [(&paintings, "1.jpg"), (&paintings, "2.jpg"), (&paintings, "9.jpg"), (&abstracts, "x.png")]
        {
            std::fs::write(folder.join(name), name).unwrap();
        }
        let lay = || lay_out(&paintings, &abstracts, 1850, &out);
        assert!(matches!(lay(), Err(ClassesError::Io { path, .. }) if path.ends_with("objects.json")));
        for useless in ["{}", r#"{"objects": [{"objectID": 1}]}"#] {
            std::fs::write(paintings.join("objects.json"), useless).unwrap();
            assert!(matches!(lay(), Err(ClassesError::Catalogue { .. })));
        }
        assert!(!out.exists());
        let list = r#"{"objects": [{"objectID": 1, "objectEndDate": 1849}, {"objectID": 2, "objectEndDate": 1850}]}"#;
        std::fs::write(paintings.join("objects.json"), list).unwrap();
        let laid = lay().unwrap();
        assert_eq!(laid.unknown, 1);
        let names = ["classical/1.jpg", "modern/2.jpg", "abstract/x.png", "objects.json", "ORIGIN.txt"];
        assert!(names.iter().all(|n| out.join(n).is_file()));
        assert_eq!(laid.classes.values().sum::<usize>(), 3);
        assert!(matches!(lay(), Err(ClassesError::Taken { .. })));
    }
}
