//! From polyphonic parts to the one line that a listener would sing.

use super::{Melody, Note, STEPS_PER_BEAT, melody::push, midi::Part};
use crate::time::{Beats, MetreMap};
use std::cmp::Reverse;

/// A melody and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedMelody {
    /// Position of the first event: on the grid of [`STEPS_PER_BEAT`].
    pub start: Beats,
    /// The line itself.
    pub melody: Melody,
}

impl PlacedMelody {
    /// Its notes where they were heard.
    pub fn notes(&self, velocity: u8) -> Vec<Note> {
        self.melody.notes_at(self.start, velocity)
    }

    /// Where its last event ends.
    pub fn end(&self) -> Beats {
        self.start + self.melody.length()
    }
}

/// The melody of a whole part, from its first note to the end of its last, titled with the part's name.
///
/// Onsets and ends go to the nearest grid step, gaps become rests, and [`Melody::start_step`] tells where in its bar
/// the tune begins, so a pick-up keeps its place. `None` for a part without notes.
pub fn extract_melody(part: &Part, metres: &MetreMap) -> Option<PlacedMelody> {
    let line = skyline(&part.notes);
    let (first, last) = (line.first()?, line.last()?);
    Some(placed(&line, first.start, last.end, &part.name, metres))
}

/// The melody between two positions: as long as the window, rests where nothing sounds, the empty melody where
/// `to` is not after `from`. A note that sounds across an edge is cut there.
///
/// The line depends only on notes that begin before `to`, so a listener who hears the tune bar by bar gets the same
/// bars.
pub fn melody_between(notes: &[Note], metres: &MetreMap, from: Beats, to: Beats) -> PlacedMelody {
    let (from, to) = (from.nearest_step(STEPS_PER_BEAT), to.nearest_step(STEPS_PER_BEAT));
    let heard: Vec<Note> = notes.iter().filter(|n| n.onset.nearest_step(STEPS_PER_BEAT) < to).copied().collect();
    let mut line = skyline(&heard);
    line.retain_mut(|note| {
        note.start = note.start.max(from);
        note.end = note.end.min(to);
        note.start < note.end
    });
    placed(&line, from, to.max(from), "", metres)
}

/// A note on the grid, in steps from beat 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GridNote {
    start: i64,
    end: i64,
    pitch: u8,
}

/// The highest voice, as a chain of notes that do not overlap.
///
/// Of notes that begin together the highest is taken. A higher note cuts the one that sounds. A lower note under a
/// sounding one is accompaniment if at least half of it is covered; otherwise the player only held the last note a
/// little too long, and the line goes on with the lower one.
fn skyline(notes: &[Note]) -> Vec<GridNote> {
    let mut grid: Vec<GridNote> = notes
        .iter()
        .map(|n| {
            let start = n.onset.nearest_step(STEPS_PER_BEAT);
            let end = n.end().nearest_step(STEPS_PER_BEAT).max(start + 1);
            GridNote { start, end, pitch: n.pitch }
        })
        .collect();
    grid.sort_by_key(|n| (n.start, Reverse(n.pitch), Reverse(n.end)));
    let mut line: Vec<GridNote> = Vec::new();
    for note in grid {
        let Some(last) = line.last_mut() else {
            line.push(note);
            continue;
        };
        if note.start == last.start {
            continue;
        }
        let covered = last.end.min(note.end) - note.start;
        if note.pitch >= last.pitch || 2 * covered < note.end - note.start {
            last.end = last.end.min(note.start);
            line.push(note);
        }
    }
    line
}

fn placed(line: &[GridNote], from: i64, to: i64, title: &str, metres: &MetreMap) -> PlacedMelody {
    let start = Beats::from_steps(from, STEPS_PER_BEAT);
    let bar = metres.bar_at(start);
    let start_step = (start - bar.start).nearest_step(STEPS_PER_BEAT).max(0) as u32;
    let mut events = Vec::with_capacity(2 * line.len() + 1);
    let mut now = from;
    for note in line {
        push(&mut events, None, note.start - now);
        push(&mut events, Some(note.pitch), note.end - note.start);
        now = note.end;
    }
    push(&mut events, None, to - now);
    PlacedMelody { start, melody: Melody { title: title.to_owned(), metre: bar.metre, start_step, events } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::MelodyEvent;
    use crate::time::{MetreChange, TimeSignature};
    use proptest::prelude::*;

    fn note(onset: f64, duration: f64, pitch: u8) -> Note {
        Note { onset: Beats(onset), duration: Beats(duration), pitch, velocity: 80 }
    }

    fn extract(notes: Vec<Note>) -> PlacedMelody {
        extract_melody(&Part::new("tune", 0, 0, notes), &MetreMap::default()).unwrap()
    }

    fn events(melody: &Melody) -> Vec<(Option<u8>, u16)> {
        melody.events.iter().map(|e| (e.pitch, e.steps)).collect()
    }

    #[test]
    fn the_top_voice_comes_out_of_chords_with_rests_in_the_gaps() {
        let chords = vec![note(0.0, 1.0, 60), note(0.0, 1.0, 64), note(0.0, 1.0, 67), note(2.0, 0.5, 69)];
        assert_eq!(events(&extract(chords).melody), [(Some(67), 24), (None, 24), (Some(69), 12)]);
    }

    #[test]
    fn accompaniment_under_a_held_note_is_left_out_and_legato_is_not() {
        let under = vec![note(0.0, 4.0, 72), note(1.0, 1.0, 60), note(2.0, 1.0, 64)];
        assert_eq!(events(&extract(under).melody), [(Some(72), 96)]);
        let legato = vec![note(0.0, 1.25, 72), note(1.0, 1.0, 71), note(2.0, 1.0, 72)];
        assert_eq!(events(&extract(legato).melody), [(Some(72), 24), (Some(71), 24), (Some(72), 24)]);
    }

    #[test]
    fn human_timing_lands_on_the_grid_and_triplets_stay() {
        let human = vec![note(0.01, 0.30, 60), note(0.34, 0.32, 62), note(0.66, 0.34, 64), note(1.005, 0.49, 65)];
        assert_eq!(
            events(&extract(human).melody),
            [(Some(60), 7), (None, 1), (Some(62), 8), (Some(64), 8), (Some(65), 12)]
        );
    }

    #[test]
    fn a_pick_up_keeps_its_place_in_the_bar() {
        let metres =
            MetreMap::new(vec![MetreChange { at: Beats::ZERO, metre: TimeSignature::new(3, 4).unwrap() }]).unwrap();
        let part = Part::new("", 0, 0, vec![note(5.0, 1.0, 67), note(6.0, 2.0, 72)]);
        let placed = extract_melody(&part, &metres).unwrap();
        assert_eq!((placed.start, placed.melody.start_step), (Beats(5.0), 48));
        assert_eq!(placed.melody.metre.to_string(), "3/4");
        assert_eq!(extract_melody(&Part::new("", 0, 0, vec![]), &metres), None);
    }

    #[test]
    fn windows_are_filled_with_rests_and_cut_at_their_edges() {
        let notes = [note(1.0, 4.0, 60), note(5.0, 1.0, 62), note(9.0, 1.0, 64)];
        let bars: Vec<_> = (0..3)
            .map(|i| {
                melody_between(&notes, &MetreMap::default(), Beats(4.0 * f64::from(i)), Beats(4.0 * f64::from(i + 1)))
            })
            .collect();
        assert_eq!(events(&bars[0].melody), [(None, 24), (Some(60), 72)]);
        assert_eq!(events(&bars[1].melody), [(Some(60), 24), (Some(62), 24), (None, 48)]);
        assert_eq!(events(&bars[2].melody), [(None, 24), (Some(64), 24), (None, 48)]);
        assert!(melody_between(&notes, &MetreMap::default(), Beats(4.0), Beats(4.0)).melody.events.is_empty());
    }

    #[test]
    fn transposition_stops_at_the_ends_of_the_keyboard() {
        let melody = extract(vec![note(0.0, 1.0, 120)]).melody;
        assert_eq!(melody.transposed(7).unwrap().range(), Some((127, 127)));
        assert_eq!(melody.transposed(8), None);
    }

    proptest! {
        #[test]
        fn a_melody_survives_being_played_and_heard_again(
            events in prop::collection::vec((prop::option::of(30u8..100), 1u16..200), 1..60),
            start in 0i64..5000,
        ) {
            let mut events: Vec<_> = events.iter().map(|&(pitch, steps)| MelodyEvent { pitch, steps }).collect();
            events.insert(0, MelodyEvent { pitch: Some(60), steps: 5 });
            events.dedup_by(|b, a| a.pitch.is_none() && b.pitch.is_none());
            if events.last().is_some_and(|e| e.pitch.is_none()) {
                events.pop();
            }
            let start = Beats::from_steps(start, STEPS_PER_BEAT);
            let melody = Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 0, events };
            let heard = extract(melody.notes_at(start, 90));
            prop_assert_eq!(heard.start, start);
            prop_assert_eq!(heard.melody.events, melody.events);
        }

        #[test]
        fn any_notes_give_a_line_without_overlap(
            notes in prop::collection::vec((0.0f64..20.0, 0.001f64..6.0, 0u8..128), 1..60),
        ) {
            let notes: Vec<_> = notes.iter().map(|&(o, d, p)| note(o, d, p)).collect();
            let line = skyline(&notes);
            prop_assert!(line.iter().all(|n| n.start < n.end));
            prop_assert!(line.windows(2).all(|w| w[0].end <= w[1].start), "{line:?}");
        }
    }
}
