//! Reading and writing many phrases at once, while a training is watched.

use super::batch::Hits;
use super::{Bucket, Config, MelodyVae, Phrase, Rows};
use crate::music::encoding::{DURATIONS, POSITIONS, Token, bar_steps, metre_class};
use crate::music::phrase::{CodedPhrase, FEATURES, Form, NO_DURATION, NO_PITCH};
use crate::train::graph::{Graph, Var, Weights};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::tensor::{Tensor, Tensors};

/// Phrases read at once.
const TOGETHER: usize = 32;

/// Rows for the reading half and the writing half: they stand in the same places.
pub(super) fn inputs(g: &mut Graph, bucket: Bucket) -> ([Rows; 2], [Var; 2], [Var; 2]) {
    let shape = [bucket.phrases, bucket.rows];
    let [position, metre] = ["position", "metre"].map(|name| g.input_indices(name, &shape));
    let features = g.input("features", &[bucket.phrases, bucket.rows, FEATURES]);
    let rows = ["", "before_"].map(|prefix| {
        let [duration, pitch] = ["duration", "pitch"].map(|name| g.input_indices(&format!("{prefix}{name}"), &shape));
        Rows { duration, pitch, position, metre, features }
    });
    let targets = ["target_duration", "target_pitch"].map(|name| g.input_indices(name, &shape));
    let masks = ["weight", "last"].map(|name| g.input(name, &shape));
    (rows, targets, masks)
}

/// What was read of one phrase.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Mean of its latent point.
    pub mu: Vec<f32>,
    /// Log-variance of its latent point.
    pub logvar: Vec<f32>,
    /// What its events cost in nats, written from the mean with the true events before.
    pub nats: f64,
}

/// Reads phrases: their points, and what they cost from there.
pub struct Reader {
    bucket: Bucket,
    forward: Forward,
}

impl Reader {
    /// A reader with weights `weights`.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or fails.
    pub fn new(config: Config, weights: &Tensors, device: Device) -> Result<Self, ProgramError> {
        let bucket = Bucket { rows: config.rows(), phrases: TOGETHER };
        let mut g = Graph::new();
        let ([heard, before], targets, [weight, last]) = inputs(&mut g, bucket);
        let [mu, logvar] = MelodyVae::new(&mut g, config).encode(heard, last);
        let costs = MelodyVae::new(&mut g, config).costs(before, mu, targets);
        let cost = g.add(costs.duration, costs.pitch);
        let cost = g.mul(cost, weight);
        let cost = g.sum(cost, &[1], false);
        let outputs = [
            ("mu", mu),
            ("logvar", logvar),
            ("cost", cost),
            ("likeliest_duration", costs.likeliest_duration),
            ("likeliest_pitch", costs.likeliest_pitch),
        ];
        Ok(Self { bucket, forward: Forward::new(&g.to_model(&outputs, Weights::Inside(weights)), device)? })
    }

    /// Reads `phrases`, none longer than the network's rows: each one's reading, and how many of all notes are guessed
    /// from their means with the true events before.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn read(&mut self, phrases: &[Phrase]) -> Result<(Vec<Reading>, Hits), ProgramError> {
        let (mut readings, mut hits) = (Vec::with_capacity(phrases.len()), Hits::default());
        for chunk in phrases.chunks(self.bucket.phrases) {
            let chunk = chunk.iter().collect::<Vec<_>>();
            let out = self.forward.run(&self.bucket.feeds(&chunk, |_, _| false))?;
            let row = |name: &str, i: usize| {
                let width = out[name].data.len() / self.bucket.phrases;
                &out[name].data[i * width..(i + 1) * width]
            };
            for (i, phrase) in chunk.into_iter().enumerate() {
                hits.count(phrase, row("likeliest_duration", i), row("likeliest_pitch", i));
                let nats = f64::from(out["cost"].data[i]);
                readings.push(Reading { mu: row("mu", i).to_vec(), logvar: row("logvar", i).to_vec(), nats });
            }
        }
        Ok((readings, hits))
    }
}

/// A phrase as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The phrase; it fills its form.
    pub phrase: CodedPhrase,
    /// Whether the network filled the form by itself: no event that it liked best had to be kept from leaving it.
    pub kept_metre: bool,
}

/// Writes phrases from points, always the likeliest event that fits.
pub struct Writer {
    config: Config,
    forward: Forward,
}

impl Writer {
    /// A writer with weights `weights`.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or fails.
    pub fn new(config: Config, weights: &Tensors, device: Device) -> Result<Self, ProgramError> {
        let mut g = Graph::new();
        let shape = [TOGETHER, 1];
        let [duration, pitch, position, metre] =
            ["duration", "pitch", "position", "metre"].map(|name| g.input_indices(name, &shape));
        let features = g.input("features", &[TOGETHER, 1, FEATURES]);
        let z = g.input("z", &[TOGETHER, config.latent]);
        let state = g.input("state", &[TOGETHER, config.hidden]);
        let start = MelodyVae::new(&mut g, config).first_state(z);
        let rows = Rows { duration, pitch, position, metre, features };
        let [durations, pitches, next] = MelodyVae::new(&mut g, config).step(rows, z, state);
        let likeliest = g.arg_max(pitches);
        let outputs = [("start", start), ("durations", durations), ("pitches", likeliest), ("next", next)];
        Ok(Self { config, forward: Forward::new(&g.to_model(&outputs, Weights::Inside(weights)), device)? })
    }

    /// Writes a phrase of each form from each point.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn write(&mut self, points: &[(&[f32], Form)]) -> Result<Vec<Written>, ProgramError> {
        let mut all = Vec::with_capacity(points.len());
        for chunk in points.chunks(TOGETHER) {
            all.extend(self.write_together(chunk)?);
        }
        Ok(all)
    }

    fn write_together(&mut self, points: &[(&[f32], Form)]) -> Result<Vec<Written>, ProgramError> {
        let Config { hidden, latent, .. } = self.config;
        let empty = |&(_, form): &(&[f32], Form)| Written {
            phrase: CodedPhrase { form, tokens: Vec::new() },
            kept_metre: true,
        };
        let mut written: Vec<Written> = points.iter().map(empty).collect();
        let mut at = vec![0_u32; points.len()];
        let mut z = Tensor::zeros(&[TOGETHER, latent]);
        for (row, (point, _)) in z.data.chunks_mut(latent).zip(points) {
            row.copy_from_slice(point);
        }
        let mut state = Tensor::zeros(&[TOGETHER, hidden]);
        for event in 0.. {
            if written.iter().zip(&at).all(|(w, at)| *at >= w.phrase.form.steps()) {
                break;
            }
            let mut feeds = self.places(&written, &at);
            feeds.insert("z".into(), Feed::Floats(z.clone()));
            let mut out = {
                feeds.insert("state".into(), Feed::Floats(state.clone()));
                if event == 0 {
                    state = self.forward.run(&feeds)?.remove("start").unwrap_or(state);
                    feeds.insert("state".into(), Feed::Floats(state.clone()));
                }
                self.forward.run(&feeds)?
            };
            for (i, written) in written.iter_mut().enumerate() {
                let left = written.phrase.form.steps().saturating_sub(at[i]);
                if left == 0 {
                    continue;
                }
                let d = Config::DURATIONS;
                let scores = &out["durations"].data[i * d..(i + 1) * d];
                let best = |most: u32| {
                    let fits = (0..d).filter(|&c| u32::from(DURATIONS[c]) <= most);
                    fits.max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
                };
                let duration = best(left);
                written.kept_metre &= duration == best(u32::MAX);
                let pitch = out["pitches"].data[i * d + duration] as u8;
                written.phrase.tokens.push(Token { duration: duration as u8, pitch });
                at[i] += u32::from(DURATIONS[duration]);
            }
            state = out.remove("next").unwrap_or(state);
        }
        Ok(written)
    }

    /// The last event of each phrase, and where the next one stands.
    fn places(&self, written: &[Written], at: &[u32]) -> Feeds {
        let mut classes = [
            vec![i64::from(NO_DURATION); TOGETHER],
            vec![i64::from(NO_PITCH); TOGETHER],
            vec![0; TOGETHER],
            vec![0; TOGETHER],
        ];
        let mut features = vec![0.0; TOGETHER * FEATURES];
        for (i, (Written { phrase, .. }, &at)) in written.iter().zip(at).enumerate() {
            if let Some(token) = phrase.tokens.last() {
                (classes[0][i], classes[1][i]) = (i64::from(token.duration), i64::from(token.pitch));
            }
            classes[2][i] = i64::from((at % bar_steps(phrase.form.metre)).min(POSITIONS as u32 - 1));
            classes[3][i] = i64::from(metre_class(phrase.form.metre));
            features[i * FEATURES..(i + 1) * FEATURES].copy_from_slice(&phrase.form.features(at));
        }
        let mut feeds = Feeds::new();
        for (name, data) in ["duration", "pitch", "position", "metre"].into_iter().zip(classes) {
            feeds.insert(name.into(), Feed::Indices(vec![TOGETHER, 1], data));
        }
        feeds.insert("features".into(), Feed::Floats(Tensor::new(&[TOGETHER, 1, FEATURES], features)));
        feeds
    }
}
