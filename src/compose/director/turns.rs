//! Call and response, and going on where the player stops.

use super::super::ComposeError;
use super::super::facts::Facts;
use super::draft::{Draft, Source};
use super::{Director, Mode, position, step_after};
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::Beats;
use std::sync::Arc;

/// Quarter notes before a phrase that the network hears of the player, at most.
const HEARD_BEFORE: f64 = 32.0;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Turn {
    /// Nobody's: the next note may open a call.
    #[default]
    Waiting,
    /// The player's, up to there.
    Listening {
        /// From where on.
        from: Beats,
        /// Up to where.
        until: Beats,
    },
    /// The composer's, up to there.
    Playing {
        /// Up to where.
        until: Beats,
    },
}

impl Director {
    /// Bars of a call and its answer in the present mode.
    fn exchange_bars(&self) -> i64 {
        match (&self.phrases, self.mode) {
            (Some(phrases), Mode::Vary) => i64::from(phrases.bars()),
            _ => self.bars(),
        }
    }

    /// Listens to a call and replies to it.
    pub(super) fn exchange(&mut self, step: i64, then: i64) -> Result<(), ComposeError> {
        let then = position(then);
        if matches!(self.turn, Turn::Playing { until } if position(step) >= until) {
            (self.turn, self.slot) = (Turn::Waiting, None);
        }
        for note in std::mem::take(&mut self.onsets) {
            self.open_call(note.onset);
        }
        match self.turn {
            Turn::Listening { from, until } if then >= until => self.reply(from, then),
            _ => Ok(()),
        }
    }

    /// A note opens a call where it is nobody's turn; in the second half of a bar as its pick-up. In the last beat of an
    /// answer it is the pick-up of the next call.
    fn open_call(&mut self, onset: Beats) {
        let bar = self.ear.metres().bar_at(onset);
        let pick_up = match self.turn {
            Turn::Listening { .. } => return,
            Turn::Playing { until } if onset < until - bar.metre.beat_beats() => return,
            Turn::Playing { until } => Some(until),
            Turn::Waiting => None,
        };
        let in_bar = if onset - bar.start >= bar.length() * 0.5 { bar.end } else { bar.start };
        let first = self.bar_line(pick_up.unwrap_or(in_bar), 0);
        let from = first.min(onset.floor_to(Beats::from_steps(1, STEPS_PER_BEAT)));
        self.turn = Turn::Listening { from, until: self.bar_line(first, self.exchange_bars()) };
    }

    /// Answers a call that ends at a position.
    fn reply(&mut self, from: Beats, at: Beats) -> Result<(), ComposeError> {
        self.turn = Turn::Waiting;
        let bars = self.exchange_bars();
        if self.mode == Mode::Vary {
            let written = match self.heard_phrase((self.bar_line(at, -bars), at)) {
                Ok(captured) => self.locate(&captured, at)?,
                Err(refusal) => Err(refusal),
            };
            match written {
                Ok(located) => return self.compose_latent(at, located),
                Err(refusal) => self.refuse(refusal),
            }
        }
        self.hear_player((from, at))?;
        match Facts::of(&self.ear, &self.line, (from, at)) {
            Some(facts) => self.compose_line((at, self.bar_line(at, bars)), facts),
            None => Ok(()),
        }
    }

    /// Has the melody network write.
    fn compose_line(&mut self, window: (Beats, Beats), facts: Facts) -> Result<(), ComposeError> {
        let loudness = facts.loudness;
        let source = Source::Line {
            before: Arc::new(self.line.remember()),
            facts: Box::new(facts),
            harmony: Vec::new(),
            strict: false,
        };
        self.compose(Draft { mode: self.mode, window, metres: self.ear.metres().clone(), source, loudness })
    }

    /// Goes on where the player stops, until he plays again.
    pub(super) fn go_on(&mut self, step: i64, then: i64) -> Result<(), ComposeError> {
        let at = position(then);
        let playing = matches!(self.turn, Turn::Playing { .. });
        if playing && !self.onsets.is_empty() {
            self.withdraw(at)?;
            return Ok(());
        }
        let window = (at, self.bar_line(at, self.bars()));
        if playing {
            if !self.ends_at(then) {
                return Ok(());
            }
            // What it went on from is still what it goes on from.
            if let Some(Source::Line { facts, .. }) = self.slot.as_ref().map(|slot| slot.written.draft.source.clone()) {
                return self.compose_line(window, *facts);
            }
        }
        let silence = Beats::from_steps(i64::from(self.settings.direction.stop), STEPS_PER_BEAT);
        let stopped = self.ear.silent_since().is_some_and(|since| since + silence <= position(step));
        if !(stopped && self.is_beat(then)) {
            return Ok(());
        }
        let earliest = self.ear.first_onset().map_or(at, |onset| self.bar_line(onset, 0));
        let recent = position(step_after(at - Beats(HEARD_BEFORE)));
        let from = self.line.until().map_or(earliest, |until| earliest.max(until)).max(recent).min(at);
        // The silence by which he was known to have stopped is no rest of the tune: his last note goes on to here.
        let mut notes = self.ear.until(at);
        let bar = self.ear.metres().metre_at(at).bar_beats();
        if let Some(last) = notes.iter_mut().max_by(|a, b| a.end().total_cmp(&b.end())).filter(|n| at - n.end() <= bar)
        {
            last.duration = at - last.onset;
        }
        self.hear_notes(&notes, (from, at))?;
        // The last stretch of the length of a phrase in which he played.
        let last = self.ear.newest().map_or(at, |note: &Note| note.onset);
        let call = (self.bar_line(last, 1 - self.bars()), self.bar_line(last, 1).min(at));
        match Facts::of(&self.ear, &self.line, call) {
            Some(facts) => self.compose_line(window, facts),
            None => Ok(()),
        }
    }
}
