use crate::model::session::SessionError;
use std::path::PathBuf;

/// Why no answer was composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The model cannot be opened or run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The model is sound, but cannot play here.
    #[error("{}: cannot compose: {reason}", origin.display())]
    Model {
        /// The model.
        origin: PathBuf,
        /// Why.
        reason: String,
    },
    /// The audio side took no more notes.
    #[error("phrase {phrase} has more notes than there is room for")]
    TooManyNotes {
        /// Number of the phrase.
        phrase: u32,
    },
    /// A control is outside its range.
    #[error("{control} {value}: {low} to {high} is needed")]
    Control {
        /// Its name.
        control: &'static str,
        /// What was asked for.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// A text that stands for no value of a control.
    #[error("{control}: `{text}` is no value of it")]
    Text {
        /// Its name.
        control: &'static str,
        /// The text.
        text: String,
    },
    /// A phrase of the phrase network is wanted where there is no such network.
    #[error("there is no phrase network to write with")]
    NoPhrases,
    /// The worker's thread ended before its time.
    #[error("the composer's thread ended unexpectedly")]
    Gone,
}
