//! Counting models of melodies: the measure for the network.
//!
//! Prediction by partial matching: what followed the last events of a tune before, longest memory first, shorter
//! ones where it is silent. A *long-term* model has counted the training tunes, a *short-term* model only the
//! tune at hand up to now. Several views of the same tune (interval or pitch from the first note, with or without
//! durations, with the place in the bar) are mixed by how sure each of them is. After Pearce, "The construction and
//! evaluation of statistical models of melodic structure" (2005), and Cleary and Teahan's PPM*.
//!
//! All settings are chosen on the validation tunes and reported on the test tunes. Every coded symbol counts.

mod baseline;
mod continuation;
mod table;
mod tuning;
mod view;

pub use baseline::{BaselineReport, RepeatsReport, Score, evaluate_baselines};
pub use continuation::Counting;
pub use table::{Escape, Params, Smoothing};
pub use tuning::{Member, Memory, Mix};
pub use view::{Target, View};
