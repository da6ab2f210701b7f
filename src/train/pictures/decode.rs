//! One picture file, which may be anything, becomes 8-bit RGB or a reason why not.

use crate::files::read_at_most;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, Limits, RgbImage};
use serde::Serialize;
use std::io::Cursor;
use std::path::Path;

/// Largest picture file, in bytes.
pub const FILE_LIMIT_BYTES: u64 = 256 << 20;
/// Most pixels of a picture: 100 megapixels, told by the header before anything is unpacked.
pub const PIXEL_LIMIT: u64 = 100_000_000;
/// Smallest width and height that is of use.
pub const SIDE_MIN: u32 = 16;

/// Why a file is not used. Each names what was found.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum Skip {
    /// The file cannot be read, or is larger than [`FILE_LIMIT_BYTES`].
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Its first bytes are not those of a PNG, JPEG or WebP picture.
    #[error("not a PNG, JPEG or WebP picture")]
    NotAPicture,
    /// More than [`PIXEL_LIMIT`] pixels.
    #[error("{0}×{1} pixels are more than {limit}", limit = PIXEL_LIMIT)]
    TooLarge(u32, u32),
    /// A side shorter than [`SIDE_MIN`].
    #[error("{0}×{1} pixels; a side of at least {min} is needed", min = SIDE_MIN)]
    TooSmall(u32, u32),
    /// An animation: which of its pictures is meant, nobody said.
    #[error("an animation")]
    Animated,
    /// The header promises what the rest does not hold.
    #[error("broken: {0}")]
    Broken(String),
    /// The very same bytes were already met under another name.
    #[error("the same file as {0}")]
    Repeated(String),
}

/// Reads a file of at most [`FILE_LIMIT_BYTES`].
pub fn read(path: &Path) -> Result<Vec<u8>, Skip> {
    read_at_most(path, FILE_LIMIT_BYTES).map_err(|e| Skip::Unreadable(e.to_string()))
}

/// Decodes PNG, JPEG or WebP bytes, told by their content, not by their name.
///
/// CMYK and grey become RGB, 16 bits become 8, transparency is laid on white, and the camera's orientation is
/// applied.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, Skip> {
    let cursor = Cursor::new(bytes);
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => {
            let decoder = image::codecs::png::PngDecoder::with_limits(cursor, limits()).map_err(broken)?;
            if decoder.is_apng().map_err(broken)? {
                return Err(Skip::Animated);
            }
            unpack(decoder)
        }
        Ok(ImageFormat::Jpeg) => unpack(image::codecs::jpeg::JpegDecoder::new(cursor).map_err(broken)?),
        Ok(ImageFormat::WebP) => {
            let decoder = image::codecs::webp::WebPDecoder::new(cursor).map_err(broken)?;
            if decoder.has_animation() {
                return Err(Skip::Animated);
            }
            unpack(decoder)
        }
        _ => Err(Skip::NotAPicture),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(PIXEL_LIMIT * 8);
    limits
}

fn broken(error: image::ImageError) -> Skip {
    Skip::Broken(error.to_string())
}

fn unpack(mut decoder: impl ImageDecoder) -> Result<RgbImage, Skip> {
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXEL_LIMIT {
        return Err(Skip::TooLarge(width, height));
    }
    if width.min(height) < SIDE_MIN {
        return Err(Skip::TooSmall(width, height));
    }
    decoder.set_limits(limits()).map_err(broken)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    if !picture.color().has_alpha() {
        return Ok(picture.into_rgb8());
    }
    let rgba = picture.into_rgba8();
    Ok(RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|c| ((c * a + 255 * (255 - a) + 127) / 255) as u8))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn sixteen_bits_and_transparency_become_rgb_on_white() {
        let clear = image::ImageBuffer::from_pixel(20, 20, image::Rgba([0u16, 0, 65535, 0]));
        let picture = decode(&encoded(DynamicImage::ImageRgba16(clear), ImageFormat::Png)).unwrap();
        assert_eq!(picture.get_pixel(3, 3).0, [255, 255, 255]);
        let half = image::ImageBuffer::from_pixel(20, 20, image::Rgba([0u8, 0, 255, 128]));
        let picture = decode(&encoded(DynamicImage::ImageRgba8(half), ImageFormat::WebP)).unwrap();
        assert_eq!(picture.get_pixel(3, 3).0, [127, 127, 255]);
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_unpacking() {
        let mut png = encoded(DynamicImage::new_rgb8(32, 32), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode(&png), Err(Skip::TooLarge(65536, 65536)));
    }

    #[test]
    fn truncated_and_foreign_files_give_reasons() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let noise = RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8 * 6, y as u8 * 6, (x * y) as u8]));
            let whole = encoded(DynamicImage::ImageRgb8(noise), format);
            assert!(decode(&whole).is_ok(), "{format:?}");
            assert!(matches!(decode(&whole[..whole.len() / 3]), Err(Skip::Broken(_))), "{format:?}");
        }
        assert_eq!(decode(b"GIF89a and more"), Err(Skip::NotAPicture));
        assert_eq!(decode(b""), Err(Skip::NotAPicture));
        assert_eq!(decode(&encoded(DynamicImage::new_rgb8(15, 99), ImageFormat::Png)), Err(Skip::TooSmall(15, 99)));
    }

    /// CRC-32 of a PNG chunk (ISO 3309), bit by bit.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
        })
    }
}
