use crate::model::session::SessionError;
use std::path::PathBuf;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The model cannot be opened or run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The model is sound, but cannot paint here.
    #[error("{}: cannot paint: {reason}", origin.display())]
    Model {
        /// The model.
        origin: PathBuf,
        /// Why.
        reason: String,
    },
    /// The thread that paints panicked or has ended, or there is nothing that it could paint with.
    #[error("painting has failed ({0})")]
    Failed(String),
    /// A picture cannot be brought to size.
    #[error("a picture cannot be enlarged: {0}")]
    Resize(String),
}
