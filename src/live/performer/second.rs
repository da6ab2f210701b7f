//! The second voice: what a composer asked to go along with the player's notes, begun and ended with them.

use super::super::setup::PlayedNote;
use super::Performer;
use super::notes::Here;
use crate::bridge::{Part, Scheduled, SecondTones};
use crate::time::Beats;

/// Semitones under a note that still sounds from which on a new note accompanies it, and has no voice with it.
const UNDER: u8 = 8;

/// The second voice as it stands.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// What it sings; `None` where there is no such voice.
    tones: Option<SecondTones>,
    /// The player's note that it goes with, and its own.
    sounding: Option<(u8, u8)>,
    /// The highest note that the player struck at this sample.
    struck: Option<Scheduled>,
}

impl Performer {
    /// Takes over what the voice is to sing. Where it is to be silent, it is at once.
    pub(super) fn set_second<F: FnMut(PlayedNote)>(
        &mut self,
        tones: Option<SecondTones>,
        at: Beats,
        here: &mut Here<F>,
    ) {
        if tones.is_none() {
            self.end_second(at, here);
        }
        self.second.tones = tones;
    }

    /// Notes that the player struck a note, which the voice may go with.
    pub(super) fn note_struck(&mut self, note: Scheduled) {
        let higher = self.second.struck.is_none_or(|struck| note.pitch > struck.pitch);
        if note.part == Part::Call && self.second.tones.is_some() && higher {
            self.second.struck = Some(note);
        }
    }

    /// Ends the voice where the note that it goes with has ended.
    pub(super) fn note_ended<F: FnMut(PlayedNote)>(&mut self, part: Part, pitch: u8, at: Beats, here: &mut Here<F>) {
        match self.second.sounding {
            Some((lead, _)) if part == Part::Call && lead == pitch => self.end_second(at, here),
            // Another answer took its key.
            Some((_, own)) if part == Part::Answer && own == pitch => self.second.sounding = None,
            _ => {}
        }
    }

    /// Begins the voice's note with the one that was struck at this sample: with the highest of several. A note far below
    /// one that the voice goes with accompanies it.
    pub(super) fn go_along<F: FnMut(PlayedNote)>(&mut self, here: &mut Here<F>) {
        let (Some(struck), Some(tones)) = (self.second.struck.take(), self.second.tones) else { return };
        if !self.sounding.sounds(Part::Call, struck.pitch) {
            return;
        }
        if self.second.sounding.is_some_and(|(lead, _)| lead >= struck.pitch.saturating_add(UNDER)) {
            return;
        }
        self.end_second(struck.at, here);
        if let Some(pitch) = tones.with(struck.pitch) {
            let velocity = tones.velocity(struck.velocity);
            let duration = Beats(f64::INFINITY);
            self.begin_note(Scheduled { duration, part: Part::Answer, pitch, velocity, ..struck }, here);
            self.second.sounding = Some((struck.pitch, pitch));
        }
    }

    /// Forgets the voice, whose note has ended with all others.
    pub(super) fn forget_second(&mut self) {
        self.second = Second::default();
    }

    fn end_second<F: FnMut(PlayedNote)>(&mut self, at: Beats, here: &mut Here<F>) {
        if let Some((_, own)) = self.second.sounding.take() {
            self.end_note(Part::Answer, own, at, here);
        }
    }
}
