//! What a phrase takes up of what was heard before it, and the rules that follow.

use super::controls::{Controls, ScaleControl};
use super::ear::Ear;
use super::harmony::{HarmonySpan, home_tones};
use super::line::{First, Line};
use super::pen::{steps, steps_between};
use super::sampler::{Rules, closable};
use crate::music::encoding::REACH;
use crate::music::{Key, Note, PitchClassSet, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};

/// How far beyond the range that was heard an answer may go, in semitones.
const STRETCH: u8 = 3;
/// Share of the call's events after which a literal echo becomes costly, and how many events at least.
const ECHO: (f64, usize) = (0.4, 5);
/// Nats lost at twice or half the density: the one that is set, and the call's.
const PACE_COST: (f64, f64) = (24.0, 1.0);
/// A phrase need not rest longer than this, in steps: in cut time a pulse is a half note.
const LONGEST_REST: u32 = 3 * STEPS_PER_BEAT / 2;
/// Velocity where nothing was heard.
const USUAL_VELOCITY: f64 = 80.0;

/// How a phrase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// On the tonic's chord, and on to the next one: with half a pulse at least.
    Open,
    /// At rest on the tonic's chord: with a pulse.
    Rest,
    /// On the tonic: with a pulse.
    Final,
}

/// What was heard, as far as it matters to a phrase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    pub first: First,
    pub key: Option<Key>,
    /// Tones that are at home, with the tonic.
    pub home: PitchClassSet,
    /// Lowest and highest pitch, with some air.
    pub range: (i32, i32),
    /// The shortest note, in steps.
    pub shortest: u32,
    /// Notes that begin in the call.
    pub notes: usize,
    /// Their number in a step, where there are any.
    pub density: Option<f64>,
    /// Mean velocity.
    pub loudness: f64,
}

impl Facts {
    /// What a call tells, and everything heard before its end; `None` before the first note.
    pub fn of(ear: &Ear, line: &Line, call: (Beats, Beats)) -> Option<Self> {
        let first = line.first()?;
        let heard = ear.until(call.1);
        let (key, home) = home_tones(&heard);
        let notes = ear.within(call).count();
        let length = steps_between(call);
        let loud = ear.within(call).map(|n| f64::from(n.velocity)).sum::<f64>();
        Some(Self {
            first,
            key,
            home: home.union(key.map(|key| key.tonic).into_iter().collect()),
            range: reach(&heard),
            shortest: line.shortest(),
            notes,
            density: (notes > 0 && length > 0).then(|| notes as f64 / f64::from(length)),
            loudness: if notes == 0 { USUAL_VELOCITY } else { loud / notes as f64 },
        })
    }

    /// Events after which a literal echo becomes costly.
    pub fn echo_length(&self) -> usize {
        ((self.notes as f64 * ECHO.0) as usize).max(ECHO.1)
    }

    /// Notes in a step that are wanted, and how strictly: as set, or about as many as the call had.
    pub fn wanted(&self, controls: &Controls) -> Option<(f64, f64)> {
        set_density(controls).or(self.density.map(|notes| (notes, PACE_COST.1)))
    }

    /// The rules of an answer before it is transposed: those of what sounds, moved back.
    pub fn rules(
        &self,
        controls: &Controls,
        window: (Beats, Beats),
        metres: &MetreMap,
        close: Close,
        harmony: &[HarmonySpan],
    ) -> Rules {
        let scale = scale_before(controls);
        let tones = scale.map_or(self.home, |scale| scale.tones);
        let closing_tones = match scale {
            Some(scale) => scale.closing_tones(),
            None => closing_tones(self.key, tones, window.1, close, harmony),
        };
        let pulse = steps(metres.metre_at(window.0).pulse_beats());
        // Short notes were heard, or are needed, some of half the mean length, for as many as are wanted.
        let shortest = match controls.density {
            Some(notes) => self.shortest.min((0.5 * f64::from(STEPS_PER_BEAT) / notes).ceil() as u32),
            None => self.shortest,
        };
        let closing_steps = match close {
            Close::Final => pulse,
            // Where a density is asked for, a long note would take from it.
            Close::Rest if controls.density.is_none() => pulse.min(LONGEST_REST),
            Close::Rest | Close::Open => pulse / 2,
        };
        let closing_steps = closing_steps.max(shortest);
        let grid = controls.grid.unwrap_or(1).max(1);
        Rules {
            first_pitch: self.first.pitch,
            tones,
            range: range_before(controls, self.first.pitch, self.range),
            closing_tones,
            closing_steps,
            shortest,
            grid,
            closable: closable(steps_between(window), shortest, closing_steps, grid),
        }
    }
}

/// Lowest and highest pitch of notes, with some air.
pub(super) fn reach(notes: &[Note]) -> (i32, i32) {
    let pitches = || notes.iter().map(|n| i32::from(n.pitch));
    let (low, high) = (pitches().min().unwrap_or(60), pitches().max().unwrap_or(72));
    // At least an octave, so that every tone of the key has a place.
    let air = (12 - (high - low)).max(0) / 2 + i32::from(STRETCH);
    (low - air, high + air)
}

/// Rules that hold nothing but what is set, for pitches counted from a reference; and in a key, a last note on the tonic's
/// chord.
pub(super) fn open_rules(controls: &Controls, reference: u8, length: u32, key: Option<Key>) -> Rules {
    let scale = scale_before(controls);
    let tones = scale.map_or(PitchClassSet::ALL, |scale| scale.tones);
    let range = range_before(controls, reference, (0, 127));
    let stable = key.map(|key| scale.map_or(key.tonic_triad().tones(), ScaleControl::closing_tones));
    let reached = |stable: &PitchClassSet| (range.0..=range.1).any(|pitch| stable.contains_pitch(pitch));
    let closing_tones = stable.filter(reached).unwrap_or(tones);
    let grid = controls.grid.unwrap_or(1).max(1);
    let closable = closable(length, 1, 1, grid);
    Rules { first_pitch: reference, tones, range, closing_tones, closing_steps: 1, shortest: 1, grid, closable }
}

/// The density that is set, in notes a step, and how strictly.
pub(super) fn set_density(controls: &Controls) -> Option<(f64, f64)> {
    controls.density.map(|notes| (notes / f64::from(STEPS_PER_BEAT), PACE_COST.0))
}

/// The scale that is set, before transposition.
fn scale_before(controls: &Controls) -> Option<ScaleControl> {
    let down = -controls.transpose;
    controls.scale.map(|ScaleControl { tones, stable }| ScaleControl {
        tones: tones.transposed(down),
        stable: stable.transposed(down),
    })
}

/// The range that is set, before transposition, or another; within what can be said from a first pitch.
fn range_before(controls: &Controls, first: u8, heard: (i32, i32)) -> (u8, u8) {
    let down = -controls.transpose;
    let within = |pitch: i32| pitch.clamp((i32::from(first) - REACH).max(0), (i32::from(first) + REACH).min(127));
    let (low, high) = match controls.range {
        Some((low, high)) => (i32::from(low) + down, i32::from(high) + down),
        None => heard,
    };
    (within(low) as u8, within(high) as u8)
}

impl ScaleControl {
    fn closing_tones(self) -> PitchClassSet {
        let stable = self.stable.intersection(self.tones);
        if stable.is_empty() { self.tones } else { stable }
    }
}

/// Tones that an answer may end on: the tonic at the very end, the tonic's chord elsewhere, and of both what the chord
/// that sounds then has, if it has any.
fn closing_tones(
    key: Option<Key>,
    tones: PitchClassSet,
    end: Beats,
    close: Close,
    harmony: &[HarmonySpan],
) -> PitchClassSet {
    let chord = harmony.iter().rev().find(|span| span.from < end && span.to >= end);
    let Some(key) = key else { return tones };
    let last = close == Close::Final;
    let stable: PitchClassSet = if last { [key.tonic].into_iter().collect() } else { key.tonic_triad().tones() };
    let stable = stable.intersection(tones.union([key.tonic].into_iter().collect()));
    match chord.map(|span| span.tones.intersection(tones)) {
        // A half close: where the harmony has left the tonic, its chord is the place to rest.
        Some(chord) if !last && !chord.is_empty() => {
            let both = stable.intersection(chord);
            if both.is_empty() { chord } else { both }
        }
        _ => stable,
    }
}
