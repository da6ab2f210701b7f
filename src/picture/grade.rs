//! Light, contrast and colour of what was painted, before it is shown.

/// Mean value that dark pictures are lifted towards, and how far at most: 1 would turn every value into its square root.
const LIGHT: (f32, f32) = (0.34, 0.85);
/// Contrast of small things is raised by this share.
const CLARITY: f32 = 0.3;
/// Colours are this much stronger than painted: trails and blending take some away.
const COLOUR: f32 = 1.16;

/// Lifts the shadows of a dark picture, as one opens the lens in a dim room. It follows from this picture alone, so a walk
/// that is smooth stays so, and black stays black.
pub(super) fn lighten(data: &mut [f32]) {
    let count = data.len().max(1) as f32;
    let mean = data.iter().sum::<f32>() / count;
    let roots = data.iter().map(|x| x.max(0.0).sqrt()).sum::<f32>() / count;
    let lift = ((LIGHT.0 - mean) / (roots - mean).max(1e-3)).clamp(0.0, LIGHT.1);
    if lift > 0.0 {
        data.iter_mut().for_each(|x| *x += lift * (x.max(0.0).sqrt() - *x));
    }
}

/// Raises the contrast against the mean of the surroundings and the strength of colours; keeps values in range.
pub(super) fn sharpen(data: &mut [f32], width: usize, height: usize) {
    let soft = blur(data, width, height, (width / 48).max(1));
    for (pixel, soft) in data.chunks_exact_mut(3).zip(soft.chunks_exact(3)) {
        for (x, s) in pixel.iter_mut().zip(soft) {
            *x += CLARITY * (*x - s);
        }
        let grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
        for x in pixel {
            *x = (grey + COLOUR * (*x - grey)).clamp(0.0, 1.0);
        }
    }
}

/// Mean over a square of `2·radius + 1` pixels; at the edges the last pixel goes on.
fn blur(data: &[f32], width: usize, height: usize, radius: usize) -> Vec<f32> {
    let across = run_mean(data, height, width, 3 * width, 3, radius);
    run_mean(&across, width, height, 3, 3 * width, radius)
}

/// Running means along `lines` lines of `length` pixels.
fn run_mean(data: &[f32], lines: usize, length: usize, line_step: usize, step: usize, radius: usize) -> Vec<f32> {
    let mut out = vec![0.0; data.len()];
    let scale = 1.0 / (2 * radius + 1) as f32;
    for line in 0..lines {
        for channel in 0..3 {
            let at = |i: isize| data[line * line_step + channel + step * i.clamp(0, length as isize - 1) as usize];
            let reach = radius as isize;
            let mut sum: f32 = (-reach..=reach).map(at).sum();
            for i in 0..length {
                out[line * line_step + channel + step * i] = sum * scale;
                sum += at(i as isize + reach + 1) - at(i as isize - reach);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_picture_is_lifted_in_order_and_a_light_one_left() {
        let mut light: Vec<f32> = (0..300).map(|i| 0.3 + i as f32 / 600.0).collect();
        let before = light.clone();
        lighten(&mut light);
        assert_eq!(light, before);
        let mut dark: Vec<f32> = (0..300).map(|i| i as f32 / 800.0).collect();
        lighten(&mut dark);
        let mean = dark.iter().sum::<f32>() / 300.0;
        assert!((mean - LIGHT.0).abs() < 1e-3, "{mean}");
        assert!(dark[0] == 0.0 && dark.windows(2).all(|w| w[0] < w[1]));
        let mut night = vec![0.0; 300];
        lighten(&mut night);
        assert_eq!(night, vec![0.0; 300]);
    }
}
