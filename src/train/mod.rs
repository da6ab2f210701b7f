//! (in progress)

pub mod pictures;
