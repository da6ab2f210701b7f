//! Training and scoring the melody network.

use super::{Bucket, Config, Dropout, Events, MelodyRnn, PHASES, Scorer, Tune, performing_model};
use crate::model::inspect::{Inspected, inspect_bytes};
use crate::train::fingerprint::Fingerprint;
use crate::train::graph::{Graph, Var};
use crate::train::history::Examples;
use crate::train::program::{Device, Feed, Feeds};
use crate::train::run::{Batch, Rates, RunError, Task, save_samples};
use crate::train::step::{Adam, Objective, Step, average_of, averages};
use crate::train::tensor::{Tensor, Tensors};
use image::RgbImage;
use prost::Message;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Rows and tunes of the batches: about as many events in each.
pub(super) const BUCKETS: [Bucket; 5] = [
    Bucket { rows: 80, tunes: 40 },
    Bucket { rows: 144, tunes: 24 },
    Bucket { rows: 208, tunes: 16 },
    Bucket { rows: 288, tunes: 12 },
    Bucket { rows: 400, tunes: 8 },
];
/// Settings of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TaskSettings {
    /// Sizes of the network.
    pub config: Config,
    /// Highest learning rate.
    pub rate: f64,
    /// Share of features dropped while training, 0 to 1.
    pub dropout: f32,
    /// Weight decay.
    pub weight_decay: f32,
    /// Seed of the order of tunes and of dropout.
    pub seed: u64,
    /// Whether there is something to start from.
    pub start: Start,
}

/// From where a training starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// From nothing: large batches, a long memory of the running average.
    Random,
    /// From weights that can do something: batches of a quarter, a short memory.
    Weights,
}

impl Start {
    /// Tunes of a bucket's batch.
    fn bucket(self, bucket: Bucket) -> Bucket {
        match self {
            Self::Random => bucket,
            Self::Weights => Bucket { tunes: bucket.tunes / 4, ..bucket },
        }
    }
}

/// Tunes to train on and to check with.
pub struct MelodyTask {
    settings: TaskSettings,
    train: Vec<Tune>,
    validation: Vec<Tune>,
    by_bucket: Vec<Vec<usize>>,
    /// The epoch that is planned, and its batches.
    plan: Mutex<(u64, Vec<Planned>)>,
    scorer: Mutex<Option<Scorer>>,
    /// What to start from, where that is not drawn.
    weights: Tensors,
    draw: Option<Draw>,
}

/// Draws what a model composes; or says why it cannot.
pub type Draw = Box<dyn Fn(Inspected) -> Result<RgbImage, String> + Send + Sync>;

/// The program and the tunes of a batch.
type Planned = (usize, Vec<usize>);

impl MelodyTask {
    /// A task on `train`, checked with `validation`.
    ///
    /// # Errors
    /// If there is nothing to train on.
    pub fn new(settings: TaskSettings, train: Vec<Tune>, validation: Vec<Tune>) -> Result<Self, RunError> {
        if train.is_empty() || validation.is_empty() {
            let (train, validation) = (train.len(), validation.len());
            return Err(RunError::Data(format!(
                "{train} tunes to learn from and {validation} to check with: at least two pieces that are not the same are needed"
            )));
        }
        let mut by_bucket = vec![Vec::new(); BUCKETS.len()];
        for (i, tune) in train.iter().enumerate() {
            let last = BUCKETS.len() - 1;
            by_bucket[BUCKETS.iter().position(|b| tune.rows() <= b.rows).unwrap_or(last)].push(i);
        }
        let plan = Mutex::new((u64::MAX, Vec::new()));
        Ok(Self {
            settings,
            train,
            validation,
            by_bucket,
            plan,
            scorer: Mutex::default(),
            weights: Tensors::new(),
            draw: None,
        })
    }

    /// Starts from these weights instead of drawn ones.
    #[must_use]
    pub fn starting_from(self, weights: Tensors) -> Self {
        Self { weights, ..self }
    }

    /// Writes a sheet of samples at each validation: what `draw` makes of the model that the weights then are.
    #[must_use]
    pub fn drawn_by(self, draw: Draw) -> Self {
        Self { draw: Some(draw), ..self }
    }

    fn sampled(&self, draw: &Draw, weights: &Tensors) -> Result<RgbImage, RunError> {
        let data = |e: &dyn std::fmt::Display| RunError::Data(e.to_string());
        let (mut model, spec) = performing_model(self.settings.config, weights, "the network in training");
        spec.store(&mut model).map_err(|e| data(&e))?;
        let model = inspect_bytes(&spec.name, model.encode_to_vec()).map_err(|e| data(&e))?;
        draw(model).map_err(RunError::Data)
    }

    /// Buckets that hold tunes, with their places among all; each has a program.
    fn used(&self) -> impl Iterator<Item = (usize, Bucket)> + '_ {
        let all = BUCKETS.map(|bucket| self.settings.start.bucket(bucket)).into_iter().enumerate();
        all.filter(|(i, _)| !self.by_bucket[*i].is_empty())
    }

    fn batches_per_epoch(&self) -> u64 {
        self.used().map(|(i, b)| self.by_bucket[i].len().div_ceil(b.tunes) as u64).sum()
    }

    /// The batches of an epoch: every tune once (a few twice, where a batch is filled up), in an order of its own.
    fn plan(&self, epoch: u64) -> Vec<Planned> {
        let mut rng = rng_of(self.settings.seed, epoch, 1);
        let mut batches = Vec::new();
        for (program, (place, bucket)) in self.used().enumerate() {
            let mut order = self.by_bucket[place].clone();
            order.shuffle(&mut rng);
            for chunk in order.chunks(bucket.tunes) {
                let rest = bucket.tunes - chunk.len();
                let filled = chunk.iter().chain(order.iter().cycle().take(rest)).copied().collect();
                batches.push((program, filled));
            }
        }
        batches.shuffle(&mut rng);
        batches
    }
}

/// The random source of an epoch or a step: each stream has its own.
pub(in crate::train) fn rng_of(seed: u64, at: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream << 48 | at);
    rng
}

/// The network's cost of a batch, in nats.
pub(in crate::train) struct BatchCosts {
    /// A coded event's.
    pub loss: Var,
    /// All durations'.
    pub duration: Var,
    /// All pitches'.
    pub pitch: Var,
    /// `(B, T)`
    pub likeliest_pitch: Var,
}

pub(in crate::train) fn batch_costs(g: &mut Graph, config: Config, bucket: Bucket, dropout: bool) -> BatchCosts {
    let shape = [bucket.tunes, bucket.rows];
    let events = Events {
        duration: g.input_indices("duration", &shape),
        pitch: g.input_indices("pitch", &shape),
        position: g.input_indices("position", &shape),
        metre: g.input_indices("metre", &shape),
        phase: g.input("phase", &[bucket.tunes, bucket.rows, PHASES]),
    };
    let targets = [g.input_indices("target_duration", &shape), g.input_indices("target_pitch", &shape)];
    let square = [bucket.tunes, bucket.rows, bucket.rows];
    let matches = [g.input("match_full", &square), g.input("match_rhythm", &square)];
    let weights = [g.input("weight_duration", &shape), g.input("weight_pitch", &shape)];
    let dropout = dropout.then(|| Dropout {
        input: g.input("dropout_input", &[bucket.tunes, 1, config.input()]),
        between: g.input("dropout_between", &[bucket.tunes, 1, config.hidden]),
        output: g.input("dropout_output", &[bucket.tunes, 1, 2 * config.hidden]),
    });
    let costs = MelodyRnn::new(g, config).costs(events, targets, matches, dropout);
    let duration = g.mul(costs.duration, weights[0]);
    let pitch = g.mul(costs.pitch, weights[1]);
    let (duration, pitch) = (g.sum_all(duration), g.sum_all(pitch));
    let total = g.add(duration, pitch);
    let count = g.sum_all(weights[1]);
    let loss = g.div(total, count);
    BatchCosts { loss, duration, pitch, likeliest_pitch: costs.likeliest_pitch }
}

/// Masks that drop a share of the features of each tune; see [`Dropout`].
pub(in crate::train) fn dropout_masks(config: Config, bucket: Bucket, share: f32, rng: &mut ChaCha8Rng) -> Feeds {
    let keep = 1.0 - share;
    let widths = [("input", config.input()), ("between", config.hidden), ("output", 2 * config.hidden)];
    let masks = widths.map(|(name, width)| {
        let count = bucket.tunes * width;
        let mask = (0..count).map(|_| if rng.random::<f32>() < keep { 1.0 / keep } else { 0.0 }).collect();
        (format!("dropout_{name}"), Feed::Floats(Tensor::new(&[bucket.tunes, 1, width], mask)))
    });
    masks.into()
}

impl Task for MelodyTask {
    fn steps(&self) -> Vec<Step> {
        let adam = Adam { weight_decay: self.settings.weight_decay, beta2: 0.99, ..Adam::default() };
        let make = |bucket| {
            let mut g = Graph::for_training();
            let costs = batch_costs(&mut g, self.settings.config, bucket, true);
            let objective = Objective { name: "melody".into(), loss: costs.loss, prefix: String::new(), adam };
            Step::new(g, &[objective], &[])
        };
        self.used().map(|(_, bucket)| make(bucket)).collect()
    }

    fn batch(&self, step: u64) -> Batch {
        let per_epoch = self.batches_per_epoch();
        let (epoch, index) = (step / per_epoch, (step % per_epoch) as usize);
        let (program, chosen) = {
            let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            if plan.0 != epoch {
                *plan = (epoch, self.plan(epoch));
            }
            plan.1[index].clone()
        };
        let tunes = chosen.iter().map(|&i| &self.train[i]).collect::<Vec<_>>();
        let Config { durations, pitches, .. } = self.settings.config;
        let Some((_, bucket)) = self.used().nth(program) else { unreachable!("plans name programs that there are") };
        let mut feeds = bucket.feeds(&tunes, durations, pitches);
        let mut rng = rng_of(self.settings.seed, step, 2);
        feeds.extend(dropout_masks(self.settings.config, bucket, self.settings.dropout, &mut rng));
        Batch { program, feeds, examples: bucket.tunes }
    }

    fn objectives(&self) -> Vec<Rates> {
        let (warm_up, average) = match self.settings.start {
            Start::Random => (100, 0.998),
            Start::Weights => (20, 0.97),
        };
        vec![Rates {
            objective: "melody".into(),
            peak: self.settings.rate,
            warm_up,
            end: 0.02,
            beta1: 0.9,
            beta2: 0.99,
            average: Some(average),
        }]
    }

    fn start(&self) -> Tensors {
        let average = |(name, t): (&String, &Tensor)| (average_of(name), t.clone());
        self.weights.iter().map(average).chain(self.weights.clone()).collect()
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = json!(self.settings);
        settings["kind"] = json!("melody-rnn");
        if !self.weights.is_empty() {
            let mut hash = Sha256::new();
            self.weights.values().flat_map(|t| &t.data).for_each(|value| hash.update(value.to_le_bytes()));
            settings["from"] = json!(format!("weights {}", &format!("{:x}", hash.finalize())[..16]));
        }
        settings
    }

    fn fingerprint(&self) -> Option<u64> {
        let of = |all: Fingerprint, tune: &Tune| {
            let placed = all.with_list(tune.positions.iter().copied()).with([tune.metre]);
            placed.with_list(tune.durations.iter().copied()).with_list(tune.pitches.iter().copied())
        };
        let count = Fingerprint::default().with_list([self.train.len() as u64].into_iter());
        Some(self.train.iter().chain(&self.validation).fold(count, of).number())
    }

    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let weights = averages(state);
        if let Some(draw) = &self.draw {
            save_samples(&self.sampled(draw, &weights)?, folder, step)?;
        }
        let mut scorer = self.scorer.lock().unwrap_or_else(PoisonError::into_inner);
        let scorer = match &mut *scorer {
            Some(scorer) => {
                scorer.set_weights(&weights);
                scorer
            }
            none => none.insert(Scorer::new(self.settings.config, &weights, Device::Cpu { threads: 1 })?),
        };
        let scores = scorer.score(&self.validation)?;
        Ok(BTreeMap::from([
            ("bits_per_note".into(), scores.bits_per_note),
            ("duration_bits".into(), scores.duration_bits),
            ("pitch_bits".into(), scores.pitch_bits),
        ]))
    }

    fn decisive(&self) -> Option<&'static str> {
        Some("bits_per_note")
    }

    fn about_data(&self) -> Vec<(String, String)> {
        let notes = self.train.iter().map(|t| t.notes).sum::<usize>();
        let pair = |name: &str, value: String| (name.to_owned(), value);
        vec![
            pair("notes in them", notes.to_string()),
            pair("batches in an epoch", self.batches_per_epoch().to_string()),
            pair("tunes to check with", self.validation.len().to_string()),
        ]
    }

    fn examples(&self) -> Option<Examples> {
        Some(Examples { count: self.train.len(), enough: ENOUGH, what: "readings of tunes".into() })
    }
}

/// With fewer tunes, what is learnt from scratch are these tunes.
const ENOUGH: usize = 200;
