//! What whole tunes cost the network.

use super::task::{BUCKETS, batch_costs};
use super::{Bucket, Config, Tune};
use crate::model::runtime;
use crate::music::encoding::{FIRST_PITCH_BITS, REST};
use crate::train::graph::{Graph, Weights};
use crate::train::program::{Device, Feed, Forward, ProgramError};
use crate::train::tensor::Tensors;
use serde::{Deserialize, Serialize};

/// For the few tunes that are longer than any batch; nothing is cut there.
const LONG: Bucket = Bucket { rows: 1600, tunes: 1 };

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

/// Codes whole tunes with given weights.
pub struct Scorer {
    config: Config,
    weights: Tensors,
    device: Device,
    /// Opened when first needed.
    forward: Vec<(Bucket, Option<Forward>)>,
}

impl Scorer {
    /// A scorer with weights `weights`.
    ///
    /// # Errors
    /// If ONNX Runtime is missing.
    pub fn new(config: Config, weights: &Tensors, device: Device) -> Result<Self, ProgramError> {
        runtime::load()?;
        let forward = BUCKETS.into_iter().chain([LONG]).map(|bucket| (bucket, None)).collect();
        Ok(Self { config, weights: weights.clone(), device, forward })
    }

    /// Takes other weights of the same network.
    pub fn set_weights(&mut self, weights: &Tensors) {
        self.weights.clone_from(weights);
    }

    fn open(config: Config, bucket: Bucket, device: Device) -> Result<Forward, ProgramError> {
        let mut g = Graph::new();
        let costs = batch_costs(&mut g, config, bucket, false);
        let outputs = [
            ("duration_cost", costs.duration),
            ("pitch_cost", costs.pitch),
            ("likeliest_pitch", costs.likeliest_pitch),
        ];
        Forward::new(&g.to_model(&outputs, Weights::Fed), device)
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
            if fitting.is_empty() {
                continue;
            }
            let forward = match forward {
                Some(forward) => forward,
                none => none.insert(Self::open(self.config, *bucket, self.device)?),
            };
            for chunk in fitting.chunks(bucket.tunes) {
                let mut feeds = bucket.feeds(chunk, self.config.durations, self.config.pitches);
                feeds.extend(self.weights.iter().map(|(name, t)| (name.clone(), Feed::Floats(t.clone()))));
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
