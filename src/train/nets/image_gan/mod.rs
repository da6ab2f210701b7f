//! The image GAN: pictures from points of a latent space, trained as a projected GAN (Sauer et al. 2021).
//!
//! Legend of shapes: `N` pictures in a batch, `S` side of a picture, `(N, C, H, W)` maps.

mod augment;
mod discriminator;
pub mod evaluate;
pub mod export;
mod generator;
mod task;
pub mod walk;

pub(super) use generator::up_conv;
pub use task::{Loss, Settings, Task};

use serde::{Deserialize, Serialize};

/// Numbers of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Side of the pictures: 4·2^maps.
    pub size: usize,
    /// Numbers in a latent point.
    pub latent: usize,
    /// Channels of the maps at 4×4, 8×8, … up to the picture's side.
    pub channels: Vec<usize>,
}

impl Shape {
    /// The shape for pictures of 64 or 128 pixels, `width` times as wide as usual: above 0.
    pub fn for_size(size: usize, width: f64) -> Option<Self> {
        let usual: &[usize] = match size {
            64 => &[256, 256, 128, 64, 32],
            128 => &[256, 256, 128, 64, 48, 24],
            _ => return None,
        };
        // Whole multiples of eight fill the processor's vectors.
        let channels = usual.iter().map(|c| ((*c as f64 * width / 8.0).round() as usize).max(1) * 8).collect();
        Some(Self { size, latent: 128, channels })
    }
}

#[cfg(test)]
mod tests;
