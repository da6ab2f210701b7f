//! Who plays when, and what: turns what is heard, in a mode, into plans that reach the audio side before their time.
//!
//! The director thinks at grid steps. At each it knows what was heard before, and nothing else; what it decides there
//! begins a number of steps later that follows from the tempo: 6 (of 1/24 of a quarter note) up to 150 quarter notes a minute,
//! 12 up to 300, and so on. So it does not matter how late or how often it is asked, nor in which portions
//! it hears: [`Director::run_to`] makes up for all steps that have passed. A stretch of time (see
//! [`HeardKind::Transport`]) is begun with an empty memory, so that the same music gives the same answers after a jump or
//! a stop; captured phrases, settings and the history stay.

mod anew;
mod direction;
mod draft;
mod foresight;
mod grid;
mod history;
mod improvise;
mod latent;
mod lead;
mod plans;
mod second_voice;
mod stride;
mod turns;

pub use direction::{Boundary, Corner, Direction, MOST_BARS, Mode, Order, SecondVoice, Settings};
pub use latent::Refusal;
pub use lead::lead_time;
pub use stride::stride;
pub use turns::Turn;

use super::ear::Ear;
use super::line::Line;
use super::{ComposeError, MelodyModel, Phrase, PhraseModel};
use crate::bridge::{ClockReading, ComposerSide, Heard, HeardKind, Teacher};
use crate::model::session::Session;
use crate::music::{Chord, Melody, Note, STEPS_PER_BEAT};
use crate::time::{Beats, TimeSignature};
use foresight::Foresight;
use grid::{heard_at, position, step_after};
use history::History;
use latent::Captured;
use lead::Lead;
use plans::Slot;
use second_voice::Voice;
use std::collections::VecDeque;

/// Longer ways than this, in steps, are jumped: 43,000 quarter notes.
const LONGEST_WAY: i64 = 1 << 20;
/// What was heard is remembered for so long, in quarter notes.
const MEMORY: f64 = 256.0;

/// A phrase as it is planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedPhrase {
    /// The mode that it was written in.
    pub mode: Mode,
    /// From where to where it is played.
    pub window: (Beats, Beats),
    /// 0, or which other phrase in place of the first it is.
    pub take: u32,
    /// Whether it was just written, and not played before.
    pub new: bool,
    /// The notes, where they are played.
    pub phrase: Phrase,
}

/// What a screen shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// The mode.
    pub mode: Mode,
    /// The mode from the next boundary on.
    pub next_mode: Option<Mode>,
    /// Whose turn it is.
    pub turn: Turn,
    /// The chord that is improvised over.
    pub chord: Option<Chord>,
    /// Which phrase of the history is the present one, from 1, and how many there are.
    pub history: (usize, usize),
    /// The corners that hold a phrase.
    pub captured: [bool; 4],
    /// How often a phrase did not fit the phrase network, and the melody network went on instead.
    pub refused: u64,
    /// Why, the last time; `None` when the phrase network has written since.
    pub refusal: Option<Refusal>,
}

/// Hears the player and plans what is played, in a mode. Belongs to one thread.
#[derive(Debug)]
pub struct Director {
    settings: Settings,
    side: ComposerSide,
    ear: Ear,
    line: Line,
    phrases: Option<PhraseModel>,
    /// Which phrase network that is, counted from 0.
    phrase_network: u32,
    lead: Lead,
    /// The last step of which it was decided what begins there.
    decided: i64,
    mode: Mode,
    next_mode: Option<Mode>,
    /// Whether the present phrase of the history is to be played from the next boundary on.
    replay: bool,
    waiting: VecDeque<Heard>,
    orders: VecDeque<(Beats, Order)>,
    epoch: u32,
    /// Whether time stands, as it does until the transport says that it runs.
    stopped: bool,
    /// The next step to think at; `None` before anything was heard of a stretch of time.
    next: Option<i64>,
    /// Notes that began since the last step.
    onsets: Vec<Note>,
    turn: Turn,
    slot: Option<Slot>,
    /// Notes that were planned and have not ended.
    sent: Vec<Note>,
    history: History,
    captured: [Option<Captured>; 4],
    /// Phrases to be captured when their last bar is over.
    capturing: Vec<(Corner, (Beats, Beats))>,
    chord: Option<Chord>,
    /// Where something was last heard while improvising.
    active: Option<Beats>,
    voice: Voice,
    refused: u64,
    refusal: Option<Refusal>,
    told: VecDeque<PlayedPhrase>,
    composed: u32,
    foresight: Foresight,
    /// Who learns from what is played, where somebody does.
    learner: Option<Teacher<Session>>,
}

impl Director {
    /// A director that has heard nothing, in the mode [`Mode::Answer`]. Without a phrase network, what needs one is
    /// answered by the melody network.
    pub fn new(model: MelodyModel, phrases: Option<PhraseModel>, side: ComposerSide) -> Self {
        Self {
            settings: Settings::default(),
            side,
            ear: Ear::default(),
            line: Line::new(model),
            phrases,
            phrase_network: 0,
            lead: Lead::new(),
            decided: i64::MIN,
            mode: Mode::default(),
            next_mode: None,
            replay: false,
            waiting: VecDeque::new(),
            orders: VecDeque::new(),
            epoch: 0,
            stopped: true,
            next: None,
            onsets: Vec::new(),
            turn: Turn::Waiting,
            slot: None,
            sent: Vec::new(),
            history: History::default(),
            captured: [None, None, None, None],
            capturing: Vec::new(),
            chord: None,
            active: None,
            voice: Voice::default(),
            refused: 0,
            refusal: None,
            told: VecDeque::new(),
            composed: 0,
            foresight: Foresight::default(),
            learner: None,
        }
    }

    /// As [`super::Composer::with_learner`].
    #[must_use]
    pub fn with_learner(self, learner: Teacher<Session>) -> Self {
        Self { learner: Some(learner), ..self }
    }

    /// Goes on with another melody network, from the next phrase on: what is planned is played. It hears first what the old
    /// one heard last. Who learnt from the old one is no longer asked.
    ///
    /// # Errors
    /// [`ComposeError`] of the new network; the old one then stays.
    pub fn replace_melody(&mut self, model: MelodyModel) -> Result<(), ComposeError> {
        self.line.replace(model)?;
        self.foresight.forget();
        self.learner = None;
        Ok(())
    }

    /// Goes on with another phrase network, or with none, from the next phrase on. Captured phrases stay.
    pub fn replace_phrases(&mut self, model: impl Into<Option<PhraseModel>>) {
        self.phrases = model.into();
        self.phrase_network += 1;
        self.foresight.forget();
        self.refusal = None;
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What there is to show.
    pub fn status(&self) -> Status {
        Status {
            mode: self.mode,
            next_mode: self.next_mode,
            turn: self.turn,
            chord: self.chord,
            history: self.history.place(),
            captured: self.captured.each_ref().map(Option::is_some),
            refused: self.refused,
            refusal: self.refusal.clone(),
        }
    }

    /// The phrase in a corner, on the grid, such as a project stores.
    pub fn captured(&self, corner: Corner) -> Option<&Melody> {
        self.captured[corner as usize].as_ref().map(|captured| &captured.melody)
    }

    /// Phrases that were planned since this was last asked, at most 64 of them; older ones give way.
    pub fn take_phrases(&mut self) -> impl Iterator<Item = PlayedPhrase> + '_ {
        self.told.drain(..)
    }

    /// Gives an order at a position, which the player saw when he gave it. It is followed at the first step after that
    /// was not thought at yet, and at once while time stands. Gives the position that counts, for a recording.
    ///
    /// # Errors
    /// [`ComposeError::Control`] for settings out of range; else as [`Director::run_to`], for what waits in the ring is
    /// taken in first. The order is given again then.
    pub fn order(&mut self, at: Beats, order: Order) -> Result<Beats, ComposeError> {
        if let Order::Settings(settings) = &order {
            settings.check()?;
        }
        // Whether time runs is in the ring.
        self.run_to(Beats(f64::NEG_INFINITY))?;
        let Some(next) = self.next.filter(|_| !self.stopped) else {
            self.apply(at, order)?;
            if let Some(mode) = self.next_mode.take() {
                self.mode = mode;
            }
            return Ok(at);
        };
        let thought = position(next - 1);
        let at = if at.is_finite() { heard_at(at).max(thought) } else { thought };
        let place = self.orders.partition_point(|(other, _)| *other <= at);
        self.orders.insert(place, (at, order));
        Ok(at)
    }

    /// Takes in what was heard, in order: for those who have no ring.
    pub fn hear(&mut self, heard: Heard) {
        self.waiting.push_back(heard);
    }

    /// Takes in what waits in the ring, and goes on as far as the clock says. The clock is to be read before this is
    /// called: the ring then holds everything up to there.
    ///
    /// # Errors
    /// As [`Director::run_to`].
    pub fn follow(&mut self, clock: &ClockReading) -> Result<(), ComposeError> {
        self.run_to(Beats(f64::NEG_INFINITY))?;
        if clock.playing && clock.epoch == self.epoch { self.run_to(clock.pos_beats) } else { Ok(()) }
    }

    /// Takes in what waits in the ring, and thinks at all steps up to a position, before which everything has been heard.
    ///
    /// # Errors
    /// [`ComposeError`] of the networks and of a full ring. The step is then passed over, and the next call goes on.
    pub fn run_to(&mut self, pos: Beats) -> Result<(), ComposeError> {
        while let Some(heard) = self.side.heard.receive() {
            self.waiting.push_back(heard);
        }
        while let Some(&heard) = self.waiting.front() {
            let heard = Heard { pos_beats: heard_at(heard.pos_beats), ..heard };
            if let HeardKind::Transport { playing, tempo, time_signature, epoch } = heard.kind {
                if epoch != self.epoch || playing == self.stopped || self.next.is_none() {
                    self.lead.restart(heard.pos_beats, tempo);
                    self.restart(heard.pos_beats, time_signature);
                    (self.epoch, self.stopped) = (epoch, !playing);
                } else {
                    self.lead.hear(heard.pos_beats, tempo);
                }
            } else if !self.stopped {
                self.think_to(heard.pos_beats)?;
                self.ear.hear(heard);
                if matches!(heard.kind, HeardKind::NoteOn { .. } | HeardKind::NoteOff { .. }) {
                    self.foresight.stir();
                }
                if let HeardKind::NoteOn { .. } = heard.kind {
                    self.onsets.extend(self.ear.newest());
                }
            }
            self.waiting.pop_front();
        }
        if self.stopped { Ok(()) } else { self.think_to(pos) }
    }

    /// Begins a stretch of time.
    fn restart(&mut self, at: Beats, metre: TimeSignature) {
        self.ear.restart(metre);
        self.line.forget();
        self.foresight.forget();
        (self.turn, self.slot, self.chord, self.active) = (Turn::Waiting, None, None, None);
        self.voice = Voice::default();
        self.sent.clear();
        self.onsets.clear();
        self.capturing.clear();
        let next = step_after(at);
        self.next = Some(next);
        self.decided = next + self.lead.steps() - 1;
        self.orders.iter_mut().for_each(|(given, _)| *given = Beats(f64::NEG_INFINITY));
    }

    /// Thinks at all steps up to a position.
    fn think_to(&mut self, pos: Beats) -> Result<(), ComposeError> {
        if !pos.is_finite() {
            return Ok(());
        }
        let last = pos.floor_to(Beats::from_steps(1, STEPS_PER_BEAT)).nearest_step(STEPS_PER_BEAT);
        let way = self.next.filter(|next| last - next <= LONGEST_WAY);
        let mut next = way.unwrap_or_else(|| self.next.map_or(step_after(pos), |_| last));
        if way.is_none() {
            self.decided = next + self.lead.steps() - 1;
        }
        while next <= last {
            self.next = Some(next + 1);
            self.think(next)?;
            next += 1;
        }
        self.next = Some(next);
        Ok(())
    }

    /// Thinks at a step: follows orders, and decides what begins up to a lead after it.
    fn think(&mut self, step: i64) -> Result<(), ComposeError> {
        let at = position(step);
        // As soon as it is there, so that there is time to think ahead with it.
        if let Some(session) = self.learner.as_ref().and_then(Teacher::newest) {
            self.foresight.forget();
            self.line.adopt(session)?;
        }
        let is_bar = self.is_bar(step);
        if is_bar {
            self.lead.settle(step);
        }
        while let Some((_, order)) = self.orders.pop_front_if(|(given, _)| *given < at) {
            self.apply(at, order)?;
        }
        self.capture(at);
        self.decide_to(step)?;
        if is_bar {
            self.ear.forget_before(at - Beats(MEMORY));
        }
        Ok(())
    }

    /// Decides at one step what begins at another.
    fn decide(&mut self, step: i64, then: i64) -> Result<(), ComposeError> {
        let answers = self.settings.direction.answers;
        if !answers {
            self.replay = false;
            self.withdraw(position(then))?;
            self.end_second(then)?;
        }
        self.change(then)?;
        if !self.replay && answers {
            self.repeat(then)?;
            match self.mode {
                Mode::Answer | Mode::Vary => self.exchange(step, then)?,
                Mode::Continue => self.go_on(step, then)?,
                Mode::Improvise => self.improvise(step, then)?,
                Mode::Morph => self.morph(step, then)?,
                Mode::Harmonise => self.harmonise(step)?,
            }
        }
        Ok(())
    }

    fn apply(&mut self, at: Beats, order: Order) -> Result<(), ComposeError> {
        self.foresight.stir();
        match order {
            Order::Mode(mode) => self.next_mode = Some(mode).filter(|&mode| mode != self.mode),
            Order::Settings(settings) => self.settings = *settings,
            Order::Capture(corner) => self.order_capture(at, corner),
            Order::Keep(corner, melody) => self.captured[corner as usize] = melody.map(Captured::from),
            Order::Again => self.replay = self.history.present().is_some(),
            Order::Another => self.write_another()?,
            Order::Undo => self.replay |= self.history.undo(),
            Order::Redo => self.replay |= self.history.redo(),
        }
        Ok(())
    }

    fn bars(&self) -> i64 {
        i64::from(self.settings.direction.bars)
    }

    /// Lets the line hear the player up to a position, and a learner with it.
    fn hear_player(&mut self, stretch: (Beats, Beats)) -> Result<(), ComposeError> {
        self.hear_notes(&self.ear.until(stretch.1), stretch)
    }

    /// As [`Director::hear_player`], of some notes.
    fn hear_notes(&mut self, notes: &[Note], stretch: (Beats, Beats)) -> Result<(), ComposeError> {
        let heard = self.line.hear(notes, self.ear.metres(), stretch)?;
        // Nothing is learnt from what is only thought.
        let learner = self.learner.as_ref().filter(|_| !self.foresight.tries());
        if let Some(learner) = learner.filter(|_| !heard.is_empty()) {
            // A learner that is behind misses a phrase.
            let _room = learner.phrase(heard);
        }
        Ok(())
    }
}
