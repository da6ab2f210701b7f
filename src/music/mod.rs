//! Notes, phrases, scales, and the files they come in. Pure: no thread, clock or device is known here.

pub mod midi;

mod melody;
mod note;

pub use melody::{Melody, MelodyEvent, STEPS_PER_BEAT};
pub use note::Note;
