//! Abstract paintings from a number: the same (family, seed, size) gives the same picture.
//!
//! Every picture is planned in a unit square (so a plan looks alike at every size), painted at twice its size in
//! OKLab with paint that has thickness, lit, varnished, halved and photographed.

mod canvas;
mod dice;
mod fields;
mod finish;
mod fluid;
pub mod gallery;
mod noise;
mod palette;
mod shapes;
mod strokes;

use canvas::Canvas;
use dice::Dice;
use image::RgbImage;
use palette::Palette;
use serde::{Deserialize, Serialize};

/// Ways of painting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Soft-edged fields of colour.
    ColourField,
    /// A crooked chequerboard of hand-mixed tones.
    Mosaic,
    /// Layered horizons and a disc of light.
    Strata,
    /// Warp and weft, or blocks of painted stripes.
    Woven,
    /// Glowing gas under stars.
    Nebula,
    /// Brush strokes along a current.
    Flow,
    /// A few large gestures.
    Gesture,
    /// Skeins of thrown paint.
    Thrown,
    /// Paint dragged by a wide blade.
    Dragged,
    /// Planes, bars, circles and lines.
    Construction,
    /// Discs of coloured rings and sectors.
    Discs,
    /// Translucent planes through each other.
    Shards,
    /// A plane broken into shaded facets.
    Facets,
    /// Leaves and lobes of painted paper.
    CutPaper,
    /// Ink on wet paper.
    InkWash,
    /// Marbled paint.
    Marbling,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::ColourField,
        Self::Flow,
        Self::Construction,
        Self::InkWash,
        Self::Discs,
        Self::Shards,
        Self::Thrown,
        Self::Woven,
        Self::Marbling,
        Self::Facets,
        Self::Nebula,
        Self::Gesture,
        Self::Dragged,
        Self::Mosaic,
        Self::Strata,
        Self::CutPaper,
    ];

    /// Name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ColourField => "colour-field",
            Self::Mosaic => "mosaic",
            Self::Strata => "strata",
            Self::Woven => "woven",
            Self::Nebula => "nebula",
            Self::Flow => "flow",
            Self::Gesture => "gesture",
            Self::Thrown => "thrown",
            Self::Dragged => "dragged",
            Self::Construction => "construction",
            Self::Discs => "discs",
            Self::Shards => "shards",
            Self::Facets => "facets",
            Self::CutPaper => "cut-paper",
            Self::InkWash => "ink-wash",
            Self::Marbling => "marbling",
        }
    }
}

/// Smallest and largest side of a picture, in pixels.
pub const SIZES: std::ops::RangeInclusive<u32> = 32..=2048;

/// Paints one picture of `size`×`size` pixels; `size` is brought into [`SIZES`].
pub fn paint(family: Family, seed: u64, size: u32) -> RgbImage {
    let size = size.clamp(*SIZES.start(), *SIZES.end());
    // A family's own stream: equal seeds in two families share no palette.
    let place = Family::ALL.iter().position(|&f| f == family).unwrap_or(0) as u64;
    let mut dice = Dice::new(seed ^ (place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let palette = Palette::new(&mut dice);
    let mut canvas = Canvas::new(2 * size as usize, palette.ground);
    let draw = match family {
        Family::ColourField => fields::colour_field,
        Family::Mosaic => fields::mosaic,
        Family::Strata => fields::strata,
        Family::Woven => fields::woven,
        Family::Nebula => fields::nebula,
        Family::Flow => strokes::flow,
        Family::Gesture => strokes::gesture,
        Family::Thrown => strokes::thrown,
        Family::Dragged => strokes::dragged,
        Family::Construction => shapes::construction,
        Family::Discs => shapes::discs,
        Family::Shards => shapes::shards,
        Family::Facets => shapes::facets,
        Family::CutPaper => shapes::cut_paper,
        Family::InkWash => fluid::ink_wash,
        Family::Marbling => fluid::marbling,
    };
    draw(&mut canvas, &palette, &mut dice);
    let surface = finish::Surface::new(&mut dice);
    finish::finish(&canvas, &surface, &mut dice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_follows_from_family_and_seed() {
        for family in Family::ALL {
            assert_eq!(paint(family, 5, 32), paint(family, 5, 32), "{family:?}");
            assert_ne!(paint(family, 5, 32), paint(family, 6, 32), "{family:?}");
        }
    }

    #[test]
    fn no_picture_is_blank() {
        for family in Family::ALL {
            for seed in 0..4 {
                let picture = paint(family, seed, 32);
                let values: Vec<f64> =
                    picture.pixels().map(|p| p.0.iter().map(|&v| f64::from(v)).sum::<f64>() / 3.0).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
                assert!(deviation > 3.0, "{family:?} with seed {seed} varies by {deviation:.1} only");
            }
        }
    }

    #[test]
    fn names_are_those_of_the_files() {
        for family in Family::ALL {
            assert_eq!(serde_json::to_value(family).unwrap(), family.name());
        }
    }
}
