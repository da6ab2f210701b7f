//! From what was played to what was meant: onsets go to the grid of their beat, and the small gaps between notes, which
//! are articulation and not rests, are closed. The network learnt from written tunes.

use super::melody::push;
use super::{MelodyEvent, STEPS_PER_BEAT};

/// Divisions of a beat, in steps, and what a beat must gain in steps of error to be heard in a finer one.
const GRIDS: [(i64, i64); 6] = [(24, 0), (12, 0), (6, 1), (8, 1), (3, 4), (4, 4)];
/// What it costs to leave a beat as it was played.
const AS_PLAYED: i64 = 6;
/// Longest gap that is articulation, in steps, and the largest part of the way to the next note that it may be.
const GAP: (i64, i64) = (6, 4);

/// What was meant by events that were played from grid step `start` on; as long as they are in all.
pub fn meant(events: &[MelodyEvent], start: i64) -> Vec<MelodyEvent> {
    let end = start + events.iter().map(|e| i64::from(e.steps)).sum::<i64>();
    let mut notes = notes_of(events, start);
    snap(&mut notes, start, end);
    notes.retain(|n| n.start < n.end);
    for i in 0..notes.len() {
        let next = notes.get(i + 1).map_or(end, |n| n.start);
        let gap = next - notes[i].end;
        if gap <= GAP.0 && gap * GAP.1 < next - notes[i].start {
            notes[i].end = next;
        }
    }
    let mut meant = Vec::with_capacity(2 * notes.len() + 1);
    let mut now = start;
    for note in notes {
        push(&mut meant, None, note.start - now);
        push(&mut meant, Some(note.pitch), note.end - note.start);
        now = note.end;
    }
    push(&mut meant, None, end - now);
    meant
}

#[derive(Debug, Clone, Copy)]
struct Played {
    start: i64,
    end: i64,
    pitch: u8,
}

fn notes_of(events: &[MelodyEvent], start: i64) -> Vec<Played> {
    let mut now = start;
    let mut notes = Vec::new();
    for event in events {
        let end = now + i64::from(event.steps);
        notes.extend(event.pitch.map(|pitch| Played { start: now, end, pitch }));
        now = end;
    }
    notes
}

/// Moves onsets to the grid of their beat, and ends along with them.
fn snap(notes: &mut [Played], from: i64, to: i64) {
    let beat = i64::from(STEPS_PER_BEAT);
    let mut first = 0;
    while first < notes.len() {
        // A note a little before the beat belongs to it.
        let number = (notes[first].start + 2).div_euclid(beat);
        let inside = |n: &Played| (n.start + 2).div_euclid(beat) == number;
        let last = first + notes[first..].iter().take_while(|n| inside(n)).count();
        let nearest = |at: i64, grid: i64| (at + grid / 2).div_euclid(grid) * grid;
        let cost = |&(grid, extra): &(i64, i64)| {
            let error: i64 = notes[first..last].iter().map(|n| (n.start - nearest(n.start, grid)).abs()).sum();
            // Two notes on one place are a misreading.
            let merged = notes[first..last].windows(2).any(|w| nearest(w[0].start, grid) == nearest(w[1].start, grid));
            error + extra + if merged { 100 } else { 0 }
        };
        let best = GRIDS.iter().min_by_key(|grid| cost(grid)).filter(|grid| cost(grid) < AS_PLAYED);
        if let Some(&(grid, _)) = best {
            for i in first..last {
                let moved = nearest(notes[i].start, grid).clamp(from, to);
                // Where the note before ended here, it still does.
                if let Some(before) = i.checked_sub(1).filter(|&b| notes[b].end >= notes[i].start.min(moved)) {
                    notes[before].end = moved;
                }
                notes[i].start = moved;
            }
        }
        first = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hear(events: &[(u8, u16)], start: i64) -> Vec<(u8, u16)> {
        let event = |&(pitch, steps): &(u8, u16)| MelodyEvent { pitch: (pitch > 0).then_some(pitch), steps };
        let events: Vec<_> = events.iter().map(event).collect();
        meant(&events, start).iter().map(|e| (e.pitch.unwrap_or(0), e.steps)).collect()
    }

    #[test]
    fn written_music_stays_as_it_is() {
        let written = [(67, 24), (69, 12), (71, 12), (0, 24), (72, 8), (74, 8), (76, 8), (72, 18), (74, 6), (60, 72)];
        assert_eq!(hear(&written, 48), written);
    }

    #[test]
    fn no_silence_is_too_long_to_be_kept() {
        let heard = hear(&[(67, 24), (0, u16::MAX), (0, 9), (69, 24)], 0);
        assert_eq!(heard, [(67, 24), (0, u16::MAX), (0, 9), (69, 24)]);
    }

    #[test]
    fn articulation_is_no_rest() {
        assert_eq!(
            hear(&[(67, 23), (0, 1), (69, 11), (0, 1), (71, 11), (0, 1), (72, 36), (0, 12)], 0),
            [(67, 24), (69, 12), (71, 12), (72, 36), (0, 12)]
        );
    }

    #[test]
    fn human_timing_becomes_straight_and_triplets_stay_triplets() {
        assert_eq!(
            hear(&[(0, 1), (67, 22), (69, 13), (71, 12), (72, 24)], 0),
            [(67, 24), (69, 12), (71, 12), (72, 24)]
        );
        assert_eq!(hear(&[(67, 9), (69, 7), (71, 8), (72, 24)], 0), [(67, 8), (69, 8), (71, 8), (72, 24)]);
    }

    proptest! {
        #[test]
        fn what_was_meant_is_as_long_as_what_was_played(
            events in prop::collection::vec((prop::option::of(40u8..90), 1u16..60), 0..40),
            start in -50i64..500,
        ) {
            let events: Vec<_> = events.iter().map(|&(pitch, steps)| MelodyEvent { pitch, steps }).collect();
            let length = |events: &[MelodyEvent]| events.iter().map(|e| u64::from(e.steps)).sum::<u64>();
            prop_assert_eq!(length(&meant(&events, start)), length(&events));
        }
    }
}
