//! What happens in a reel, and where.

use crate::time::{Beats, MetreMap};
use serde::{Deserialize, Serialize};

/// Farthest position, in quarter notes or bars.
const FARTHEST: f64 = 1e9;

/// A position in the music.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// Quarter notes from the beginning.
    Beat(f64),
    /// A bar from 1, and the share of it: 2.5 is the middle of the second.
    Bar(f64),
}

impl Position {
    /// In quarter notes.
    pub fn beats(self, metres: &MetreMap) -> Beats {
        match self {
            Self::Beat(beat) => Beats(beat),
            Self::Bar(bar) => {
                let whole = metres.bar(bar.floor() as i64 - 1);
                whole.start + whole.length() * (bar - bar.floor())
            }
        }
    }

    pub(super) fn is_sound(self) -> bool {
        let (Self::Beat(at) | Self::Bar(at)) = self;
        at.abs() <= FARTHEST
    }
}

/// A value of a control, in its own units, or by name where its values have names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReelValue {
    /// A number.
    Number(f64),
    /// A name: a choice, a scene, a style, a class, a picture, a model.
    Name(String),
}

/// How a control comes to the value of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// At once, at the point.
    #[default]
    Step,
    /// Straight from the point before, or from the beginning; it arrives at the point. Only for controls whose values have others
    /// between them.
    Ramp,
}

/// A control has a value at a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Where.
    pub at: Position,
    /// Name of the control.
    pub control: String,
    /// Its value there; a trigger is pressed by anything from a half on. A scene begins to come exactly there.
    pub value: ReelValue,
    /// How it comes to it.
    #[serde(default)]
    pub way: Way,
}

/// A cue comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Where exactly, whatever the cue says itself.
    pub at: Position,
    /// The cue, by name or number from 1.
    pub cue: String,
}

/// A text over the pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caption {
    /// From where on; from the beginning without.
    #[serde(default)]
    pub from: Option<Position>,
    /// Up to where; to the end without.
    #[serde(default)]
    pub to: Option<Position>,
    /// What it says.
    pub text: String,
    /// Where it stands.
    #[serde(default)]
    pub kind: CaptionKind,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptionKind {
    /// Large, in the middle.
    #[default]
    Title,
    /// At the foot.
    Lyric,
}
