//! The melody VAE: phrases of a few bars as points of a latent space, and points as phrases.
//!
//! A variational autoencoder (Kingma & Welling 2014) for sequences, after Bowman et al. 2016 and MusicVAE (Roberts et
//! al. 2018). Two recurrent layers read the phrase, one forwards and one backwards; their last states give mean and
//! log-variance of the latent point. One recurrent layer writes the phrase event by event, a duration and then a pitch,
//! and sees the point at every event. While it learns, many of the events before are hidden from it, so that what it
//! writes must come from the point (word dropout); where in the bar it stands it always knows.
//!
//! Letters in shapes: B phrases, T events, H width of a layer, L latent size, D durations, P pitches, W width of an
//! event as the layers read it.

mod batch;
pub mod evaluate;
mod export;
mod task;
pub mod walk;
mod writer;

pub use batch::{Bucket, Phrase};
pub use export::{performing_graph, performing_model};
pub use task::{MelodyVaeTask, TaskSettings, phrases_of};
pub use writer::{Reader, Writer};

use crate::music::encoding::{DURATIONS, METRE_CLASSES, PITCH_CLASSES, POSITIONS};
use crate::music::phrase::FEATURES;
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Bounds of the log-variance: a deviation of 0.018 to 1.6.
const LOGVAR: (f32, f32) = (-8.0, 1.0);

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Bars of a phrase.
    pub bars: u32,
    /// H: width of each recurrent layer.
    pub hidden: usize,
    /// L: numbers in a latent point.
    pub latent: usize,
}

impl Config {
    /// D: duration classes.
    pub const DURATIONS: usize = DURATIONS.len();
    /// P: pitch classes, the first of which is a rest.
    pub const PITCHES: usize = PITCH_CLASSES;
    const PITCH: usize = 48;
    const DURATION: usize = 24;
    const POSITION: usize = 24;
    const METRE: usize = 8;

    /// Most events of a phrase.
    pub fn rows(&self) -> usize {
        16 * self.bars as usize
    }
}

/// A row of a phrase as the layers read it: an event, and where it or the next one stands.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    /// Duration class, `(B, T)`; D for none.
    pub duration: Var,
    /// Pitch class, `(B, T)`; P for none.
    pub pitch: Var,
    /// Position in its bar, in grid steps, `(B, T)`.
    pub position: Var,
    /// Metre, `(B, T)`.
    pub metre: Var,
    /// Place in the phrase, `(B, T, FEATURES)`.
    pub features: Var,
}

/// What a phrase costs, event by event; all `(B, T)`.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Of durations, in nats.
    pub duration: Var,
    /// Of pitches, the duration known, in nats.
    pub pitch: Var,
    /// The duration class that seemed likeliest, as a float.
    pub likeliest_duration: Var,
    /// The pitch class that seemed likeliest, the duration known, as a float.
    pub likeliest_pitch: Var,
}

/// The network's parameters in a graph.
pub struct MelodyVae<'g> {
    g: &'g mut Graph,
    config: Config,
}

impl<'g> MelodyVae<'g> {
    /// The network in `g`.
    pub fn new(g: &'g mut Graph, config: Config) -> Self {
        Self { g, config }
    }

    fn table(&mut self, name: &str, rows: usize, width: usize) -> Var {
        self.g.parameter(&format!("embed.{name}"), &[rows, width], Init::Normal(0.3), Role::Bias)
    }

    fn durations(&mut self, classes: Var) -> Var {
        let table = self.table("duration", Config::DURATIONS + 1, Config::DURATION);
        self.g.embedding(table, classes)
    }

    /// `(B, T, W)`
    fn embed(&mut self, rows: Rows) -> Var {
        let pitches = self.table("pitch", Config::PITCHES + 1, Config::PITCH);
        let positions = self.table("position", POSITIONS, Config::POSITION);
        let metres = self.table("metre", METRE_CLASSES, Config::METRE);
        let parts = [
            self.g.embedding(pitches, rows.pitch),
            self.durations(rows.duration),
            self.g.embedding(positions, rows.position),
            self.g.embedding(metres, rows.metre),
            rows.features,
        ];
        debug_assert_eq!(self.g.shape(rows.features)[2], FEATURES);
        self.g.concat(&parts, 2)
    }

    /// Mean and log-variance of the latent point, `(B, L)` each. `last` `(B, T)` is 1 at the last event of each phrase
    /// and 0 elsewhere.
    pub fn encode(&mut self, rows: Rows, last: Var) -> [Var; 2] {
        let Config { hidden, latent, .. } = self.config;
        let x = self.embed(rows);
        let g = &mut *self.g;
        let [b, t, width] = *g.shape(x) else { panic!("rows are (B, T, W)") };
        let zero = g.full(&[b, hidden], 0.0);
        let x = g.transpose(x, &[1, 0, 2]);
        let forward = g.gru("encoder.forward", x, zero);
        let last = g.transpose(last, &[1, 0]);
        let last = g.reshape(last, &[t, b, 1]);
        let at_last = g.mul(forward, last);
        let forward = g.sum(at_last, &[0], false);

        // Turned round, a phrase ends at the last row, and what fills it up comes first.
        let turn = g.constant(&turn(t));
        let flat = g.reshape(x, &[t, b * width]);
        let turned = g.gemm(turn, false, flat, false);
        let turned = g.reshape(turned, &[t, b, width]);
        let backward = g.gru("encoder.backward", turned, zero);
        let backward = g.slice(backward, 0, t - 1, t);
        let backward = g.reshape(backward, &[b, hidden]);

        let both = g.concat(&[forward, backward], 1);
        let mu = g.dense("encoder.mu", both, latent);
        let logvar = g.dense("encoder.logvar", both, latent);
        let logvar = g.clip(logvar, LOGVAR.0, LOGVAR.1);
        [mu, logvar]
    }

    /// The writer's state before the first event, `(B, H)`, for points `(B, L)`.
    pub fn first_state(&mut self, z: Var) -> Var {
        let state = self.g.dense("decoder.start", z, self.config.hidden);
        self.g.tanh(state)
    }

    /// The writer's states `(B, T, H)` at rows whose events are those before, each with the point: `(B, T, H + L)`; and
    /// the last state.
    fn states(&mut self, rows: Rows, z: Var, before: Var) -> (Var, Var) {
        let x = self.embed(rows);
        let Config { hidden, latent, .. } = self.config;
        let g = &mut *self.g;
        let [b, t, _] = *g.shape(x) else { panic!("rows are (B, T, W)") };
        let z = g.reshape(z, &[b, 1, latent]);
        let z = g.broadcast_to(z, &[b, t, latent]);
        let x = g.concat(&[x, z], 2);
        let x = g.transpose(x, &[1, 0, 2]);
        let y = g.gru("decoder.gru", x, before);
        let next = g.slice(y, 0, t - 1, t);
        let next = g.reshape(next, &[b, hidden]);
        let y = g.transpose(y, &[1, 0, 2]);
        (g.concat(&[y, z], 2), next)
    }

    /// Logits of a head, `(B, T, classes)`.
    fn head(&mut self, name: &str, state: Var, classes: usize) -> Var {
        let hidden = self.g.dense(&format!("{name}.hidden"), state, self.config.hidden);
        let hidden = self.g.tanh(hidden);
        self.g.dense(&format!("{name}.logits"), hidden, classes)
    }

    /// Logits of pitches for durations `(B, T)`.
    fn pitches(&mut self, state: Var, duration: Var) -> Var {
        let duration = self.durations(duration);
        let state = self.g.concat(&[state, duration], 2);
        self.head("pitch", state, Config::PITCHES)
    }

    /// Costs of the events that came (`targets`: durations and pitches), written from points `z` `(B, L)` at rows whose
    /// events are those before.
    pub fn costs(&mut self, rows: Rows, z: Var, targets: [Var; 2]) -> Costs {
        let before = self.first_state(z);
        let (state, _) = self.states(rows, z, before);
        let duration_logits = self.head("duration", state, Config::DURATIONS);
        let pitch_logits = self.pitches(state, targets[0]);
        let [duration, pitch] = [(duration_logits, targets[0]), (pitch_logits, targets[1])].map(|(logits, target)| {
            let g = &mut *self.g;
            let [b, t, classes] = *g.shape(logits) else { panic!("logits are (B, T, V)") };
            let flat = g.reshape(logits, &[b * t, classes]);
            let target = g.reshape_indices(target, &[b * t]);
            let cost = g.cross_entropy(flat, target);
            g.reshape(cost, &[b, t])
        });
        let [likeliest_duration, likeliest_pitch] = [duration_logits, pitch_logits].map(|l| self.g.arg_max(l));
        Costs { duration, pitch, likeliest_duration, likeliest_pitch }
    }

    /// One event while performing, for B phrases (T is 1): log-probabilities of durations `(B, D)`, of pitches for each
    /// duration `(B, D, P)`, and the next state `(B, H)`.
    pub fn step(&mut self, rows: Rows, z: Var, before: Var) -> [Var; 3] {
        let Config { hidden, latent, .. } = self.config;
        let (d, p) = (Config::DURATIONS, Config::PITCHES);
        let (state, next) = self.states(rows, z, before);
        let b = self.g.shape(z)[0];
        let logits = self.head("duration", state, d);
        let log_duration = self.g.log_softmax(logits);
        let log_duration = self.g.reshape(log_duration, &[b, d]);
        // All durations at once: each is an event of its own for the pitches.
        let every = Tensor::new(&[b, d], (0..b * d).map(|i| (i % d) as f32).collect());
        let every = self.g.constant(&every);
        let every = self.g.to_indices(every);
        let state = self.g.broadcast_to(state, &[b, d, hidden + latent]);
        let logits = self.pitches(state, every);
        let log_pitch = self.g.log_softmax(logits);
        debug_assert_eq!(self.g.shape(log_pitch), [b, d, p]);
        [log_duration, log_pitch, next]
    }
}

/// The matrix that turns T rows round.
fn turn(t: usize) -> Tensor {
    Tensor::new(&[t, t], (0..t * t).map(|i| if i % t + i / t == t - 1 { 1.0 } else { 0.0 }).collect())
}
