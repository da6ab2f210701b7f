//! Training the melody VAE.

use super::evaluate::{NoteMatch, active_units, kl_nats};
use super::writer::inputs;
use super::{Bucket, Config, MelodyVae, Phrase, Reader, Writer};
use crate::music::phrase::{CodedPhrase, reference_pitch, windows};
use crate::music::roll_strips::{Strip, draw_strips};
use crate::train::corpus::CorpusTune;
use crate::train::fingerprint::Fingerprint;
use crate::train::graph::{Graph, Var};
use crate::train::nets::melody_rnn::rng_of;
use crate::train::program::{Device, Feed};
use crate::train::run::{Batch, Rates, RunError, Task, save_samples};
use crate::train::step::{Adam, Objective, Step, averages, normal};
use crate::train::tensor::{Tensor, Tensors};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

/// Events in a batch, about.
const EVENTS: usize = 1280;
/// Fewest notes of a phrase that is learnt from.
const FEWEST_NOTES: usize = 3;
/// Phrases that are checked with, at most.
const CHECKED: usize = 512;

/// Settings of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TaskSettings {
    /// Sizes of the network.
    pub config: Config,
    /// Highest learning rate.
    pub rate: f64,
    /// Weight of the divergence in the loss, when warmed up.
    pub beta: f64,
    /// Steps over which that weight rises from nil.
    pub beta_warm_up: u64,
    /// Nats of divergence a phrase that cost nothing.
    pub free_nats: f64,
    /// Share of events that the writer does not see, 0 to 1.
    pub word_dropout: f64,
    /// Weight decay.
    pub weight_decay: f32,
    /// Seed of the order of phrases and of all noise.
    pub seed: u64,
}

/// The program of a batch and its phrases.
type Planned = (usize, Vec<usize>);

/// Phrases to train on and to check with.
pub struct MelodyVaeTask {
    settings: TaskSettings,
    train: Vec<Phrase>,
    validation: Vec<Phrase>,
    buckets: [Bucket; 3],
    by_bucket: Vec<Vec<usize>>,
    /// The epoch that is planned, and its batches.
    plan: Mutex<(u64, Vec<Planned>)>,
}

/// All phrases of `bars` bars of some tunes, each section once, counted from their tune's tonic; those of more than
/// `rows` events or hardly any notes are left out.
pub fn phrases_of(tunes: &[CorpusTune], bars: u32, rows: usize) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    for tune in tunes {
        let melody = tune.once.decode(&tune.title);
        let Some(reference) = reference_pitch(&melody) else { continue };
        for window in windows(&melody, bars) {
            let phrase = CodedPhrase::new(&window, bars, reference).map(Phrase::from);
            phrases.extend(phrase.filter(|p| p.notes >= FEWEST_NOTES && p.rows() <= rows));
        }
    }
    phrases
}

impl MelodyVaeTask {
    /// A task on `train`, checked with `validation`.
    ///
    /// # Errors
    /// If there is nothing to train on.
    pub fn new(settings: TaskSettings, train: Vec<Phrase>, validation: Vec<Phrase>) -> Result<Self, RunError> {
        if train.is_empty() || validation.is_empty() {
            let bars = settings.config.bars;
            let (train, validation) = (train.len(), validation.len());
            return Err(RunError::Data(format!(
                "{train} phrases of {bars} bars to learn from and {validation} to check with: at least two pieces that are not the same are needed"
            )));
        }
        let most = settings.config.rows();
        let buckets = [3 * most / 8, most / 2, most].map(|rows| Bucket { rows, phrases: (EVENTS / rows).max(8) });
        let mut by_bucket = vec![Vec::new(); buckets.len()];
        for (i, phrase) in train.iter().enumerate() {
            by_bucket[buckets.iter().position(|b| phrase.rows() <= b.rows).unwrap_or(buckets.len() - 1)].push(i);
        }
        // Phrases from the whole range, not from the first tunes alone.
        let every = validation.len().div_ceil(CHECKED);
        let validation = validation.into_iter().step_by(every).collect();
        Ok(Self { settings, train, validation, buckets, by_bucket, plan: Mutex::new((u64::MAX, Vec::new())) })
    }

    fn batches_per_epoch(&self) -> u64 {
        self.by_bucket.iter().zip(self.buckets).map(|(all, b)| all.len().div_ceil(b.phrases) as u64).sum()
    }

    /// The batches of an epoch: every phrase once (a few twice, where a batch is filled up), in an order of its own.
    fn plan(&self, epoch: u64) -> Vec<(usize, Vec<usize>)> {
        let mut rng = rng_of(self.settings.seed, epoch, 1);
        let mut batches = Vec::new();
        for (bucket, phrases) in self.by_bucket.iter().enumerate() {
            let mut order = phrases.clone();
            order.shuffle(&mut rng);
            for chunk in order.chunks(self.buckets[bucket].phrases) {
                let rest = self.buckets[bucket].phrases - chunk.len();
                let filled = chunk.iter().chain(order.iter().cycle().take(rest)).copied().collect();
                batches.push((bucket, filled));
            }
        }
        batches.shuffle(&mut rng);
        batches
    }
}

/// A phrase now and then seems to be in another octave or key, so that a reference that was guessed wrongly does no harm.
fn transposition(rng: &mut ChaCha8Rng) -> i32 {
    match rng.random_range(0..20) {
        0..13 => 0,
        13 => 12,
        14 => -12,
        _ => rng.random_range(-6..=6),
    }
}

/// The loss of a batch with its parts, all in nats a phrase.
struct Losses {
    loss: Var,
    reconstruction: Var,
    kl: Var,
}

fn losses(g: &mut Graph, settings: &TaskSettings, bucket: Bucket) -> Losses {
    let Config { latent, .. } = settings.config;
    let ([heard, before], targets, [weight, last]) = inputs(g, bucket);
    let noise = g.input("noise", &[bucket.phrases, latent]);
    let beta = g.input("beta", &[]);
    let mut net = MelodyVae::new(g, settings.config);
    let [mu, logvar] = net.encode(heard, last);
    // z = mu + e^(logvar/2) · noise (Kingma & Welling 2014, section 2.4)
    let half = g.scale(logvar, 0.5);
    let deviation = g.exp(half);
    let spread = g.mul(deviation, noise);
    let z = g.add(mu, spread);
    let costs = MelodyVae::new(g, settings.config).costs(before, z, targets);
    let cost = g.add(costs.duration, costs.pitch);
    let cost = g.mul(cost, weight);
    let cost = g.sum_all(cost);
    let reconstruction = g.scale(cost, 1.0 / bucket.phrases as f32);
    let kl = g.kl_divergence(mu, logvar);
    let kl = g.sum_all(kl);
    let kl = g.scale(kl, 1.0 / bucket.phrases as f32);
    // Free bits (Kingma et al. 2016, appendix C8) over the whole point: what lies below the allowance is not pressed.
    let excess = g.add_scalar(kl, -settings.free_nats as f32);
    let excess = g.relu(excess);
    let weighted = g.mul(excess, beta);
    let loss = g.add(reconstruction, weighted);
    Losses { loss, reconstruction, kl }
}

impl Task for MelodyVaeTask {
    fn steps(&self) -> Vec<Step> {
        let adam = Adam { weight_decay: self.settings.weight_decay, beta2: 0.99, ..Adam::default() };
        let make = |bucket| {
            let mut g = Graph::for_training();
            let losses = losses(&mut g, &self.settings, bucket);
            // An event's share, so that the gradient is as large for long phrases as for short ones.
            let loss = g.scale(losses.loss, 1.0 / bucket.rows as f32);
            let objective = Objective { name: "phrase".into(), loss, prefix: String::new(), adam };
            Step::new(g, &[objective], &[("reconstruction", losses.reconstruction), ("kl", losses.kl)])
        };
        self.buckets.map(make).into()
    }

    fn batch(&self, step: u64) -> Batch {
        let per_epoch = self.batches_per_epoch();
        let (epoch, index) = (step / per_epoch, (step % per_epoch) as usize);
        let (program, chosen) = {
            let mut plan = self.plan.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if plan.0 != epoch {
                *plan = (epoch, self.plan(epoch));
            }
            plan.1[index].clone()
        };
        let mut rng = rng_of(self.settings.seed, step, 2);
        let moved = chosen.iter().map(|&i| match transposition(&mut rng) {
            0 => self.train[i].clone(),
            by => self.train[i].coded.shifted(by).into(),
        });
        let moved = moved.collect::<Vec<Phrase>>();
        let bucket = self.buckets[program];
        let TaskSettings { word_dropout, beta, beta_warm_up, config, .. } = self.settings;
        let mut feeds = bucket.feeds(&moved.iter().collect::<Vec<_>>(), |_, _| rng.random_bool(word_dropout));
        let noise =
            Tensor::new(&[bucket.phrases, config.latent], normal(&mut rng, 1.0, bucket.phrases * config.latent));
        feeds.insert("noise".into(), Feed::Floats(noise));
        let warm = ((step + 1) as f64 / beta_warm_up.max(1) as f64).min(1.0);
        feeds.insert("beta".into(), Feed::Floats(Tensor::scalar((beta * warm) as f32)));
        Batch { program, feeds, examples: bucket.phrases }
    }

    fn objectives(&self) -> Vec<Rates> {
        vec![Rates {
            objective: "phrase".into(),
            peak: self.settings.rate,
            warm_up: 100,
            end: 0.02,
            beta1: 0.9,
            beta2: 0.99,
            average: Some(0.998),
        }]
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = json!(self.settings);
        settings["kind"] = json!("melody-vae");
        settings
    }

    fn fingerprint(&self) -> Option<u64> {
        let of = |all: Fingerprint, phrase: &Phrase| {
            let CodedPhrase { form, tokens } = &phrase.coded;
            let formed = all.with([form.metre.numerator, form.metre.denominator]).with(form.bars.to_le_bytes());
            formed.with_list(tokens.iter().map(|t| t.duration)).with_list(tokens.iter().map(|t| t.pitch))
        };
        let count = Fingerprint::default().with_list([self.train.len() as u64].into_iter());
        Some(self.train.iter().chain(&self.validation).fold(count, of).number())
    }

    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let config = self.settings.config;
        let weights = averages(state);
        let device = Device::Cpu { threads: 1 };
        let (readings, hits) = Reader::new(config, &weights, device)?.read(&self.validation)?;
        let mut writer = Writer::new(config, &weights, device)?;
        let points = readings.iter().zip(&self.validation).map(|(r, p)| (r.mu.as_slice(), p.coded.form));
        let written = writer.write(&points.collect::<Vec<_>>())?;
        let mut free = NoteMatch::default();
        for (phrase, written) in self.validation.iter().zip(&written) {
            free += NoteMatch::of(&phrase.coded, &written.phrase);
        }
        let mut rng = rng_of(self.settings.seed, 0, 3);
        let shown = self.validation.iter().step_by(self.validation.len().div_ceil(8));
        let drawn = shown.map(|p| (normal(&mut rng, 1.0, config.latent), p.coded.form)).collect::<Vec<_>>();
        let samples = writer.write(&drawn.iter().map(|(z, form)| (z.as_slice(), *form)).collect::<Vec<_>>())?;

        let every = self.validation.len().div_ceil(8);
        let pairs = self.validation.iter().zip(&written).step_by(every).zip(&samples);
        let strips =
            pairs.map(|((phrase, written), sample)| Strip::new(&[&phrase.coded, &written.phrase, &sample.phrase]));
        save_samples(&draw_strips(&strips.collect::<Vec<_>>(), 900), folder, step)?;

        let nats = readings.iter().map(|r| r.nats).sum::<f64>() / readings.len() as f64;
        let kept = written.iter().filter(|w| w.kept_metre).count() as f64 / written.len() as f64;
        Ok(BTreeMap::from([
            ("reconstruction".into(), nats),
            ("kl".into(), readings.iter().map(|r| kl_nats(&r.mu, &r.logvar)).sum::<f64>() / readings.len() as f64),
            ("active_units".into(), active_units(readings.iter().map(|r| r.mu.as_slice())) as f64),
            ("accuracy_forced".into(), hits.both as f64 / hits.notes.max(1) as f64),
            ("accuracy_free".into(), free.both()),
            ("kept_metre".into(), kept),
        ]))
    }
}
