//! A second voice to what is played.

use super::super::ComposeError;
use super::super::harmony::home_tones;
use super::{Director, SecondVoice, position, step_after};
use crate::music::{Chord, Note, PitchClassSet, STEPS_PER_BEAT};
use crate::time::Beats;

/// Steps between the lines on which the voice begins notes, where no grid is set: a sixteenth.
const USUAL_GRID: u32 = STEPS_PER_BEAT / 4;
/// Steps from a decision to the voice's note, at least: shorter than the lead of phrases, for a voice must be prompt.
pub(super) const PROMPT: u32 = 2;
/// Length of a note whose end cannot be guessed yet, and the longest, in steps.
const LENGTHS: (i64, i64) = (STEPS_PER_BEAT as i64, 4 * STEPS_PER_BEAT as i64);
/// The voice's velocity against the player's.
const SOFTER: f64 = 0.85;

/// Costs of a tone. Its interval from the player's note: the wished one, its like on the same side (a sixth for a
/// third), one of them on the other side, another consonance (fourth, fifth, octave).
const INTERVAL_COSTS: [f64; 4] = [0.0, 2.0, 4.0, 8.0];
/// For each semitone that the voice moves.
const MOVE_COST: f64 = 0.25;
/// What a tone of the chord gains.
const CHORD_GAIN: f64 = 1.5;

/// The second voice from step to step.
#[derive(Debug, Default)]
pub(super) struct Voice {
    /// The step from which on it may begin a note.
    free: i64,
    last: Option<u8>,
    /// The player's note that has no second voice yet.
    wanted: Option<Note>,
    /// Where the player's last note began, and how many steps after the one before.
    rhythm: Option<(Beats, Option<i64>)>,
}

impl Director {
    /// Gives the player's newest note a second voice: on the next line of the grid, at least two steps later.
    ///
    /// The tone is the one of least cost among thirds, sixths and, where the scale has none of these, other consonances
    /// within scale and range. As nobody knows how long a held note will be, the voice's lasts as long as the player
    /// took from the last note to this one; while it sounds the voice begins no other. Transposition does not concern
    /// it.
    pub(super) fn harmonise(&mut self, step: i64) -> Result<(), ComposeError> {
        for note in std::mem::take(&mut self.onsets) {
            let steps = |from: Beats| (note.onset - from).nearest_step(STEPS_PER_BEAT);
            // Notes struck together are one chord, whose highest is led.
            let together = self.voice.rhythm.is_some_and(|(last, _)| steps(last) < 2);
            let higher = self.voice.wanted.is_none_or(|wanted| note.pitch > wanted.pitch);
            if !together {
                self.voice.rhythm = Some((note.onset, self.voice.rhythm.map(|(last, _)| steps(last))));
            }
            if !together || higher {
                self.voice.wanted = Some(note);
            }
        }
        let grid = i64::from(self.settings.controls.grid.unwrap_or(USUAL_GRID).max(1));
        let then = step + i64::from(PROMPT.min(self.lead));
        let busy = self.free_at(position(then)) > position(then);
        if then % grid != 0 || then < self.voice.free || busy || self.slot_sounds(step) {
            return Ok(());
        }
        let Some(lead) = self.voice.wanted.take() else { return Ok(()) };
        let Some(pitch) = self.second_tone(lead.pitch, position(then)) else { return Ok(()) };
        let ended = self.ear.ended(&lead).map(|length| length.nearest_step(STEPS_PER_BEAT));
        let usual = self.voice.rhythm.and_then(|(_, steps)| steps).unwrap_or(LENGTHS.0);
        let steps = (ended.unwrap_or(usual).clamp(1, LENGTHS.1) + grid - 1) / grid * grid;
        let controls = &self.settings.controls.expression;
        let loudness = f64::from(lead.velocity) * SOFTER / 127.0;
        let velocity = (127.0 * loudness.powf(controls.velocity_curve)).round().clamp(1.0, 127.0) as u8;
        let duration = Beats::from_steps(steps, STEPS_PER_BEAT) * controls.gate;
        self.voice.free = then + steps;
        self.voice.last = Some(pitch);
        self.composed = self.composed.wrapping_add(1);
        let full = ComposeError::TooManyNotes { phrase: self.composed };
        self.send(Note { onset: position(then), duration, pitch, velocity }).map_err(|()| full)
    }

    /// Whether a phrase that was asked for is still to be played.
    fn slot_sounds(&mut self, step: i64) -> bool {
        let sounds = |slot: &super::Slot| step_after(slot.at + slot.written.length()) > step;
        if self.slot.as_ref().is_some_and(sounds) {
            return true;
        }
        if self.slot.take().is_some() {
            self.turn = super::Turn::Waiting;
        }
        false
    }

    /// The tone of least cost under or over a pitch.
    fn second_tone(&mut self, lead: u8, at: Beats) -> Option<u8> {
        let controls = &self.settings.controls;
        let held: Vec<u8> = self.ear.held().map(|note| note.pitch).collect();
        self.chord = Chord::of_pitches(&held).or(self.chord);
        let chord = self.chord.map_or(PitchClassSet::EMPTY, Chord::tones);
        let tones = controls.scale.map_or_else(|| home_tones(&self.ear.until(at)).1, |scale| scale.tones);
        let (low, high) = controls.range.unwrap_or((0, 127));
        let (third, below) = match self.settings.direction.second {
            SecondVoice::ThirdBelow => (true, true),
            SecondVoice::SixthBelow => (false, true),
            SecondVoice::ThirdAbove => (true, false),
            SecondVoice::SixthAbove => (false, false),
        };
        let cost = |pitch: u8| {
            let kind = match pitch.abs_diff(lead) {
                3 | 4 if third => 0,
                8 | 9 if !third => 0,
                3 | 4 | 8 | 9 => 1,
                5 | 7 | 12 => 3,
                _ => return None,
            };
            let kind = if kind < 3 && (pitch < lead) != below { 2 } else { kind };
            let moved = self.voice.last.map_or(0.0, |last| f64::from(last.abs_diff(pitch)));
            let gain = if chord.contains_pitch(pitch) { CHORD_GAIN } else { 0.0 };
            Some(INTERVAL_COSTS[kind] + MOVE_COST * moved - gain)
        };
        let allowed = (low..=high).filter(|&pitch| pitch < 128 && tones.contains_pitch(pitch));
        let best = allowed.filter_map(|pitch| Some((cost(pitch)?, pitch)));
        best.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, pitch)| pitch)
    }
}
