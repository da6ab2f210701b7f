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
    /// The director panicked.
    #[error("the composer has failed ({reason}) and {}", if *anew { "begins anew; settings and captured phrases stay" } else { "is given up; begin again" })]
    Failed {
        /// In one line.
        reason: String,
        /// Whether it goes on.
        anew: bool,
    },
    /// The worker's thread ended before its time.
    #[error("the composer's thread ended unexpectedly")]
    Gone,
}

impl ComposeError {
    /// Refuses a value of a control that lies outside its range.
    pub(super) fn unless_within(control: &'static str, value: f64, (low, high): (f64, f64)) -> Result<(), Self> {
        // A NaN lies in no range.
        if (low..=high).contains(&value) { Ok(()) } else { Err(Self::Control { control, value, low, high }) }
    }
}
