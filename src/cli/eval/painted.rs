//! Pictures of a generator, to measure others on; and pictures as networks and as screens have them.

use super::Args;
use anyhow::Result;
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Generator, Look, Picture};
use oneiro::train::step::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Gives pictures of the first generator that is found, from random points, to `each`; `None` where there is no generator.
///
/// # Errors
/// If it cannot paint, and those of `each`.
pub fn painted(args: &Args, count: usize, mut each: impl FnMut(Picture) -> Result<()>) -> Result<Option<()>> {
    let Ok(model) = library::find(&library::folders(None), Kind::ImageGan, None) else { return Ok(None) };
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut generator = Generator::new(Session::from_inspected(model, &options)?)?;
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    for _ in 0..count {
        let z = normal(&mut rng, 1.0, generator.latent_size());
        each(generator.paint(&Look { z, psi: generator.psi(), accent: 0.0, activity: 0.0 })?)?;
    }
    Ok(Some(()))
}

/// Planes `(3, height, width)` in −1 … 1.
pub fn to_planes(picture: &Picture) -> Vec<f32> {
    (0..3).flat_map(|c| picture.data.iter().skip(c).step_by(3).map(|v| 2.0 * v - 1.0)).collect()
}

/// The picture of planes `(3, side, side)` in −1 … 1.
pub fn to_picture(planes: &[f32], side: usize) -> Picture {
    let one = side * side;
    let data = (0..one).flat_map(|at| (0..3).map(move |c| (planes[c * one + at] + 1.0) / 2.0)).collect();
    Picture { width: side, height: side, data }
}
