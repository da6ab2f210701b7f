//! Sheets to look at.

use super::denoising::noisy;
use super::editing::HUES;
use super::{Coder, cut};
use crate::cli::eval::cell;
use anyhow::Result;
use image::RgbImage;
use oneiro::model::spec::Kind;
use oneiro::picture::autoencoder::{Edit, between};
use oneiro::train::pictures::sheet::{self, Layout};
use oneiro::train::step::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Pictures in a row of a sheet.
const COLUMNS: usize = 8;

fn page(cells: &[f32], side: usize, columns: usize) -> RgbImage {
    let rows = cells.len() / (3 * side * side) / columns.max(1);
    sheet::sheet_of_planes(cells, side, Layout { columns, ..Layout::for_count(rows * columns, cell(side)) })
}

/// `count` of the pictures, spread over all of them.
fn some<'a>(pictures: &[&'a [f32]], count: usize) -> Vec<&'a [f32]> {
    let count = count.min(pictures.len());
    (0..count).map(|i| pictures[i * pictures.len() / count]).collect()
}

/// Rows of originals and what came back from storage; then, of an autoencoder, noisy pictures (25 and 50 / 255), each above what
/// was denoised; of a variational autoencoder, samples.
pub fn pictures(coder: &mut Coder, pictures: &[&[f32]], seed: u64) -> Result<RgbImage> {
    let chosen = some(pictures, 2 * COLUMNS);
    let columns = chosen.len().min(COLUMNS);
    let mut cells: Vec<f32> = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for row in chosen.chunks_exact(columns) {
        row.iter().for_each(|p| cells.extend_from_slice(p));
        for picture in row {
            cells.extend(coder.stored(picture)?);
        }
    }
    if let Some(denoiser) = &mut coder.denoiser {
        for (level, row) in [25.0, 50.0].into_iter().zip(chosen.chunks_exact(columns).cycle()) {
            let noisy: Vec<Vec<f32>> = row.iter().map(|p| noisy(p, level, &mut rng)).collect();
            noisy.iter().for_each(|p| cells.extend_from_slice(p));
            for picture in &noisy {
                cells.extend(cut(denoiser.denoise_planes(picture)?));
            }
        }
    }
    if coder.kind == Kind::ImageVae {
        for _ in 0..3 * columns {
            let place = normal(&mut rng, 1.0, coder.decoder.latent_size());
            cells.extend(coder.decoder.decode_planes(&place, Edit::default())?);
        }
    }
    Ok(page(&cells, coder.side, columns))
}

/// Each row one picture: as decoded, eight hues, darker and lighter, smoother and rougher.
pub fn edits(coder: &mut Coder, pictures: &[&[f32]]) -> Result<RgbImage> {
    let mut list = vec![Edit::default()];
    list.extend((0..HUES).map(|i| Edit { hue: i as f32 / HUES as f32, tint: 0.12, ..Edit::default() }));
    list.extend([-0.2, 0.2].map(|light| Edit { light, ..Edit::default() }));
    list.extend([-1.0, 1.0].map(|texture| Edit { texture, ..Edit::default() }));
    let mut cells = Vec::new();
    for picture in some(pictures, 6) {
        let place = coder.encoder.encode_planes(picture)?;
        for edit in &list {
            cells.extend(coder.decoder.decode_planes(&place, *edit)?);
        }
    }
    Ok(page(&cells, coder.side, list.len()))
}

/// Each row a way from one picture to another, the originals at both ends.
pub fn walks(coder: &mut Coder, pictures: &[&[f32]]) -> Result<RgbImage> {
    let steps = 8;
    let chosen = some(pictures, 12);
    let mut cells = Vec::new();
    for i in 0..chosen.len() / 2 {
        let (from, to) = (chosen[i], chosen[chosen.len() - 1 - i]);
        let (a, b) = (coder.encoder.encode_planes(from)?, coder.encoder.encode_planes(to)?);
        cells.extend_from_slice(from);
        for step in 0..steps {
            let place = between(coder.kind, &a, &b, step as f32 / (steps - 1) as f32);
            cells.extend(coder.decoder.decode_planes(&place, Edit::default())?);
        }
        cells.extend_from_slice(to);
    }
    Ok(page(&cells, coder.side, steps + 2))
}
