//! What a variational autoencoder knows of its latent space.

use super::{Coder, cut};
use crate::cli::eval::{Args, features_file};
use anyhow::Result;
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Input, Session, SessionOptions};
use oneiro::picture::autoencoder::Edit;
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::nets::image_gan::evaluate::Eye;
use oneiro::train::nets::melody_vae::evaluate::{active_units, kl_nats};
use oneiro::train::pictures::dataset::{Dataset, Split};
use oneiro::train::pictures::metrics::frechet_distance;
use oneiro::train::pictures::quality::mean_squared_error;
use oneiro::train::program::Device;
use oneiro::train::step::normal;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

#[derive(Serialize)]
pub struct Figures {
    /// Mean divergence of a picture's distribution from the prior, in nats.
    pub kl_nats: f64,
    /// Numbers of the latent point whose mean varies by more than a hundredth from picture to picture (Burda et al. 2016).
    pub active_numbers: usize,
    /// Numbers in the latent point.
    pub numbers: usize,
    /// Negative ELBO with the Gaussian that fits best, in bits a number of the 8-bit picture.
    pub elbo_bits: f64,
    /// Fréchet distances to held-out pictures.
    pub frechet_samples: f64,
    pub frechet_reconstructions: f64,
    pub frechet_training: f64,
    pub frechet_noise: f64,
}

pub fn measure(coder: &mut Coder, model: Inspected, data: &Dataset, args: &Args) -> Result<Figures> {
    let (side, count) = (coder.side, args.count()?);
    let each = 3 * side * side;
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut encoder = Session::from_inspected(model.part(&["latent", "logvar"]), &options)?;
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let held_out = data.sample(Split::HeldOut, args.seed + 1, 0, count)?.data;
    let numbers = coder.decoder.latent_size();
    let (mut kl, mut error) = (0.0, 0.0);
    let mut means = Vec::with_capacity(count);
    let mut again = Vec::with_capacity(held_out.len());
    for picture in held_out.chunks(each) {
        let shape = [1, 3, side, side];
        let found = encoder.run(&[("original", Input::F32(&shape, picture))])?;
        let (mu, logvar) = (found.f32("latent")?, found.f32("logvar")?);
        kl += kl_nats(mu, logvar) / count as f64;
        means.push(mu.to_vec());
        let drawn = normal(&mut rng, 1.0, numbers);
        let drawn: Vec<f32> = mu.iter().zip(logvar).zip(drawn).map(|((m, l), e)| m + (0.5 * l).exp() * e).collect();
        let of_mean = cut(coder.decoder.decode_planes(mu, Edit::default())?);
        error += mean_squared_error(picture, &coder.decoder.decode_planes(&drawn, Edit::default())?)? / count as f64;
        again.extend(of_mean);
    }
    let active_numbers = active_units(means.iter().map(Vec::as_slice));
    // −log₂ of the density of one value of a picture in −1 … 1, and of the width 1 / 127.5 of an 8-bit level.
    let likelihood = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E * error).log2() + 127.5_f64.log2();
    let elbo_bits = likelihood + kl / std::f64::consts::LN_2 / each as f64;

    let mut samples = Vec::with_capacity(held_out.len());
    for _ in 0..count {
        samples.extend(cut(coder.decoder.decode_planes(&normal(&mut rng, 1.0, numbers), Edit::default())?));
    }
    let training = data.sample(Split::Train, args.seed, 0, count)?.data;
    let noise: Vec<f32> = (0..held_out.len()).map(|_| rng.random_range(-1.0..=1.0)).collect();
    let network = EfficientNet::read(&features_file(args.features.as_deref())?)?;
    let mut eye = Eye::new(&network, side, Device::Cpu { threads: args.threads.max(1) })?;
    let real = eye.features(&held_out)?;
    let mut distance = |pictures: &[f32]| -> Result<f64> { Ok(frechet_distance(&eye.features(pictures)?, &real)?) };
    Ok(Figures {
        kl_nats: kl,
        active_numbers,
        numbers,
        elbo_bits,
        frechet_samples: distance(&samples)?,
        frechet_reconstructions: distance(&again)?,
        frechet_training: distance(&training)?,
        frechet_noise: distance(&noise)?,
    })
}
