//! What is finished of the pictures of an output, in a folder beside it, so that a rendering that was broken off can go on.
//!
//! The folder is `.NAME.ID.oneiro-work`; the ID follows from everything that decides the pictures: the program's version, the
//! input, the models, all settings. So the same command finds its own work again, and never another's.

use super::RenderError;
use super::target::free;
use crate::files::write_whole;
use sha2::{Digest as _, Sha256};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The ending of the folder's name.
const ENDING: &str = ".oneiro-work";
/// In it: what it is the work of.
const MANIFEST: &str = "manifest.txt";
/// In it: an empty file that is locked while somebody works.
const LOCK: &str = "lock";
/// In it: numbered pictures.
const PICTURES: &str = "frames";

/// The work on one output.
#[derive(Debug)]
pub(super) struct Work {
    target: PathBuf,
    folder: PathBuf,
    /// Whether what is finished stays where the rendering ends before its time.
    lasting: bool,
    done: bool,
    _lock: File,
}

impl Work {
    /// Begins, or goes on. `plan` is everything that decides the pictures, as text; without one nothing is kept. With `anew` what
    /// is there is thrown away.
    ///
    /// # Errors
    /// [`RenderError::Write`], [`RenderError::FolderInUse`], [`RenderError::Busy`].
    pub fn begin(target: &Path, is_folder: bool, plan: Option<&str>, anew: bool) -> Result<Self, RenderError> {
        let fail = |e: std::io::Error| RenderError::Write { path: target.to_owned(), reason: e.to_string() };
        let target = free(target, is_folder)?;
        let id = match plan {
            Some(plan) => format!("{:x}", Sha256::digest(plan))[..12].to_owned(),
            None => format!("process-{}", std::process::id()),
        };
        let name = target.file_name().ok_or_else(|| fail(std::io::Error::other("no file name given")))?;
        let mut folder = std::ffi::OsString::from(".");
        folder.push(name);
        folder.push(format!(".{id}{ENDING}"));
        let folder = target.with_file_name(folder);
        if !folder.is_dir() {
            std::fs::create_dir(&folder).map_err(fail)?;
        }
        let manifest = folder.join(MANIFEST);
        let lock = File::options().create(true).append(true).open(folder.join(LOCK)).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RenderError::Busy { path: target }),
            // A file system without locks: two processes at once are the user's own affair there.
            Err(TryLockError::Error(_)) => {}
        }
        let same = std::fs::read_to_string(&manifest).is_ok_and(|text| Some(text.as_str()) == plan);
        clear(&folder, anew || !same).map_err(fail)?;
        write_whole(&manifest, plan.unwrap_or_default().as_bytes()).map_err(fail)?;
        let pictures = folder.join(PICTURES);
        if is_folder && !pictures.is_dir() {
            std::fs::create_dir(pictures).map_err(fail)?;
        }
        Ok(Self { target, folder, lasting: plan.is_some(), done: false, _lock: lock })
    }

    /// The output's name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the work is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where numbered pictures are.
    pub fn pictures(&self) -> PathBuf {
        self.folder.join(PICTURES)
    }

    /// An error about this output.
    pub fn fail(&self, reason: impl std::fmt::Display) -> RenderError {
        RenderError::Write { path: self.target.clone(), reason: reason.to_string() }
    }

    /// Whether something is finished that is worth to be kept.
    pub fn is_kept(&self) -> bool {
        let is_part = |folder: &Path, start: &str| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .any(|name| name.starts_with(start) && !name.ends_with(".partial"))
        };
        self.lasting && (is_part(&self.folder, "piece-") || is_part(&self.pictures(), "frame-"))
    }

    /// Puts the pictures, or a file of the work, in the output's place. What is left of the work goes.
    pub fn finish(mut self, file: Option<&Path>) -> Result<(), RenderError> {
        let made = file.map_or_else(|| self.pictures(), Path::to_owned);
        if file.is_none() && self.target.exists() {
            std::fs::remove_dir_all(&self.target).map_err(|e| self.fail(e))?;
        }
        std::fs::rename(&made, &self.target).map_err(|e| self.fail(e))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.done || !self.is_kept() {
            // Best effort: there is nobody left to tell.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Takes out what was broken off, or everything.
fn clear(folder: &Path, all: bool) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            clear(&entry.path(), all)?;
        } else if name != LOCK && (all || name.ends_with(".partial") || name.starts_with("sound")) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Other works on the same output that lie beside it.
pub(super) fn others(work: &Work) -> Vec<PathBuf> {
    let (Some(parent), Some(name)) = (work.folder.parent(), work.target.file_name()) else { return Vec::new() };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let start = format!(".{}.", name.to_string_lossy());
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_other = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let id = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(ENDING));
        // A point in it belongs to another output's name: `film.mkv` beside `film`.
        path.file_name() != work.folder.file_name() && id.is_some_and(|id| !id.contains('.'))
    };
    entries.filter(is_other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_work_is_one_on_the_same_output() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |name: &str, plan: &str| Work::begin(&folder.path().join(name), false, Some(plan), false).unwrap();
        let (film, video) = (begin("film", "a"), begin("film.mkv", "a"));
        assert!(others(&film).is_empty() && others(&video).is_empty());
        let second = begin("film", "b");
        assert_eq!(others(&film), [second.folder().to_owned()]);
        let busy = Work::begin(&folder.path().join("film"), false, Some("a"), false);
        assert!(matches!(busy, Err(RenderError::Busy { .. })), "{busy:?}");
        let folders = [film, video, second].map(|work| work.folder().to_owned());
        assert!(folders.iter().all(|folder| !folder.exists()), "nothing was finished in them");
    }
}
