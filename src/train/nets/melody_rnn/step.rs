//! One event while performing, for one tune: the network of the parent module with as few and as small operators as will do.
//!
//! At these sizes an operator costs as much as its arithmetic, so everything that reads the states is one product, all
//! durations share what does not depend on them, and what depends on weights alone is left to the runtime to compute once.
//! No operator depends on M, so the memory may have as many entries as have been heard.

use super::{CLOSED, Config, Events, MATCH_CAPS, MelodyRnn, PHASE_BARS, PHASES};
use crate::train::graph::{Graph, Init, Role, Var};
use crate::train::tensor::Tensor;

/// What a step reads of earlier events.
#[derive(Debug, Clone, Copy)]
pub struct StepMemory {
    /// `(M, K)`
    pub rows: Var,
    /// `(M)`, indices
    pub duration: Var,
    /// `(M)`, indices
    pub pitch: Var,
    /// `(M)`
    pub match_full: Var,
    /// `(M)`
    pub match_rhythm: Var,
    /// `(M)`: 1 where an entry is filled.
    pub valid: Var,
}

/// What a step gives.
#[derive(Debug, Clone, Copy)]
pub struct StepOutputs {
    /// `(D)`
    pub log_duration: Var,
    /// `(D, P)`: given each duration.
    pub log_pitch: Var,
    /// `(1, H)` each.
    pub states: [Var; 2],
    /// `(1, K)`: the memory row of the event that now comes.
    pub key: Var,
}

/// The heads' names in those of their parameters.
const HEADS: [&str; 2] = ["duration", "pitch"];

/// What a head takes of the states, `(T, …)` each: T is 1, or D where it differs from duration to duration.
struct FromState {
    query: Var,
    /// What each phase weighs.
    phases: Var,
    /// The score of composing.
    sentinel: Var,
    /// What its hidden layer gets.
    hidden: Var,
}

/// What came at earlier events: rows `(M + 1, …)`, the first of which is zero and stands for composing.
struct Came {
    /// An embedded pitch and 1 at the pitch, `(M + 1, e + P)`.
    pitch: Var,
    /// An embedded duration and 1 at the duration, `(M + 1, e + D)`.
    duration: Var,
    /// An embedded duration.
    embedded: Var,
}

impl MelodyRnn<'_> {
    /// One event: `events` are `(1)` and its phase `(1, PHASES)`; `before` holds the states `(1, H)`.
    pub fn step(&mut self, events: Events, before: [Var; 2], memory: StepMemory) -> StepOutputs {
        let Config { durations, pitches, hidden, key, .. } = self.config;
        let states = self.step_states(events, before);
        let all = self.g.concat(&states, 1);
        let (keys, [for_duration, for_pitch]) = self.heads(all);
        let row = self.g.concat(&[keys, events.phase], 1);
        let extras = self.extras(memory);
        let came = self.came(memory);

        // Zeros meet the keys of the other head, which stand between.
        let zeros = self.g.constant(&Tensor::zeros(&[1, key]));
        let phases = self.g.mul(for_duration.phases, events.phase);
        let query = self.g.concat(&[for_duration.query, zeros, phases], 1);
        let scores = self.g.affine(query, memory.rows, true, extras[0]);
        let (shares, compose) = self.shares(for_duration.sentinel, scores);
        let pitch = self.g.matmul(shares, came.pitch);
        let duration = self.g.matmul(shares, came.duration);
        let duration = self.g.split(duration, 1, &[Config::DURATION, durations]);
        let pitch = self.g.slice(pitch, 1, 0, Config::PITCH);
        let logits = self.composed(0, for_duration.hidden, [pitch, duration[0]], durations);
        let log_duration = self.mixed(logits, compose, duration[1]);
        let log_duration = self.g.reshape(log_duration, &[durations]);

        // All durations at once: each is an event of its own for the pitch head.
        let rows = self.g.slice(memory.rows, 1, key, self.config.memory());
        let weight = self.g.parameter("copy.pitch.same_duration", &[1], Init::Constant(1.0), Role::Bias);
        let same = self.identity(durations, 0);
        let same = self.g.mul(same, weight);
        let same = self.g.columns(same, memory.duration);
        let extras = self.g.add(same, extras[1]);
        let phases = self.g.mul(for_pitch.phases, events.phase);
        let query = self.g.concat(&[for_pitch.query, phases], 1);
        let scores = self.g.affine(query, rows, true, extras);
        let (shares, compose) = self.shares(for_pitch.sentinel, scores);
        let pitch = self.g.matmul(shares, came.pitch);
        let pitch = self.g.split(pitch, 1, &[Config::PITCH, pitches]);
        let duration = self.g.matmul(shares, came.embedded);
        let logits = self.composed(1, for_pitch.hidden, [pitch[0], duration], pitches);
        let log_pitch = self.mixed(logits, compose, pitch[1]);

        debug_assert_eq!(self.g.shape(log_pitch), [durations, pitches]);
        debug_assert_eq!(self.g.shape(states[0]), [1, hidden]);
        StepOutputs { log_duration, log_pitch, states, key: row }
    }

    /// The layers' states, `(1, H)` each.
    fn step_states(&mut self, events: Events, before: [Var; 2]) -> [Var; 2] {
        let hidden = self.config.hidden;
        let tables = self.tables();
        let indices = [events.pitch, events.duration, events.position, events.metre];
        let mut parts: Vec<Var> = tables.iter().zip(indices).map(|(t, i)| self.g.embedding(*t, i)).collect();
        parts.push(events.phase);
        let x = self.g.concat(&parts, 1);
        let mut x = self.g.reshape(x, &[1, 1, self.config.input()]);
        [0, 1].map(|layer| {
            x = self.g.gru(&format!("gru{layer}"), x, before[layer]);
            self.g.reshape(x, &[1, hidden])
        })
    }

    /// Both heads' keys `(1, 2·key)`, and what each head takes of the states `(1, 2H)`: one product for all. The pitch head
    /// adds what each duration brings.
    fn heads(&mut self, states: Var) -> (Var, [FromState; 2]) {
        let Config { key, hidden, durations, .. } = self.config;
        let from = self.g.shape(states)[1];
        let of_head = [key, PHASES, 1, hidden];
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        let keys = self.layer("copy.key", from, 2 * key);
        weights.push(keys.0);
        biases.push(keys.1);
        let every = self.g.constant(&Tensor::new(&[durations], (0..durations).map(|d| d as f32).collect()));
        let every = self.g.to_indices(every);
        let chosen = self.g.embedding(self.duration_table, every);
        let mut by_duration = Vec::new();
        for (head, name) in HEADS.iter().enumerate() {
            let extra = if head == 0 { 0 } else { Config::DURATION };
            let layers = [
                self.layer(&format!("copy.{name}.query"), from + extra, key),
                self.layer(&format!("copy.{name}.phase"), from + extra, PHASE_BARS.len()),
                self.layer(&format!("copy.{name}.sentinel"), from + extra, 1),
                self.layer(&format!("{name}.hidden"), from + extra + Config::PITCH + Config::DURATION, hidden),
            ];
            for (i, (weight, bias)) in layers.into_iter().enumerate() {
                let mut parts = vec![self.g.slice(weight, 0, 0, from), bias];
                if head == 1 {
                    parts.push(self.g.slice(weight, 0, from, from + extra));
                }
                for part in &mut parts {
                    *part = match i {
                        0 => self.g.scale(*part, 1.0 / (key as f32).sqrt()),
                        1 => {
                            let axis = self.g.shape(*part).len() - 1;
                            self.g.concat(&[*part, *part], axis)
                        }
                        _ => *part,
                    };
                }
                weights.push(parts[0]);
                biases.push(parts[1]);
                by_duration.extend(parts.get(2));
            }
        }
        let (weight, bias) = (self.g.concat(&weights, 1), self.g.concat(&biases, 0));
        let all = self.g.affine(states, weight, false, bias);
        let width: usize = of_head.iter().sum();
        let parts = self.g.split(all, 1, &[2 * key, width, width]);
        let by_duration = self.g.concat(&by_duration, 1);
        let by_duration = self.g.matmul(chosen, by_duration);
        let pitch = self.g.add(by_duration, parts[2]);
        let head = |g: &mut Graph, x: Var| {
            let parts = g.split(x, 1, &of_head);
            FromState { query: parts[0], phases: parts[1], sentinel: parts[2], hidden: parts[3] }
        };
        (parts[0], [head(self.g, parts[1]), head(self.g, pitch)])
    }

    /// A dense layer's weights `(from, to)` and bias `(to)`.
    fn layer(&mut self, name: &str, from: usize, to: usize) -> (Var, Var) {
        let weight = self.g.parameter(&format!("{name}.weight"), &[from, to], Init::FanIn(from), Role::Weight);
        (weight, self.g.parameter(&format!("{name}.bias"), &[to], Init::Constant(0.0), Role::Bias))
    }

    /// What is added to each head's scores `(1, M)`: for how many events backwards match, and that empty entries are closed.
    fn extras(&mut self, memory: StepMemory) -> [Var; 2] {
        let mut weights = Vec::new();
        for head in HEADS {
            for kind in ["full", "rhythm"] {
                for cap in MATCH_CAPS {
                    let name = format!("copy.{head}.match.{kind}.{cap}");
                    let weight = self.g.parameter(&name, &[1], Init::Constant(0.5), Role::Bias);
                    weights.push(self.g.scale(weight, 1.0 / cap));
                }
            }
        }
        let weights = self.g.concat(&weights, 0);
        let weights = self.g.reshape(weights, &[2, 2 * MATCH_CAPS.len()]);
        let caps = self.g.constant(&Tensor::new(&[MATCH_CAPS.len(), 1], MATCH_CAPS.to_vec()));
        let lengths = [memory.match_full, memory.match_rhythm].map(|lengths| self.g.smaller(lengths, caps));
        let lengths = self.g.concat(&lengths, 0);
        let invalid = self.g.one_minus(memory.valid);
        let closed = self.g.scale(invalid, CLOSED);
        let extras = self.g.affine(weights, lengths, false, closed);
        let extras = self.g.split(extras, 0, &[1, 1]);
        [extras[0], extras[1]]
    }

    fn came(&mut self, memory: StepMemory) -> Came {
        let Config { durations, pitches, .. } = self.config;
        // Tables have a row for the start, which no entry is; one more is the row of zeros.
        let (of_pitches, of_durations) = (self.pitch_table, self.duration_table);
        let mut table = |embedded: Var, classes: usize| {
            let zeros = self.g.constant(&Tensor::zeros(&[1, self.g.shape(embedded)[1]]));
            let embedded = self.g.concat(&[embedded, zeros], 0);
            let hot = self.identity(classes, 2);
            (embedded, self.g.concat(&[embedded, hot], 1))
        };
        let (_, pitch) = table(of_pitches, pitches);
        let (embedded, duration) = table(of_durations, durations);
        let at = |g: &mut Graph, classes: usize, indices: Var| {
            let nothing = g.constant(&Tensor::new(&[1], vec![(classes + 1) as f32]));
            let nothing = g.to_indices(nothing);
            g.concat_indices(&[nothing, indices], 0)
        };
        let (pitches, durations) = (at(self.g, pitches, memory.pitch), at(self.g, durations, memory.duration));
        Came {
            pitch: self.g.embedding(pitch, pitches),
            duration: self.g.embedding(duration, durations),
            embedded: self.g.embedding(embedded, durations),
        }
    }

    /// The identity of so many classes, and rows of zeros.
    fn identity(&mut self, classes: usize, zeros: usize) -> Var {
        let mut rows = vec![0.0; (classes + zeros) * classes];
        (0..classes).for_each(|i| rows[i * classes + i] = 1.0);
        self.g.constant(&Tensor::new(&[classes + zeros, classes], rows))
    }

    /// From scores `(T, M)`: the shares of composing and of each earlier event `(T, M + 1)`, and that of composing `(T, 1)`.
    fn shares(&mut self, sentinel: Var, scores: Var) -> (Var, Var) {
        let scores = self.g.concat(&[sentinel, scores], 1);
        let shares = self.g.softmax(scores);
        (shares, self.g.slice(shares, 1, 0, 1))
    }

    /// Logits of a head's own composing.
    fn composed(&mut self, head: usize, hidden: Var, context: [Var; 2], classes: usize) -> Var {
        let name = HEADS[head];
        let width = self.config.hidden;
        let extra = if head == 0 { 0 } else { Config::DURATION };
        let from = 2 * width + extra;
        let (weight, _) = self.layer(&format!("{name}.hidden"), from + Config::PITCH + Config::DURATION, width);
        let middle = from + Config::PITCH;
        let of_pitch = self.g.slice(weight, 0, from, middle);
        let of_duration = self.g.slice(weight, 0, middle, middle + Config::DURATION);
        let hidden = self.g.affine(context[0], of_pitch, false, hidden);
        let hidden = self.g.affine(context[1], of_duration, false, hidden);
        let hidden = self.g.tanh(hidden);
        let (weight, bias) = self.layer(&format!("{name}.logits"), width, classes);
        self.g.affine(hidden, weight, false, bias)
    }

    /// ln(compose · softmax(logits) + copied), `(T, V)`.
    fn mixed(&mut self, logits: Var, compose: Var, copied: Var) -> Var {
        let p = self.g.softmax(logits);
        let composed = self.g.mul(p, compose);
        let p = self.g.add(composed, copied);
        let p = self.g.add_scalar(p, 1e-9);
        self.g.log(p)
    }
}
