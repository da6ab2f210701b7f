//! A second voice to what is played.

use super::super::ComposeError;
use super::super::harmony::home_tones;
use super::{Director, SecondVoice, Slot, Turn, position, step_after};
use crate::bridge::{Plan, SecondTones};
use crate::music::{Chord, Note, PitchClass, PitchClassSet};
use crate::time::Beats;

/// Steps from a decision to where it holds, at least: shorter than the lead of phrases, for what was just played counts.
pub(super) const PROMPT: i64 = 2;
/// The voice's velocity against the player's.
const SOFTER: f32 = 0.85;

/// Costs of a tone. Its interval from the player's note: the wished one, its like on the same side (a sixth for a
/// third), one of them on the other side, another consonance (fourth, fifth, octave).
const INTERVAL_COSTS: [f64; 4] = [0.0, 2.0, 4.0, 8.0];
/// What a tone of the chord gains.
const CHORD_GAIN: f64 = 1.5;
/// Intervals that are consonant, in semitones.
const CONSONANT: [i8; 7] = [3, 4, 5, 7, 8, 9, 12];

/// The second voice from step to step.
#[derive(Debug, Clone, Default)]
pub(super) struct Voice {
    /// The step from which on it sings.
    pub from: i64,
    /// What the audio side was told last, and for which step.
    told: Option<SecondTones>,
    at: Option<i64>,
}

impl Director {
    /// Tells the audio side what goes with each note that the player may strike next, so that the second voice begins and
    /// ends with the note itself.
    ///
    /// For each pitch class the tone is the one of least cost among thirds, sixths and, where the scale has none of these,
    /// other consonances; within the scale that is set or within the key, as it is if that note is heard next. The chord of
    /// the keys that are held counts. Transposition and quantising do not concern the voice.
    pub(super) fn harmonise(&mut self, step: i64) -> Result<(), ComposeError> {
        let resting = self.slot_sounds(step);
        let then = match &self.slot {
            Some(slot) if resting => step_after(slot.at),
            _ => self.voice.from,
        };
        let then = then.max(step + PROMPT);
        let known = self.voice.told.is_some() && self.onsets.is_empty() && !self.is_beat(step);
        if known && !resting {
            return Ok(());
        }
        let tones = (!resting).then(|| self.second_tones(position(step)));
        self.tell_second(tones, then)
    }

    /// Has the second voice fall silent at a step, if there is one.
    pub(super) fn end_second(&mut self, then: i64) -> Result<(), ComposeError> {
        self.tell_second(None, then)
    }

    /// Plans are told apart by their positions: where one was told already, the other comes a step later.
    fn tell_second(&mut self, tones: Option<SecondTones>, then: i64) -> Result<(), ComposeError> {
        if tones == self.voice.told {
            return Ok(());
        }
        let then = self.voice.at.map_or(then, |at| then.max(at + 1));
        let full = ComposeError::TooManyNotes { phrase: self.composed };
        self.plan(Plan::Second { epoch: self.epoch, at: position(then), tones }).map_err(|_| full)?;
        (self.voice.told, self.voice.at) = (tones, Some(then));
        Ok(())
    }

    /// Whether a phrase that was asked for is still to be played.
    fn slot_sounds(&mut self, step: i64) -> bool {
        let sounds = |slot: &Slot| step_after(slot.at + slot.written.length()) > step;
        if self.slot.as_ref().is_some_and(sounds) {
            return true;
        }
        if self.slot.take().is_some() {
            self.turn = Turn::Waiting;
        }
        false
    }

    /// What goes with each pitch class.
    fn second_tones(&mut self, now: Beats) -> SecondTones {
        let controls = &self.settings.controls;
        let held: Vec<u8> = self.ear.held().map(|note| note.pitch).collect();
        self.chord = Chord::of_pitches(&held).or(self.chord);
        let chord = self.chord.map_or(PitchClassSet::EMPTY, Chord::tones);
        let mut heard = self.ear.until(now);
        let mut with = |lead: PitchClass| {
            if let Some(scale) = controls.scale {
                return scale.tones;
            }
            let next = Note { onset: now, duration: Beats(1.0), pitch: 60 + lead.semitone(), velocity: 80 };
            heard.push(next);
            let tones = home_tones(&heard).1;
            heard.pop();
            tones
        };
        let wish = self.settings.direction.second;
        let mut intervals = [[0; 2]; 12];
        for lead in PitchClass::all() {
            let tones = with(lead);
            let best = |allowed: &dyn Fn(i8) -> bool| {
                let both = CONSONANT.iter().flat_map(|&size| [-size, size]).filter(|&interval| allowed(interval));
                let fitting = both.filter(|&interval| tones.contains(lead.up(i32::from(interval))));
                let cost = |interval: i8| {
                    let gain = if chord.contains(lead.up(i32::from(interval))) { CHORD_GAIN } else { 0.0 };
                    interval_cost(interval, wish) - gain
                };
                fitting.min_by(|&a, &b| cost(a).total_cmp(&cost(b)).then(a.cmp(&b))).unwrap_or(0)
            };
            let first = best(&|_| true);
            // Where that is out of range, something on the other side may not be.
            intervals[usize::from(lead.semitone())] = [first, best(&|interval| (interval < 0) != (first < 0))];
        }
        let curve = controls.expression.velocity_curve as f32;
        SecondTones { intervals, range: controls.range.unwrap_or((0, 127)), gain: SOFTER, curve }
    }
}

fn interval_cost(interval: i8, wish: SecondVoice) -> f64 {
    let (third, below) = match wish {
        SecondVoice::ThirdBelow => (true, true),
        SecondVoice::SixthBelow => (false, true),
        SecondVoice::ThirdAbove => (true, false),
        SecondVoice::SixthAbove => (false, false),
    };
    let kind = match interval.abs() {
        3 | 4 if third => 0,
        8 | 9 if !third => 0,
        3 | 4 | 8 | 9 => 1,
        _ => 3,
    };
    INTERVAL_COSTS[if kind < 3 && (interval < 0) != below { 2 } else { kind }]
}
