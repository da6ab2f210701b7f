//! Cues: a scene and values of controls, which come on the beat and fade in over beats. Fades are functions of the position in
//! the music, so they repeat.

mod file;
mod runner;

pub use file::{CueError, CueList, MOST};
pub use runner::Runner;

use crate::show::When;
use crate::show::controls::{CONTROLS, Control, Settings, Shape};

/// Longest fade, in quarter notes.
pub const LONGEST_FADE: f64 = 256.0;

/// A cue. Called by its name it is a preset; in a list they follow each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// Its name: no other of the list has it.
    pub name: String,
    /// The scene that comes, by name; `None` leaves the one that is there.
    pub scene: Option<String>,
    /// When it begins.
    pub when: When,
    /// Over how many quarter notes values and scene come: 0 to [`LONGEST_FADE`].
    pub fade: f64,
    /// The values.
    pub set: Vec<(Control, f64)>,
}

impl Cue {
    /// How the show looks now, as a cue.
    pub fn of(name: String, scene: String, settings: &Settings, when: When, fade: f64) -> Self {
        let looks = CONTROLS.iter().filter(|spec| is_look(spec.control));
        let set = looks.map(|spec| (spec.control, settings.get(spec.control))).collect();
        Self { name, scene: Some(scene), when, fade, set }
    }
}

/// Whether a control belongs to how a show looks, and not to how it is run: what a kept look holds.
fn is_look(control: Control) -> bool {
    use Control as C;
    let runs = [
        C::Scene,
        C::SwitchAt,
        C::SceneFade,
        C::Auto,
        C::Black,
        C::BlackFade,
        C::Freeze,
        C::Guard,
        C::Text,
        C::Tempo,
        C::ModelFade,
    ];
    control.spec().shape != Shape::Trigger && !runs.contains(&control)
}
