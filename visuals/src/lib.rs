//! Oneiro on stage: pictures that walk through the latent spaces of models, locked to the music.
//!
//! | Where | Thread | Does |
//! |---|---|---|
//! | [`show`] | any | says what is shown: a pure function of (events, orders, beats, seed) |
//! | [`worker`] | its own | paints pictures with sessions that it owns |
//! | [`stage`] | screen | draws frames with wgpu |
//! | [`performance`] | screen | keeps all of it going in real time |
//! | [`control`] | their own | knobs, OSC and pages order, and see what there is |
//! | [`film`] | any | the same on a virtual clock |
//! | [`reel`] | any | films that are described by a file |
//! | [`record`] | its own | writes what is shown as a video |
//! | [`sources`] | their own | feed events: the show's own dreams, a MIDI file, devices |

pub mod control;
pub mod film;
pub mod performance;
pub mod record;
pub mod reel;
pub mod show;
pub mod sources;
pub mod stage;
#[cfg(feature = "window")]
pub mod window;
pub mod worker;
