//! How a note begins and ends: on the synth, in the table of what sounds, and for everyone who must know.

use super::super::setup::PlayedNote;
use super::super::sounding::SoundingNote;
use super::Performer;
use crate::bridge::{Heard, HeardKind, Part, Plan, Scheduled, SecondTones, ShowEvent, ShowKind};
use crate::time::Beats;

/// Where within a block something happens, and who wants to hear of notes.
pub(super) struct Here<'a, F> {
    pub block_start: i64,
    pub sample: i64,
    pub on_note: &'a mut F,
}

impl Performer {
    pub(super) fn begin_note<F: FnMut(PlayedNote)>(&mut self, note: Scheduled, here: &mut Here<F>) {
        let Scheduled { at, duration, part, pitch, velocity } = note;
        self.end_note(part, pitch, at, here);
        self.note_struck(note);
        // Room is kept for the off of every note that sounds, this one included.
        let reserve = self.sounding.len() + 1;
        let told_composer = part == Part::Call && {
            let told = Heard { pos_beats: at, kind: HeardKind::NoteOn { pitch, velocity } };
            let sent = self.side.heard.send_leaving(reserve, told).is_ok();
            self.count_told(sent);
            sent
        };
        let shown = ShowEvent { pos_beats: at, kind: ShowKind::NoteOn { part, pitch, velocity } };
        let told_show = self.side.show.send_leaving(reserve, shown).is_ok();
        if !told_show {
            self.side.counters.show_dropped.raise();
        }
        self.relay(here.sample, shown);
        let end = Beats(at.0 + duration.0);
        self.sounding.add(SoundingNote { part, pitch, began: here.sample, end, told_composer, told_show });
        if self.synth.note_on(part, pitch, velocity) {
            self.side.counters.voices_stolen.raise();
        }
        let sample_offset = (here.sample - here.block_start) as u32;
        (here.on_note)(PlayedNote { sample_offset, part, pitch, velocity });
    }

    /// Ends a note if it sounds, at `pos`.
    pub(super) fn end_note<F: FnMut(PlayedNote)>(&mut self, part: Part, pitch: u8, pos: Beats, here: &mut Here<F>) {
        let Some(note) = self.sounding.remove(part, pitch) else { return };
        self.synth.note_off(part, pitch);
        if note.told_composer {
            let told = Heard { pos_beats: pos, kind: HeardKind::NoteOff { pitch } };
            let sent = self.side.heard.send(told).is_ok();
            self.count_told(sent);
        }
        let shown = ShowEvent { pos_beats: pos, kind: ShowKind::NoteOff { part, pitch } };
        self.relay(here.sample, shown);
        if note.told_show && self.side.show.send(shown).is_err() {
            self.side.counters.show_dropped.raise();
        }
        let sample_offset = (here.sample - here.block_start) as u32;
        (here.on_note)(PlayedNote { sample_offset, part, pitch, velocity: 0 });
        self.note_ended(part, pitch, pos, here);
    }

    pub(super) fn end_all<F: FnMut(PlayedNote)>(&mut self, here: &mut Here<F>) {
        let pos = self.clock.pos_of(here.sample);
        while let Some(note) = self.sounding.first_to_end() {
            self.end_note(note.part, note.pitch, pos, here);
        }
    }

    pub(super) fn tell_composer(&mut self, pos_beats: Beats, kind: HeardKind) {
        let sent = self.side.heard.send_leaving(self.sounding.len(), Heard { pos_beats, kind }).is_ok();
        self.count_told(sent);
    }

    fn count_told(&mut self, sent: bool) {
        if sent {
            self.told += 1;
        } else {
            self.side.counters.heard_dropped.raise();
        }
    }

    pub(super) fn tell_show(&mut self, pos_beats: Beats, kind: ShowKind) {
        let shown = ShowEvent { pos_beats, kind };
        if self.side.show.send_leaving(self.sounding.len(), shown).is_err() {
            self.side.counters.show_dropped.raise();
        }
        // Where time stands, a position says nothing of when.
        let sample = if self.clock.playing() { self.clock.sample_of(pos_beats) } else { self.now };
        self.relay(sample, shown);
    }

    fn relay(&mut self, sample: i64, shown: ShowEvent) {
        if let Some(relay) = &mut self.relay {
            relay.show(sample.max(0) as u64, shown);
        }
    }
}

/// Whether a plan's values are in their ranges.
pub(super) fn is_sane(plan: &Plan) -> bool {
    match plan {
        Plan::Note { note, .. } => {
            let held = note.duration.0.is_finite() && note.duration.0 > 0.0;
            note.at.0.is_finite() && held && note.pitch < 128 && (1..128).contains(&note.velocity)
        }
        Plan::Chord { at, root, .. } => at.0.is_finite() && *root < 12,
        Plan::Phrase { at, duration, .. } => at.0.is_finite() && duration.0.is_finite(),
        Plan::Second { at, tones, .. } => {
            let sane = |t: SecondTones| t.gain.is_finite() && t.gain > 0.0 && t.curve.is_finite() && t.curve > 0.0;
            at.0.is_finite() && tones.is_none_or(sane)
        }
        Plan::Withdraw { from, .. } => !from.0.is_nan(),
    }
}
