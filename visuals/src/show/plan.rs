//! What a frame is to be: all that the stage needs to draw it, and the worker to paint for it.

use super::values::Palette;
use oneiro::picture::Course;

/// A scene at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Which appearance of a scene this is: trails belong to it.
    pub id: u64,
    /// The scene, by its place.
    pub scene: usize,
    /// Its dials.
    pub dials: Vec<f32>,
    /// Its colours.
    pub palette: Palette,
    /// The places of its sources among [`super::scene::Source::ALL`].
    pub sources: [usize; 2],
    /// Accent, notes and loudness for the shaders.
    pub signals: [f32; 3],
}

/// A frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One scene, or two while one follows the other.
    pub layers: Vec<Layer>,
    /// Share of the second.
    pub share: f32,
    /// 0 is dark.
    pub light: f32,
    /// White: 0 to 1.
    pub strobe: f32,
    /// How much text is there: 0 to 1.
    pub text: f32,
    /// Whether the frame before is shown again.
    pub frozen: bool,
    /// Whether flashes are held back.
    pub guard: bool,
}

/// What is to be painted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Seed of the walk.
    pub seed: u64,
    /// Way of the walk.
    pub course: Course,
    /// How far it has come, in keyframes.
    pub travelled: f64,
    /// Pushes along directions of pitch classes, and of the pad.
    pub pushes: Vec<(usize, f32)>,
    /// Added to each model's truncation.
    pub truncation: f32,
    /// Which sources are needed.
    pub sources: [bool; 3],
    /// Shares of styles by name; more than one are mixed.
    pub styles: Vec<(String, f32)>,
    /// A style that everything is repainted in, by its number from 1; 0 is none.
    pub style: usize,
    /// The class that the walk leans towards, by its number from 1, and how far.
    pub lean: (usize, f32),
    /// The picture of the user's that it leans towards before any class, by its number from 1, and how far.
    pub place: (usize, f32),
    /// The models, by their numbers from 1; 0 leaves the one that paints.
    pub models: [usize; 2],
    /// Seconds in which one model follows another.
    pub model_fade: f64,
}
