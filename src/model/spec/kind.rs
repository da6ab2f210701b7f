//! Kinds of models.

use super::SpecError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Composes note after note; one step a call.
    MelodyRnn,
    /// Encodes and decodes phrases of a few bars.
    MelodyVae,
    /// Makes pictures from latent points.
    ImageGan,
    /// Encodes pictures as distributions over latent points, and decodes them.
    ImageVae,
    /// Encodes and decodes pictures.
    ImageAutoencoder,
    /// Repaints pictures in a style.
    StyleTransfer,
    /// Tells classical, modern and abstract pictures apart.
    ArtClassifier,
    /// Enlarges pictures.
    Upscaler,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::MelodyRnn,
        Self::MelodyVae,
        Self::ImageGan,
        Self::ImageVae,
        Self::ImageAutoencoder,
        Self::StyleTransfer,
        Self::ArtClassifier,
        Self::Upscaler,
    ];

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::MelodyRnn => "melody-rnn",
            Self::MelodyVae => "melody-vae",
            Self::ImageGan => "image-gan",
            Self::ImageVae => "image-vae",
            Self::ImageAutoencoder => "image-autoencoder",
            Self::StyleTransfer => "style-transfer",
            Self::ArtClassifier => "art-classifier",
            Self::Upscaler => "upscaler",
        }
    }

    /// What it does, in a few words.
    pub fn job(self) -> &'static str {
        match self {
            Self::MelodyRnn => "composes: continues, answers, improvises, takes up motifs",
            Self::MelodyVae => "morphs between phrases, varies a phrase",
            Self::ImageGan => "paints pictures along a walk through its latent space",
            Self::ImageVae => "finds a place on the walk for a picture, and paints from it",
            Self::ImageAutoencoder => "compresses, denoises and edits pictures",
            Self::StyleTransfer => "repaints pictures in a chosen style",
            Self::ArtClassifier => "tells classical, modern and abstract pictures apart",
            Self::Upscaler => "enlarges pictures",
        }
    }

    /// Whether it writes music.
    pub fn is_melody(self) -> bool {
        matches!(self, Self::MelodyRnn | Self::MelodyVae)
    }

    /// Whether it has a latent space.
    pub fn has_latent(self) -> bool {
        matches!(self, Self::MelodyVae | Self::ImageGan | Self::ImageVae | Self::ImageAutoencoder)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| SpecError::UnknownKind { kind: text.chars().take(60).collect() })
    }
}
