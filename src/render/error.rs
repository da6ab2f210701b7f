use super::arrangement::ArrangementError;
use super::scenes::ScenesError;
use crate::compose::ComposeError;
use crate::picture::PictureError;
use std::path::PathBuf;

/// Why a performance was not rendered. Nothing bears its final name then.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The score has no form.
    #[error(transparent)]
    Arrangement(#[from] ArrangementError),
    /// The composer failed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The pictures failed.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The scenes failed.
    #[error(transparent)]
    Scenes(#[from] ScenesError),
    /// A SoundFont cannot be played.
    #[error("the SoundFont: {0}")]
    SoundFont(String),
    /// A file cannot be written.
    #[error("{}: cannot be written: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder for video frames or stems holds other things.
    #[error("{}: is a folder with other things in it; name a new one", path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// `ffmpeg` gave up.
    #[error("{}: ffmpeg failed: {message}", path.display())]
    Ffmpeg {
        /// The video.
        path: PathBuf,
        /// What it said last.
        message: String,
    },
    /// A place in the music is not there.
    #[error("{0}")]
    Excerpt(String),
    /// Things that do not go together.
    #[error("{0}")]
    Outputs(String),
    /// Another process renders the same.
    #[error("{}: is being rendered by another process", path.display())]
    Busy {
        /// The output.
        path: PathBuf,
    },
    /// The performance is longer than anyone renders.
    #[error("the performance would last {minutes:.0} minutes; the limit is {limit} minutes")]
    TooLong {
        /// How long.
        minutes: f64,
        /// How long it may be.
        limit: u32,
    },
    /// One of its threads panicked.
    #[error("writing has failed ({0})")]
    Failed(String),
    /// Someone asked to stop.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// Someone asked to stop, and pictures are kept.
    #[error("interrupted; the pictures so far are kept, and the same command goes on with them")]
    Paused,
}
