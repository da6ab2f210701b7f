//! `oneiro eval` for autoencoders of pictures: what is left of held-out pictures after storing them, how much noise goes,
//! what edits do, and what lies at random places.

mod compression;
mod denoising;
mod editing;
mod pages;
mod sampling;

use super::{Answer, Args, milliseconds, save_jpeg};
use anyhow::{Context, Result, bail};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::SessionOptions;
use oneiro::model::spec::Kind;
use oneiro::picture::autoencoder::{Decoder, Denoiser, Edit, Encoder, Storage};
use oneiro::train::pictures::dataset::{Dataset, Options, Split};
use serde::Serialize;
use std::fmt::Write as _;

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["features", "count", "sheet", "walk", "edits"];

#[derive(Serialize)]
struct Report {
    seed: u64,
    /// Held-out pictures measured.
    pictures: usize,
    /// Milliseconds to find a place and to show one, medians of 20, on `threads` threads.
    encoding_milliseconds: f64,
    decoding_milliseconds: f64,
    compression: compression::Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    denoising_25: Option<denoising::Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denoising_50: Option<denoising::Figures>,
    editing: editing::Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling: Option<sampling::Figures>,
}

/// A model's uses, each with its part of the network.
struct Coder {
    kind: Kind,
    side: usize,
    encoder: Encoder,
    decoder: Decoder,
    denoiser: Option<Denoiser>,
    storage: Storage,
}

impl Coder {
    /// A picture as it comes back from storage.
    fn stored(&mut self, picture: &[f32]) -> Result<Vec<f32>> {
        let bytes = self.storage.pack(&self.encoder.encode_planes(picture)?);
        let place = self.storage.unpack(&bytes).context("a stored place has its length")?;
        Ok(cut(self.decoder.decode_planes(&place, Edit::default())?))
    }
}

/// What a screen shows of it.
fn cut(mut planes: Vec<f32>) -> Vec<f32> {
    planes.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
    planes
}

/// Measures an autoencoder of pictures of either kind.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let count = args.count()?;
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let kind = model.spec.kind;
    let encoder = Encoder::new(model.clone(), &options)?;
    let decoder = Decoder::new(model.clone(), &options)?;
    let denoiser = (kind == Kind::ImageAutoencoder).then(|| Denoiser::new(model.clone(), &options)).transpose()?;
    let (side, storage) = (encoder.side(), decoder.storage()?);
    let mut coder = Coder { kind, side, encoder, decoder, denoiser, storage };

    let sources = args.folders.sources(&args.data)?;
    let data = Dataset::open(&sources, &Options { size: side, ..Options::default() })?;
    let held_out = data.centres(Split::HeldOut, 0, count)?.data;
    let each = 3 * side * side;
    let pictures: Vec<&[f32]> = held_out.chunks(each).collect();
    if pictures.is_empty() {
        bail!("no picture is held out of {}: give more pictures", data.count(Split::Train));
    }
    let report = Report {
        seed: args.seed,
        pictures: pictures.len(),
        encoding_milliseconds: milliseconds(20, || coder.encoder.encode_planes(pictures[0]).map(|_| ()))?,
        decoding_milliseconds: {
            let place = coder.encoder.encode_planes(pictures[0])?;
            milliseconds(20, || coder.decoder.decode_planes(&place, Edit::default()).map(|_| ()))?
        },
        compression: compression::measure(&mut coder, &pictures)?,
        denoising_25: denoising::measure(&mut coder, &pictures, &data, 25.0, args.seed)?,
        denoising_50: denoising::measure(&mut coder, &pictures, &data, 50.0, args.seed)?,
        editing: editing::measure(&mut coder, &pictures)?,
        sampling: match kind {
            Kind::ImageVae => Some(sampling::measure(&mut coder, model, &data, args)?),
            _ => None,
        },
    };
    if let Some(path) = &args.sheet {
        save_jpeg(&pages::pictures(&mut coder, &pictures, args.seed)?, path)?;
    }
    if let Some(path) = &args.edits {
        save_jpeg(&pages::edits(&mut coder, &pictures)?, path)?;
    }
    if let Some(path) = &args.walk {
        save_jpeg(&pages::walks(&mut coder, &pictures)?, path)?;
    }
    Answer::new(&report, describe(&report)?)
}

fn describe(report: &Report) -> Result<String> {
    let mut text = String::new();
    let c = &report.compression;
    writeln!(text, "{} held-out pictures at {:.0} : 1, {} bytes each:", report.pictures, c.ratio, c.bytes)?;
    for (name, n) in [
        ("the model", &c.model),
        ("fewer pixels", &c.fewer_pixels),
        ("JPEG", &c.jpeg),
        ("JPEG without its tables", &c.jpeg_bare),
    ] {
        writeln!(text, "  {name:24}{:6.2} dB, SSIM {:.3}, {:.0} bytes", n.psnr, n.ssim, n.bytes)?;
    }
    for (noise, d) in [(25, &report.denoising_25), (50, &report.denoising_50)] {
        let Some(d) = d else { continue };
        writeln!(
            text,
            "noise of {noise}/255: {:.2} dB noisy, {:.2} denoised ({:+.2}), {:.2} through the middle alone, {:.2} blurred, {:.2} median",
            d.noisy, d.denoised, d.gained, d.decoded, d.gaussian, d.median
        )?;
    }
    let e = &report.editing;
    for (name, f) in [("hue", &e.hue), ("light", &e.light), ("texture", &e.texture)] {
        writeln!(
            text,
            "{name:8} reaches {:.2} of what is asked for, {:.1} dB from the edit done in pixels; moves chroma {:.3}, light {:.3}, texture {:.0} %",
            f.reached,
            f.psnr_to_pixel_edit,
            f.chroma_moved,
            f.light_moved,
            100.0 * f.texture_moved
        )?;
    }
    writeln!(text, "hue is {:.1} degrees off on the mean", e.hue_degrees_off)?;
    if let Some(s) = &report.sampling {
        writeln!(
            text,
            "KL {:.1} nats, {} of {} numbers active, ELBO {:.2} bits a number of the picture",
            s.kl_nats, s.active_numbers, s.numbers, s.elbo_bits
        )?;
        writeln!(
            text,
            "Fréchet distance to held-out pictures: samples {:.0}, reconstructions {:.0}, training pictures {:.0}, noise {:.0}",
            s.frechet_samples, s.frechet_reconstructions, s.frechet_training, s.frechet_noise
        )?;
    }
    write!(
        text,
        "{:.1} ms to find a place, {:.1} ms to show it",
        report.encoding_milliseconds, report.decoding_milliseconds
    )?;
    Ok(text)
}
