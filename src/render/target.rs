//! What is to be written, and how it appears under its name only when it is whole.

use super::RenderError;
use super::wav::STEMS;
use crate::files::beside;
use std::path::{Path, PathBuf};

/// What kind of thing an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A MIDI file with the tune, the answers and the accompaniment.
    Midi,
    /// The sound: 48 kHz, stereo.
    Wav,
    /// A folder with the sound of each part.
    Stems,
    /// The piano roll.
    PianoRoll,
    /// A folder of numbered PNG pictures.
    Frames,
    /// A video with sound: H.264 and AAC.
    Video,
    /// A video without loss: FFV1 and FLAC.
    Lossless,
    /// A video to edit: ProRes and PCM.
    ProRes,
}

impl TargetKind {
    /// Whether it shows moving pictures.
    pub fn has_pictures(self) -> bool {
        self == Self::Frames || self.is_video()
    }

    /// Whether ffmpeg makes it.
    pub fn is_video(self) -> bool {
        matches!(self, Self::Video | Self::Lossless | Self::ProRes)
    }

    /// Whether it is a folder.
    pub fn is_folder(self) -> bool {
        matches!(self, Self::Frames | Self::Stems)
    }
}

/// Something to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its final name.
    pub path: PathBuf,
    /// What it is.
    pub kind: TargetKind,
}

impl Target {
    /// Takes the kind from the name: `.mid`, `.wav`, `.png` (piano roll), `.mp4`, `.mkv`, `.mov`, and `.stems` for a folder of
    /// stems; a folder of video frames where there is no ending, a slash at the end, or a folder already.
    ///
    /// # Errors
    /// A line that says which endings there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let path = PathBuf::from(name);
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match ending.as_deref() {
            _ if name.is_empty() => return Err("an output needs a name".into()),
            Some("stems") => TargetKind::Stems,
            _ if name.ends_with(['/', std::path::MAIN_SEPARATOR]) || path.is_dir() => TargetKind::Frames,
            Some("mid" | "midi") => TargetKind::Midi,
            Some("wav") => TargetKind::Wav,
            Some("png") => TargetKind::PianoRoll,
            Some("mp4") => TargetKind::Video,
            Some("mkv") => TargetKind::Lossless,
            Some("mov") => TargetKind::ProRes,
            None => TargetKind::Frames,
            Some(other) => {
                return Err(format!(
                    "`{name}`: `.{other}` cannot be written; .mp4, .mkv, .mov, .wav, .stems/, .mid, .png or a folder/ can"
                ));
            }
        };
        Ok(Self { path, kind })
    }
}

/// A file or folder under a temporary name beside its final one. Dropped before [`Partial::finish`] it vanishes.
#[derive(Debug)]
pub struct Partial {
    target: PathBuf,
    partial: PathBuf,
    is_folder: bool,
    finished: bool,
}

impl Partial {
    /// Reserves the temporary name: makes the file or folder, so that an output that cannot be written is known before
    /// any work is done.
    ///
    /// # Errors
    /// [`RenderError::Write`], [`RenderError::FolderInUse`].
    pub fn begin(target: &Path, is_folder: bool) -> Result<Self, RenderError> {
        let fail = |e: std::io::Error| RenderError::Write { path: target.to_owned(), reason: e.to_string() };
        let plain = free(target, is_folder)?;
        let partial = beside(&plain).map_err(fail)?;
        if is_folder {
            std::fs::create_dir(&partial).map_err(fail)?;
        } else {
            std::fs::File::create(&partial).map_err(fail)?;
        }
        Ok(Self { target: plain, partial, is_folder, finished: false })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Takes away what processes that were killed have left of the same output.
    pub(super) fn sweep(&self) {
        let (Some(folder), Some(name)) = (self.partial.parent(), self.target.file_name()) else { return };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let start = format!(".{}.", name.to_string_lossy());
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".partial"));
            if process.and_then(|id| id.parse().ok()).is_some_and(is_gone) {
                // Best effort: it only takes room.
                let _ = if self.is_folder {
                    std::fs::remove_dir_all(entry.path())
                } else {
                    std::fs::remove_file(entry.path())
                };
            }
        }
    }

    /// An error about this output.
    pub fn fail(&self, reason: impl std::fmt::Display) -> RenderError {
        RenderError::Write { path: self.target.clone(), reason: reason.to_string() }
    }

    /// Gives it its final name.
    ///
    /// # Errors
    /// [`RenderError::Write`].
    pub fn finish(mut self) -> Result<(), RenderError> {
        if self.is_folder && self.target.exists() {
            std::fs::remove_dir_all(&self.target).map_err(|e| self.fail(e))?;
        }
        std::fs::rename(&self.partial, &self.target).map_err(|e| self.fail(e))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: there is nobody left to tell.
            let _ = if self.is_folder {
                std::fs::remove_dir_all(&self.partial)
            } else {
                std::fs::remove_file(&self.partial)
            };
        }
    }
}

/// Whether no process of that number runs.
#[cfg(unix)]
fn is_gone(process: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    Pid::from_raw(process).is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

/// Nobody can tell here.
#[cfg(not(unix))]
fn is_gone(_: i32) -> bool {
    false
}

/// The name without a slash at its end, if nothing there stands in the way.
pub(super) fn free(target: &Path, is_folder: bool) -> Result<PathBuf, RenderError> {
    let fail = |e: std::io::Error| RenderError::Write { path: target.to_owned(), reason: e.to_string() };
    let plain: PathBuf = target.components().collect();
    if is_folder && plain.exists() && !is_replaceable(&plain).map_err(fail)? {
        return Err(RenderError::FolderInUse { path: plain });
    }
    if !is_folder && plain.is_dir() {
        return Err(RenderError::Write { path: plain, reason: "it is a folder".into() });
    }
    Ok(plain)
}

/// Whether a folder holds nothing but what an earlier rendering left there.
fn is_replaceable(folder: &Path) -> std::io::Result<bool> {
    if !folder.is_dir() {
        return Err(std::io::Error::other("there is a file of that name"));
    }
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let ours =
            name == "sound.wav" || STEMS.contains(&&*name) || (name.starts_with("frame-") && name.ends_with(".png"));
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}
