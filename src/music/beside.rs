use std::io::Write;
use std::path::Path;

/// Writes a file under a temporary name in the same folder and renames it, so that no half of it ever bears its name.
pub(super) fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().inspect_err(|_| {
        // Best effort: the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
    })
}
