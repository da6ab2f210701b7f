//! What is shown: a pure function of (events, orders, beats, seed). Nothing here draws, waits or reads a clock.

pub mod clock;
pub mod controls;
pub mod dials;
pub mod flashes;
pub mod keys;
pub mod music;
pub mod plan;
pub mod quality;
pub mod scene;
pub(crate) mod taps;
pub mod values;

mod director;

pub use director::{Show, When, step};
