//! The picture worker: a walk through the latent space of a generator, on the beat.
//!
//! [`LatentPath`] says where the walk is at any position; it is a pure function of (events, beats, seed). A
//! [`Generator`] paints that place, and a [`Finisher`] turns its small pictures into video frames.

mod error;
mod finisher;
mod generator;
mod latent_path;
mod luminance;
mod stylist;
mod texture;
mod vectors;

pub use error::PictureError;
pub use finisher::{Finisher, VideoSize};
pub use generator::{Generator, Picture};
pub use latent_path::{LatentPath, Look};
pub use stylist::Stylist;
