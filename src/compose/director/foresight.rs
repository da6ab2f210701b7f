//! Thinking ahead while there is time: what would be decided within the next beat if nothing more were heard. Mostly nothing
//! more is, and the phrase is there when it is due.
//!
//! It changes no note. A phrase that was written ahead is taken only where the one that is due follows from the very same
//! things; what the melody network was asked on the way it remembers by itself.

use super::super::ComposeError;
use super::super::controls::Controls;
use super::super::line::Recollection;
use super::super::pen::Standing;
use super::draft::{Draft, Written};
use super::plans::Slot;
use super::second_voice::Voice;
use super::{Director, Mode, Refusal, Turn, position};
use crate::bridge::{Full, Plan};
use crate::music::{Chord, Note, STEPS_PER_BEAT};
use crate::time::Beats;
use std::sync::Arc;

/// How far it is thought ahead, in steps.
const REACH: i64 = STEPS_PER_BEAT as i64;
/// Where nothing was found and nothing new is heard, it is thought again after so many steps.
const AGAIN: i64 = REACH / 4;

/// What was thought ahead, and whether this is being done.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// Whether what is decided now is only tried: nothing is told to the audio side then.
    trying: bool,
    /// Whether what was tried has come to a phrase.
    reached: bool,
    found: Option<Foreseen>,
    /// Whether something was heard or ordered since.
    stale: bool,
    /// The step that it was last thought from.
    from: Option<i64>,
    /// Phrases that were there when they were due.
    taken: u64,
}

/// A phrase that was written ahead, everything it follows from, and the line after it.
#[derive(Debug)]
struct Foreseen {
    take: u32,
    standing: Vec<Standing>,
    controls: Controls,
    vary: f64,
    written: Written,
    after: Recollection,
}

/// What of a director changes from decision to decision.
#[derive(Debug)]
struct Course {
    decided: i64,
    mode: Mode,
    next_mode: Option<Mode>,
    replay: bool,
    onsets: Vec<Note>,
    turn: Turn,
    slot: Option<Slot>,
    sent: Vec<Note>,
    chord: Option<Chord>,
    active: Option<Beats>,
    voice: Voice,
    refused: u64,
    refusal: Option<Refusal>,
    line: Recollection,
}

impl Foresight {
    /// Something was heard or ordered.
    pub fn stir(&mut self) {
        self.stale = true;
    }

    /// What was written ahead is of no use any more.
    pub fn forget(&mut self) {
        (self.found, self.stale, self.from) = (None, true, None);
    }

    /// Whether what is decided now is only tried.
    pub fn tries(&self) -> bool {
        self.trying
    }

    /// Whether this is only tried, which then ends here: with a phrase.
    pub fn ends(&mut self) -> bool {
        self.reached |= self.trying;
        self.trying
    }
}

impl Director {
    /// Thinks ahead: for whoever has time until the next step, once what was planned is told. The notes are the same with it
    /// and without; with it the networks have mostly done their work before a phrase is due. It takes as long as a
    /// phrase takes to be written, at most once a step.
    pub fn rehearse(&mut self) {
        let Some(next) = self.next.filter(|_| !self.stopped && self.waiting.is_empty()) else { return };
        let Foresight { found, stale, from, .. } = &self.foresight;
        let due = |from: i64| next > from && (*stale || (found.is_none() && next >= from + AGAIN));
        if !from.is_none_or(due) {
            return;
        }
        (self.foresight.stale, self.foresight.from) = (false, Some(next));
        (self.foresight.trying, self.foresight.reached) = (true, false);
        let course = self.course();
        for step in next..=next + REACH {
            // What goes wrong here will be told when it does so in earnest.
            if self.decide_to(step).is_err() || self.foresight.reached {
                break;
            }
        }
        if !self.foresight.reached {
            self.foresight.found = None;
        }
        (self.foresight.trying, self.foresight.reached) = (false, false);
        self.resume(course);
    }

    /// Phrases that [`Director::rehearse`] had written when they were due.
    pub fn foreseen(&self) -> u64 {
        self.foresight.taken
    }

    fn course(&self) -> Course {
        Course {
            decided: self.decided,
            mode: self.mode,
            next_mode: self.next_mode,
            replay: self.replay,
            onsets: self.onsets.clone(),
            turn: self.turn,
            slot: self.slot.clone(),
            sent: self.sent.clone(),
            chord: self.chord,
            active: self.active,
            voice: self.voice.clone(),
            refused: self.refused,
            refusal: self.refusal.clone(),
            line: self.line.remember(),
        }
    }

    fn resume(&mut self, course: Course) {
        let Course { decided, mode, next_mode, replay, onsets, turn, slot, sent, chord, active, voice, .. } = course;
        (self.decided, self.mode, self.next_mode, self.replay) = (decided, mode, next_mode, replay);
        (self.onsets, self.turn, self.slot, self.sent) = (onsets, turn, slot, sent);
        (self.chord, self.active, self.voice) = (chord, active, voice);
        (self.refused, self.refusal) = (course.refused, course.refusal);
        self.line.come_back(course.line);
    }

    /// Plans something, unless it is only tried.
    pub(super) fn plan(&mut self, plan: Plan) -> Result<(), Full<Plan>> {
        if self.foresight.trying { Ok(()) } else { self.side.plan(plan) }
    }

    /// Writes a phrase, or takes it where it was written ahead. The line has then heard it.
    pub(super) fn write(&mut self, draft: Draft, take: u32, standing: Vec<Standing>) -> Result<Written, ComposeError> {
        let (controls, vary) = (&self.settings.controls, self.settings.direction.vary);
        let same = |f: &Foreseen| {
            (f.take, &f.standing, f.vary) == (take, &standing, vary)
                && *f.written.draft == draft
                && f.controls == *controls
        };
        if let Some(foreseen) = self.foresight.found.take().filter(same) {
            if self.foresight.trying {
                let written = foreseen.written.clone();
                self.foresight.found = Some(foreseen);
                return Ok(written);
            }
            self.foresight.taken += 1;
            self.line.come_back(foreseen.after);
            return Ok(foreseen.written);
        }
        let ahead = self.foresight.trying.then(|| (standing.clone(), controls.clone()));
        let written = self.desk().write(&Arc::new(draft), take, standing)?;
        if let Some((standing, controls)) = ahead {
            let (written, after) = (written.clone(), self.line.remember());
            self.foresight.found = Some(Foreseen { take, standing, controls, vary, written, after });
        }
        Ok(written)
    }

    /// Decides at a step what begins up to a lead after it. Where the lead has just grown, that is a stretch; where it has
    /// shrunk, nothing for a while.
    pub(super) fn decide_to(&mut self, step: i64) -> Result<(), ComposeError> {
        let at = position(step);
        self.sent.retain(|note| note.end() > at);
        while self.decided < step + self.lead.steps() && !self.foresight.reached {
            self.decided += 1;
            self.decide(step, self.decided)?;
            self.onsets.clear();
        }
        Ok(())
    }
}
