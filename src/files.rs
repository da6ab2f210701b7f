//! Reading files that are not too large, and writing them so that no half of one ever bears its name.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// What the system says; a larger file, with both sizes.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > limit {
        return Err(Error::other(format!("{size} bytes are more than the limit of {limit}")));
    }
    std::fs::read(path)
}

/// The name under which a file is written before it is renamed: in the same folder, hidden, of this process alone.
///
/// # Errors
/// If `path` has no file name.
pub fn beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| Error::other("no file name given"))?;
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(format!(".{}.partial", std::process::id()));
    Ok(path.with_file_name(partial))
}

/// Writes a file beside `path` and puts it in its place.
///
/// # Errors
/// If the file system refuses; what was there before is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = beside(path)?;
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().inspect_err(|_| {
        // The first error is the one to tell; a part that was never made cannot be removed either.
        let _removed = std::fs::remove_file(&partial);
    })
}

/// Where a file of the user's settings lies; `None` where the system names no folder for them.
pub fn settings_file(name: &str) -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "oneiro").map(|dirs| dirs.config_dir().join(name))
}
