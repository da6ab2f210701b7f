//! The image GAN: pictures from points of a latent space, trained as a projected GAN (Sauer et al. 2021).
//!
//! Legend of shapes: `N` pictures in a batch, `S` side of a picture, `(N, C, H, W)` maps.

mod augment;
mod discriminator;
pub mod evaluate;
pub mod export;
mod generator;
mod half;
mod task;
pub mod walk;

pub use task::{Settings, Task};

use serde::{Deserialize, Serialize};

/// Numbers of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Side of the pictures: 4·2^maps.
    pub size: usize,
    /// Numbers in a latent point.
    pub latent: usize,
    /// Channels of the maps at 4×4, 8×8, … up to half the picture's side.
    pub channels: Vec<usize>,
}

impl Shape {
    /// The shape for pictures of 64 or 128 pixels.
    pub fn for_size(size: usize) -> Option<Self> {
        let channels = match size {
            64 => vec![256, 256, 128, 64, 32],
            128 => vec![256, 256, 128, 64, 48, 24],
            _ => return None,
        };
        Some(Self { size, latent: 128, channels })
    }
}

#[cfg(test)]
mod tests;
