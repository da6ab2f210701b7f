//! A running melody over the chords that are held or played.

use super::super::ComposeError;
use super::super::facts::{Facts, reach};
use super::super::harmony::home_tones;
use super::super::line::First;
use super::super::pen::{Standing, steps_between};
use super::draft::{Draft, Source, harmony_span};
use super::{Director, Slot, Turn, position};
use crate::bridge::Plan;
use crate::music::{Chord, Note, PitchClassSet, STEPS_PER_BEAT, chord_between};
use crate::time::Beats;
use std::sync::Arc;

/// Where the melody begins: the root of the first chord that is nearest to this key.
const CENTRE: u8 = 71;
/// How far below and above its first pitch the melody goes, in semitones.
const REACH: (i32, i32) = (9, 12);
/// Shortest note, in steps: a sixteenth.
const SHORTEST: u32 = STEPS_PER_BEAT / 4;

/// Quarter notes for which a melody of the player counts, and how many notes make one.
const REMEMBERED: Beats = Beats(32.0);
const ENOUGH: usize = 6;

/// What the player played as a melody.
struct Melodic {
    notes: Vec<Note>,
    /// Their range, with some air.
    range: (i32, i32),
    /// Notes in a step.
    density: f64,
}

impl Director {
    /// Improvises as long as something is held or played, and up to a phrase's length after.
    ///
    /// The chord is looked for on every pulse. Where it has changed, what is planned from the next pulse on is written
    /// again; so a new chord is heard in the melody within a pulse and the steps of the lead.
    pub(super) fn improvise(&mut self, step: i64, then: i64) -> Result<(), ComposeError> {
        let now = position(step);
        if !self.onsets.is_empty() || self.ear.held().next().is_some() {
            self.active = Some(now);
        }
        if !self.is_pulse(then) {
            return Ok(());
        }
        let at = position(then);
        let before = self.chord;
        self.chord = self.heard_chord(now).or(before);
        let Some(chord) = self.chord else { return Ok(()) };
        let fresh = self.slot.as_ref().is_some_and(|slot| slot.fresh);
        let ready = self.turn == Turn::Waiting || self.ends_at(then);
        let patience = self.ear.metres().metre_at(now).bar_beats() * self.bars() as f64;
        let alone = self.active.is_none_or(|active| now - active > patience);
        if before != self.chord && !alone {
            let (root, pitch_classes) = (chord.root.semitone(), chord.tones().mask());
            // Only pictures lack it where there is no room.
            let _told = self.plan(Plan::Chord { epoch: self.epoch, at, root, pitch_classes });
        }
        if ready && alone {
            (self.turn, self.slot) = (Turn::Waiting, None);
            Ok(())
        } else if ready {
            self.run_over(chord, at)
        } else if before != self.chord && fresh {
            self.bend_to(chord, at)
        } else {
            Ok(())
        }
    }

    /// The chord of the keys that are held, or of what sounded in the last bar.
    fn heard_chord(&self, now: Beats) -> Option<Chord> {
        let held: Vec<u8> = self.ear.held().map(|note| note.pitch).collect();
        Chord::of_pitches(&held).or_else(|| {
            let notes = self.ear.until(now);
            chord_between(&notes, now - self.ear.metres().metre_at(now).bar_beats(), now, home_tones(&notes).0)
        })
    }

    /// What the player last played as a melody: notes struck alone with none above them, if there are enough of them.
    fn melody_before(&self, at: Beats) -> Option<Melodic> {
        let heard = self.ear.until(at);
        let together = Beats::from_steps(2, STEPS_PER_BEAT);
        let leads = |note: &&Note| {
            let others = heard.iter().filter(|other| !std::ptr::eq(*other, *note));
            let begins = |other: &Note| other.onset < note.onset + together && note.onset < other.onset + together;
            let above = |o: &Note| o.pitch > note.pitch && o.onset <= note.onset && o.end() > note.onset + together;
            note.onset >= at - REMEMBERED && !others.clone().any(|other| begins(other) || above(other))
        };
        let notes: Vec<Note> = heard.iter().filter(leads).copied().collect();
        let (first, last) = (notes.first()?, notes.last()?);
        if notes.len() < ENOUGH {
            return None;
        }
        let steps = steps_between((self.bar_line(first.onset, 0), self.bar_line(last.onset, 1).min(at))).max(1);
        Some(Melodic { density: notes.len() as f64 / f64::from(steps), range: reach(&notes), notes })
    }

    /// Begins a phrase over a chord.
    fn run_over(&mut self, chord: Chord, at: Beats) -> Result<(), ComposeError> {
        let window = (at, self.bar_line(at, self.bars()));
        let melody = self.melody_before(at);
        if let Some(Melodic { notes, .. }) = &melody {
            // What he plays as a melody is taken up.
            self.hear_notes(notes, (self.bar_line(at, -self.bars()), at))?;
        }
        let root: PitchClassSet = [chord.root].into_iter().collect();
        let bar = self.ear.metres().bar_at(at).index;
        self.line.begin_with(First { pitch: root.nearest_pitch(CENTRE).unwrap_or(CENTRE), bar });
        let call = (self.bar_line(at, -self.bars()), at);
        let Some(facts) = Facts::of(&self.ear, &self.line, call) else { return Ok(()) };
        let (range, density) = match &melody {
            Some(melody) => (melody.range, Some(melody.density)),
            None => {
                let middle = i32::from(root.nearest_pitch(CENTRE).unwrap_or(CENTRE));
                ((middle - REACH.0, middle + REACH.1), None)
            }
        };
        let facts = Facts { range, shortest: facts.shortest.min(SHORTEST), notes: 0, density, ..facts };
        let (loudness, harmony) = (facts.loudness, vec![harmony_span(window, chord)]);
        let source =
            Source::Line { before: Arc::new(self.line.remember()), facts: Box::new(facts), harmony, strict: true };
        self.compose(Draft { mode: self.mode, window, metres: self.ear.metres().clone(), source, loudness })
    }

    /// Writes the rest of a phrase again, over another chord.
    fn bend_to(&mut self, chord: Chord, at: Beats) -> Result<(), ComposeError> {
        let Some(Slot { at: begun, written, .. }) = self.slot.take() else { return Ok(()) };
        let mut draft = Draft::clone(&written.draft);
        let window = draft.window;
        if let Source::Line { harmony, facts, .. } = &mut draft.source {
            facts.home = home_tones(&self.ear.until(at)).1;
            harmony.retain(|span| span.from < at);
            harmony.iter_mut().for_each(|span| span.to = span.to.min(at));
            harmony.push(harmony_span((at, window.1), chord));
        }
        self.withdraw(at)?;
        let from = steps_between((begun, at));
        let mut stands = written.standing(0, from);
        let free = steps_between((begun, self.free_at(at)));
        stands = Standing { to: stands.to.max(free), ..stands };
        let from = stands.to;
        let written = self.write(draft, written.take, vec![stands])?;
        if self.foresight.ends() {
            return Ok(());
        }
        self.history.amend(written.clone());
        self.play(written, begun, from, true)
    }
}
