//! What is measured: every kind with the settings that `oneiro train` uses, on made-up data.

use super::pictures;
use crate::music::encoding::Token;
use crate::music::phrase::{CodedPhrase, Form};
use crate::time::TimeSignature;
use crate::train::nets::{melody_rnn, melody_vae};
use crate::train::program::{Device, Feed};
use crate::train::run::{Batch, RunError, Task};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;
use std::path::Path;

/// Seed of data and weights.
pub(super) const SEED: u64 = 1;

/// A training, and the sizes that another framework needs to build the same net; the batch's examples come first among them.
pub(super) struct Made {
    pub task: Box<dyn Task>,
    pub sizes: fn(&Batch) -> serde_json::Value,
}

/// A kind whose training is measured.
pub struct Subject {
    /// The kind, as `oneiro train` calls it.
    pub kind: &'static str,
    /// Makes its usual training on made-up data, whose files may be put into a folder.
    pub(super) make: fn(&Path, Device) -> Result<Made, RunError>,
}

/// All kinds that can be measured.
pub const SUBJECTS: &[Subject] = &[
    Subject { kind: "melody-rnn", make: melody },
    Subject { kind: "melody-vae", make: phrases },
    Subject { kind: "image-gan", make: pictures::gan },
    Subject { kind: "image-autoencoder", make: pictures::autoencoder },
    Subject { kind: "image-vae", make: pictures::vae },
    Subject { kind: "style-transfer", make: pictures::style },
    Subject { kind: "art-classifier", make: pictures::classifier },
    Subject { kind: "upscaler", make: pictures::upscaler },
];

const HIDDEN: usize = 192;
const KEY: usize = 48;

fn melody(_: &Path, _: Device) -> Result<Made, RunError> {
    let config = melody_rnn::Config::new(HIDDEN, KEY);
    let start = melody_rnn::Start::Random;
    let settings = melody_rnn::TaskSettings { config, rate: 2e-3, dropout: 0.2, weight_decay: 0.01, seed: SEED, start };
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let events = 120;
    let tunes = (0..24).map(|_| melody_rnn::Tune {
        durations: (0..=events).map(|_| rng.random_range(0..config.durations as u8 - 1)).collect(),
        pitches: (0..events).map(|_| rng.random_range(1..config.pitches as u8)).collect(),
        positions: (0..=events).map(|i| i % 16).collect(),
        bars: (0..=events).map(|i| i as f32 / 16.0).collect(),
        metre: 0,
        notes: events as usize,
    });
    let tunes: Vec<_> = tunes.collect();
    let task = Box::new(melody_rnn::MelodyTask::new(settings, tunes.clone(), tunes)?);
    let sizes = |batch: &Batch| {
        let config = melody_rnn::Config::new(HIDDEN, KEY);
        json!({"tunes": batch.examples, "rows": rows(batch), "input": config.input(), "hidden": HIDDEN, "key": KEY,
            "phases": melody_rnn::PHASES, "durations": config.durations, "pitches": config.pitches})
    };
    Ok(Made { task, sizes })
}

/// Events of the longest tune or phrase of a batch.
fn rows(batch: &Batch) -> usize {
    match &batch.feeds["pitch"] {
        Feed::Indices(shape, _) => shape[1],
        Feed::Floats(t) => t.shape[1],
    }
}

const PHRASE: melody_vae::Config = melody_vae::Config { bars: 2, hidden: 256, latent: 64 };

fn phrases(_: &Path, _: Device) -> Result<Made, RunError> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let form = Form { metre: TimeSignature::COMMON, bars: PHRASE.bars };
    let phrases = (0..200).map(|_| {
        // Two bars of eighths.
        let tokens = (0..16).map(|_| Token { duration: 9, pitch: rng.random_range(30..45) }).collect();
        melody_vae::Phrase::from(CodedPhrase { form, tokens })
    });
    let phrases: Vec<_> = phrases.collect();
    let settings = melody_vae::TaskSettings {
        config: PHRASE,
        rate: 2e-3,
        beta: 0.2,
        beta_warm_up: 1000,
        free_nats: 20.0 * std::f64::consts::LN_2 * f64::from(PHRASE.bars),
        word_dropout: 0.3,
        weight_decay: 0.01,
        seed: SEED,
    };
    let task = Box::new(melody_vae::MelodyVaeTask::new(settings, phrases.clone(), phrases)?);
    let sizes = |batch: &Batch| {
        json!({"phrases": batch.examples, "rows": rows(batch), "features": crate::music::phrase::FEATURES,
            "hidden": PHRASE.hidden, "latent": PHRASE.latent,
            "durations": melody_vae::Config::DURATIONS, "pitches": melody_vae::Config::PITCHES})
    };
    Ok(Made { task, sizes })
}
