use super::Note;
use crate::time::{Beats, TimeSignature};
use serde::{Deserialize, Serialize};

/// Grid steps in a quarter note: fine enough for sixteenths, triplets and 6/8.
pub const STEPS_PER_BEAT: u32 = 24;

/// One note or rest of a monophonic tune.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MelodyEvent {
    /// MIDI key number, or `None` for a rest.
    pub pitch: Option<u8>,
    /// Length in grid steps ([`STEPS_PER_BEAT`]); above zero.
    pub steps: u16,
}

/// A monophonic tune on the grid: events follow one another without gaps (a gap is a rest).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Melody {
    /// Title, or where it came from.
    pub title: String,
    /// Metre of the first bar.
    pub metre: TimeSignature,
    /// Position of the first event in its bar, in steps: above zero where the tune starts with a pick-up.
    pub start_step: u32,
    /// The events in order.
    pub events: Vec<MelodyEvent>,
}

impl Melody {
    /// Length of all events together, in steps.
    pub fn steps(&self) -> u64 {
        self.events.iter().map(|e| u64::from(e.steps)).sum()
    }

    /// Length of all events together.
    pub fn length(&self) -> Beats {
        Beats::from_steps(self.steps() as i64, STEPS_PER_BEAT)
    }

    /// Number of events that are not rests.
    pub fn note_count(&self) -> usize {
        self.events.iter().filter(|e| e.pitch.is_some()).count()
    }

    /// Lowest and highest pitch, or `None` where all is rest.
    pub fn range(&self) -> Option<(u8, u8)> {
        let pitches = || self.events.iter().filter_map(|e| e.pitch);
        Some((pitches().min()?, pitches().max()?))
    }

    /// The notes, the first event being at `start`; each position is computed from the sum of the steps before it, so
    /// that nothing drifts.
    pub fn notes_at(&self, start: Beats, velocity: u8) -> Vec<Note> {
        let mut step = 0i64;
        let mut notes = Vec::with_capacity(self.events.len());
        for event in &self.events {
            if let Some(pitch) = event.pitch {
                notes.push(Note {
                    onset: start + Beats::from_steps(step, STEPS_PER_BEAT),
                    duration: Beats::from_steps(i64::from(event.steps), STEPS_PER_BEAT),
                    pitch,
                    velocity,
                });
            }
            step += i64::from(event.steps);
        }
        notes
    }

    /// The same tune higher or lower, or `None` where a note would leave the MIDI keys.
    pub fn transposed(&self, semitones: i32) -> Option<Self> {
        let shift = |pitch: u8| u8::try_from(i32::from(pitch).checked_add(semitones)?).ok().filter(|&p| p < 128);
        let events = self.events.iter().map(|e| {
            Some(MelodyEvent {
                pitch: match e.pitch {
                    Some(pitch) => Some(shift(pitch)?),
                    None => None,
                },
                steps: e.steps,
            })
        });
        Some(Self { events: events.collect::<Option<_>>()?, ..self.clone() })
    }
}

/// Adds an event of some steps, if there are any; one too long for its count is split, a note without being struck again as
/// long as rests follow it.
pub(super) fn push(events: &mut Vec<MelodyEvent>, mut pitch: Option<u8>, mut steps: i64) {
    while steps > 0 {
        let part = steps.min(i64::from(u16::MAX));
        events.push(MelodyEvent { pitch, steps: part as u16 });
        // Nobody holds a note for 2,700 beats: what is left of it is silence.
        pitch = None;
        steps -= part;
    }
}
