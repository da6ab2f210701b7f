//! How well a melody network foresees whole tunes, heard event by event as on stage.

use super::{ComposeError, MelodyModel, Place};
use crate::music::encoding::{END, EncodedTune, FIRST_PITCH_BITS, PITCH_CLASSES, REST, bar_steps, metre_class};
use serde::Serialize;
use std::fmt;
use std::ops::AddAssign;

/// What tunes cost a network, summed. Every coded symbol counts: durations, pitches, rests, ends and first pitches.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Tunes.
    pub tunes: usize,
    /// Notes that sound.
    pub notes: usize,
    /// Bits of durations and ends.
    pub duration_bits: f64,
    /// Bits of pitches and rests.
    pub pitch_bits: f64,
    /// Notes after the first of their tune.
    pub guessed: usize,
    /// Of these, those whose pitch was thought likeliest, their duration known.
    pub right: usize,
    /// Of the guessed notes, those with another pitch than the note before.
    pub changes: usize,
    /// Of the changes, those whose pitch was thought likeliest.
    pub right_changes: usize,
}

/// A [`Tally`] a note.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Everything together, in bits a sounding note.
    pub bits_per_note: f64,
    /// Of it: durations and ends.
    pub duration: f64,
    /// Of it: pitches and rests.
    pub pitch: f64,
    /// Of it: the absolute pitch of each tune's first note.
    pub first_pitch: f64,
    /// Share of notes whose pitch was thought likeliest, the duration known; first notes are left out.
    pub pitch_accuracy: f64,
    /// The same among notes with another pitch than the note before.
    pub pitch_accuracy_at_changes: f64,
    /// Tunes.
    pub tunes: usize,
    /// Notes that sound.
    pub notes: usize,
}

impl Tally {
    /// Lets a model hear one tune from the start, after forgetting everything; `heard` is called after each event and
    /// the end.
    ///
    /// # Errors
    /// As [`MelodyModel::expect`].
    pub fn of(model: &mut MelodyModel, tune: &EncodedTune, heard: &mut dyn FnMut()) -> Result<Self, ComposeError> {
        model.forget();
        let mut tally = Self { tunes: 1, notes: tune.notes(), ..Self::default() };
        let (bar, metre) = (bar_steps(tune.metre), metre_class(tune.metre));
        let mut before = None;
        for (row, at) in tune.positions().into_iter().enumerate() {
            let place = Place { position: at % bar, metre, bars: at as f32 / bar as f32 };
            let expectation = model.expect(place)?;
            let token = tune.tokens.get(row).copied();
            let duration = usize::from(token.map_or(END, |t| t.duration));
            tally.duration_bits += bits(expectation.log_duration[duration]);
            if let Some(token) = token {
                let pitches = &expectation.log_pitch[duration * PITCH_CLASSES..][..PITCH_CLASSES];
                tally.pitch_bits += bits(pitches[usize::from(token.pitch)]);
                if token.pitch != REST {
                    tally.guess(likeliest(pitches) == usize::from(token.pitch), before.map(|b| b != token.pitch));
                    before = Some(token.pitch);
                }
                model.hear(expectation, token);
            }
            heard();
        }
        Ok(tally)
    }

    /// Counts a guess; `changes` is unknown for a tune's first note, which is not counted.
    fn guess(&mut self, right: bool, changes: Option<bool>) {
        if let Some(changes) = changes {
            self.guessed += 1;
            self.right += usize::from(right);
            self.changes += usize::from(changes);
            self.right_changes += usize::from(changes && right);
        }
    }

    /// The figures a note.
    pub fn figures(&self) -> Figures {
        let per_note = |bits: f64| bits / self.notes.max(1) as f64;
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let (duration, pitch) = (per_note(self.duration_bits), per_note(self.pitch_bits));
        let first_pitch = per_note(FIRST_PITCH_BITS * self.tunes as f64);
        Figures {
            bits_per_note: duration + pitch + first_pitch,
            duration,
            pitch,
            first_pitch,
            pitch_accuracy: share(self.right, self.guessed),
            pitch_accuracy_at_changes: share(self.right_changes, self.changes),
            tunes: self.tunes,
            notes: self.notes,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.tunes += other.tunes;
        self.notes += other.notes;
        self.duration_bits += other.duration_bits;
        self.pitch_bits += other.pitch_bits;
        self.guessed += other.guessed;
        self.right += other.right;
        self.changes += other.changes;
        self.right_changes += other.right_changes;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3} bits a note (durations {:.3}, pitches {:.3}, first pitches {:.3}); next pitch right {:.1} %, where it changes {:.1} %; {} tunes, {} notes",
            self.bits_per_note,
            self.duration,
            self.pitch,
            self.first_pitch,
            100.0 * self.pitch_accuracy,
            100.0 * self.pitch_accuracy_at_changes,
            self.tunes,
            self.notes
        )
    }
}

/// Bits of a natural log-probability.
fn bits(log: f32) -> f64 {
    -f64::from(log) / std::f64::consts::LN_2
}

fn likeliest(logs: &[f32]) -> usize {
    (0..logs.len()).max_by(|&a, &b| logs[a].total_cmp(&logs[b])).unwrap_or(0)
}
