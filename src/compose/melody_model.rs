//! The melody network as a performer uses it: what it heard so far, and what it expects next.

use super::ComposeError;
use super::contract::{check_coding, has, numbers, width};
use super::memory::Memory;
use super::recent::Recent;
use crate::model::session::{Input, Session};
use crate::model::spec::{Dim, ModelSpec, TensorSpec};
use crate::music::encoding::{CODING, DURATION_CLASSES, PHASES, PITCH_CLASSES, POSITIONS, Token, phases};
use std::sync::Arc;

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

/// Most entries of a memory whose length is not fixed, where the model does not say.
const USUAL_MEMORY: usize = 512;

/// What the network expects of the next event.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// `(D)`: log-probability of each duration class; the last one ends the tune.
    pub log_duration: Vec<f32>,
    /// `(D, P)`: log-probability of each pitch class for each duration.
    pub log_pitch: Vec<f32>,
    pub(super) states: [Vec<f32>; 2],
    pub(super) key: Vec<f32>,
    /// The moment that it was asked at, and its own number.
    pub(super) asked: (u64, u64),
}

impl Expectation {
    /// Whether it tells probabilities, or only what the network makes of the place.
    pub(super) fn is_whole(&self) -> bool {
        !self.log_pitch.is_empty()
    }
}

/// A melody network with everything it heard. Events go in by [`MelodyModel::hear`]; what they lead one to expect is
/// told by [`MelodyModel::expect`].
#[derive(Debug)]
pub struct MelodyModel {
    session: Session,
    sizes: Sizes,
    heard: Heard,
    recent: Recent,
}

/// Everything that a melody network heard up to a moment.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    memory: Arc<Memory>,
    states: [Vec<f32>; 2],
    last: Option<Token>,
    /// Tells moments of one network apart; 0 is the one before anything was heard.
    moment: u64,
}

impl Heard {
    fn nothing(sizes: Sizes) -> Self {
        let Sizes { hidden, key, memory, fixed } = sizes;
        let state = || vec![0.0; hidden];
        let memory = Arc::new(Memory::new(memory, fixed, key));
        Self { memory, states: [state(), state()], last: None, moment: 0 }
    }

    /// Whether both are the same moment of the same network.
    pub fn is(&self, other: &Self) -> bool {
        self.moment == other.moment
    }
}

impl MelodyModel {
    /// Takes a session of a model of kind `melody-rnn`.
    ///
    /// # Errors
    /// [`ComposeError::Model`] where the model codes music otherwise or lacks a tensor.
    pub fn new(session: Session) -> Result<Self, ComposeError> {
        let refuse = |reason: String| ComposeError::Model { origin: session.origin().to_owned(), reason };
        let sizes = Sizes::of(session.spec()).map_err(refuse)?;
        Ok(Self { session, sizes, heard: Heard::nothing(sizes), recent: Recent::default() })
    }

    /// Goes on with another session of the same network, such as one that has learnt meanwhile. What was heard stays:
    /// the memory's keys are those that the weights of their time gave.
    ///
    /// # Errors
    /// [`ComposeError::Model`] where the network has other sizes; the old session then stays.
    pub fn adopt(&mut self, session: Session) -> Result<(), ComposeError> {
        let refuse = |reason: String| ComposeError::Model { origin: session.origin().to_owned(), reason };
        let sizes = Sizes::of(session.spec()).map_err(refuse)?;
        let [new, old] = [sizes, self.sizes].map(|s| [s.hidden, s.key, s.memory]);
        if sizes != self.sizes {
            return Err(refuse(format!(
                "its state, key and memory are of sizes {new:?}; the one that plays has {old:?}"
            )));
        }
        self.session = session;
        self.recent.forget();
        Ok(())
    }

    /// Forgets everything that was heard.
    pub fn forget(&mut self) {
        self.heard = Heard::nothing(self.sizes);
    }

    /// What was heard so far, to come back to.
    pub(super) fn remember(&self) -> Heard {
        self.heard.clone()
    }

    /// Goes back to what had been heard then.
    pub(super) fn recall(&mut self, heard: &Heard) {
        self.heard.clone_from(heard);
    }

    /// Events heard so far.
    pub fn heard(&self) -> usize {
        self.heard.memory.heard
    }

    /// What is to be expected at a place after everything heard. Nothing changes until [`MelodyModel::hear`]. What was asked
    /// a short while ago is not computed again.
    ///
    /// # Errors
    /// [`ComposeError::Session`] where the run fails, [`ComposeError::Model`] where it gives something senseless.
    pub fn expect(&mut self, place: Place) -> Result<Arc<Expectation>, ComposeError> {
        self.ask(place, true)
    }

    /// As [`MelodyModel::expect`] and [`MelodyModel::hear`], for an event that is known: the network is not asked what it
    /// expects, which is most of its work.
    ///
    /// # Errors
    /// As [`MelodyModel::expect`].
    pub fn listen(&mut self, place: Place, event: Token) -> Result<(), ComposeError> {
        let expectation = self.ask(place, false)?;
        self.hear(expectation, event);
        Ok(())
    }

    fn ask(&mut self, place: Place, whole: bool) -> Result<Arc<Expectation>, ComposeError> {
        if let Some(known) = self.recent.find(self.heard.moment, place, whole) {
            return Ok(known);
        }
        let expectation = self.compute(place, whole)?;
        Ok(self.recent.keep(place, expectation))
    }

    fn compute(&mut self, place: Place, whole: bool) -> Result<Expectation, ComposeError> {
        let Heard { memory: m, states, last, moment } = &self.heard;
        let Sizes { hidden, key, .. } = self.sizes;
        let duration = [last.map_or(D as i64, |t| i64::from(t.duration))];
        let pitch = [last.map_or(P as i64, |t| i64::from(t.pitch))];
        let position = [i64::from(place.position.min(POSITIONS as u32 - 1))];
        let metre = [i64::from(place.metre)];
        let phase = phases(place.bars);
        let (state, keys, entries) = ([1, hidden], [m.room(), key], [m.room()]);
        let inputs = [
            ("duration", Input::I64(&[1], &duration)),
            ("pitch", Input::I64(&[1], &pitch)),
            ("position", Input::I64(&[1], &position)),
            ("metre", Input::I64(&[1], &metre)),
            ("phase", Input::F32(&[1, PHASES], &phase)),
            ("state0", Input::F32(&state, &states[0])),
            ("state1", Input::F32(&state, &states[1])),
            ("keys", Input::F32(&keys, &m.keys)),
            ("memory_duration", Input::I64(&entries, &m.duration)),
            ("memory_pitch", Input::I64(&entries, &m.pitch)),
            ("match_full", Input::F32(&entries, &m.full)),
            ("match_rhythm", Input::F32(&entries, &m.rhythm)),
            ("valid", Input::F32(&entries, &m.valid)),
        ];
        let whole = whole || !self.session.has_part();
        let outputs = if whole { self.session.run(&inputs)? } else { self.session.run_part(&inputs)? };
        let take = |name: &str, length: usize| -> Result<Vec<f32>, ComposeError> {
            numbers(outputs.f32(name)?.to_vec(), name, length, outputs.origin())
        };
        let told = |name: &str, length: usize| if whole { take(name, length) } else { Ok(Vec::new()) };
        Ok(Expectation {
            log_duration: told("log_duration", D)?,
            log_pitch: told("log_pitch", D * P)?,
            states: [take("state0_next", hidden)?, take("state1_next", hidden)?],
            key: take("key", key)?,
            asked: (*moment, self.recent.number()),
        })
    }

    /// Takes in the event that followed an expectation, heard or chosen.
    pub fn hear(&mut self, expectation: Arc<Expectation>, event: Token) {
        let heard = &mut self.heard;
        heard.states.clone_from(&expectation.states);
        Arc::make_mut(&mut heard.memory).add(&expectation.key, event);
        heard.last = Some(event);
        let (moment, number) = expectation.asked;
        // What was expected at another moment leads to no moment that is known.
        heard.moment = if moment == heard.moment { self.recent.after(number, event) } else { self.recent.number() };
    }

    /// What followed earlier when at least `length` events before it were the same as the last `length` events now.
    pub fn continuations(&self, length: usize) -> impl Iterator<Item = Token> + '_ {
        let m = &self.heard.memory;
        (0..m.room())
            .filter(move |&slot| m.valid[slot] > 0.0 && m.full[slot] >= length.max(1) as f32)
            .map(|slot| Token { duration: m.duration[slot] as u8, pitch: m.pitch[slot] as u8 })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sizes {
    hidden: usize,
    key: usize,
    /// Most entries of the memory.
    memory: usize,
    /// Whether it has always so many.
    fixed: bool,
}

impl Sizes {
    /// Checks that a description is that of the network this file can feed, and takes its sizes.
    fn of(spec: &ModelSpec) -> Result<Self, String> {
        check_coding(spec, "music", CODING)?;
        let width = |name, axis| width(&spec.inputs, name, axis, LARGEST);
        let hidden = width("state0", 1)?;
        let key = width("keys", 1)?;
        // As many entries as there are, or always so many.
        let entries = spec.inputs.iter().find(|t| t.name == "keys").and_then(|t| t.shape.first().cloned());
        let open = entries.clone().filter(|dim| matches!(dim, Dim::Named(_)));
        let most = spec.settings.get("memory").map(|&most| most as usize);
        let memory = match &open {
            Some(_) => most.filter(|most| (1..=LARGEST).contains(most)).unwrap_or(USUAL_MEMORY),
            None => width("keys", 0)?,
        };
        let sizes = Self { hidden, key, memory, fixed: open.is_none() };
        let (h, k) = (hidden, key);
        let entries = entries.unwrap_or(Dim::Fixed(memory));
        let of_entries = |mut tensor: TensorSpec| {
            tensor.shape[0] = entries.clone();
            tensor
        };
        let event = ["duration", "pitch", "position", "metre"].map(|name| TensorSpec::i64(name, &[1]));
        let classes = ["memory_duration", "memory_pitch"].map(|name| of_entries(TensorSpec::i64(name, &[1])));
        let lengths = ["match_full", "match_rhythm", "valid"].map(|name| of_entries(TensorSpec::f32(name, &[1])));
        let states = ["state0", "state1"].map(|name| TensorSpec::f32(name, &[1, h]));
        let floats = [TensorSpec::f32("phase", &[1, PHASES]), of_entries(TensorSpec::f32("keys", &[1, k]))];
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
