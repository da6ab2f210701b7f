//! What surfaces may order.

use crate::show::When;
use crate::show::controls::Control;
use crate::sources::Played;
use oneiro::controls::Knob;

/// An order of a control surface.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// A control is to have a value, in its own units; a trigger is pressed by anything from a half on.
    Set(Control, f64),
    /// A knob that moves a control is at a position: 0 to 1.
    Knob(Control, Knob, f64),
    /// A control that numbers things with names is to have the number of one; an empty name is 0. A scene may also be called
    /// by its number, from 1.
    Named(Control, String),
    /// A cue is to come, by its name or its number from 1.
    Cue {
        /// Which.
        which: String,
        /// When, instead of when it says itself.
        when: Option<When>,
    },
    /// How the show looks now is to be kept as a cue.
    Keep {
        /// Its name.
        name: String,
        /// When it is to come.
        when: When,
        /// Over how many quarter notes.
        fade: f64,
    },
    /// A cue is to be taken out of the list, by its name.
    Remove(String),
    /// A surface plays: a note, or a beat.
    Played(Played),
    /// Something that whoever looks at a surface should read.
    Note(String),
}
