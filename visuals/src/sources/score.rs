//! A MIDI file in its own time.

use super::Feed;
use crate::show::clock::Reading;
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::music::midi::{MidiFileError, ReadOptions, Score, read_midi_file};
use oneiro::music::{Note, PitchClassWeights, chord_between, estimate_key, select_melody_part};
use oneiro::time::{Beats, TempoMap};
use std::path::Path;

/// Sum of velocities, weighed by length, in a quarter note that counts as loud.
const LOUD: f64 = 3.2;
/// Longest music, in bars.
const MOST_BARS: usize = 20_000;

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] MidiFileError),
    /// It has no notes.
    #[error("{0} has no notes to be seen")]
    Empty(String),
}

/// Everything that happens in a piece, known beforehand.
#[derive(Debug, Clone)]
pub struct Script {
    name: String,
    events: Vec<ShowEvent>,
    next: usize,
    tempo: TempoMap,
    end: Beats,
}

impl Script {
    /// Reads a MIDI file.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let score = read_midi_file(path, &ReadOptions::default())?;
        Self::of(&score, &name).ok_or(ScriptError::Empty(name))
    }

    /// The events of a score; `None` where it has no notes.
    pub fn of(score: &Score, name: &str) -> Option<Self> {
        let melody = select_melody_part(score).map(|i| &score.parts[i]);
        let end = score.end();
        if score.note_count() == 0 {
            return None;
        }
        let mut events = Vec::new();
        let mut put = |at: Beats, kind| events.push(ShowEvent { pos_beats: at, kind });
        for part in &score.parts {
            let role = if melody.is_some_and(|m| std::ptr::eq(m, part)) { Part::Call } else { Part::Backing };
            for note in &part.notes {
                put(note.onset, ShowKind::NoteOn { part: role, pitch: note.pitch, velocity: note.velocity });
                put(note.end(), ShowKind::NoteOff { part: role, pitch: note.pitch });
            }
        }
        let mut notes: Vec<Note> = score.parts.iter().filter(|p| !p.is_drums).flat_map(|p| &p.notes).copied().collect();
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset));
        let longest = notes.iter().map(|n| n.duration).fold(Beats::ZERO, Beats::max);
        let near = |from: Beats, to: Beats| -> Vec<Note> {
            let first = notes.partition_point(|n| n.onset < from - longest);
            let last = notes.partition_point(|n| n.onset < to);
            notes[first..last.max(first)].iter().filter(|n| n.end() > from).copied().collect()
        };
        let key = estimate_key(&PitchClassWeights::of_notes(&notes)).map(|e| e.key);
        let mut before = None;
        for bar in score.metres.bars(Beats::ZERO, end).take(MOST_BARS) {
            put(bar.start, ShowKind::Bar { bar: bar.index as i32, time_signature: bar.metre });
            let parts = if bar.metre.numerator % 2 == 0 && bar.length() >= Beats(3.0) { 2 } else { 1 };
            for part in 0..parts {
                let length = bar.length() / f64::from(parts);
                let from = bar.start + length * f64::from(part);
                let chord = chord_between(&near(from, from + length), from, from + length, key);
                if let Some(chord) = chord.filter(|c| before != Some(*c)) {
                    let (root, pitch_classes) = (chord.root.semitone(), chord.tones().mask());
                    put(from, ShowKind::Chord { root, pitch_classes });
                    before = Some(chord);
                }
            }
            let beat = bar.metre.beat_beats();
            for number in 0..bar.metre.numerator {
                let at = bar.start + beat * f64::from(number);
                if at >= bar.end {
                    break;
                }
                put(at, ShowKind::Energy { level: loudness(&near(at - beat, at), at - beat, at) });
                put(at, ShowKind::Beat { in_bar: number });
            }
        }
        // Bars and beats come before the notes at their place; a note ends before the next begins.
        let rank = |kind: &ShowKind| match kind {
            ShowKind::Bar { .. } => 0,
            ShowKind::Energy { .. } => 1,
            ShowKind::Beat { .. } => 2,
            ShowKind::NoteOff { .. } => 3,
            _ => 4,
        };
        events.sort_by(|a, b| a.pos_beats.total_cmp(&b.pos_beats).then(rank(&a.kind).cmp(&rank(&b.kind))));
        Some(Self { name: name.to_owned(), events, next: 0, tempo: score.tempo.clone(), end })
    }

    /// Events that are known, through these tempi; those with an earlier position come first.
    pub fn of_events(name: &str, mut events: Vec<ShowEvent>, tempo: TempoMap) -> Self {
        events.sort_by(|a, b| a.pos_beats.total_cmp(&b.pos_beats));
        let end = events.last().map_or(Beats::ZERO, |event| event.pos_beats);
        Self { name: name.to_owned(), events, next: 0, tempo, end }
    }

    /// All events, in order.
    pub fn events(&self) -> &[ShowEvent] {
        &self.events
    }

    /// Its tempi.
    pub fn tempo(&self) -> &TempoMap {
        &self.tempo
    }
}

/// How loud a stretch is: 0 to 1.
fn loudness(notes: &[Note], from: Beats, to: Beats) -> f32 {
    let length = (to - from).0.max(1e-6);
    let sounding = |n: &Note| (n.end().min(to) - n.onset.max(from)).0.max(0.0) / length;
    let sum: f64 = notes.iter().map(|n| sounding(n) * f64::from(n.velocity) / 127.0).sum();
    (sum / LOUD).min(1.0).sqrt() as f32
}

impl Feed for Script {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        let beats = self.tempo.beats_at(seconds);
        while let Some(event) = self.events.get(self.next).filter(|e| e.pos_beats <= beats) {
            events.push(*event);
            self.next += 1;
        }
        Reading { seconds, beats, tempo: self.tempo.tempo_at(beats), playing: true }
    }

    fn about(&self) -> String {
        self.name.clone()
    }

    fn ends(&self) -> Option<f64> {
        Some(self.tempo.seconds_at(self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oneiro::music::midi;

    fn score() -> Score {
        let note = |i: u8| Note {
            onset: Beats(f64::from(i)),
            duration: Beats(1.0),
            pitch: 60 + [0, 4, 7, 12][usize::from(i % 4)],
            velocity: 90,
        };
        Score { parts: vec![midi::Part::new("tune", 0, 0, (0..16).map(note).collect())], ..Score::default() }
    }

    #[test]
    fn a_score_becomes_events_in_order_whatever_the_steps() {
        let script = Script::of(&score(), "x").unwrap();
        let mut one = script.clone();
        let mut many = script.clone();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        one.advance(60.0, &mut a);
        for i in 0..6000 {
            many.advance(f64::from(i) * 0.01, &mut b);
        }
        assert_eq!(a, b);
        assert!(a.windows(2).all(|w| w[0].pos_beats <= w[1].pos_beats));
        let count = |f: fn(&ShowKind) -> bool| a.iter().filter(|e| f(&e.kind)).count();
        assert_eq!(count(|k| matches!(k, ShowKind::NoteOn { .. })), 16);
        assert_eq!(count(|k| matches!(k, ShowKind::Beat { .. })), 16);
        assert!(count(|k| matches!(k, ShowKind::Chord { .. })) >= 1);
    }

    #[test]
    fn a_score_without_notes_is_refused() {
        assert!(Script::of(&Score::default(), "x").is_none());
    }
}
