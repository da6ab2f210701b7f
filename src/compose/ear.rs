//! What is heard of the player: notes, and the metre they stand in.

use crate::bridge::{Heard, HeardKind};
use crate::music::Note;
use crate::time::{Beats, MetreChange, MetreMap, TimeSignature};

/// Notes and metres as they were heard, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Ear {
    /// A note that still sounds ends at infinity.
    notes: Vec<Note>,
    changes: Vec<MetreChange>,
    metres: MetreMap,
}

impl Ear {
    /// Forgets everything; bars are counted from beat 0 in a metre.
    pub fn restart(&mut self, metre: TimeSignature) {
        self.notes.clear();
        self.changes = vec![MetreChange { at: Beats::ZERO, metre }];
        self.map_metres();
    }

    /// Takes in what was heard.
    pub fn hear(&mut self, heard: Heard) {
        let at = heard.pos_beats;
        match heard.kind {
            HeardKind::NoteOn { pitch, velocity } => {
                self.end_note(pitch, at);
                self.notes.push(Note { onset: at, duration: Beats(f64::INFINITY), pitch, velocity });
            }
            HeardKind::NoteOff { pitch } => self.end_note(pitch, at),
            HeardKind::Bar { time_signature: metre, .. } => {
                let same = self.changes.last().is_some_and(|change| change.metre == metre);
                if !same && at.0 >= 0.0 {
                    self.changes.push(MetreChange { at, metre });
                    self.map_metres();
                }
            }
            HeardKind::Transport { .. } | HeardKind::Break => {}
        }
    }

    fn map_metres(&mut self) {
        // The audio side only tells metres that can be counted.
        self.metres = MetreMap::new(self.changes.clone()).unwrap_or_default();
    }

    fn end_note(&mut self, pitch: u8, at: Beats) {
        let open = self.notes.iter_mut().rev().find(|n| n.pitch == pitch && n.duration.0.is_infinite());
        if let Some(note) = open {
            note.duration = (at - note.onset).max(Beats(1e-3));
        }
    }

    /// Bars and beats.
    pub fn metres(&self) -> &MetreMap {
        &self.metres
    }

    /// What was heard, with notes that still sound cut at `end`.
    pub fn until(&self, end: Beats) -> Vec<Note> {
        let cut = move |note: &Note| Note { duration: note.duration.min(end - note.onset), ..*note };
        self.notes.iter().filter(move |note| note.onset < end).map(cut).collect()
    }

    /// Notes that begin in a stretch of time.
    pub fn within(&self, (from, to): (Beats, Beats)) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |n| n.onset >= from && n.onset < to)
    }

    /// Notes that sound now.
    pub fn held(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|n| n.duration.0.is_infinite())
    }

    /// The note that began last.
    pub fn newest(&self) -> Option<&Note> {
        self.notes.last()
    }

    /// Where the first note began that is remembered.
    pub fn first_onset(&self) -> Option<Beats> {
        self.notes.first().map(|note| note.onset)
    }

    /// Where the last note ended; infinity while one sounds.
    pub fn silent_since(&self) -> Option<Beats> {
        self.notes.iter().map(Note::end).max_by(Beats::total_cmp)
    }

    /// Forgets notes that ended before a position.
    pub fn forget_before(&mut self, at: Beats) {
        self.notes.retain(|note| note.end() >= at);
    }
}
