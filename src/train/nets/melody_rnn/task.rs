//! Training and scoring the melody network.

use super::best::{BEST, Best};
use super::{Bucket, Config, Dropout, Events, MelodyRnn, PHASES, Tune};
use crate::music::encoding::{FIRST_PITCH_BITS, REST};
use crate::train::checkpoint;
use crate::train::graph::{Graph, Var, Weights};
use crate::train::program::{Device, Feed, Forward, ProgramError};
use crate::train::run::{Batch, Rates, RunError, Task};
use crate::train::step::{AVERAGE, Adam, Objective, Step};
use crate::train::tensor::{Tensor, Tensors};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows and tunes of the batches: about as many events in each.
const BUCKETS: [Bucket; 5] = [
    Bucket { rows: 80, tunes: 40 },
    Bucket { rows: 144, tunes: 24 },
    Bucket { rows: 208, tunes: 16 },
    Bucket { rows: 288, tunes: 12 },
    Bucket { rows: 400, tunes: 8 },
];
/// For scoring the few tunes that are longer; nothing is cut there.
const LONG: Bucket = Bucket { rows: 1600, tunes: 1 };

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
}

/// Tunes to train on and to check with.
pub struct MelodyTask {
    settings: TaskSettings,
    train: Vec<Tune>,
    validation: Vec<Tune>,
    by_bucket: Vec<Vec<usize>>,
    /// The epoch that is planned, and its batches.
    plan: Mutex<(u64, Vec<Planned>)>,
    best: Mutex<Best>,
    patience: Option<Patience>,
}

/// When a run is ended before its time.
struct Patience {
    validations: usize,
    stop: Arc<AtomicBool>,
}

/// A bucket and the tunes of a batch.
type Planned = (usize, Vec<usize>);

/// Costs of a set of tunes; each figure is in bits a sounding note.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// All coded symbols: durations, pitches, rests, ends and first pitches.
    pub bits_per_note: f64,
    /// The share of durations and ends.
    pub duration_bits: f64,
    /// The share of pitches and rests.
    pub pitch_bits: f64,
    /// Share of sounding notes whose pitch was thought likeliest, the duration known; first notes left out.
    pub pitch_accuracy: f64,
    /// The same among notes whose pitch is another than the note's before.
    pub pitch_accuracy_at_changes: f64,
    /// Tunes.
    pub tunes: usize,
    /// Sounding notes.
    pub notes: usize,
}

impl MelodyTask {
    /// A task on `train`, checked with `validation`.
    ///
    /// # Errors
    /// If there is nothing to train on.
    pub fn new(settings: TaskSettings, train: Vec<Tune>, validation: Vec<Tune>) -> Result<Self, RunError> {
        if train.is_empty() || validation.is_empty() {
            return Err(RunError::Data("no tunes to train on: at least one for training and one to check with".into()));
        }
        let mut by_bucket = vec![Vec::new(); BUCKETS.len()];
        for (i, tune) in train.iter().enumerate() {
            let last = BUCKETS.len() - 1;
            by_bucket[BUCKETS.iter().position(|b| tune.rows() <= b.rows).unwrap_or(last)].push(i);
        }
        let plan = Mutex::new((u64::MAX, Vec::new()));
        Ok(Self { settings, train, validation, by_bucket, plan, best: Mutex::default(), patience: None })
    }

    /// Sets `stop` once that many validations in a row have brought nothing better.
    #[must_use]
    pub fn ending_early(self, validations: usize, stop: Arc<AtomicBool>) -> Self {
        Self { patience: Some(Patience { validations, stop }), ..self }
    }

    /// The weights that the validation tunes liked best, and after how many steps, where any were checked yet.
    ///
    /// # Errors
    /// If the run's folder has a file of them that cannot be read.
    pub fn best(&self, folder: &Path) -> Result<Option<(u64, Tensors)>, RunError> {
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        best.recall(folder)?;
        let Some((step, _)) = best.reached else { return Ok(None) };
        let (_, weights) = checkpoint::load(&folder.join(BEST))?;
        Ok(Some((step, weights)))
    }

    fn batches_per_epoch(&self) -> u64 {
        self.by_bucket.iter().zip(BUCKETS).map(|(tunes, b)| tunes.len().div_ceil(b.tunes) as u64).sum()
    }

    /// The batches of an epoch: every tune once (a few twice, where a batch is filled up), in an order of its own.
    fn plan(&self, epoch: u64) -> Vec<Planned> {
        let mut rng = rng_of(self.settings.seed, epoch, 1);
        let mut batches = Vec::new();
        for (bucket, tunes) in self.by_bucket.iter().enumerate() {
            let mut order = tunes.clone();
            order.shuffle(&mut rng);
            for chunk in order.chunks(BUCKETS[bucket].tunes) {
                let rest = BUCKETS[bucket].tunes - chunk.len();
                let filled = chunk.iter().chain(order.iter().cycle().take(rest)).copied().collect();
                batches.push((bucket, filled));
            }
        }
        batches.shuffle(&mut rng);
        batches
    }
}

fn rng_of(seed: u64, at: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream << 48 | at);
    rng
}

/// The network's cost of a batch, in nats.
struct BatchCosts {
    /// A coded event's.
    loss: Var,
    /// All durations'.
    duration: Var,
    /// All pitches'.
    pitch: Var,
    /// `(B, T)`
    likeliest_pitch: Var,
}

fn costs(g: &mut Graph, config: Config, bucket: Bucket, dropout: bool) -> BatchCosts {
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

impl Task for MelodyTask {
    fn steps(&self) -> Vec<Step> {
        let adam = Adam { weight_decay: self.settings.weight_decay, beta2: 0.99, ..Adam::default() };
        let make = |bucket| {
            let mut g = Graph::new();
            let costs = costs(&mut g, self.settings.config, bucket, true);
            let objective = Objective { name: "melody".into(), loss: costs.loss, prefix: String::new(), adam };
            Step::new(g, &[objective], &[])
        };
        BUCKETS.map(make).into()
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
        let Config { durations, pitches, hidden, .. } = self.settings.config;
        let bucket = BUCKETS[program];
        let mut feeds = bucket.feeds(&tunes, durations, pitches);
        let mut rng = rng_of(self.settings.seed, step, 2);
        let keep = 1.0 - self.settings.dropout;
        let widths = [("input", self.settings.config.input()), ("between", hidden), ("output", 2 * hidden)];
        for (name, width) in widths {
            let count = bucket.tunes * width;
            let mask = (0..count).map(|_| if rng.random::<f32>() < keep { 1.0 / keep } else { 0.0 }).collect();
            let mask = Tensor::new(&[bucket.tunes, 1, width], mask);
            feeds.insert(format!("dropout_{name}"), Feed::Floats(mask));
        }
        Batch { program, feeds, examples: bucket.tunes }
    }

    fn objectives(&self) -> Vec<Rates> {
        vec![Rates {
            objective: "melody".into(),
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
        settings["kind"] = json!("melody-rnn");
        settings["tunes"] = json!(self.train.len());
        settings
    }

    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let weights = averaged(state);
        let scores =
            Scorer::new(self.settings.config, &weights, Device::Cpu { threads: 1 })?.score(&self.validation)?;
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = best.take(folder, step, scores.bits_per_note, &weights)?;
        if let Some(patience) = self.patience.as_ref().filter(|p| idle >= p.validations) {
            patience.stop.store(true, Ordering::Relaxed);
        }
        Ok(BTreeMap::from([
            ("bits_per_note".into(), scores.bits_per_note),
            ("duration_bits".into(), scores.duration_bits),
            ("pitch_bits".into(), scores.pitch_bits),
        ]))
    }
}

/// The running averages of a state, under the parameters' own names.
pub fn averaged(state: &Tensors) -> Tensors {
    let averages = state.iter().filter_map(|(name, t)| Some((name.strip_prefix(AVERAGE)?.to_owned(), t.clone())));
    averages.collect()
}

/// Codes whole tunes with given weights.
pub struct Scorer {
    config: Config,
    forward: Vec<(Bucket, Forward)>,
}

impl Scorer {
    /// A scorer with weights `weights`.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or fails.
    pub fn new(config: Config, weights: &Tensors, device: Device) -> Result<Self, ProgramError> {
        let open = |bucket: Bucket| {
            let mut g = Graph::new();
            let costs = costs(&mut g, config, bucket, false);
            let outputs = [
                ("duration_cost", costs.duration),
                ("pitch_cost", costs.pitch),
                ("likeliest_pitch", costs.likeliest_pitch),
            ];
            let model = g.to_model(&outputs, Weights::Inside(weights));
            Ok((bucket, Forward::new(&model, device)?))
        };
        let buckets = BUCKETS.into_iter().chain([LONG]);
        Ok(Self { config, forward: buckets.map(open).collect::<Result<_, ProgramError>>()? })
    }

    /// Bits a note of `tunes`, every coded symbol counted.
    ///
    /// # Errors
    /// If ONNX Runtime fails, or a tune is longer than anything that can be coded.
    pub fn score(&mut self, tunes: &[Tune]) -> Result<Scores, ProgramError> {
        let mut nats = [0.0_f64; 2];
        let mut hits = Hits::default();
        let mut lower = 0;
        for (bucket, forward) in &mut self.forward {
            let fitting = tunes.iter().filter(|t| t.rows() > lower && t.rows() <= bucket.rows).collect::<Vec<_>>();
            lower = bucket.rows;
            for chunk in fitting.chunks(bucket.tunes) {
                let feeds = bucket.feeds(chunk, self.config.durations, self.config.pitches);
                let costs = forward.run(&feeds)?;
                nats[0] += f64::from(costs["duration_cost"].data[0]);
                nats[1] += f64::from(costs["pitch_cost"].data[0]);
                for (tune, guesses) in chunk.iter().zip(costs["likeliest_pitch"].data.chunks(bucket.rows)) {
                    hits.count(tune, guesses);
                }
            }
        }
        if let Some(tune) = tunes.iter().find(|t| t.rows() > lower) {
            return Err(ProgramError::Ort(format!("a tune of {} events is too long: at most {lower}", tune.rows())));
        }
        let notes = tunes.iter().map(|t| t.notes).sum::<usize>();
        let per_note = |nats: f64| nats / std::f64::consts::LN_2 / notes as f64;
        let first = FIRST_PITCH_BITS * tunes.len() as f64 / notes as f64;
        let (duration_bits, pitch_bits) = (per_note(nats[0]), per_note(nats[1]) + first);
        Ok(Scores {
            bits_per_note: duration_bits + pitch_bits,
            duration_bits,
            pitch_bits,
            pitch_accuracy: hits.right as f64 / hits.notes.max(1) as f64,
            pitch_accuracy_at_changes: hits.right_changes as f64 / hits.changes.max(1) as f64,
            tunes: tunes.len(),
            notes,
        })
    }
}

/// How often the likeliest pitch came.
#[derive(Default)]
struct Hits {
    notes: usize,
    right: usize,
    changes: usize,
    right_changes: usize,
}

impl Hits {
    fn count(&mut self, tune: &Tune, guesses: &[f32]) {
        let mut before = None;
        for (&pitch, &guess) in tune.pitches.iter().zip(guesses).filter(|(p, _)| **p != REST) {
            let right = usize::from(f32::from(pitch) == guess);
            if let Some(before) = before {
                self.notes += 1;
                self.right += right;
                if pitch != before {
                    self.changes += 1;
                    self.right_changes += right;
                }
            }
            before = Some(pitch);
        }
    }
}

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.3} bits a note (durations {:.3}, pitches {:.3}); next pitch right {:.1} %, where it changes {:.1} %; {} tunes, {} notes",
            self.bits_per_note,
            self.duration_bits,
            self.pitch_bits,
            100.0 * self.pitch_accuracy,
            100.0 * self.pitch_accuracy_at_changes,
            self.tunes,
            self.notes
        )
    }
}
