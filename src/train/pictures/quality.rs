//! How near one picture is to another, pixel by pixel: PSNR and SSIM.
//!
//! Pictures are planes of floats, `(C, H, W)` with the last axis running fastest, whose values span `range` from black
//! to full white: 2 for −1 … 1, 1 for 0 … 1, 255 for bytes.

/// Side of the window of [`ssim`] in pixels, and deviation of its Gaussian.
pub const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;

/// Why two pictures cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The pictures have different numbers of values, or none.
    #[error("pictures of {0} and {1} values cannot be compared")]
    Lengths(usize, usize),
    /// The values do not fill whole planes.
    #[error("{values} values do not fill planes of {width} × {height}")]
    Shape {
        /// Values given.
        values: usize,
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// The pictures are smaller than the window.
    #[error("{width} × {height} pixels; a side of at least {WINDOW} is needed")]
    TooSmall {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
}

/// Mean of squared differences.
///
/// # Errors
/// [`Error::Lengths`].
pub fn mean_squared_error(a: &[f32], b: &[f32]) -> Result<f64, Error> {
    if a.len() != b.len() || a.is_empty() {
        return Err(Error::Lengths(a.len(), b.len()));
    }
    Ok(a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / a.len() as f64)
}

/// Peak signal-to-noise ratio in dB: `10 log₁₀(range² / mean squared error)`; infinite for equal pictures.
///
/// # Errors
/// [`Error::Lengths`].
pub fn psnr(a: &[f32], b: &[f32], range: f64) -> Result<f64, Error> {
    Ok(10.0 * (range * range / mean_squared_error(a, b)?).log10())
}

/// Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004, "Image quality assessment: from error visibility to
/// structural similarity", equation 13): at most 1, which only equal pictures reach. Means, variances and covariance are weighted
/// by a Gaussian window of 11 × 11 with deviation 1.5; K₁ = 0.01, K₂ = 0.03; the mean over all windows that lie within
/// the picture, then over the channels.
///
/// # Errors
/// [`Error`].
pub fn ssim(a: &[f32], b: &[f32], [width, height]: [usize; 2], range: f64) -> Result<f64, Error> {
    if a.len() != b.len() || a.is_empty() {
        return Err(Error::Lengths(a.len(), b.len()));
    }
    let plane = width * height;
    if plane == 0 || !a.len().is_multiple_of(plane) {
        return Err(Error::Shape { values: a.len(), width, height });
    }
    if width < WINDOW || height < WINDOW {
        return Err(Error::TooSmall { width, height });
    }
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let channels = a.len() / plane;
    let mut total = 0.0;
    for (a, b) in a.chunks(plane).zip(b.chunks(plane)) {
        let mean = |f: &dyn Fn(f64, f64) -> f64| {
            let values: Vec<f64> = a.iter().zip(b).map(|(&a, &b)| f(f64::from(a), f64::from(b))).collect();
            windowed(&values, width, height)
        };
        let (ma, mb) = (mean(&|a, _| a), mean(&|_, b| b));
        let (aa, bb, ab) = (mean(&|a, _| a * a), mean(&|_, b| b * b), mean(&|a, b| a * b));
        let windows = ma.len();
        let sum: f64 = (0..windows)
            .map(|i| {
                let (ma, mb) = (ma[i], mb[i]);
                let (va, vb, cov) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
                (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
            })
            .sum();
        total += sum / windows as f64;
    }
    Ok(total / channels as f64)
}

/// Means under the window at every place where it lies within the plane, row by row.
fn windowed(plane: &[f64], width: usize, height: usize) -> Vec<f64> {
    let middle = (WINDOW / 2) as f64;
    let weights: [f64; WINDOW] =
        std::array::from_fn(|i| (-(i as f64 - middle).powi(2) / (2.0 * DEVIATION * DEVIATION)).exp());
    let sum: f64 = weights.iter().sum();
    let (columns, rows) = (width - WINDOW + 1, height - WINDOW + 1);
    // The window is a product of a column and a row: two passes instead of one of 121 products.
    let mut across = Vec::with_capacity(columns * height);
    for row in plane.chunks(width) {
        for part in row.windows(WINDOW) {
            across.push(part.iter().zip(&weights).map(|(v, w)| v * w).sum::<f64>() / sum);
        }
    }
    let mut means = vec![0.0; columns * rows];
    for (y, out) in means.chunks_mut(columns).enumerate() {
        for (k, weight) in weights.iter().enumerate() {
            let row = &across[(y + k) * columns..(y + k + 1) * columns];
            out.iter_mut().zip(row).for_each(|(o, v)| *o += v * weight / sum);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn noise(seed: u64, count: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(0.0..1.0)).collect()
    }

    #[test]
    fn psnr_is_that_of_the_formula_whatever_the_range() {
        let a = vec![0.5; 300];
        let b: Vec<f32> = a.iter().map(|v| v + 0.1).collect();
        assert!((psnr(&a, &b, 1.0).unwrap() - 20.0).abs() < 1e-4);
        let wide = |x: &[f32]| x.iter().map(|v| 2.0 * v - 1.0).collect::<Vec<f32>>();
        assert!((psnr(&wide(&a), &wide(&b), 2.0).unwrap() - 20.0).abs() < 1e-4);
        assert_eq!(psnr(&a, &a, 1.0).unwrap(), f64::INFINITY);
    }

    /// Every window by itself, from the definition.
    fn plain(a: &[f32], b: &[f32], width: usize, height: usize) -> f64 {
        let weight = |dy: usize, dx: usize| {
            let squared = (dy as f64 - 5.0).powi(2) + (dx as f64 - 5.0).powi(2);
            (-squared / 4.5).exp()
        };
        let all: f64 = (0..121).map(|i| weight(i / 11, i % 11)).sum();
        let (mut total, mut windows) = (0.0, 0.0);
        for y in 0..=height - 11 {
            for x in 0..=width - 11 {
                let mean = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                    let at = |i: usize| (y + i / 11) * width + x + i % 11;
                    let term = |i| weight(i / 11, i % 11) / all * f(f64::from(a[at(i)]), f64::from(b[at(i)]));
                    (0..121).map(term).sum()
                };
                let (ma, mb) = (mean(&|a, _| a), mean(&|_, b| b));
                let va = mean(&|a, _| (a - ma).powi(2));
                let vb = mean(&|_, b| (b - mb).powi(2));
                let cov = mean(&|a, b| (a - ma) * (b - mb));
                let (c1, c2) = (1e-4, 9e-4);
                total += (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
                windows += 1.0;
            }
        }
        total / windows
    }

    #[test]
    fn ssim_is_that_of_the_definition_on_noise() {
        for seed in 0..3 {
            let (width, height) = (17, 13);
            let a = noise(seed, width * height);
            let b: Vec<f32> = a.iter().zip(noise(seed + 9, a.len())).map(|(a, n)| 0.6 * a + 0.3 * n).collect();
            let (found, expected) = (ssim(&a, &b, [width, height], 1.0).unwrap(), plain(&a, &b, width, height));
            assert!((found - expected).abs() < 1e-9, "{found} against {expected}, seed {seed}");
            assert!((ssim(&a, &a, [width, height], 1.0).unwrap() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn flat_pictures_differ_by_their_light_alone() {
        // Without variance only the first factor is left: (2ab + C₁) / (a² + b² + C₁).
        let found = ssim(&vec![0.4; 3 * 256], &vec![0.6; 3 * 256], [16, 16], 1.0).unwrap();
        let (a, b) = (f64::from(0.4_f32), f64::from(0.6_f32));
        assert!((found - (2.0 * a * b + 1e-4) / (a * a + b * b + 1e-4)).abs() < 1e-9, "{found}");
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert_eq!(psnr(&[], &[], 1.0), Err(Error::Lengths(0, 0)));
        assert_eq!(psnr(&[1.0], &[1.0, 2.0], 1.0), Err(Error::Lengths(1, 2)));
        let small = vec![0.0; 100];
        assert_eq!(ssim(&small, &small, [10, 10], 1.0), Err(Error::TooSmall { width: 10, height: 10 }));
        assert_eq!(ssim(&small, &small, [12, 12], 1.0), Err(Error::Shape { values: 100, width: 12, height: 12 }));
    }
}
