//! One run in a folder at a time.

use super::error::RunError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Name of the file that a run holds a lock on; the number of its process stands in it.
const FILE: &str = "run.lock";

/// A folder that no other run can be in. The system gives it free when the process ends, however it ends: the file alone
/// means nothing.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a folder.
    ///
    /// # Errors
    /// [`RunError::InUse`] while another run has it, [`RunError::Io`] where the file cannot be opened.
    pub fn take(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(FILE);
        let io = |error| RunError::Io { path: path.clone(), error };
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // The other run may not have written yet, and some systems let nobody read a locked file.
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let process = Some(text.trim().to_owned()).filter(|id| !id.is_empty());
                return Err(RunError::InUse { folder: folder.to_owned(), process });
            }
            // Not every file system has locks; a run on one is better than none.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                eprintln!("warning: {}: {error}; nothing keeps a second run out of this folder", path.display());
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_until_it_is_given_free() {
        let folder = tempfile::tempdir().unwrap();
        // Left behind by a run that was killed.
        std::fs::write(folder.path().join(FILE), "123456789 and more").unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).err().unwrap().to_string();
        let told = format!("{} is in use by another run", folder.path().display());
        assert!(error.starts_with(&told) && error.contains("--run"), "{error}");
        if cfg!(unix) {
            assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        }
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
