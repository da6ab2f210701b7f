//! Notes, phrases, scales, and the files they come in. Pure: no thread, clock or device is known here.

pub mod abc;
pub mod encoding;
pub mod figures;
pub mod midi;
pub mod phrase;
pub mod piano_roll;
pub mod roll_strips;

mod chord;
mod harmony;
mod key;
mod meant;
mod melody;
mod note;
mod pitch_class;
mod scale;
mod select;
mod skyline;
mod sound_font;

pub use chord::{Chord, ChordQuality};
pub use harmony::chord_between;
pub use key::{Key, KeyEstimate, Mode, PitchClassWeights, estimate_key};
pub use meant::meant;
pub use melody::{Melody, MelodyEvent, STEPS_PER_BEAT};
pub use note::Note;
pub use pitch_class::{PitchClass, PitchClassSet};
pub use scale::Scale;
pub use select::select_melody_part;
pub use skyline::{PlacedMelody, extract_melody, melody_between};
pub use sound_font::{SoundFont, SoundFontError};
