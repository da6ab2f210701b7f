//! The per-user cache: folders that are either whole or not there.
//!
//! A folder is filled under a temporary name and renamed. A file `.complete` in it, written last, says what it was
//! made from and how large each file is, so that the next run can tell at once that nothing is to do.

use anyhow::{Context, Result, bail};
use directories::ProjectDirs;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const STAMP: &str = ".complete";

/// The cache's folder: `ONEIRO_CACHE`, or the place the system has for such things. `oneiro` looks there too.
pub fn folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ONEIRO_CACHE").filter(|v| !v.is_empty()) {
        return Ok(std::path::absolute(folder)?);
    }
    let dirs = ProjectDirs::from("", "", "oneiro")
        .context("this system names no folder for caches; set ONEIRO_CACHE to a folder of your choice")?;
    Ok(dirs.cache_dir().to_owned())
}

/// Whether the folder is whole and was made from `source`.
pub fn is_complete(folder: &Path, source: &str) -> bool {
    let Ok(stamp) = fs::read_to_string(folder.join(STAMP)) else { return false };
    let mut lines = stamp.lines();
    lines.next() == Some(source)
        && lines.all(|line| {
            let Some((size, name)) = line.split_once(' ') else { return false };
            fs::metadata(folder.join(name)).is_ok_and(|meta| size.parse() == Ok(meta.len()))
        })
}

/// Fills a folder anew: all or nothing.
pub fn fill(folder: &Path, source: &str, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = folder.parent().context("the cache has no folder")?;
    let name = folder.file_name().context("the cache's folder has no name")?.to_string_lossy();
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make {}; set ONEIRO_CACHE to a folder you may write to", parent.display()))?;
    let partial = parent.join(format!(".{name}.{}.partial", std::process::id()));
    remove(&partial)?;
    fs::create_dir(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    let done = work(&partial).and_then(|()| stamp(&partial, source)).and_then(|()| replace(&partial, folder, source));
    if done.is_err() {
        let _leftover = remove(&partial);
    }
    done
}

fn replace(partial: &Path, folder: &Path, source: &str) -> Result<()> {
    remove(folder)?;
    match fs::rename(partial, folder) {
        Ok(()) => Ok(()),
        Err(_) if is_complete(folder, source) => remove(partial), // another run was quicker
        Err(e) => Err(e).with_context(|| format!("cannot put {} in place", folder.display())),
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn stamp(folder: &Path, source: &str) -> Result<()> {
    let mut text = format!("{source}\n");
    let mut files = Vec::new();
    list(folder, folder, &mut files)?;
    if files.is_empty() {
        bail!("nothing was unpacked from {source}");
    }
    files.sort();
    for (name, size) in files {
        let _infallible = writeln!(text, "{size} {name}");
    }
    fs::write(folder.join(STAMP), text).with_context(|| format!("cannot write into {}", folder.display()))
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, u64)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root)?.to_str() {
            files.push((name.to_owned(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A folder for one test, removed at its end.
    pub struct Scratch(pub PathBuf);

    impl Scratch {
        pub fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("oneiro-xtask-{name}-{}", std::process::id()));
            let _old = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_failed_filling_leaves_nothing_under_the_final_name() {
        let scratch = Scratch::new("fill");
        let folder = scratch.0.join("thing/1");
        let failed = fill(&folder, "a", |at| {
            fs::write(at.join("half"), "x")?;
            bail!("network is gone")
        });
        assert!(failed.is_err() && !folder.exists());
        assert_eq!(fs::read_dir(scratch.0.join("thing")).unwrap().count(), 0);
    }

    #[test]
    fn a_whole_folder_is_known_until_a_file_or_its_source_changes() {
        let scratch = Scratch::new("stamp");
        let folder = scratch.0.join("1");
        fill(&folder, "a", |at| Ok(fs::write(at.join("file"), "12345")?)).unwrap();
        assert!(is_complete(&folder, "a"));
        assert!(!is_complete(&folder, "b"));
        fs::write(folder.join("file"), "1234").unwrap();
        assert!(!is_complete(&folder, "a"));
    }
}
