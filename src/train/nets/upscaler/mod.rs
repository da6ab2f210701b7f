//! The upscaler: pictures twice and four times as large, by a network that works on the small picture and deals its channels
//! out as pixels at the very end (Shi et al. 2016, "Real-time single image and video super-resolution using an efficient
//! sub-pixel convolutional neural network").
//!
//! Legend of shapes: `N` pictures in a batch, `(N, 3, H, W)` pictures in −1 … 1.

pub mod evaluate;
pub mod export;
mod filter;
mod network;
mod patches;
mod task;

pub use filter::{Filter, resample};
pub use network::FACTORS;
pub use task::{PixelLoss, Settings, Task};

use serde::{Deserialize, Serialize};

/// Numbers of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Channels of the maps.
    pub channels: usize,
    /// Blocks of two convolutions, past each of which its input is carried.
    pub blocks: usize,
    /// How far a pixel may lie outside the range of the 3×3 small pixels around it, as a part of that range; at 0 nothing can ring.
    pub margin: f32,
}

#[cfg(test)]
mod tests;
