//! Phrases on their way to the audio side: written, planned, repeated, taken back.

use super::super::expression::one_at_a_time;
use super::super::pen::{Standing, steps_between};
use super::super::{ComposeError, Phrase};
use super::draft::{Desk, Draft, Source, Written};
use super::{Boundary, Director, PlayedPhrase, Refusal, Turn, position, step_after};
use crate::bridge::{Part, Plan, Scheduled};
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::Beats;
use std::sync::Arc;

/// Phrases that wait to be asked for.
const TOLD: usize = 64;

/// Notes that end later than they should by less are on time.
const SLACK: Beats = Beats(1e-6);

/// What sounds or is about to.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub at: Beats,
    pub written: Written,
    /// Whether the line has heard it, which a repetition is not.
    pub fresh: bool,
}

impl Director {
    /// Changes the mode, and begins a phrase that was asked for, where a boundary lies at a step.
    pub(super) fn change(&mut self, then: i64) -> Result<(), ComposeError> {
        let boundary = match self.settings.direction.switch_at {
            Boundary::Beat => self.is_beat(then),
            Boundary::Bar => self.is_bar(then),
        };
        if !boundary || (self.next_mode.is_none() && !self.replay) {
            return Ok(());
        }
        let at = position(then);
        self.withdraw(at)?;
        if let Some(mode) = self.next_mode.take() {
            self.end_second(then)?;
            self.mode = mode;
            (self.chord, self.active, self.voice.from) = (None, None, then);
        }
        // A note that still sounds is waited for: a repetition is not cut.
        if self.replay && self.free_at(at) <= at {
            self.replay = false;
            if let Some(written) = self.history.present().cloned() {
                self.play(written, at, 0, false)?;
            }
        }
        Ok(())
    }

    /// Repeats the present phrase where it ends, while it is held.
    pub(super) fn repeat(&mut self, then: i64) -> Result<(), ComposeError> {
        let at = position(then);
        match self.slot.as_ref().filter(|_| self.settings.direction.hold && self.ends_at(then)) {
            Some(slot) => self.play(slot.written.clone(), at, 0, false),
            None => Ok(()),
        }
    }

    /// Whether what is planned ends at a step.
    pub(super) fn ends_at(&self, step: i64) -> bool {
        matches!(self.turn, Turn::Playing { until } if until.nearest_step(STEPS_PER_BEAT) == step)
    }

    pub(super) fn write_another(&mut self) -> Result<(), ComposeError> {
        let Some(present) = self.history.present() else { return Ok(()) };
        // A point means nothing to another network. It can be played again, but not written anew.
        if matches!(present.draft.source, Source::Latent { network, .. } if network != self.phrase_network) {
            self.refuse(Refusal::OtherNetwork);
            return Ok(());
        }
        let (draft, standing) = (Arc::clone(&present.draft), present.locked(self.settings.direction.locked));
        let take = self.history.next_take();
        let now = self.line.remember();
        let written = self.desk().write(&draft, take, standing);
        self.line.recall(&now)?;
        self.history.add(written?);
        self.replay = true;
        Ok(())
    }

    pub(super) fn desk(&mut self) -> Desk<'_> {
        Desk {
            line: &mut self.line,
            phrases: self.phrases.as_mut(),
            controls: &self.settings.controls,
            vary: self.settings.direction.vary,
        }
    }

    /// Writes a phrase and plans it.
    pub(super) fn compose(&mut self, draft: Draft) -> Result<(), ComposeError> {
        let at = draft.window.0;
        let free = steps_between((at, self.free_at(at)));
        let standing = (free > 0).then(|| Standing { from: 0, to: free, notes: Vec::new() });
        let written = self.write(draft, 0, standing.into_iter().collect())?;
        if self.foresight.ends() {
            return Ok(());
        }
        self.history.add(written.clone());
        self.play(written, at, 0, true)
    }

    /// Plans a phrase from a position on, without the notes before a step of it.
    pub(super) fn play(&mut self, written: Written, at: Beats, from: u32, fresh: bool) -> Result<(), ComposeError> {
        if self.foresight.ends() {
            return Ok(());
        }
        let (epoch, part) = (self.epoch, Part::Answer);
        let duration = written.length();
        let shift = at - written.draft.window.0;
        let free = self.free_at(at + Beats::from_steps(i64::from(from), STEPS_PER_BEAT));
        let mut notes = Vec::new();
        for (bare, note) in written.bare.iter().zip(&written.phrase.notes).filter(|(bare, _)| bare.step >= from) {
            let mut note = note.shifted(shift);
            if note.onset < free {
                // A straying hand reached back into what still sounds.
                let grid = Beats::from_steps(i64::from(bare.step + bare.steps), STEPS_PER_BEAT) + at;
                note = Note { onset: free, duration: note.end().max(grid) - free, ..note };
            }
            notes.push(note);
        }
        one_at_a_time(&mut notes);
        let told = Phrase { notes: notes.clone(), ..written.phrase.clone() };
        let window = (at, at + duration);
        self.turn = Turn::Playing { until: window.1 };
        self.composed = self.composed.wrapping_add(1);
        let full = ComposeError::TooManyNotes { phrase: self.composed };
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        let (mode, take) = (written.draft.mode, written.take);
        self.told.push_back(PlayedPhrase { mode, window, take, new: fresh, phrase: told });
        self.slot = Some(Slot { at, written, fresh });
        if from == 0 && self.plan(Plan::Phrase { epoch, at, part, duration }).is_err() {
            return Err(full);
        }
        notes.into_iter().try_for_each(|note| self.send(note)).map_err(|()| full)
    }

    pub(super) fn send(&mut self, note: Note) -> Result<(), ()> {
        let Note { onset: at, duration, pitch, velocity } = note;
        let scheduled = Scheduled { at, duration, part: Part::Answer, pitch, velocity };
        self.plan(Plan::Note { epoch: self.epoch, note: scheduled }).map_err(drop)?;
        self.sent.push(note);
        Ok(())
    }

    /// Takes back what is planned from a position on. The line has then heard what is left of it.
    pub(super) fn withdraw(&mut self, from: Beats) -> Result<(), ComposeError> {
        let planned = self.slot.is_some() || self.sent.iter().any(|note| note.onset >= from);
        self.turn = Turn::Waiting;
        self.sent.retain(|note| note.onset < from);
        let slot = self.slot.take();
        if planned {
            let plan = Plan::Withdraw { epoch: self.epoch, from, part: Part::Answer };
            let full = ComposeError::TooManyNotes { phrase: self.composed };
            self.plan(plan).map_err(|_| full)?;
        }
        let Some(Slot { at, written, fresh: true }) = slot else { return Ok(()) };
        let end = from.min(written.draft.window.1);
        if let Source::Line { before, .. } = &written.draft.source {
            self.line.hear_again(before, &written.on_grid(), &written.draft.metres, (at, end))?;
        }
        Ok(())
    }

    /// Where the last note ends that begins before a position; the position itself where none sounds then.
    pub(super) fn free_at(&self, at: Beats) -> Beats {
        let before = self.sent.iter().filter(|note| note.onset < at);
        let end = before.map(Note::end).fold(at, Beats::max);
        // Up to the next step; what rounding adds is no note.
        if end > at + SLACK { position(step_after(end - SLACK)) } else { at }
    }
}
