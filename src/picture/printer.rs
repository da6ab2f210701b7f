//! From the canvas to video frames: enlarged, with what lies over the picture.

use super::resize::cover;
use super::texture::Texture;
use super::{PictureError, VideoSize};
use fast_image_resize::{FilterType, Resizer};

/// A canvas at one video frame. What is printed of it depends on nothing else, so several can be printed at once.
#[derive(Debug, Clone)]
pub struct Proof {
    pub(super) canvas: Vec<f32>,
    /// Number of the video frame: its grain follows from it.
    pub(super) number: u64,
    pub(super) exposure: f32,
}

/// Prints video frames of one size.
pub struct Printer {
    canvas: (u32, u32),
    size: (u32, u32),
    resizer: Resizer,
    texture: Texture,
}

impl Printer {
    pub(super) fn new(canvas: (u32, u32), size: VideoSize) -> Self {
        let texture = Texture::new(size.width as usize, size.height as usize);
        Self { canvas, size: (size.width, size.height), resizer: Resizer::new(), texture }
    }

    /// The video frame of a proof.
    ///
    /// # Errors
    /// [`PictureError::Resize`].
    pub fn print(&mut self, proof: &Proof) -> Result<Print, PictureError> {
        let filter = FilterType::Lanczos3;
        let mut light = cover(&mut self.resizer, &proof.canvas, self.canvas, self.size, 1.0, filter)?;
        self.texture.print(&mut light, proof.number, proof.exposure);
        Ok(Print::of_light(light))
    }
}

/// A video frame before it is rounded: rows of red, green, blue, 1 in full light; grain may lead a little beyond.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    light: Vec<f32>,
}

impl Print {
    /// Of rows of red, green, blue that something else has drawn.
    pub fn of_light(light: Vec<f32>) -> Self {
        Self { light }
    }

    /// With 8 bits: 0 to 255.
    pub fn eight(&self) -> Vec<u8> {
        self.light.iter().map(|x| (x * 255.0 + 0.5) as u8).collect() // saturates
    }

    /// With 16 bits: 0 to 65535.
    pub fn sixteen(&self) -> Vec<u16> {
        self.light.iter().map(|x| (x * 65_535.0 + 0.5) as u16).collect()
    }
}
