//! The melody network as a performer uses it: what it heard so far, and what it expects next.

use super::ComposeError;
use crate::model::session::{Input, Session};
use crate::model::spec::{Dim, Element, ModelSpec, TensorSpec};
use crate::music::STEPS_PER_BEAT;
use crate::music::encoding::{CODING, DURATION_CLASSES, DURATIONS, PHASES, PITCH_CLASSES, POSITIONS, Token, phases};
use std::collections::VecDeque;

/// D: duration classes, with the end.
const D: usize = DURATION_CLASSES;
/// P: pitch classes, with the rest.
const P: usize = PITCH_CLASSES;
/// Largest state, key and memory that a model may ask for; far above any that performs in time.
const LARGEST: usize = 1 << 14;

/// Where the next event stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Grid steps since the start of its bar.
    pub position: u32,
    /// Class of its metre, of [`crate::music::encoding::metre_class`].
    pub metre: u8,
    /// Bars since the start of the first bar that was heard.
    pub bars: f32,
}

/// What the network expects of the next event.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// `(D)`: log-probability of each duration class; the last one ends the tune.
    pub log_duration: Vec<f32>,
    /// `(D, P)`: log-probability of each pitch class for each duration.
    pub log_pitch: Vec<f32>,
    pub(super) states: [Vec<f32>; 2],
    pub(super) key: Vec<f32>,
}

/// A melody network with everything it heard. Events go in by [`MelodyModel::hear`]; what they lead one to expect is
/// told by [`MelodyModel::expect`].
#[derive(Debug)]
pub struct MelodyModel {
    session: Session,
    hidden: usize,
    key: usize,
    memory: Memory,
    states: [Vec<f32>; 2],
    last: Option<Token>,
}

impl MelodyModel {
    /// Takes a session of a model of kind `melody-rnn`.
    ///
    /// # Errors
    /// [`ComposeError::Model`] where the model codes music otherwise or lacks a tensor.
    pub fn new(session: Session) -> Result<Self, ComposeError> {
        let refuse = |reason: String| ComposeError::Model { origin: session.origin().to_owned(), reason };
        let sizes = Sizes::of(session.spec()).map_err(refuse)?;
        let Sizes { hidden, key, memory } = sizes;
        let state = || vec![0.0; hidden];
        Ok(Self { session, hidden, key, memory: Memory::new(memory, key), states: [state(), state()], last: None })
    }

    /// Goes on with another session of the same network, such as one that has learnt meanwhile. What was heard stays:
    /// the memory's keys are those that the weights of their time gave.
    ///
    /// # Errors
    /// [`ComposeError::Model`] where the network has other sizes; the old session then stays.
    pub fn adopt(&mut self, session: Session) -> Result<(), ComposeError> {
        let refuse = |reason: String| ComposeError::Model { origin: session.origin().to_owned(), reason };
        let Sizes { hidden, key, memory } = Sizes::of(session.spec()).map_err(refuse)?;
        let (new, old) = ([hidden, key, memory], [self.hidden, self.key, self.memory.capacity]);
        if new != old {
            return Err(refuse(format!(
                "its state, key and memory are of sizes {new:?}; the one that plays has {old:?}"
            )));
        }
        self.session = session;
        Ok(())
    }

    /// Forgets everything that was heard.
    pub fn forget(&mut self) {
        self.memory = Memory::new(self.memory.capacity, self.key);
        self.states.iter_mut().for_each(|state| state.fill(0.0));
        self.last = None;
    }

    /// What was heard so far, to come back to.
    pub(super) fn remember(&self) -> Heard {
        Heard { memory: self.memory.clone(), states: self.states.clone(), last: self.last }
    }

    /// Goes back to what had been heard then.
    pub(super) fn recall(&mut self, heard: &Heard) {
        let Heard { memory, states, last } = heard.clone();
        (self.memory, self.states, self.last) = (memory, states, last);
    }

    /// Events heard so far.
    pub fn heard(&self) -> usize {
        self.memory.heard
    }

    /// What is to be expected at a place after everything heard. Nothing changes until [`MelodyModel::hear`].
    ///
    /// # Errors
    /// [`ComposeError::Session`] where the run fails, [`ComposeError::Model`] where it gives something senseless.
    pub fn expect(&mut self, place: Place) -> Result<Expectation, ComposeError> {
        let duration = [self.last.map_or(D as i64, |t| i64::from(t.duration))];
        let pitch = [self.last.map_or(P as i64, |t| i64::from(t.pitch))];
        let position = [i64::from(place.position.min(POSITIONS as u32 - 1))];
        let metre = [i64::from(place.metre)];
        let phase = phases(place.bars);
        let (m, state, keys) = (&self.memory, [1, self.hidden], [self.memory.capacity, self.key]);
        let entries = [m.capacity];
        let inputs = [
            ("duration", Input::I64(&[1], &duration)),
            ("pitch", Input::I64(&[1], &pitch)),
            ("position", Input::I64(&[1], &position)),
            ("metre", Input::I64(&[1], &metre)),
            ("phase", Input::F32(&[1, PHASES], &phase)),
            ("state0", Input::F32(&state, &self.states[0])),
            ("state1", Input::F32(&state, &self.states[1])),
            ("keys", Input::F32(&keys, &m.keys)),
            ("memory_duration", Input::I64(&entries, &m.duration)),
            ("memory_pitch", Input::I64(&entries, &m.pitch)),
            ("match_full", Input::F32(&entries, &m.full)),
            ("match_rhythm", Input::F32(&entries, &m.rhythm)),
            ("valid", Input::F32(&entries, &m.valid)),
        ];
        let origin = self.session.origin().to_owned();
        let outputs = self.session.run(&inputs)?;
        let take = |name: &str, length: usize| -> Result<Vec<f32>, ComposeError> {
            let values = outputs.f32(name)?;
            let reason = if values.len() != length {
                format!("output `{name}` has {} numbers instead of {length}", values.len())
            } else if values.iter().any(|x| x.is_nan() || *x == f32::INFINITY) {
                format!("output `{name}` is not a number")
            } else {
                return Ok(values.to_vec());
            };
            Err(ComposeError::Model { origin: origin.clone(), reason })
        };
        Ok(Expectation {
            log_duration: take("log_duration", D)?,
            log_pitch: take("log_pitch", D * P)?,
            states: [take("state0_next", self.hidden)?, take("state1_next", self.hidden)?],
            key: take("key", self.key)?,
        })
    }

    /// Takes in the event that followed an expectation, heard or chosen.
    pub fn hear(&mut self, expectation: Expectation, event: Token) {
        self.states = expectation.states;
        self.memory.add(&expectation.key, event);
        self.last = Some(event);
    }

    /// What followed earlier when at least `length` events before it were the same as the last `length` events now.
    pub fn continuations(&self, length: usize) -> impl Iterator<Item = Token> + '_ {
        let m = &self.memory;
        (0..m.capacity)
            .filter(move |&slot| m.valid[slot] > 0.0 && m.full[slot] >= length.max(1) as f32)
            .map(|slot| Token { duration: m.duration[slot] as u8, pitch: m.pitch[slot] as u8 })
    }
}

struct Sizes {
    hidden: usize,
    key: usize,
    memory: usize,
}

impl Sizes {
    /// Checks that a description is that of the network this file can feed, and takes its sizes.
    fn of(spec: &ModelSpec) -> Result<Self, String> {
        let vocabulary = spec.vocabulary.as_ref().ok_or("it has no vocabulary")?;
        if (vocabulary.coding.as_str(), vocabulary.version) != CODING {
            let (coding, version) = (&vocabulary.coding, vocabulary.version);
            return Err(format!("it codes music as `{coding}` {version}, not as `{}` {}", CODING.0, CODING.1));
        }
        if vocabulary.steps_per_quarter != STEPS_PER_BEAT
            || !vocabulary.durations.iter().copied().eq(DURATIONS.iter().map(|&d| u32::from(d)))
        {
            return Err("its table of durations is not the one of this coding".into());
        }
        let hidden = width(&spec.inputs, "state0", 1)?;
        let [memory, key] = [0, 1].map(|axis| width(&spec.inputs, "keys", axis));
        let sizes = Self { hidden, key: key?, memory: memory? };
        let Self { hidden: h, key: k, memory: m } = sizes;
        let event = ["duration", "pitch", "position", "metre"].map(|name| TensorSpec::i64(name, &[1]));
        let classes = ["memory_duration", "memory_pitch"].map(|name| TensorSpec::i64(name, &[m]));
        let lengths = ["match_full", "match_rhythm", "valid"].map(|name| TensorSpec::f32(name, &[m]));
        let states = ["state0", "state1"].map(|name| TensorSpec::f32(name, &[1, h]));
        let floats = [TensorSpec::f32("phase", &[1, PHASES]), TensorSpec::f32("keys", &[m, k])];
        for wanted in event.iter().chain(&classes).chain(&lengths).chain(&states).chain(&floats) {
            has("input", &spec.inputs, wanted)?;
        }
        for (name, shape) in [
            ("log_duration", [1, D]),
            ("log_pitch", [D, P]),
            ("state0_next", [1, h]),
            ("state1_next", [1, h]),
            ("key", [1, k]),
        ] {
            let shape = if name == "log_duration" { &shape[1..] } else { &shape[..] };
            has("output", &spec.outputs, &TensorSpec::f32(name, shape))?;
        }
        Ok(sizes)
    }
}

fn width(tensors: &[TensorSpec], name: &str, axis: usize) -> Result<usize, String> {
    width_up_to(tensors, name, axis, LARGEST)
}

/// Length of an input's axis, from 1 to `largest`; or why it cannot be played with.
pub(super) fn width_up_to(tensors: &[TensorSpec], name: &str, axis: usize, largest: usize) -> Result<usize, String> {
    let tensor = tensors.iter().find(|t| t.name == name).ok_or_else(|| format!("it has no input `{name}`"))?;
    match tensor.shape.get(axis) {
        Some(Dim::Fixed(n)) if (1..=largest).contains(n) => Ok(*n),
        Some(Dim::Fixed(n)) => Err(format!("its input `{name}` is {n} wide; 1 to {largest} can be played with")),
        _ => Err(format!("its input `{name}` has no fixed shape")),
    }
}

/// Whether a tensor is described as it is wanted; or what is different.
pub(super) fn has(direction: &str, tensors: &[TensorSpec], wanted: &TensorSpec) -> Result<(), String> {
    let name = &wanted.name;
    let found = tensors.iter().find(|t| t.name == *name).ok_or_else(|| format!("it has no {direction} `{name}`"))?;
    let describe = |t: &TensorSpec| {
        let element = if t.element == Element::F32 { "f32" } else { "i64" };
        let shape = t.shape.iter().map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Named(name) => name.clone(),
        });
        format!("{element} ({})", shape.collect::<Vec<_>>().join(", "))
    };
    if found.element == wanted.element && found.shape == wanted.shape {
        Ok(())
    } else {
        Err(format!("its {direction} `{name}` is {}, not {}", describe(found), describe(wanted)))
    }
}

/// Everything that a melody network heard up to a moment.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    memory: Memory,
    states: [Vec<f32>; 2],
    last: Option<Token>,
}

/// M earlier events with their keys, and how well the present matches each. When full, the oldest entry gives way.
#[derive(Debug, Clone)]
struct Memory {
    capacity: usize,
    width: usize,
    heard: usize,
    /// The last events, at most one more than there are entries.
    events: VecDeque<Token>,
    /// `(M, K)`; event j lies in row j mod M.
    keys: Vec<f32>,
    duration: Vec<i64>,
    pitch: Vec<i64>,
    /// How many events backwards from now equal those backwards from the entry.
    full: Vec<f32>,
    rhythm: Vec<f32>,
    valid: Vec<f32>,
}

impl Memory {
    fn new(capacity: usize, width: usize) -> Self {
        let zeros = || vec![0.0; capacity];
        Self {
            capacity,
            width,
            heard: 0,
            events: VecDeque::new(),
            keys: vec![0.0; capacity * width],
            duration: vec![0; capacity],
            pitch: vec![0; capacity],
            full: zeros(),
            rhythm: zeros(),
            valid: zeros(),
        }
    }

    fn add(&mut self, key: &[f32], event: Token) {
        let m = self.capacity;
        let slot = self.heard % m;
        self.keys[slot * self.width..(slot + 1) * self.width].copy_from_slice(key);
        self.duration[slot] = i64::from(event.duration);
        self.pitch[slot] = i64::from(event.pitch);
        self.valid[slot] = 1.0;
        self.events.push_back(event);
        if self.events.len() > m + 1 {
            self.events.pop_front();
        }
        self.heard += 1;
        // L(t, j) = L(t − 1, j − 1) + 1 where event t − 1 equals event j − 1, else 0; t is the event to come.
        let oldest = self.heard - self.events.len();
        let lowest = self.heard.saturating_sub(m);
        let evicted = [self.full[slot], self.rhythm[slot]];
        for j in (lowest..self.heard).rev() {
            let here = j % m;
            let Some(before) = j.checked_sub(1).filter(|&b| b >= oldest) else {
                (self.full[here], self.rhythm[here]) = (0.0, 0.0);
                continue;
            };
            let was = before % m;
            // The entry before the oldest one kept has just given its row to the new event.
            let [full, rhythm] = if was == slot { evicted } else { [self.full[was], self.rhythm[was]] };
            let earlier = self.events[before - oldest];
            self.full[here] = if earlier == event { full + 1.0 } else { 0.0 };
            self.rhythm[here] = if earlier.duration == event.duration { rhythm + 1.0 } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn match_lengths_are_those_of_counting_backwards_even_when_old_entries_give_way() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for capacity in [3, 8, 64] {
            let mut memory = Memory::new(capacity, 1);
            let mut events: Vec<Token> = Vec::new();
            for t in 0..40_usize {
                let event = Token { duration: rng.random_range(0..2), pitch: rng.random_range(0..2) };
                memory.add(&[t as f32], event);
                events.push(event);
                let t = events.len();
                let lowest = t.saturating_sub(capacity);
                for j in lowest..t {
                    let counted = (1..=j).take_while(|&back| events[t - back] == events[j - back]).count();
                    let slot = j % capacity;
                    assert_eq!(memory.full[slot], counted as f32, "seed 5, {capacity} entries, t {t}, j {j}");
                    assert_eq!(memory.keys[slot], j as f32);
                    assert_eq!(memory.pitch[slot], i64::from(events[j].pitch));
                }
            }
        }
    }
}
