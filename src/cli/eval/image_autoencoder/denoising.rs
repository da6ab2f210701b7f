//! Noise taken away, against blurs that were tuned for that noise.

use super::{Coder, cut};
use anyhow::Result;
use oneiro::picture::autoencoder::Edit;
use oneiro::train::nets::image_autoencoder::baselines::{gaussian_blur, median};
use oneiro::train::pictures::dataset::{Dataset, Split};
use oneiro::train::pictures::quality::psnr;
use oneiro::train::step::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

/// Mean PSNR over pictures, in dB.
#[derive(Serialize)]
pub struct Figures {
    /// Of the noisy pictures.
    pub noisy: f64,
    /// Of those denoised by the model.
    pub denoised: f64,
    /// What that gains.
    pub gained: f64,
    /// Of the noisy pictures encoded and decoded.
    pub decoded: f64,
    /// Of those blurred by the Gaussian that is best on training pictures.
    pub gaussian: f64,
    /// Its deviation in pixels.
    pub gaussian_deviation: f64,
    /// Of those after the median that is best on training pictures.
    pub median: f64,
    /// Its radius in pixels.
    pub median_radius: usize,
}

/// Training pictures that blurs are tuned on.
const TUNING: usize = 24;

/// Adds white noise of deviation `level` / 255 to a picture.
pub fn noisy(picture: &[f32], level: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let noise = normal(rng, 2.0 * level / 255.0, picture.len());
    picture.iter().zip(noise).map(|(p, n)| p + n).collect()
}

/// Nothing for models that do not denoise.
pub fn measure(
    coder: &mut Coder,
    pictures: &[&[f32]],
    data: &Dataset,
    level: f32,
    seed: u64,
) -> Result<Option<Figures>> {
    if coder.denoiser.is_none() {
        return Ok(None);
    }
    let side = coder.side;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let training = data.sample(Split::Train, seed, 0, TUNING)?.data;
    let training: Vec<(&[f32], Vec<f32>)> =
        training.chunks(3 * side * side).map(|p| (p, noisy(p, level, &mut rng))).collect();
    let on_training = |filter: &dyn Fn(&[f32]) -> Vec<f32>| -> Result<f64> {
        training.iter().map(|(clean, noisy)| Ok(psnr(clean, &cut(filter(noisy)), 2.0)?)).sum()
    };
    let (mut deviation, mut radius) = ((0.0, f64::MIN), (0, f64::MIN));
    for tenth in 4..=24 {
        let candidate = f64::from(tenth) / 10.0;
        let found = on_training(&|p| gaussian_blur(p, side, candidate))?;
        if found > deviation.1 {
            deviation = (candidate, found);
        }
    }
    for candidate in 1..=3 {
        let found = on_training(&|p| median(p, side, candidate))?;
        if found > radius.1 {
            radius = (candidate, found);
        }
    }
    let mut sums = [0.0; 5];
    for picture in pictures {
        let noisy = noisy(picture, level, &mut rng);
        let place = coder.encoder.encode_planes(&noisy)?;
        let found = [
            noisy.clone(),
            match &mut coder.denoiser {
                Some(denoiser) => cut(denoiser.denoise_planes(&noisy)?),
                None => return Ok(None),
            },
            cut(coder.decoder.decode_planes(&place, Edit::default())?),
            cut(gaussian_blur(&noisy, side, deviation.0)),
            cut(median(&noisy, side, radius.0)),
        ];
        for (sum, found) in sums.iter_mut().zip(found) {
            *sum += psnr(picture, &found, 2.0)? / pictures.len() as f64;
        }
    }
    let [noisy, denoised, decoded, gaussian, median] = sums;
    Ok(Some(Figures {
        noisy,
        denoised,
        gained: denoised - noisy,
        decoded,
        gaussian,
        gaussian_deviation: deviation.0,
        median,
        median_radius: radius.0,
    }))
}
