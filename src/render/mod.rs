//! A whole performance on a virtual clock: the same performer, composer and pictures as live, as fast as they can.
//!
//! Nothing here reads the wall clock or an unseeded source of chance: the same score, seed, models and settings give
//! the same notes, samples and pictures.

mod arrangement;
mod form;

pub use arrangement::{Arrangement, ArrangementError, Exchange, Form};
