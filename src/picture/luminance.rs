//! Keeping general changes of luminance slow.
//!
//! WCAG 2.2, 2.3.1: a flash is a pair of opposing changes of relative luminance by a tenth or more of the maximum, and
//! three of them a second are the limit. With at most [`RATE`] a second each change takes a quarter of a second, so there
//! are at most two flashes a second. Luminance is watched in nine fields, so that a corner is watched as the whole is.

/// Largest change of a field's relative luminance a second.
pub(super) const RATE: f32 = 0.4;

const FIELDS: usize = 3;

/// Mean relative luminance of nine fields of a picture of rows of sRGB triples.
pub(super) fn fields(data: &[f32], width: usize, height: usize) -> [f32; FIELDS * FIELDS] {
    let mut sums = [0.0_f32; FIELDS * FIELDS];
    let mut counts = [0_u32; FIELDS * FIELDS];
    // Every third row and pixel tells the mean well enough.
    for y in (0..height).step_by(3) {
        let row = &data[3 * width * y..3 * width * (y + 1)];
        for x in (0..width).step_by(3) {
            let field = FIELDS * (y * FIELDS / height) + x * FIELDS / width;
            let pixel = &row[3 * x..3 * x + 3];
            // A square stands for the display's curve.
            sums[field] += 0.2126 * pixel[0] * pixel[0] + 0.7152 * pixel[1] * pixel[1] + 0.0722 * pixel[2] * pixel[2];
            counts[field] += 1;
        }
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum /= count.max(1) as f32;
    }
    sums
}

/// The largest share, up to 1, of the way from one picture to the next that changes no field faster than allowed.
pub(super) fn allowed_share(before: &[f32; 9], after: &[f32; 9], seconds: f32) -> f32 {
    let change = before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    (RATE * seconds / change.max(1e-6)).min(1.0)
}
