//! Oneiro in a DAW: CLAP and VST3. An adapter: music and mathematics are in the library `oneiro`.
//!
//! | Part | Thread | Does |
//! |---|---|---|
//! | [`audio`] | audio | a host's block to the performer, its notes to the host |
//! | [`worker`] | one for each instance | opens models, lets the director hear and play, keeps the view |
//! | [`linked`] | one for each instance | tells visualizers what is played, and keeps what they show |
//! | [`editor`] | its window's | shows the music and holds the controls |
//! | [`view`], [`moves`], [`presets`] | the editor's | what it reads and may ask for |
//! | [`parameters`], [`state`] | the host's main thread | what a host sets and stores |

pub mod audio;
pub mod editor;
pub mod linked;
pub mod models;
pub mod moves;
pub mod parameters;
pub mod presets;
pub mod shared;
pub mod state;
pub mod view;
pub mod worker;

mod plugin;

pub use plugin::{Flavour, Instrument, NoteEffect, Oneiro};

/// The instrument.
type OneiroInstrument = Oneiro<Instrument>;
/// The note effect.
type OneiroNotes = Oneiro<NoteEffect>;

nice_plug::nice_export_clap!(OneiroInstrument, OneiroNotes);
nice_plug::nice_export_vst3!(OneiroInstrument);
