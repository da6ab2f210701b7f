//! The picture worker: a walk through the latent space of a generator, on the beat.
//!
//! [`LatentPath`] says where the walk is at any position; it is a pure function of (events, beats, seed). A
//! [`Generator`] paints that place, an [`Upscaler`] enlarges it, and a [`Finisher`] turns the pictures into video frames. A
//! [`Stylist`] repaints them, a [`Classifier`] tells what kind of picture one is, and [`project`] finds the place of a picture.

pub mod autoencoder;
mod classifier;
mod error;
mod finisher;
mod generator;
mod grade;
mod latent_path;
mod light;
mod luminance;
mod printer;
mod projection;
mod resize;
mod stylist;
mod texture;
mod upscaler;
mod vectors;
mod walk;

pub(crate) use classifier::CLASS;
pub use classifier::Classifier;
pub use error::PictureError;
pub use finisher::{Finisher, VideoSize};
pub use generator::{Generator, Picture};
pub use latent_path::{LatentPath, Look};
pub use printer::{Print, Printer, Proof};
pub use projection::{Likeness, project};
pub use stylist::Stylist;
pub use upscaler::Upscaler;
pub use walk::{Course, PAD, Walk};
