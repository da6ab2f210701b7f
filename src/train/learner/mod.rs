//! Learning while playing: a melody network is trained further on what was just played.
//!
//! After each phrase a few small steps are made on the last phrases, and what came of it is a model like any other. Time
//! and memory are bounded by [`Settings`]; the audio thread has no part in it, and whoever performs takes the new
//! model between two phrases or not at all. The weights never go far: after each phrase they are drawn back a little
//! towards those that were shipped, which [`Learner::undo`] restores to the bit.

mod worker;

pub use worker::{LearnerNews, LearnerWorker};

use super::graph::Graph;
use super::nets::melody_rnn::{Bucket, Config, Tune, batch_costs, dropout_masks, performing_model, read_model};
use super::program::{Device, Feed, Program, ProgramError, State};
use super::step::{Adam, Objective, Step, initial_state};
use super::tensor::{Tensor, Tensors};
use crate::model::inspect::{self, Inspected, ModelError};
use crate::model::session::{Session, SessionError, SessionOptions};
use crate::model::spec::SpecError;
use crate::music::encoding::PlacedToken;
use prost::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::VecDeque;

/// A batch: four stretches of the last phrases.
const BUCKET: Bucket = Bucket { rows: 128, tunes: 4 };
/// What the steps' objective is called.
const NAME: &str = "phrase";

/// How fast and how much is learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Learning rate.
    pub rate: f64,
    /// Steps after each phrase; each is of four stretches of at most 128 events.
    pub steps: u32,
    /// Phrases that are remembered; of a longer one the last 128 events.
    pub phrases: usize,
    /// Share of features dropped while learning.
    pub dropout: f32,
    /// Share of what was learnt that is left after drawing back, 0 to 1, after each phrase.
    pub keep: f32,
    /// Seed of stretches and dropout.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: 3e-4, steps: 6, phrases: 16, dropout: 0.2, keep: 0.98, seed: 1 }
    }
}

/// Why nothing can be learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearnerError {
    /// The model is of another kind, or coded otherwise.
    #[error("{origin}: cannot learn: {reason}")]
    Model {
        /// The model.
        origin: String,
        /// Why.
        reason: String,
    },
    /// A step failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The new model could not be described.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The new model was refused.
    #[error(transparent)]
    Refused(#[from] ModelError),
    /// The new model could not be opened.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// A melody network that learns. Belongs to one thread.
pub struct Learner {
    settings: Settings,
    config: Config,
    shipped: Inspected,
    weights: Tensors,
    program: Program,
    state: State,
    phrases: VecDeque<Vec<PlacedToken>>,
    /// Steps since the shipped weights.
    step: u64,
}

impl Learner {
    /// A learner that starts from a shipped model.
    ///
    /// # Errors
    /// [`LearnerError`] where the model is no melody network or ONNX Runtime is missing.
    pub fn new(shipped: Inspected, settings: Settings) -> Result<Self, LearnerError> {
        let (config, weights) = read_model(&shipped)
            .map_err(|reason| LearnerError::Model { origin: shipped.origin.display().to_string(), reason })?;
        let mut g = Graph::for_training();
        let loss = batch_costs(&mut g, config, BUCKET, true).loss;
        let adam = Adam { beta2: 0.99, average: false, ..Adam::default() };
        let step = Step::new(g, &[Objective { name: NAME.into(), loss, prefix: String::new(), adam }], &[]);
        let program = Program::new(&step, Device::Cpu { threads: 1 })?;
        let state = first_state(&program, &weights)?;
        Ok(Self { settings, config, shipped, weights, program, state, phrases: VecDeque::new(), step: 0 })
    }

    /// Learns from a phrase and those before it: whether the network has changed. Where the steps lead nowhere
    /// (a loss that is no number) everything is undone.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn learn(&mut self, phrase: &[PlacedToken]) -> Result<bool, LearnerError> {
        self.learn_while(phrase, || true)
    }

    /// As [`Learner::learn`], as long as that is wanted, which is asked before each step; where it is not, nothing counts as changed.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn learn_while(&mut self, phrase: &[PlacedToken], wanted: impl Fn() -> bool) -> Result<bool, LearnerError> {
        let phrase = &phrase[phrase.len().saturating_sub(BUCKET.rows)..];
        if phrase.is_empty() {
            return Ok(false);
        }
        self.phrases.push_back(phrase.to_vec());
        while self.phrases.len() > self.settings.phrases.max(1) {
            self.phrases.pop_front();
        }
        for _ in 0..self.settings.steps {
            if !wanted() {
                return Ok(false);
            }
            let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
            rng.set_stream(self.step);
            let tunes = self.stretches(&mut rng);
            let tunes = tunes.iter().collect::<Vec<_>>();
            let mut feeds = BUCKET.feeds(&tunes, self.config.durations, self.config.pitches);
            feeds.extend(dropout_masks(self.config, BUCKET, self.settings.dropout, &mut rng));
            let (t, adam) = ((self.step + 1) as i32, Adam { beta2: 0.99, ..Adam::default() });
            for (name, value) in [
                ("rate", self.settings.rate as f32),
                ("correction1", 1.0 / (1.0 - adam.beta1.powi(t))),
                ("correction2", 1.0 / (1.0 - adam.beta2.powi(t))),
            ] {
                feeds.insert(format!("{NAME}/{name}"), Feed::Floats(Tensor::scalar(value)));
            }
            let metrics = self.program.run(&mut self.state, &feeds)?;
            if metrics.values().any(|value| !value.is_finite()) {
                self.undo()?;
                return Ok(true);
            }
            self.step += 1;
        }
        self.draw_back()?;
        Ok(true)
    }

    /// What the next step is made on: the last phrases up to the newest, and up to others.
    fn stretches(&self, rng: &mut ChaCha8Rng) -> Vec<Tune> {
        let count = self.phrases.len();
        let ends = (0..BUCKET.tunes).map(|n| if n == 0 { count } else { rng.random_range(1..=count) });
        let stretch = |end: usize| {
            let metre = self.phrases[end - 1].last()?.metre;
            let mut events = Vec::new();
            for phrase in self.phrases.range(..end).rev() {
                if events.len() + phrase.len() > BUCKET.rows || phrase.iter().any(|e| e.metre != metre) {
                    break;
                }
                events.splice(0..0, phrase.iter().copied());
            }
            Tune::heard(&events)
        };
        ends.filter_map(stretch).collect()
    }

    fn draw_back(&mut self) -> Result<(), LearnerError> {
        let mut state = self.state.tensors(|_| true)?;
        for (name, shipped) in &self.weights {
            let Some(learnt) = state.get_mut(name) else { continue };
            for (w, s) in learnt.data.iter_mut().zip(&shipped.data) {
                *w = s + self.settings.keep * (*w - s);
            }
        }
        self.state = State::new(&state)?;
        Ok(())
    }

    /// Forgets everything that was learnt, and the phrases too.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn undo(&mut self) -> Result<(), LearnerError> {
        self.phrases.clear();
        self.step = 0;
        self.state = first_state(&self.program, &self.weights)?;
        Ok(())
    }

    /// The network as it is now, ready to perform; before anything was learnt, and after [`Learner::undo`], the very
    /// bytes that were shipped.
    ///
    /// # Errors
    /// If the model cannot be made or opened.
    pub fn session(&self) -> Result<Session, LearnerError> {
        let options = SessionOptions::default();
        if self.is_as_shipped() {
            return Ok(Session::from_inspected(self.shipped.clone(), &options)?);
        }
        let weights = self.state.tensors(|name| self.weights.contains_key(name))?;
        let (mut model, _) = performing_model(self.config, &weights, &self.shipped.spec.name);
        self.shipped.spec.store(&mut model)?;
        let label = format!("{} (learning)", self.shipped.origin.display());
        Ok(Session::from_inspected(inspect::inspect_bytes(&label, model.encode_to_vec())?, &options)?)
    }

    /// Whether the network is the one that was shipped.
    pub fn is_as_shipped(&self) -> bool {
        self.step == 0
    }

    /// Phrases remembered.
    pub fn phrases(&self) -> usize {
        self.phrases.len()
    }
}

fn first_state(program: &Program, weights: &Tensors) -> Result<State, ProgramError> {
    let mut first = initial_state(program.slots(), 0);
    first.extend(weights.clone());
    State::new(&first)
}
