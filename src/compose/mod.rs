//! The composer: a worker that hears the tune bar by bar and answers it, phrase by phrase.
//!
//! What is heard is pushed through the melody network event by event, so that its memory holds the player's motifs.
//! At a [`Cue`] the [`Composer`] draws an answer that keeps the [`Rules`], and sends it to the audio side as plans. An
//! answer depends on the seed, the number of the phrase, what was heard up to there, the model and the settings, and on
//! nothing else.

mod composer;
mod continuation;
mod contract;
mod controls;
mod director;
mod ear;
mod error;
mod expression;
mod facts;
mod harmony;
mod line;
mod melody_model;
mod memory;
mod parameters;
mod pen;
mod phrase_model;
mod recent;
mod sampler;
mod tally;
mod worker;

pub use composer::{Composer, Cue, Phrase};
pub use controls::{Controls, Expression, ScaleControl};
pub use director::{
    Boundary, Corner, Direction, Director, MOST_BARS, Mode, Order, PlayedPhrase, Refusal, SecondVoice, Settings,
    Status, Turn, lead_time, stride,
};
pub use error::ComposeError;
pub use harmony::{HarmonySpan, avoid_notes, home_tones};
pub use melody_model::{Expectation, MelodyModel, Place};
pub use parameters::{PARAMETERS, Parameter, Shape};
pub use phrase_model::{LatentPoint, PhraseModel, blend, likeliest};
pub use sampler::{Freedom, Moment, Rules, choose, closable};
pub use tally::{Figures, Tally};
pub use worker::{DirectorWorker, News, Replacement};
