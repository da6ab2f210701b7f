//! Pictures that were stored, against other ways to store them in as many bits.

use super::Coder;
use anyhow::Result;
use oneiro::train::nets::image_autoencoder::baselines::{fewer_pixels, jpeg};
use oneiro::train::pictures::quality::{psnr, ssim};
use serde::Serialize;

/// Means over pictures.
#[derive(Serialize, Default)]
pub struct Nearness {
    /// dB.
    pub psnr: f64,
    /// At most 1.
    pub ssim: f64,
    /// Bytes that a picture takes.
    pub bytes: f64,
}

impl Nearness {
    fn add(&mut self, original: &[f32], found: &[f32], side: usize, bytes: usize, share: f64) -> Result<()> {
        self.psnr += share * psnr(original, found, 2.0)?;
        self.ssim += share * ssim(original, found, [side, side], 2.0)?;
        self.bytes += share * bytes as f64;
        Ok(())
    }
}

#[derive(Serialize)]
pub struct Figures {
    /// 24 bits a pixel against those stored.
    pub ratio: f64,
    /// Bytes of a stored picture.
    pub bytes: usize,
    pub model: Nearness,
    /// Reduced to as many pixels as these bytes hold, and enlarged, both bicubically.
    pub fewer_pixels: Nearness,
    /// The best JPEG of no more bytes, or the smallest there is.
    pub jpeg: Nearness,
    /// The best JPEG whose entropy-coded data alone are no more bytes.
    pub jpeg_bare: Nearness,
}

pub fn measure(coder: &mut Coder, pictures: &[&[f32]]) -> Result<Figures> {
    let (side, bytes) = (coder.side, coder.storage.bytes());
    let share = 1.0 / pictures.len() as f64;
    let mut figures = Figures {
        ratio: (3 * side * side) as f64 / bytes as f64,
        bytes,
        model: Nearness::default(),
        fewer_pixels: Nearness::default(),
        jpeg: Nearness::default(),
        jpeg_bare: Nearness::default(),
    };
    for picture in pictures {
        figures.model.add(picture, &coder.stored(picture)?, side, bytes, share)?;
        let small = 3 * (bytes / 3).isqrt().pow(2);
        figures.fewer_pixels.add(picture, &fewer_pixels(picture, side, bytes * 8)?, side, small, share)?;
        let whole = jpeg(picture, side, bytes, false)?;
        figures.jpeg.add(picture, &whole.planes, side, whole.bytes, share)?;
        let bare = jpeg(picture, side, bytes, true)?;
        figures.jpeg_bare.add(picture, &bare.planes, side, bare.bytes - bare.header_bytes, share)?;
    }
    Ok(figures)
}
