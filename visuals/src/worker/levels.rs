//! Every picture of a walk is to be seen on a stage: dark ones are lifted, pale ones deepened, as one sets the light of a room.

use oneiro::picture::Picture;

/// Where the darkest and the lightest hundredth of a picture are brought to.
const ENDS: (f32, f32) = (0.02, 0.96);
/// Greatest factor by which contrast is raised.
const STRETCH: f32 = 1.9;
/// Mean that pictures are brought towards, and how much of the way.
const MEAN: (f32, f32) = (0.40, 0.65);

/// Levels a picture. It follows from this picture alone and continuously, so a walk that is smooth stays so.
pub(super) fn level(picture: &mut Picture) {
    let mut lumas: Vec<f32> = picture.data.chunks_exact(3).map(luma).collect();
    if lumas.is_empty() {
        return;
    }
    lumas.sort_unstable_by(f32::total_cmp);
    let at = |share: f32| lumas[((lumas.len() - 1) as f32 * share) as usize];
    let (low, high) = (at(0.01), at(0.99));
    let gain = ((ENDS.1 - ENDS.0) / (high - low).max(1e-3)).min(STRETCH);
    // What cannot be stretched to both ends stays about where it is.
    let middle = 0.5 * (low + high);
    let reach = 0.5 * gain * (high - low);
    let centre = middle.clamp(ENDS.0 + reach.min(0.47), (ENDS.1 - reach).max(0.49));
    let stretched = |x: f32| (centre + gain * (x - middle)).clamp(0.0, 1.0);
    let mean = lumas.iter().map(|l| stretched(*l)).sum::<f32>() / lumas.len() as f32;
    let wanted = mean + MEAN.1 * (MEAN.0 - mean);
    // The power that brings the mean there, about.
    let power = (wanted.clamp(0.05, 0.95).ln() / mean.clamp(0.05, 0.95).ln()).clamp(0.5, 1.9);
    for pixel in picture.data.chunks_exact_mut(3) {
        for x in pixel.iter_mut() {
            *x = stretched(*x).powf(power);
        }
    }
}

fn luma(pixel: &[f32]) -> f32 {
    0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: impl Iterator<Item = f32>) -> Picture {
        let data: Vec<f32> = values.flat_map(|v| [v; 3]).collect();
        Picture { width: data.len() / 3, height: 1, data }
    }

    #[test]
    fn dark_and_pale_pictures_come_to_the_same_room_and_order_is_kept() {
        for (low, high) in [(0.0, 0.2), (0.7, 0.95), (0.0, 1.0), (0.4, 0.401)] {
            let mut picture = grey((0..400).map(|i| low + (high - low) * i as f32 / 399.0));
            level(&mut picture);
            let mean = picture.data.iter().sum::<f32>() / picture.data.len() as f32;
            assert!((0.2..0.68).contains(&mean), "{low} to {high}: {mean}");
            assert!(picture.data.windows(4).all(|w| w[0] <= w[3] + 1e-6));
            assert!(picture.data.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        level(&mut grey(std::iter::empty()));
    }
}
