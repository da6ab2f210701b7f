//! Scaling of pictures of floats.

use super::PictureError;
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Scales the middle of a picture of rows of red, green, blue; sizes are across and down, `part` is how much of it is taken.
/// Where the picture becomes smaller, the filter is widened by as much.
pub(super) fn resize(
    resizer: &mut Resizer,
    data: &[f32],
    from: (u32, u32),
    to: (u32, u32),
    part: (f64, f64),
    filter: FilterType,
) -> Result<Vec<f32>, PictureError> {
    let mut source = Image::new(from.0, from.1, PixelType::F32x3);
    for (bytes, value) in source.buffer_mut().chunks_exact_mut(4).zip(data) {
        bytes.copy_from_slice(&value.to_ne_bytes());
    }
    let mut target = Image::new(to.0, to.1, PixelType::F32x3);
    let (left, top) = ((f64::from(from.0) - part.0) / 2.0, (f64::from(from.1) - part.1) / 2.0);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(left, top, part.0, part.1);
    resizer.resize(&source, &mut target, &options).map_err(|e| PictureError::Resize(e.to_string()))?;
    Ok(target.buffer().chunks_exact(4).map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// Scales the middle of a picture, `zoom` times enlarged, so that it covers the new size.
pub(super) fn cover(
    resizer: &mut Resizer,
    data: &[f32],
    from: (u32, u32),
    to: (u32, u32),
    zoom: f64,
    filter: FilterType,
) -> Result<Vec<f32>, PictureError> {
    let (fw, fh) = (f64::from(from.0), f64::from(from.1));
    let shape = f64::from(to.0) / f64::from(to.1);
    let (w, h) = if fw / fh > shape { (fh * shape, fh) } else { (fw, fw / shape) };
    resize(resizer, data, from, to, ((w / zoom).max(1.0), (h / zoom).max(1.0)), filter)
}
