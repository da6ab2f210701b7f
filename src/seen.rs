//! What there is to see of the music: what was heard and played, what is coming, how things stand. The screen of the
//! stand-alone instrument and the plugin's editor show the same.

use crate::bridge::{ClockReading, Meters, Part, ShowKind, WatcherSide};
use crate::compose::{News, Status, Turn};
use crate::music::{Chord, Key, Note, PitchClass};
use crate::time::Beats;
use std::collections::VecDeque;

/// Messages that are kept.
const MESSAGES: usize = 50;
/// Beats that are kept of what has sounded.
const PAST_BEATS: f64 = 64.0;

/// A note that was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenNote {
    /// Whose.
    pub part: Part,
    /// MIDI key number: 0 to 127.
    pub pitch: u8,
    /// Where it began.
    pub from: Beats,
    /// Where it ended; `None` while it sounds.
    pub to: Option<Beats>,
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// For information.
    Note,
    /// Something is not as it should be.
    Warning,
}

/// What went wrong since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Notes that came too late and were dropped.
    pub late_dropped: u64,
    /// Notes that came too late and were moved.
    pub late_moved: u64,
    /// Messages that found a ring full.
    pub dropped: u64,
    /// Voices cut short.
    pub stolen: u64,
    /// Blocks the sound device did not get in time.
    pub xruns: u64,
}

/// What there is to see of the music.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// The musical clock.
    pub clock: ClockReading,
    /// Levels.
    pub meters: Meters,
    /// The highest peak of late, falling.
    pub peak: [f32; 2],
    /// What has sounded and sounds, oldest first.
    pub notes: VecDeque<SeenNote>,
    /// What is going to be played.
    pub coming: Vec<Note>,
    /// How things stand with the composer: mode, turn, history, captured phrases, what it refused.
    pub status: Status,
    /// From where to where the newest phrase is played.
    pub window: Option<(Beats, Beats)>,
    /// The chord that sounds.
    pub chord: Option<Chord>,
    /// The key of the last answer.
    pub key: Option<Key>,
    /// What went wrong.
    pub losses: Losses,
    /// Milliseconds that the last answer took.
    pub answer_ms: Option<f64>,
    /// The newest messages, oldest first.
    pub messages: VecDeque<(Grade, String)>,
    /// Messages since the beginning, so that new ones can be told.
    pub told: u64,
    /// The stretch of time that was seen last.
    pub epoch: u32,
}

impl Seen {
    /// Adds a message; the newest is not said again.
    pub fn tell(&mut self, grade: Grade, message: String) {
        if self.messages.back().is_some_and(|(_, newest)| *newest == message) {
            return;
        }
        self.messages.push_back((grade, message));
        self.told += 1;
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
    }

    /// A note begins.
    pub fn note_on(&mut self, part: Part, pitch: u8, at: Beats) {
        self.note_off(part, pitch, at);
        self.notes.push_back(SeenNote { part, pitch, from: at, to: None });
        self.coming.retain(|note| note.onset > at);
        self.name_chord();
    }

    /// A note ends.
    pub fn note_off(&mut self, part: Part, pitch: u8, at: Beats) {
        let sounding = |n: &&mut SeenNote| n.part == part && n.pitch == pitch && n.to.is_none();
        if let Some(note) = self.notes.iter_mut().rev().find(sounding) {
            note.to = Some(at);
            self.name_chord();
        }
    }

    /// The composer has news.
    pub fn compose(&mut self, news: News) {
        let News { status, phrases, took, error, .. } = news;
        if let Some(e) = error {
            self.tell(Grade::Warning, format!("nothing is played: {e}"));
        }
        if let Some(refusal) = status.refusal.as_ref().filter(|_| status.refused > self.status.refused) {
            self.tell(Grade::Warning, format!("{}: {refusal}; the melody network answers", status.mode));
        }
        if !phrases.is_empty() {
            self.answer_ms = Some(1e3 * took.as_secs_f64());
        }
        for played in phrases {
            (self.key, self.window) = (played.phrase.key, Some(played.window));
            // What was planned from there on has given way.
            self.coming.retain(|note| note.onset < played.window.0);
            self.coming.extend(played.phrase.notes);
        }
        if !matches!(status.turn, Turn::Playing { .. }) {
            self.coming.clear();
        }
        self.status = status;
    }

    /// Time goes on: forgets what lies too far back.
    pub fn forget_old(&mut self) {
        let now = self.clock.pos_beats;
        let old = |n: &SeenNote| n.to.is_some_and(|to| now - to > Beats(PAST_BEATS));
        while self.notes.front().is_some_and(old) {
            self.notes.pop_front();
        }
        self.coming.retain(|note| note.end() > now);
    }

    /// Time has jumped or stopped: what was seen has other positions, and nothing is coming.
    pub fn clear(&mut self) {
        self.notes.clear();
        self.coming.clear();
        self.chord = None;
    }

    fn name_chord(&mut self) {
        let sounding = || self.notes.iter().filter(|n| n.to.is_none() && n.part != Part::Answer).map(|n| n.pitch);
        let classes = sounding().map(PitchClass::of).collect();
        if let Some(chord) = Chord::recognise(classes, sounding().min().map(PitchClass::of)) {
            self.chord = Some(chord);
        }
    }

    /// Looks at the audio side. `fall` is what is left of the highest peak since the last look.
    pub fn watch(&mut self, side: &mut WatcherSide, fall: f32) {
        while let Some(event) = side.show.receive() {
            let at = event.pos_beats;
            match event.kind {
                ShowKind::NoteOn { part, pitch, .. } => self.note_on(part, pitch, at),
                ShowKind::NoteOff { part, pitch } => self.note_off(part, pitch, at),
                ShowKind::Transport { epoch, .. } if epoch != self.epoch => {
                    self.epoch = epoch;
                    self.clear();
                }
                _ => {}
            }
        }
        self.clock = *side.clock.read();
        self.meters = *side.meters.read();
        for (peak, new) in self.peak.iter_mut().zip(self.meters.peak) {
            *peak = new.max(*peak * fall);
        }
        self.forget_old();
        let counters = &side.counters;
        self.losses.late_dropped = counters.late_dropped.get();
        self.losses.late_moved = counters.late_moved.get();
        self.losses.stolen = counters.voices_stolen.get();
        let dropped = [
            &counters.heard_dropped,
            &counters.show_dropped,
            &counters.plans_refused,
            &counters.queue_full,
            &counters.orders_dropped,
            &counters.reports_dropped,
        ];
        self.losses.dropped = dropped.iter().map(|count| count.get()).sum();
    }
}
