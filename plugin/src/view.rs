//! The seam to the editor: what it reads, and what it may ask for.
//!
//! The editor draws a [`View`], which [`crate::shared::Shared::look`] brings up to date, and moves parameters through
//! [`crate::editor::hand::Hand`], which tells the host. Everything else is a [`Wish`].

use crate::state::ModelMark;
use oneiro::compose::{Corner, Order};
use oneiro::controls::Control;
use oneiro::link::Watched;
use oneiro::model::spec::Kind;
use oneiro::music::{Melody, Note};
use oneiro::seen::{Grade, Seen};
use std::path::PathBuf;

/// The kinds of models that play, in the order of [`View::models`].
pub const KINDS: [Kind; 2] = [Kind::MelodyRnn, Kind::MelodyVae];

/// How a model stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelState {
    /// Nobody has asked for it yet: the plugin was not activated.
    #[default]
    Asleep,
    /// It is being opened.
    Opening,
    /// It plays.
    Ready {
        /// Its name.
        name: String,
        /// Its file's name, without the ending.
        file: String,
    },
    /// It is switched off.
    Off,
    /// It cannot play: why, and what to do, in one line.
    Missing(String),
}

impl ModelState {
    /// This one plays.
    pub(crate) fn of(mark: &ModelMark) -> Self {
        let file = mark.file.strip_suffix(".onnx").unwrap_or(&mark.file).to_owned();
        Self::Ready { name: mark.name.clone(), file }
    }
}

/// A model that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is for.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its file's name, without the ending: what [`Wish::Choose`] takes.
    pub file: String,
}

/// A message for the player, until it is dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number: what [`Wish::Dismiss`] takes.
    pub number: u64,
    /// How it is meant.
    pub grade: Grade,
    /// One line.
    pub text: String,
}

/// What the editor reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// The music: notes heard and to come with their beats, mode and next mode, turn, chord, key, captured corners, place
    /// in the history, clock, meters, late and lost notes, milliseconds of the last answer.
    pub seen: Seen,
    /// The models of [`KINDS`].
    pub models: [ModelState; 2],
    /// Every model that can be chosen, once [`Wish::List`] was fulfilled.
    pub library: Vec<Choice>,
    /// The captured phrases, on the grid.
    pub captured: [Option<Melody>; 4],
    /// The newest messages, oldest first.
    pub notices: Vec<Notice>,
    /// Who looks at the instance from another program, and what is shown there.
    pub watched: Watched,
    /// Whether audio waits for the composer.
    pub in_sync: bool,
    /// The notes of the last phrase that the composer has planned, counted from its start.
    pub last_phrase: Vec<Note>,
}

/// What the editor may ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Something that a player orders at this moment: again, another, undo, redo, capture, a phrase of one's own for a
    /// corner. Modes and settings are parameters.
    Order(Order),
    /// A trigger is pressed: [`Control::PANIC`], or one that orders something.
    Press(Control),
    /// Another model of a kind, by the name of its file; `None` is none at all.
    Choose(Kind, Option<String>),
    /// Models are looked for again: something was mended.
    LookAgain,
    /// All models that can be chosen are listed in [`View::library`].
    List,
    /// A message was read.
    Dismiss(u64),
    /// A visualizer is started.
    Show,
    /// A corner's phrase, or the last one that the composer played, is written to a MIDI file.
    Export(Option<Corner>, PathBuf),
}
