//! Keeping general changes of luminance slow, and those of saturated red.
//!
//! WCAG 2.2, 2.3.1: a flash is a pair of opposing changes of relative luminance by a tenth or more of the maximum, or of saturated
//! red (R ÷ (R + G + B) of 0.8 or more) by 20 or more of (R − G − B) × 320, and three of them a second are the limit. With at most
//! [`RATE`] a second each change takes a quarter of a second, so there are at most two flashes a second. Both are watched in nine
//! fields, so that a corner is watched as the whole is.

/// Largest change of a field's relative luminance a second.
pub(super) const RATE: f32 = 0.4;
/// Largest change of a field's saturated red a second, in parts of 320.
const RED_RATE: f32 = 0.25;

const FIELDS: usize = 3;

/// What is watched of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fields {
    /// Mean relative luminance of nine fields.
    light: [f32; FIELDS * FIELDS],
    /// Their mean saturated red.
    red: [f32; FIELDS * FIELDS],
}

/// Looks at a picture of rows of sRGB triples.
pub(super) fn fields(data: &[f32], width: usize, height: usize) -> Fields {
    let mut fields = Fields { light: [0.0; FIELDS * FIELDS], red: [0.0; FIELDS * FIELDS] };
    let mut counts = [0_u32; FIELDS * FIELDS];
    // Every third row and pixel tells the mean well enough.
    for y in (0..height).step_by(3) {
        let row = &data[3 * width * y..3 * width * (y + 1)];
        for x in (0..width).step_by(3) {
            let field = FIELDS * (y * FIELDS / height) + x * FIELDS / width;
            // A square stands for the display's curve.
            let [r, g, b] = [0, 1, 2].map(|channel| row[3 * x + channel] * row[3 * x + channel]);
            fields.light[field] += 0.2126 * r + 0.7152 * g + 0.0722 * b;
            fields.red[field] += if r >= 0.8 * (r + g + b) { (r - g - b).max(0.0) } else { 0.0 };
            counts[field] += 1;
        }
    }
    for sums in [&mut fields.light, &mut fields.red] {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum /= count.max(1) as f32;
        }
    }
    fields
}

/// The largest share, up to 1, of the way from one picture to the next that changes no field faster than allowed.
pub(super) fn allowed_share(before: &Fields, after: &Fields, seconds: f32) -> f32 {
    let most = |a: &[f32; 9], b: &[f32; 9]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let light = RATE * seconds / most(&before.light, &after.light).max(1e-6);
    let red = RED_RATE * seconds / most(&before.red, &after.red).max(1e-6);
    light.min(red).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_is_held_back_where_luminance_stays_the_same() {
        let flat = |pixel: [f32; 3]| fields(&pixel.repeat(900), 30, 30);
        // The squares of both give the same luminance.
        let (red, green) = (flat([1.0, 0.0, 0.0]), flat([0.0, 0.5452, 0.0]));
        assert!((red.light[4] - green.light[4]).abs() < 1e-3);
        let share = allowed_share(&red, &green, 1.0 / 30.0);
        assert!(share < 0.01, "{share}");
        // Pink is not saturated: it may change as it likes while the light does not.
        let (pink, grey) = (flat([0.8, 0.55, 0.55]), flat([0.6112, 0.6112, 0.6112]));
        assert!(allowed_share(&pink, &grey, 1.0 / 30.0) > 0.9);
    }
}
