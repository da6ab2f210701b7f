//! The melody line that the network hears: what was played and what it composed itself, in turn.

use super::melody_model::Heard;
use super::pen::Pen;
use super::{ComposeError, MelodyModel, Place};
use crate::model::session::Session;
use crate::music::encoding::{DURATIONS, PlacedToken, REST, Token, duration_classes, metre_class, pitch_class};
use crate::music::{Note, STEPS_PER_BEAT, meant, melody_between};
use crate::time::{Beats, MetreMap};
use std::collections::VecDeque;

/// Longest silence that is pushed through the network, in quarter notes; a longer one is passed over.
const LONGEST_SILENCE: f64 = 32.0;
/// Events that are kept for a network that comes later.
const LONGEST_LOG: usize = 256;
/// Notes of this many steps are short enough for any answer, an eighth in length.
const LONGEST_SHORTEST: u32 = 12;

/// The first sounding note, which all others are relative to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct First {
    pub pitch: u8,
    pub bar: i64,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stand {
    /// Up to where the network has heard everything.
    until: Option<Beats>,
    first: Option<First>,
    /// The shortest note that was heard, in steps.
    shortest: u32,
}

const NOWHERE: Stand = Stand { until: None, first: None, shortest: LONGEST_SHORTEST };

/// The network and where it stands in the music.
#[derive(Debug)]
pub(super) struct Line {
    model: MelodyModel,
    stand: Stand,
    /// What it heard last.
    log: VecDeque<PlacedToken>,
    /// Which network this is, counted from 0.
    network: u32,
}

/// A line at a moment, to come back to.
#[derive(Debug, Clone)]
pub(super) struct Recollection {
    heard: Heard,
    stand: Stand,
    log: VecDeque<PlacedToken>,
    network: u32,
}

impl PartialEq for Recollection {
    /// Whether both are the same moment; what was heard up to there is the same then.
    fn eq(&self, other: &Self) -> bool {
        (self.network, self.stand) == (other.network, other.stand) && self.heard.is(&other.heard)
    }
}

impl Line {
    pub fn new(model: MelodyModel) -> Self {
        Self { model, stand: NOWHERE, log: VecDeque::new(), network: 0 }
    }

    /// The network, as if it had heard nothing.
    pub fn into_model(mut self) -> MelodyModel {
        self.model.forget();
        self.model
    }

    /// As [`MelodyModel::adopt`].
    pub fn adopt(&mut self, session: Session) -> Result<(), ComposeError> {
        self.model.adopt(session)
    }

    pub fn forget(&mut self) {
        self.model.forget();
        self.log.clear();
        self.stand = NOWHERE;
    }

    /// Goes on with another network, which hears first what this one heard last. Where that fails this one stays.
    pub fn replace(&mut self, model: MelodyModel) -> Result<(), ComposeError> {
        let mut other = Self { model, stand: self.stand, log: VecDeque::new(), network: self.network + 1 };
        other.hear_log(&self.log)?;
        *self = other;
        Ok(())
    }

    pub fn remember(&self) -> Recollection {
        Recollection { heard: self.model.remember(), stand: self.stand, log: self.log.clone(), network: self.network }
    }

    /// Comes back to a moment of this network.
    pub fn come_back(&mut self, recollection: Recollection) {
        self.model.recall(&recollection.heard);
        (self.stand, self.log) = (recollection.stand, recollection.log);
    }

    /// Comes back to a moment. What another network remembers of it is heard anew.
    pub fn recall(&mut self, recollection: &Recollection) -> Result<(), ComposeError> {
        self.stand = recollection.stand;
        if recollection.network == self.network {
            self.model.recall(&recollection.heard);
            self.log.clone_from(&recollection.log);
            return Ok(());
        }
        self.hear_log(&recollection.log)
    }

    fn hear_log(&mut self, log: &VecDeque<PlacedToken>) -> Result<(), ComposeError> {
        self.model.forget();
        self.log.clear();
        for event in log {
            let place = Place { position: event.position, metre: event.metre, bars: event.bars };
            self.model.listen(place, event.token)?;
            self.note(event.token, place);
        }
        Ok(())
    }

    /// Writes down an event that the network has heard.
    fn note(&mut self, token: Token, place: Place) -> PlacedToken {
        if self.log.len() == LONGEST_LOG {
            self.log.pop_front();
        }
        let event = PlacedToken { token, position: place.position, metre: place.metre, bars: place.bars };
        self.log.push_back(event);
        event
    }

    pub fn first(&self) -> Option<First> {
        self.stand.first
    }

    /// Up to where everything was heard.
    pub fn until(&self) -> Option<Beats> {
        self.stand.until
    }

    /// Takes a pitch as the first where none has sounded yet.
    pub fn begin_with(&mut self, first: First) {
        self.stand.first.get_or_insert(first);
    }

    pub fn shortest(&self) -> u32 {
        self.stand.shortest
    }

    fn place(&self, at: Beats, first: First, metres: &MetreMap) -> Place {
        let bar = metres.bar_at(at);
        let into = (at - bar.start).nearest_step(STEPS_PER_BEAT).max(0) as u32;
        let bars = (bar.index - first.bar) as f64 + (at - bar.start) / bar.metre.bar_beats();
        Place { position: into, metre: metre_class(bar.metre), bars: bars.max(0.0) as f32 }
    }

    /// Lets the network hear notes up to the end of a stretch, from where it has heard everything; from the start of
    /// the stretch where that is long ago. Gives what it heard.
    pub fn hear(
        &mut self,
        notes: &[Note],
        metres: &MetreMap,
        (begin, end): (Beats, Beats),
    ) -> Result<Vec<PlacedToken>, ComposeError> {
        let recent = |until: &Beats| *until <= begin && begin - *until <= Beats(LONGEST_SILENCE);
        let from = self.stand.until.filter(recent).unwrap_or(begin);
        let line = melody_between(notes, metres, from, end);
        let mut heard = Vec::new();
        let mut at = line.start;
        for event in meant(&line.melody.events, at.nearest_step(STEPS_PER_BEAT)) {
            if event.pitch.is_some() {
                self.stand.shortest = self.stand.shortest.min(u32::from(event.steps));
            }
            if self.stand.first.is_none() {
                self.stand.first = event.pitch.map(|pitch| First { pitch, bar: metres.bar_at(at).index });
            }
            self.push(event.pitch, event.steps, at, metres, &mut heard)?;
            at += Beats::from_steps(i64::from(event.steps), STEPS_PER_BEAT);
        }
        self.stand.until = Some(end);
        Ok(heard)
    }

    /// Goes back to where a phrase began, and hears as much of it as was played: notes on the grid, before `end`.
    pub fn hear_again(
        &mut self,
        before: &Recollection,
        notes: &[Note],
        metres: &MetreMap,
        (begin, end): (Beats, Beats),
    ) -> Result<(), ComposeError> {
        self.recall(before)?;
        if end <= begin {
            return Ok(());
        }
        let line = melody_between(notes, metres, begin, end);
        let mut at = line.start;
        for event in &line.melody.events {
            self.push(event.pitch, event.steps, at, metres, &mut Vec::new())?;
            at += Beats::from_steps(i64::from(event.steps), STEPS_PER_BEAT);
        }
        self.stand.until = Some(end);
        Ok(())
    }

    /// One note or rest; nothing is heard before the first note.
    fn push(
        &mut self,
        pitch: Option<u8>,
        steps: u16,
        at: Beats,
        metres: &MetreMap,
        heard: &mut Vec<PlacedToken>,
    ) -> Result<(), ComposeError> {
        let Some(first) = self.stand.first else { return Ok(()) };
        let mut class = pitch.map_or(REST, |pitch| pitch_class(pitch, first.pitch));
        let mut step = 0;
        for duration in duration_classes(steps) {
            let place = self.place(at + Beats::from_steps(step, STEPS_PER_BEAT), first, metres);
            let token = Token { duration, pitch: class };
            self.model.listen(place, token)?;
            heard.push(self.note(token, place));
            class = REST;
            step += i64::from(DURATIONS[usize::from(duration)]);
        }
        Ok(())
    }

    /// Has the network write a phrase.
    pub fn write(&mut self, pen: &mut Pen, echo_length: usize) -> Result<(), ComposeError> {
        let Some(first) = self.stand.first else { return Ok(()) };
        while let Some(at) = pen.at() {
            let place = self.place(at, first, pen.metres());
            let expectation = self.model.expect(place)?;
            let echoes: Vec<Token> = self.model.continuations(echo_length).collect();
            let event = pen.next(&expectation, &echoes);
            self.model.hear(expectation, event);
            self.note(event, place);
        }
        self.stand.until = Some(pen.end());
        Ok(())
    }
}
