//! The melody network: two gated recurrent layers and a copy attention over everything heard so far.
//!
//! An event is a duration and a pitch, predicted in this order. At every event the network mixes what it composes
//! itself with what followed earlier, similar moments: each of two attention heads, one for durations and one for
//! pitches, spreads its weight over the earlier events and over a sentinel that stands for composing (a pointer
//! sentinel mixture, Merity et al. 2016). An attention score is the sum of a learned match of states, of how many
//! events backwards from here equal those backwards from there (so that a motif is taken up at once), and of the
//! distance in bars (tunes repeat themselves after 1, 2, 4 … bars).
//!
//! Letters in shapes: B tunes, T events, H width of a layer, K width of a key, M events in memory, D durations with
//! the end, P pitches.

mod batch;
mod export;
mod score;
mod step;
mod task;

pub use crate::music::encoding::{PHASE_BARS, PHASES, POSITIONS, phases};
pub use batch::{Bucket, Stretch, Tune, cropped, stretched};
pub use export::{open_memory, performing_graph, performing_model, read_model};
pub use score::{Scorer, Scores};
pub use step::{StepMemory, StepOutputs};
pub use task::{Draw, MelodyTask, Start, TaskSettings};
pub(in crate::train) use task::{batch_costs, dropout_masks, rng_of};

use crate::music::encoding::{DURATION_CLASSES, METRE_CLASSES, PITCH_CLASSES};
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Match lengths enter attention scores up to these numbers of events.
const MATCH_CAPS: [f32; 4] = [1.0, 3.0, 8.0, 32.0];

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// D: duration classes, the last of which ends a tune.
    pub durations: usize,
    /// P: pitch classes, the first of which is a rest.
    pub pitches: usize,
    /// H: width of each recurrent layer.
    pub hidden: usize,
    /// Width of a head's key before phases are added.
    pub key: usize,
}

impl Config {
    /// A network for the coding of [`crate::music::encoding`].
    pub fn new(hidden: usize, key: usize) -> Self {
        Self { durations: DURATION_CLASSES, pitches: PITCH_CLASSES, hidden, key }
    }

    /// Width of a pitch embedding.
    const PITCH: usize = 48;
    /// Width of a duration embedding.
    const DURATION: usize = 24;
    const POSITION: usize = 24;
    const METRE: usize = 8;

    /// Width of the first layer's input.
    pub fn input(&self) -> usize {
        Self::PITCH + Self::DURATION + Self::POSITION + Self::METRE + PHASES
    }

    /// K: width of a memory row: the keys of both heads, then the phases.
    pub fn memory(&self) -> usize {
        2 * self.key + PHASES
    }
}

/// What the network reads at each of T events of B tunes.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// Duration class of the event before, `(B, T)`; D at the start.
    pub duration: Var,
    /// Pitch class of the event before, `(B, T)`; P at the start.
    pub pitch: Var,
    /// Position in its bar, in grid steps, `(B, T)`.
    pub position: Var,
    /// Metre, `(B, T)`.
    pub metre: Var,
    /// Phases of its position in bars, `(B, T, PHASES)`.
    pub phase: Var,
}

/// Masks of 0 and 1/(1 − p) that drop the same features at every event of a tune (Gal & Ghahramani 2016).
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    /// `(B, 1, input)`
    pub input: Var,
    /// `(B, 1, H)`
    pub between: Var,
    /// `(B, 1, 2H)`
    pub output: Var,
}

/// The network's parameters and sizes in a graph.
pub struct MelodyRnn<'g> {
    g: &'g mut Graph,
    config: Config,
    pitch_table: Var,
    duration_table: Var,
}

/// What the earlier events offer to a head.
struct Memory {
    /// `(B, M, K)`
    rows: Var,
    /// Embedded durations and pitches that came there, `(B, M, value)`.
    values: Var,
    /// Match lengths of whole events, `(B, T, M)`.
    match_full: Var,
    /// Match lengths of durations alone, `(B, T, M)`.
    match_rhythm: Var,
    /// 0 where an entry may be seen, very negative elsewhere; broadcasts to `(B, T, M)`.
    closed: Var,
}

/// A head's attention.
struct Attention {
    /// `(B, T, M)`: the share of each earlier event.
    copy: Var,
    /// `(B, T, 1)`: the share of composing.
    compose: Var,
    /// `(B, T, value)`: mean of what came there.
    context: Var,
}

impl<'g> MelodyRnn<'g> {
    /// The network in `g`.
    pub fn new(g: &'g mut Graph, config: Config) -> Self {
        let table =
            |g: &mut Graph, name: &str, rows, width| g.parameter(name, &[rows, width], Init::Normal(0.3), Role::Bias);
        let pitch_table = table(g, "embed.pitch", config.pitches + 1, Config::PITCH);
        let duration_table = table(g, "embed.duration", config.durations + 1, Config::DURATION);
        Self { g, config, pitch_table, duration_table }
    }

    /// Embeddings of pitches, durations, positions and metres.
    fn tables(&mut self) -> [Var; 4] {
        let mut table = |name, rows, width| self.g.parameter(name, &[rows, width], Init::Normal(0.3), Role::Bias);
        let positions = table("embed.position", POSITIONS, Config::POSITION);
        let metres = table("embed.metre", METRE_CLASSES, Config::METRE);
        [self.pitch_table, self.duration_table, positions, metres]
    }

    /// The layers' states at every event, `(B, T, H)` each, from the states before.
    fn states(&mut self, events: Events, before: [Var; 2], dropout: Option<Dropout>) -> [Var; 2] {
        let (b, t) = (self.g.shape(events.pitch)[0], self.g.shape(events.pitch)[1]);
        let indices = [events.pitch, events.duration, events.position, events.metre];
        let mut parts: Vec<Var> = self.tables().iter().zip(indices).map(|(t, i)| self.g.embedding(*t, i)).collect();
        parts.push(events.phase);
        let mut x = self.g.concat(&parts, 2);
        let mut states = Vec::new();
        for (layer, h) in before.into_iter().enumerate() {
            if let Some(d) = dropout {
                x = self.g.mul(x, if layer == 0 { d.input } else { d.between });
            }
            let steps = self.g.transpose(x, &[1, 0, 2]);
            let y = self.g.gru(&format!("gru{layer}"), steps, h);
            x = self.g.transpose(y, &[1, 0, 2]);
            debug_assert_eq!(self.g.shape(x), [b, t, self.config.hidden]);
            states.push(x);
        }
        [states[0], states[1]]
    }

    /// Memory rows of states: both heads' keys and the phases, `(B, T, K)`.
    fn rows(&mut self, state: Var, phase: Var) -> Var {
        let keys = self.g.dense("copy.key", state, 2 * self.config.key);
        self.g.concat(&[keys, phase], 2)
    }

    /// Attention of a head whose queries come from `state` `(B, T, …)`; `bonus` `(B, T, M)` is added to its
    /// scores.
    fn attend(&mut self, head: usize, state: Var, phase: Var, memory: &Memory, bonus: Option<Var>) -> Attention {
        let name = ["copy.duration", "copy.pitch"][head];
        let width = self.config.key;
        let query = self.g.dense(&format!("{name}.query"), state, width);
        let weights = self.g.dense(&format!("{name}.phase"), state, PHASE_BARS.len());
        let g = &mut *self.g;
        let [b, t, _] = *g.shape(query) else { panic!("queries are (B, T, C)") };
        let m = g.shape(memory.rows)[1];

        // The query's phase part weighs each period by how much the state cares: its product with the phases of an
        // earlier event is Σ weight · cos(2π·distance/period).
        let query = g.scale(query, 1.0 / (width as f32).sqrt());
        let weights = g.concat(&[weights, weights], 2);
        let phases = g.mul(phase, weights);
        let query = g.concat(&[query, phases], 2);
        let parts = g.split(memory.rows, 2, &[width, width, PHASES]);
        let keys = g.concat(&[parts[head], parts[2]], 2);
        let keys = g.transpose_last(keys);
        let mut scores = g.matmul(query, keys);

        for (kind, lengths) in [("full", memory.match_full), ("rhythm", memory.match_rhythm)] {
            for cap in MATCH_CAPS {
                let weight = g.parameter(&format!("{name}.match.{kind}.{cap}"), &[1], Init::Constant(0.5), Role::Bias);
                let weight = g.scale(weight, 1.0 / cap);
                let capped = g.min_scalar(lengths, cap);
                let part = g.mul(capped, weight);
                scores = g.add(scores, part);
            }
        }
        if let Some(bonus) = bonus {
            scores = g.add(scores, bonus);
        }
        let scores = g.add(scores, memory.closed);
        let sentinel = self.g.dense(&format!("{name}.sentinel"), state, 1);
        let g = &mut *self.g;
        let scores = g.concat(&[scores, sentinel], 2);
        let shares = g.softmax(scores);
        let parts = g.split(shares, 2, &[m, 1]);
        let context = g.matmul(parts[0], memory.values);
        debug_assert_eq!(g.shape(context)[..2], [b, t]);
        Attention { copy: parts[0], compose: parts[1], context }
    }

    /// Logits of a head's own composing, from the state and what copying suggests.
    fn compose(&mut self, name: &str, state: Var, context: Var, classes: usize) -> Var {
        let inputs = self.g.concat(&[state, context], 2);
        let hidden = self.g.dense(&format!("{name}.hidden"), inputs, self.config.hidden);
        let hidden = self.g.tanh(hidden);
        self.g.dense(&format!("{name}.logits"), hidden, classes)
    }

    fn values(&mut self, duration: Var, pitch: Var) -> Var {
        let d = self.g.embedding(self.duration_table, duration);
        let p = self.g.embedding(self.pitch_table, pitch);
        self.g.concat(&[p, d], 2)
    }

    /// Scores' bonus where an earlier event had the duration that was chosen: `same` is 1 there.
    fn same_duration_bonus(&mut self, same: Var) -> Var {
        let weight = self.g.parameter("copy.pitch.same_duration", &[1], Init::Constant(1.0), Role::Bias);
        self.g.mul(same, weight)
    }

    /// Costs in nats of the events that really came, and the pitches that were likeliest.
    ///
    /// `target_*` are their classes `(B, T)`; `match_*` `(B, T, T)` say how many events backwards from event t equal
    /// those backwards from event j.
    pub fn costs(
        &mut self,
        events: Events,
        [target_duration, target_pitch]: [Var; 2],
        [match_full, match_rhythm]: [Var; 2],
        dropout: Option<Dropout>,
    ) -> Costs {
        let Config { hidden, durations, pitches, .. } = self.config;
        let [b, t] = *self.g.shape(events.pitch) else { panic!("events are (B, T)") };
        let zero = self.g.full(&[b, hidden], 0.0);
        let states = self.states(events, [zero, zero], dropout);
        let mut state = self.g.concat(&states, 2);
        if let Some(d) = dropout {
            state = self.g.mul(state, d.output);
        }
        let rows = self.rows(state, events.phase);
        let values = self.values(target_duration, target_pitch);
        let closed = self.g.constant(&causal(t));
        let memory = Memory { rows, values, match_full, match_rhythm, closed };

        let attention = self.attend(0, state, events.phase, &memory, None);
        let logits = self.compose("duration", state, attention.context, durations);
        let same_duration = self.same(target_duration);
        let duration = self.mixture_cost(logits, target_duration, &attention, same_duration);

        // State with the duration that was chosen: what the pitch head starts from.
        let chosen = self.g.embedding(self.duration_table, target_duration);
        let state = self.g.concat(&[state, chosen], 2);
        let bonus = self.same_duration_bonus(same_duration);
        let attention = self.attend(1, state, events.phase, &memory, Some(bonus));
        let logits = self.compose("pitch", state, attention.context, pitches);
        let same_pitch = self.same(target_pitch);
        let pitch = self.mixture_cost(logits, target_pitch, &attention, same_pitch);
        let hot = self.g.one_hot(target_pitch, pitches);
        let log_pitch = self.mixture(logits, &attention, hot);
        let likeliest_pitch = self.g.arg_max(log_pitch);
        Costs { duration, pitch, likeliest_pitch }
    }

    /// 1 where two events of a tune have the same class: `(B, T, T)`.
    fn same(&mut self, classes: Var) -> Var {
        let [b, t] = *self.g.shape(classes) else { panic!("classes are (B, T)") };
        let down = self.g.reshape_indices(classes, &[b, t, 1]);
        let across = self.g.reshape_indices(classes, &[b, 1, t]);
        self.g.equal(down, across)
    }

    /// −ln(compose · softmax(logits)[target] + Σ copy over events of the target's class), `(B, T)`.
    fn mixture_cost(&mut self, logits: Var, target: Var, attention: &Attention, same: Var) -> Var {
        let g = &mut *self.g;
        let [b, t, classes] = *g.shape(logits) else { panic!("logits are (B, T, V)") };
        let p = g.softmax(logits);
        let hot = g.one_hot(target, classes);
        let p = g.mul(p, hot);
        let p = g.sum(p, &[2], true);
        let composed = g.mul(p, attention.compose);
        let copied = g.mul(attention.copy, same);
        let copied = g.sum(copied, &[2], true);
        let p = g.add(composed, copied);
        let p = g.reshape(p, &[b, t]);
        let p = g.add_scalar(p, 1e-9);
        let log_p = g.log(p);
        g.neg(log_p)
    }

    /// ln(compose · softmax(logits) + copy · hot), `(B, T, V)`.
    fn mixture(&mut self, logits: Var, attention: &Attention, hot: Var) -> Var {
        let g = &mut *self.g;
        let p = g.softmax(logits);
        let composed = g.mul(p, attention.compose);
        let copied = g.matmul(attention.copy, hot);
        let p = g.add(composed, copied);
        let p = g.add_scalar(p, 1e-9);
        g.log(p)
    }
}

/// What a whole tune costs, event by event; all `(B, T)`.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Of durations, in nats.
    pub duration: Var,
    /// Of pitches, the duration known, in nats.
    pub pitch: Var,
    /// The pitch class that seemed likeliest, the duration known, as a float.
    pub likeliest_pitch: Var,
}

const CLOSED: f32 = -1e4;

/// `(1, T, T)`: 0 where event j comes before event t, very negative elsewhere.
fn causal(t: usize) -> Tensor {
    let data = (0..t * t).map(|i| if i % t < i / t { 0.0 } else { CLOSED }).collect();
    Tensor::new(&[1, t, t], data)
}
