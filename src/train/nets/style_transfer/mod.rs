//! Style transfer: one feed-forward network that repaints a picture in any of its styles, or in a mix of them.
//!
//! Which style is a vector of shares, one for each style: it chooses the gains and biases of the normalisations (conditional instance
//! normalisation, Dumoulin et al. 2017, "A learned representation for artistic style") and nothing else. Training minimises the distance
//! of VGG features to those of the content and of their Gram matrices to those of the style (Johnson et al. 2016).
//!
//! Legend of shapes: `N` pictures in a batch, `S` styles, `C` channels, `(N, C, H, W)` maps.

pub mod evaluate;
pub mod export;
mod loss;
mod network;
pub mod optimise;
pub mod published;
pub mod styles;
mod task;

pub use loss::Weighting;
pub use task::{Settings, Task};

use serde::{Deserialize, Serialize};

/// Numbers of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Styles.
    pub styles: usize,
    /// Channels of the maps: at half the side, at a quarter, at half again, at the whole side.
    pub channels: [usize; 4],
    /// Residual blocks at a quarter of the side.
    pub blocks: usize,
}

#[cfg(test)]
mod tests;
