//! Writing a phrase event by event, whatever network tells what to expect: within its rules, and around what stands
//! already.

use super::controls::Controls;
use super::expression::BareNote;
use super::harmony::{HarmonySpan, avoid_notes};
use super::sampler::{Moment, Pace, Rules, choose, closable, likeliest_allowed};
use super::{Expectation, Freedom};
use crate::music::encoding::{DURATIONS, REST, Token, duration_classes, pitch_class, pitch_of};
use crate::music::{Note, PitchClassSet, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Nats that a further echoing event loses.
const ECHO_COST: f64 = 3.0;
/// Nats that a tone of the chord gains on a pulse, and elsewhere.
const CHORD_BONUS: [f64; 2] = [1.2, 0.4];
/// Nats that rests gain or lose at either end of their control.
const REST_NATS: f64 = 6.0;

/// A stretch of a phrase that stands already, in steps since its start: its notes, and rests around them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub from: u32,
    pub to: u32,
    /// In order, none beyond the stretch; each with how it was played.
    pub notes: Vec<(BareNote, Note)>,
}

/// How events are chosen.
#[derive(Debug)]
pub(super) enum Choice {
    /// Always the likeliest.
    Likeliest,
    /// A draw.
    Draw(Freedom, Box<ChaCha8Rng>),
}

/// What a pen is told before it writes.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub rules: Rules,
    pub controls: &'a Controls,
    pub window: (Beats, Beats),
    pub metres: &'a MetreMap,
    pub harmony: &'a [HarmonySpan],
    /// The scale that avoid notes are judged by, where chords are strict.
    pub strict: Option<PitchClassSet>,
    /// In order, without overlap.
    pub standing: Vec<Standing>,
    /// Notes in a step, and nats lost at twice or half of it.
    pub wanted: Option<(f64, f64)>,
    pub choice: Choice,
}

/// Writes one phrase.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    task: Task<'a>,
    /// The rules up to where something stands: no close is needed there.
    inner: Rules,
    length: u32,
    step: u32,
    notes: Vec<BareNote>,
    /// For each note, how it was played where it stood already.
    kept: Vec<Option<Note>>,
    forced: VecDeque<Token>,
}

impl<'a> Pen<'a> {
    pub fn new(task: Task<'a>) -> Self {
        let length = steps_between(task.window);
        let Rules { shortest, grid, tones, .. } = task.rules;
        let inner = if task.standing.is_empty() {
            task.rules.clone()
        } else {
            let closable = closable(length, shortest, shortest, grid);
            Rules { closing_tones: tones, closing_steps: shortest, closable, ..task.rules.clone() }
        };
        Self { task, inner, length, step: 0, notes: Vec::new(), kept: Vec::new(), forced: VecDeque::new() }
    }

    pub fn metres(&self) -> &MetreMap {
        self.task.metres
    }

    /// Where the phrase ends.
    pub fn end(&self) -> Beats {
        self.task.window.1
    }

    /// Where the next event stands; `None` where the phrase is full.
    pub fn at(&self) -> Option<Beats> {
        let at = self.task.window.0 + Beats::from_steps(i64::from(self.step), STEPS_PER_BEAT);
        (self.step < self.length).then_some(at)
    }

    /// The notes, and how those were played that stood already.
    pub fn finish(self) -> (Vec<BareNote>, Vec<Option<Note>>) {
        (self.notes, self.kept)
    }

    /// Chooses the next event. Where the rules leave nothing at all there are rests to the end.
    pub fn next(&mut self, expectation: &Expectation, echoes: &[Token]) -> Token {
        let limit = if self.forced.is_empty() { self.prepare() } else { self.step };
        if self.forced.is_empty() {
            match self.choose(expectation, echoes, limit) {
                Some(event) => {
                    let steps = u32::from(DURATIONS[usize::from(event.duration)]);
                    if let Some(pitch) = pitch_of(event.pitch, self.task.rules.first_pitch) {
                        self.notes.push(BareNote { step: self.step, steps, pitch });
                        self.kept.push(None);
                    }
                    self.step += steps;
                    return event;
                }
                None => self.force(None, limit - self.step),
            }
        }
        let event = self.forced.pop_front().unwrap_or(Token { duration: 0, pitch: REST });
        self.step += u32::from(DURATIONS[usize::from(event.duration)]);
        event
    }

    /// Up to which step the next events are free. Where none is, what must come is lined up.
    fn prepare(&mut self) -> u32 {
        if let Some(i) = self.task.standing.iter().position(|s| s.from <= self.step && self.step < s.to) {
            let Standing { to, notes, .. } = self.task.standing[i].clone();
            let mut now = self.step;
            for (bare, played) in notes {
                self.force(None, bare.step.saturating_sub(now));
                self.force(Some(bare.pitch), bare.steps);
                now = bare.step + bare.steps;
                self.notes.push(bare);
                self.kept.push(Some(played));
            }
            self.force(None, to.saturating_sub(now));
            return self.step;
        }
        let next = self.task.standing.iter().map(|s| s.from).filter(|&from| from > self.step).min();
        let limit = next.unwrap_or(self.length).min(self.length);
        let (grid, left) = (self.inner.grid, limit - self.step);
        let off_grid = (grid - self.step % grid) % grid;
        if off_grid > 0 && !self.task.standing.is_empty() {
            self.force(None, off_grid.min(left));
            return limit;
        }
        if next.is_none() {
            return limit;
        }
        let fits = |steps: &u32| self.inner.closable.get(*steps as usize) == Some(&true);
        let usable = (1..=left).rev().find(fits).unwrap_or(0);
        if usable == 0 {
            self.force(None, left);
        }
        self.step + usable
    }

    fn force(&mut self, pitch: Option<u8>, steps: u32) {
        let mut class = pitch.map_or(REST, |pitch| pitch_class(pitch, self.task.rules.first_pitch));
        let mut left = steps;
        while left > 0 {
            let part = left.min(u32::from(u16::MAX));
            for duration in duration_classes(part as u16) {
                self.forced.push_back(Token { duration, pitch: class });
                class = REST;
            }
            left -= part;
        }
    }

    fn choose(&mut self, expectation: &Expectation, echoes: &[Token], limit: u32) -> Option<Token> {
        let at = self.task.window.0 + Beats::from_steps(i64::from(self.step), STEPS_PER_BEAT);
        let bar = self.task.metres.bar_at(at);
        let into = (at - bar.start).nearest_step(STEPS_PER_BEAT).max(0) as u32;
        let pulse = steps(bar.metre.pulse_beats());
        let on_pulse = into.is_multiple_of(pulse);
        let chord = self.task.harmony.iter().find(|span| span.from <= at && at < span.to);
        let mut avoid = [(PitchClassSet::EMPTY, 1), (PitchClassSet::EMPTY, 1)];
        if let (Some(scale), Some(chord)) = (self.task.strict, chord) {
            let (never, passing) = avoid_notes(chord.tones, scale);
            // Between pulses, and shorter than half of one, an avoid note passes.
            avoid = [(never, 1), (passing, if on_pulse { 1 } else { (pulse / 2).max(2) })];
        }
        let rules = if limit < self.length { &self.inner } else { &self.task.rules };
        let moment = Moment {
            left: limit - self.step,
            last_pitch: self.notes.last().map(|n| n.pitch),
            harmony: chord.map(|span| (span.tones, CHORD_BONUS[usize::from(!on_pulse)])),
            echoes,
            echo_cost: ECHO_COST,
            rests: REST_NATS * self.task.controls.rests,
            pace: self.task.wanted.map(|(wanted, cost)| Pace {
                notes: self.notes.len() as u32,
                steps: self.step,
                wanted,
                cost,
            }),
            avoid: &avoid,
        };
        match &mut self.task.choice {
            Choice::Likeliest => likeliest_allowed(expectation, rules, &moment),
            Choice::Draw(freedom, rng) => choose(expectation, rules, &moment, *freedom, rng),
        }
    }
}

/// Grid steps of a length; at least one.
pub(super) fn steps(length: Beats) -> u32 {
    length.nearest_step(STEPS_PER_BEAT).clamp(1, 1 << 20) as u32
}

/// Grid steps from one position to another.
pub(super) fn steps_between((from, to): (Beats, Beats)) -> u32 {
    (to.nearest_step(STEPS_PER_BEAT) - from.nearest_step(STEPS_PER_BEAT)).clamp(0, 1 << 20) as u32
}
