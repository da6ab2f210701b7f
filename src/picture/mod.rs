//! The picture worker: a walk through the latent space of a generator, on the beat.
//!
//! [`LatentPath`] says where the walk is at any position; it is a pure function of (events, beats, seed). A
//! [`Generator`] paints that place, an [`Upscaler`] enlarges it, and a [`Finisher`] turns the pictures into video frames. A [`Classifier`] tells what kind of picture one is.

pub mod autoencoder;
mod classifier;
mod error;
mod finisher;
mod generator;
mod latent_path;
mod light;
mod luminance;
mod projection;
mod stylist;
mod texture;
mod upscaler;
mod vectors;
mod walk;

pub use classifier::Classifier;
pub use error::PictureError;
pub use finisher::{Finisher, Print, VideoSize};
pub use generator::{Generator, Picture};
pub use latent_path::{LatentPath, Look};
pub use projection::{Likeness, project};
pub use stylist::Stylist;
pub use upscaler::Upscaler;
pub use walk::{Course, PAD, Walk};
