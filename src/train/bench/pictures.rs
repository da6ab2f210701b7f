//! The kinds that learn from pictures. Frozen networks have random weights: their speed is that of the real ones.

use super::subjects::{Made, SEED};
use crate::model::spec::Kind;
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::nets::vgg::Vgg;
use crate::train::nets::{art_classifier, image_autoencoder, image_gan, style_transfer, upscaler};
use crate::train::pictures::dataset::{Dataset, Options, Source};
use crate::train::pictures::procedural::{Family, paint};
use crate::train::pictures::sheet::save_png;
use crate::train::program::Device;
use crate::train::run::{Batch, RunError};
use crate::train::tensor::Tensor;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Paints `count` pictures into a folder, which it makes.
fn paint_into(folder: &Path, count: usize, side: usize, seed: u64) -> Result<(), RunError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| RunError::Io { path, error }
    };
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    for (i, family) in Family::ALL.into_iter().cycle().take(count).enumerate() {
        let path = folder.join(format!("{i}.png"));
        save_png(&paint(family, seed + i as u64, side as u32), &path).map_err(io(&path))?;
    }
    Ok(())
}

/// Enough that some are held out.
const PICTURES: usize = 24;

fn dataset(folder: &Path, side: usize) -> Result<Arc<Dataset>, RunError> {
    let folder = folder.join(format!("side-{side}"));
    paint_into(&folder, PICTURES, side, SEED)?;
    let options = Options { size: side, held_out: 0.25, ..Options::default() };
    Ok(Arc::new(Dataset::open(&[Source::new(folder)], &options).map_err(|e| RunError::Data(e.to_string()))?))
}

const GAN_SIDE: usize = 64;

pub(super) fn gan(folder: &Path, device: Device) -> Result<Made, RunError> {
    let shape = image_gan::Shape::for_size(GAN_SIDE, 1.0).expect("a usual size");
    let settings = image_gan::Settings {
        shape,
        batch: 16,
        rate: 4e-4,
        discriminator_rate: 2e-4,
        blur: (1.28, 1500),
        average: 0.995,
        seed: SEED,
        loss: image_gan::Loss::default(),
    };
    let (data, features) = (dataset(folder, GAN_SIDE)?, EfficientNet::random(SEED));
    let task = Box::new(image_gan::Task::new(settings, data, features, device)?);
    let sizes = |batch: &Batch| {
        let shape = image_gan::Shape::for_size(GAN_SIDE, 1.0).expect("a usual size");
        json!({"pictures": batch.examples, "side": GAN_SIDE, "latent": shape.latent, "channels": shape.channels})
    };
    Ok(Made { task, sizes })
}

fn coder_shape(kind: Kind) -> image_autoencoder::Shape {
    let side = if kind == Kind::ImageVae { 64 } else { 128 };
    image_autoencoder::Shape::of(kind, side, 1.0).expect("a usual size")
}

fn coder(folder: &Path, device: Device, kind: Kind) -> Result<Made, RunError> {
    let shape = coder_shape(kind);
    let data = dataset(folder, shape.size)?;
    let variational = kind == Kind::ImageVae;
    let settings = image_autoencoder::Settings {
        shape,
        batch: if variational { 16 } else { 8 },
        rate: 1e-3,
        noise: 0.25,
        perceptual: if variational { 0.5 } else { 0.1 },
        free_nats: 0.05,
        warm_up: 500,
        average: 0.995,
        seed: SEED,
    };
    let task = Box::new(image_autoencoder::Task::new(settings, data, Some(EfficientNet::random(SEED)), device)?);
    let sizes: fn(&Batch) -> Value = if variational {
        |batch| coder_sizes(batch, Kind::ImageVae)
    } else {
        |batch| coder_sizes(batch, Kind::ImageAutoencoder)
    };
    Ok(Made { task, sizes })
}

fn coder_sizes(batch: &Batch, kind: Kind) -> Value {
    let shape = coder_shape(kind);
    json!({"pictures": batch.examples, "side": shape.size, "channels": shape.channels, "blocks": shape.blocks,
        "latent": shape.latent(batch.examples)})
}

pub(super) fn autoencoder(folder: &Path, device: Device) -> Result<Made, RunError> {
    coder(folder, device, Kind::ImageAutoencoder)
}

pub(super) fn vae(folder: &Path, device: Device) -> Result<Made, RunError> {
    coder(folder, device, Kind::ImageVae)
}

const STYLES: usize = 8;
const CROP: usize = 96;
const PAINTER: [usize; 4] = [32, 48, 32, 16];
const PAINTER_BLOCKS: usize = 4;

pub(super) fn style(folder: &Path, device: Device) -> Result<Made, RunError> {
    let styles = folder.join("styles");
    // What is aimed at has the same size, however large the styles' pictures are.
    paint_into(&styles, STYLES, 64, SEED + 1000)?;
    let styles = style_transfer::styles::read(&[styles], 64, 0.0)?;
    let vgg = Vgg::random(SEED);
    let targets = style_transfer::styles::Targets::new(&styles, &vgg, device)?;
    let settings = style_transfer::Settings {
        shape: style_transfer::Shape { styles: STYLES, channels: PAINTER, blocks: PAINTER_BLOCKS },
        batch: 4,
        crop: CROP,
        rate: 2e-3,
        weighting: style_transfer::Weighting { content: 1.0, style: 8.0, variation: 0.3 },
        average: 0.99,
        style_side: 64,
        style_edge: 0.0,
        seed: SEED,
    };
    let shown = Tensor::zeros(&[1, 3, CROP, CROP]);
    let data = dataset(folder, CROP)?;
    let task = Box::new(style_transfer::Task::new(settings, data, vgg, targets, shown, device)?);
    let sizes = |batch: &Batch| json!({"pictures": batch.examples, "side": CROP, "styles": STYLES, "channels": PAINTER, "blocks": PAINTER_BLOCKS});
    Ok(Made { task, sizes })
}

const CLASSIFIER: [usize; 4] = [16, 32, 64, 128];
const CLASSES: [&str; 3] = ["a", "b", "c"];

pub(super) fn classifier(folder: &Path, device: Device) -> Result<Made, RunError> {
    let folder = folder.join("classes");
    for (i, class) in CLASSES.into_iter().enumerate() {
        paint_into(&folder.join(class), 8, art_classifier::SIDE, SEED + 100 * i as u64)?;
    }
    let data = |e: &dyn std::fmt::Display| RunError::Data(e.to_string());
    let collection = art_classifier::collection::Collection::open(&folder, 0.0).map_err(|e| data(&e))?;
    let settings = art_classifier::Settings {
        channels: CLASSIFIER,
        classes: collection.classes.clone(),
        batch: 24,
        distillation: true,
        rate: 2e-3,
        folds: 3,
        held_out: 0,
        data: collection.fingerprint(),
        seed: SEED,
    };
    let teacher = Some(Arc::new(EfficientNet::random(SEED)));
    let task = Box::new(art_classifier::Task::new(settings, Arc::new(collection), teacher, device)?);
    let sizes = |batch: &Batch| {
        json!({"pictures": batch.examples, "side": art_classifier::SIDE, "channels": CLASSIFIER,
            "seen": art_classifier::teacher::WIDTH})
    };
    Ok(Made { task, sizes })
}

const ENLARGER: upscaler::Shape = upscaler::Shape { channels: 16, blocks: 1, margin: 0.0 };
const PATCH: usize = 32;

pub(super) fn upscaler(folder: &Path, device: Device) -> Result<Made, RunError> {
    let settings = upscaler::Settings {
        shape: ENLARGER,
        batch: 16,
        patch: PATCH,
        loss: upscaler::PixelLoss::Charbonnier,
        perceptual: 0.0,
        rate: 1.5e-3,
        seed: SEED,
    };
    let task = Box::new(upscaler::Task::new(settings, dataset(folder, 4 * PATCH)?, None, device)?);
    let sizes = |batch: &Batch| json!({"patches": batch.examples, "side": PATCH, "channels": ENLARGER.channels, "blocks": ENLARGER.blocks});
    Ok(Made { task, sizes })
}
