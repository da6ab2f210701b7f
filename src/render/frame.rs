//! A video frame in the depths that are wanted, and as PNG.

use crate::picture::{Print, VideoSize};
use image::ImageEncoder as _;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// Bits of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Depth {
    /// Eight, with noise below their steps.
    #[default]
    Eight,
    /// Sixteen, little endian.
    Sixteen,
}

impl TryFrom<u8> for Depth {
    type Error = String;
    fn try_from(bits: u8) -> Result<Self, String> {
        match bits {
            8 => Ok(Self::Eight),
            16 => Ok(Self::Sixteen),
            _ => Err(format!("a channel has 8 or 16 bits, not {bits}")),
        }
    }
}

impl From<Depth> for u8 {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
        }
    }
}

/// A fourth channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alpha {
    /// Red, green, blue.
    #[default]
    None,
    /// What is dark is not there: alpha is the greatest of the three encoded channels, and they are divided by it, so that over black
    /// it is the same picture.
    Luma,
}

/// How a sink wants frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub depth: Depth,
    pub alpha: Alpha,
}

/// A video frame: rows of red, green, blue.
#[derive(Debug)]
pub(super) struct Frame {
    eight: Vec<u8>,
    sixteen: Vec<u16>,
}

impl Frame {
    /// In every depth that one of `formats` asks for.
    pub fn new(print: &Print, formats: &[Format]) -> Self {
        let wanted = |depth| formats.iter().any(|format| format.depth == depth);
        Self {
            eight: if wanted(Depth::Eight) { print.eight() } else { Vec::new() },
            sixteen: if wanted(Depth::Sixteen) { print.sixteen() } else { Vec::new() },
        }
    }

    /// From the bytes of a frame without alpha in one of two depths, 16 bits little-endian, to every depth that is asked for.
    pub fn of_bytes(bytes: Vec<u8>, depth: Depth, formats: &[Format]) -> Self {
        let wanted = |depth| formats.iter().any(|format| format.depth == depth);
        match depth {
            Depth::Eight => {
                let sixteen = if wanted(Depth::Sixteen) {
                    bytes.iter().map(|x| 257 * u16::from(*x)).collect()
                } else {
                    Vec::new()
                };
                Self { eight: bytes, sixteen }
            }
            Depth::Sixteen => {
                let sixteen: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
                let rounded = |x: &u16| ((u32::from(*x) * 255 + 32_767) / 65_535) as u8;
                let eight = if wanted(Depth::Eight) { sixteen.iter().map(rounded).collect() } else { Vec::new() };
                Self { eight, sixteen }
            }
        }
    }

    /// The bytes for ffmpeg, little-endian.
    pub fn raw(&self, format: Format) -> std::borrow::Cow<'_, [u8]> {
        match format {
            Format { depth: Depth::Eight, alpha: Alpha::None } => (&self.eight).into(),
            Format { depth: Depth::Eight, alpha: Alpha::Luma } => with_alpha(&self.eight).into(),
            Format { depth: Depth::Sixteen, alpha: Alpha::None } => bytes(&self.sixteen, u16::to_le_bytes).into(),
            Format { depth: Depth::Sixteen, alpha: Alpha::Luma } => {
                bytes(&with_alpha(&self.sixteen), u16::to_le_bytes).into()
            }
        }
    }

    /// Writes a PNG picture: beside its name first.
    pub fn write_png(&self, path: &Path, format: Format, size: VideoSize) -> image::ImageResult<()> {
        let partial = path.with_extension("partial");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&partial)?);
        let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Up);
        let (w, h) = (size.width, size.height);
        use image::ExtendedColorType::{Rgb8, Rgb16, Rgba8, Rgba16};
        match format {
            Format { depth: Depth::Eight, alpha: Alpha::None } => encoder.write_image(&self.eight, w, h, Rgb8)?,
            Format { depth: Depth::Eight, alpha: Alpha::Luma } => {
                encoder.write_image(&with_alpha(&self.eight), w, h, Rgba8)?
            }
            Format { depth: Depth::Sixteen, alpha: Alpha::None } => {
                encoder.write_image(&bytes(&self.sixteen, u16::to_ne_bytes), w, h, Rgb16)?;
            }
            Format { depth: Depth::Sixteen, alpha: Alpha::Luma } => {
                encoder.write_image(&bytes(&with_alpha(&self.sixteen), u16::to_ne_bytes), w, h, Rgba16)?;
            }
        }
        file.flush()?;
        drop(file);
        Ok(std::fs::rename(&partial, path)?)
    }
}

fn bytes(values: &[u16], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    values.iter().flat_map(|value| order(*value)).collect()
}

/// Light that lies over what is behind: a pixel is as opaque as its strongest colour is light, and its colours are divided by that. So
/// black is clear, and over black the picture is what it was.
fn with_alpha<T: Copy + Into<u32> + TryFrom<u32> + Ord>(rgb: &[T]) -> Vec<T> {
    let full: u32 = if size_of::<T>() == 1 { 0xff } else { 0xffff };
    let mut rgba = Vec::with_capacity(rgb.len() / 3 * 4);
    for pixel in rgb.chunks_exact(3) {
        let alpha = pixel[0].max(pixel[1]).max(pixel[2]);
        let divisor: u32 = alpha.into();
        let straight = |x: T| -> T {
            let x: u32 = x.into();
            // A colour is at most its alpha, so the quotient fits.
            T::try_from((x * full + divisor / 2) / divisor.max(1)).unwrap_or(alpha)
        };
        rgba.extend([straight(pixel[0]), straight(pixel[1]), straight(pixel[2]), alpha]);
    }
    rgba
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_black_a_clear_picture_is_what_it_was() {
        let rgb: Vec<u8> = (0..3 * 256_u32).map(|i| (i * 37 % 256) as u8).chain([0, 0, 0]).collect();
        let rgba = with_alpha(&rgb);
        for (before, after) in rgb.chunks_exact(3).zip(rgba.chunks_exact(4)) {
            for (x, straight) in before.iter().zip(&after[..3]) {
                let over_black = f64::from(*straight) * f64::from(after[3]) / 255.0;
                assert!((over_black - f64::from(*x)).abs() <= 0.5, "{before:?} {after:?}");
            }
        }
        assert_eq!(rgba[rgba.len() - 4..], [0; 4], "black is clear");
        let deep = with_alpha(&[65_535_u16, 1, 0]);
        assert_eq!(deep, [65_535, 1, 0, 65_535]);
    }
}
