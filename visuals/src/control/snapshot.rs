//! What there is to see of a show, for every surface.

use super::cues::CueList;
use crate::show::controls::Settings;
use crate::show::scene::Scene;
use oneiro::music::{Chord, PitchClassSet};
use serde::Serialize;
use std::sync::Arc;

/// The newest state. Two surfaces that see the same snapshot show the same.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// When the music was where `music` says, by [`oneiro::moment::now_ns`].
    pub at_ns: u64,
    /// The values of all controls.
    pub settings: Settings,
    /// The scene on stage, by its place.
    pub scene: usize,
    /// The one that waits for its beat.
    pub coming: Option<usize>,
    /// The music.
    pub music: MusicSeen,
    /// The machine.
    pub machine: Machine,
    /// The cues.
    pub cues: CuesSeen,
    /// What can be chosen.
    pub lists: Arc<Lists>,
    /// The last thing that was to be read, and its number: another number is another note.
    pub note: (u64, Arc<str>),
}

/// The music at a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MusicSeen {
    /// Position in quarter notes.
    pub beats: f64,
    /// Number of the bar, from 1.
    pub bar: i64,
    /// The beat of the metre in it, from 1.
    pub beat: u32,
    /// Beats of a bar.
    pub metre: u32,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Whether time runs.
    pub playing: bool,
    /// Name of the chord; empty where there is none.
    pub chord: String,
    /// How loud: 0 to 1.
    pub energy: f32,
    /// Where it comes from.
    pub from: String,
}

/// How the machine keeps up.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Machine {
    /// Frames a second.
    pub rate: f64,
    /// Milliseconds that a picture takes.
    pub picture_ms: f64,
    /// Steps that quality went down.
    pub steps_down: usize,
    /// Frames that came later than a twentieth of a second after the one before.
    pub late: u64,
    /// Orders and events that found no room.
    pub lost: u64,
    /// What draws, and what paints.
    pub about: String,
}

/// The cues at a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CuesSeen {
    /// The list.
    pub list: Arc<CueList>,
    /// The one that came last, by its place.
    pub at: Option<usize>,
    /// The one that waits.
    pub waiting: Option<usize>,
}

/// What can be chosen by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Lists {
    /// Scenes.
    pub scenes: Vec<SceneSeen>,
    /// Styles.
    pub styles: Vec<String>,
    /// Classes that a walk may lean towards.
    pub classes: Vec<String>,
    /// Pictures of the user's that it may lean towards.
    pub places: Vec<String>,
    /// Models that can paint.
    pub models: Vec<String>,
    /// The models that the show began with.
    pub painting: Vec<String>,
}

/// A scene that can be chosen.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SceneSeen {
    /// Its name.
    pub name: String,
    /// Its palette from dark to light, as `#rrggbb`.
    pub colours: Vec<String>,
}

impl From<&Scene> for SceneSeen {
    fn from(scene: &Scene) -> Self {
        let hex = |colour: &[f32; 3]| {
            let [r, g, b] = colour.map(encoded);
            format!("#{r:02x}{g:02x}{b:02x}")
        };
        Self { name: scene.name.clone(), colours: scene.palette.iter().map(hex).collect() }
    }
}

/// Name of a chord by its root and its pitch classes as bits; empty where it has none.
pub(crate) fn chord_name(root: u8, pitch_classes: u16) -> String {
    let tones = PitchClassSet::from_mask(pitch_classes & 0x0FFF);
    let bass = tones.iter().find(|tone| tone.semitone() == root % 12);
    Chord::recognise(tones, bass).map(|chord| chord.to_string()).unwrap_or_default()
}

/// Linear light as a byte (IEC 61966-2-1).
fn encoded(light: f32) -> u8 {
    let x = light.clamp(0.0, 1.0);
    let value = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
    (255.0 * value + 0.5) as u8
}
