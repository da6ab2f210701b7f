//! Autoencoders of pictures, of two kinds with one body.
//!
//! `image-autoencoder` is a denoising autoencoder (Vincent et al. 2008) with a small map of few levels in the middle: it compresses,
//! denoises and edits. `image-vae` is a variational autoencoder (Kingma & Welling 2014) with a flat latent point that can be
//! walked through and sampled.
//!
//! Legend of shapes: `N` pictures in a batch, `S` side of a picture, `(N, C, H, W)` maps.

pub mod baselines;
mod cosines;
pub mod edits;
pub mod export;
mod network;
mod task;

pub use task::{Settings, Task};

use crate::model::spec::Kind;
use serde::{Deserialize, Serialize};

/// What stands between encoder and decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bottleneck {
    /// A map of `channels` numbers for each cell of the coarsest level, each in −1 … 1 and stored in `bits` bits.
    Map {
        /// Numbers in a cell.
        channels: usize,
        /// Bits that a number is stored in.
        bits: u32,
    },
    /// A normally distributed point of this many numbers.
    Point {
        /// Numbers in the point.
        size: usize,
    },
}

/// Bits that a number of a [`Bottleneck::Point`] is stored in, and the largest that can be stored.
pub const POINT_BITS: u32 = 8;
/// See [`POINT_BITS`]: the prior's deviation is 1, so that almost nothing lies farther out.
pub const POINT_REACH: f32 = 4.0;

/// Numbers of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Side of the pictures.
    pub size: usize,
    /// Channels of the maps at half the side, a quarter, and so on.
    pub channels: Vec<usize>,
    /// Residual blocks at each of these levels, in the encoder and again in the decoder.
    pub blocks: Vec<usize>,
    /// The middle.
    pub bottleneck: Bottleneck,
}

impl Shape {
    /// The shape of a kind for pictures of 64 or 128 pixels, `width` times as wide as usual: above 0.
    pub fn of(kind: Kind, size: usize, width: f64) -> Option<Self> {
        if !matches!(size, 64 | 128) {
            return None;
        }
        let (mut channels, mut blocks, bottleneck) = match kind {
            Kind::ImageAutoencoder => (vec![24, 48, 96], vec![0, 1, 2], Bottleneck::Map { channels: 16, bits: 4 }),
            Kind::ImageVae => (vec![24, 48, 96, 128], vec![0, 1, 1, 1], Bottleneck::Point { size: 128 }),
            _ => return None,
        };
        // A flat point is made of a map of 4×4.
        if size == 128 && kind == Kind::ImageVae {
            channels.push(160);
            blocks.push(1);
        }
        // Whole multiples of eight fill the processor's vectors.
        channels.iter_mut().for_each(|c| *c = ((*c as f64 * width / 8.0).round() as usize).max(1) * 8);
        Some(Self { size, channels, blocks, bottleneck })
    }

    /// What it is called.
    pub fn kind(&self) -> Kind {
        match self.bottleneck {
            Bottleneck::Map { .. } => Kind::ImageAutoencoder,
            Bottleneck::Point { .. } => Kind::ImageVae,
        }
    }

    /// Side of the coarsest map.
    pub fn coarse(&self) -> usize {
        self.size >> self.channels.len()
    }

    /// Shape of the latent of `n` pictures: `(n, C, h, w)` or `(n, C)`.
    pub fn latent(&self, n: usize) -> Vec<usize> {
        match self.bottleneck {
            Bottleneck::Map { channels, .. } => vec![n, channels, self.coarse(), self.coarse()],
            Bottleneck::Point { size } => vec![n, size],
        }
    }

    /// Numbers in a cell of the latent: edits treat every cell alike.
    pub fn cell(&self) -> usize {
        match self.bottleneck {
            Bottleneck::Map { channels, .. } => channels,
            Bottleneck::Point { size } => size,
        }
    }

    /// Bits that a number of the latent is stored in, and the largest number that can be stored.
    pub fn storage(&self) -> (u32, f32) {
        match self.bottleneck {
            Bottleneck::Map { bits, .. } => (bits, 1.0),
            Bottleneck::Point { .. } => (POINT_BITS, POINT_REACH),
        }
    }

    /// Bits of a stored picture.
    pub fn stored_bits(&self) -> usize {
        self.latent(1).iter().product::<usize>() * self.storage().0 as usize
    }

    /// 24 bits a pixel against those stored.
    pub fn compression_ratio(&self) -> f64 {
        (24 * self.size * self.size) as f64 / self.stored_bits() as f64
    }
}

#[cfg(test)]
mod tests;
