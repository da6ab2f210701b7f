//! What is due at a sample: ends of notes, beats, and plans, also those that come late.

use super::Performer;
use super::notes::Here;
use crate::bridge::{HeardKind, Plan, Scheduled, ShowKind};
use crate::live::setup::{LatePolicy, PlayedNote};
use crate::time::Beats;

/// A plan that is late by less than this is played at once and not counted: hosts' clocks drift by so much.
const LATE_GRACE_SECONDS: f64 = 0.002;

impl Performer {
    /// Plays everything due at `here`, and returns the sample at which something is due next.
    pub(super) fn play_due<F: FnMut(PlayedNote)>(&mut self, here: &mut Here<F>) -> i64 {
        if !self.clock.playing() {
            return i64::MAX;
        }
        let mut next = i64::MAX;
        while let Some(note) = self.sounding.first_to_end() {
            let ends = self.clock.sample_of(note.end);
            if ends > here.sample {
                next = ends;
                break;
            }
            self.end_note(note.part, note.pitch, note.end, here);
        }
        loop {
            let at = self.clock.sample_of(self.pulse.next().at);
            if at > here.sample {
                next = next.min(at);
                break;
            }
            self.play_beat();
        }
        while let Some(plan) = self.schedule.next() {
            let at = self.clock.sample_of(plan.at());
            if at > here.sample {
                next = next.min(at);
                break;
            }
            if let Some(plan) = self.schedule.take_next() {
                self.play_plan(plan, here.sample - at, here);
            }
        }
        // A note that has just begun may end before anything else is due.
        let ends = self.sounding.first_to_end().map_or(i64::MAX, |note| self.clock.sample_of(note.end));
        next.min(ends.max(here.sample + 1))
    }

    fn play_beat(&mut self) {
        let beat = self.pulse.next();
        self.pulse.advance();
        if self.energy.1 > 0 {
            let mean_square = self.energy.0 / self.energy.1 as f64;
            let level = (1.0 + 10.0 * mean_square.max(1e-12).log10() / 60.0).clamp(0.0, 1.0) as f32;
            self.tell_show(beat.at, ShowKind::Energy { level });
        }
        self.energy = (0.0, 0);
        if beat.in_bar == 0 {
            let time_signature = self.clock.time_signature();
            self.tell_composer(beat.at, HeardKind::Bar { bar: beat.bar, time_signature });
            self.tell_show(beat.at, ShowKind::Bar { bar: beat.bar, time_signature });
        }
        self.tell_show(beat.at, ShowKind::Beat { in_bar: beat.in_bar });
    }

    fn play_plan<F: FnMut(PlayedNote)>(&mut self, plan: Plan, late_samples: i64, here: &mut Here<F>) {
        match plan {
            Plan::Phrase { at, part, duration, .. } => self.tell_show(at, ShowKind::Phrase { part, duration }),
            Plan::Chord { at, root, pitch_classes, .. } => {
                self.tell_show(at, ShowKind::Chord { root, pitch_classes });
            }
            Plan::Second { at, tones, .. } => self.set_second(tones, at, here),
            Plan::Note { note, .. } => {
                let grace = LATE_GRACE_SECONDS * f64::from(self.setup.sample_rate.0);
                if late_samples as f64 > grace {
                    return self.play_late(note, here);
                }
                // Two that were late and moved to one step are one where they have one key: the second would end the first at its
                // beginning.
                let sounding = self.sounding.at_key(note.part, note.pitch);
                if let Some(same) = sounding.filter(|sounding| sounding.began == here.sample) {
                    same.end = Beats(same.end.0.max(note.at.0 + note.duration.0));
                } else {
                    self.begin_note(note, here);
                }
            }
            Plan::Withdraw { .. } => {}
        }
    }

    fn play_late<F>(&mut self, mut note: Scheduled, here: &mut Here<F>) {
        match self.setup.late {
            LatePolicy::NextStep(grid) if grid.0.is_finite() && grid.0 > 0.0 => {
                let pos = self.clock.pos_of(here.sample).0;
                note.at = Beats(((pos / grid.0).floor() + 1.0) * grid.0);
                self.side.counters.late_moved.raise();
                // Its own place in the queue has just become free.
                let _ = self.schedule.add(Plan::Note { epoch: self.epoch, note });
            }
            _ => self.side.counters.late_dropped.raise(),
        }
    }
}
