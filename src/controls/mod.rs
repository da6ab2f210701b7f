//! What a player can turn and press: one table for the stand-alone instrument, the plugin, MIDI maps and recordings.

mod learn;
mod sounds;
mod table;

pub use crate::compose::Shape;
pub use learn::{Binding, ControlMap, Knob, Learner, MapError, Row, Turn, Turned, moved};
pub use sounds::{BUILT_IN as BUILT_IN_SOUNDS, NAMES as SOUNDS, patches};
pub use table::{CONTROLS, Control, Settings, Spec};
