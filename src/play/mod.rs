//! The stand-alone instrument: everything around [`crate::live::Instrument`] that plays, hears, shows and remembers.
//!
//! | Part | Thread | Does |
//! |---|---|---|
//! | [`Intake`] | those of MIDI ports, and the screen's | bytes and keys become orders, stamped in samples |
//! | `Stagehand` | its own, every millisecond | MIDI out, controls, orders, record, scene |
//! | [`crate::link::Publisher`] | its own | tells visualizers what is played |
//! | a loader | its own, as long as it loads | opens the next model of a kind |
//! | [`crate::compose::DirectorWorker`] | its own | hears the player and plays, in a mode |
//! | the screen | the program's first | draws a [`Scene`], takes wishes |

mod intake;
mod linked;
mod running;
mod scene;
mod screen;
mod soak;
mod stagehand;

pub use intake::Intake;
pub use running::{Models, Options, Running};
pub use scene::Scene;
pub use screen::show;
pub use soak::{Memory, SoakReport, soak};
pub use stagehand::{Wish, lock};

/// One line of the map of knobs.
pub type Binding = crate::controls::Binding<crate::controls::Control>;
/// Which knob moves which control of the instrument.
pub type ControlMap = crate::controls::ControlMap<crate::controls::Control>;
