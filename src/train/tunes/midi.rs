//! The melodies of a MIDI file, as a book would print them.
//!
//! A part's highest voice is taken; its onsets go to the grid of their beats and small gaps between notes, which are
//! articulation, are closed ([`meant`]). Where the metre changes, a new tune begins. Long silences are shortened by
//! whole bars, and long parts are cut where they rest or at a bar line. Tempo does not matter.

use super::{Outcome, Skip, SourceTune, Track};
use crate::music::midi::{Limits, MidiError, Part, ReadOptions, Score, read_midi_file};
use crate::music::{Melody, MelodyEvent, Note, STEPS_PER_BEAT, meant, melody_between, select_melody_part};
use crate::time::{Beats, MetreMap};
use std::path::Path;

/// How far from a sixteenth or an eighth triplet a note may begin, in beats, to be in time: 21 ms at 120 beats a minute.
pub const TOLERANCE: f64 = 1.0 / 24.0;
/// Finer positions, thirty-seconds and sixteenth triplets, count only where they are this exact: written, not played.
const EXACT: f64 = 1.0 / 96.0;
/// Share of a part's notes that must be in time. Of notes spread evenly three in five are, by chance.
pub const GRID_SHARE: f64 = 0.85;
/// Longest silence in bars that is kept whole.
const SILENCE: i64 = 2;
/// Most events of a tune, and the fewest before it may be cut.
const PIECE: (usize, usize) = (384, 192);

/// Reads the tunes of a file.
pub(super) fn read(path: &Path, track: Track) -> Result<Vec<Outcome>, Skip> {
    let limits = Limits { max_notes: 200_000, ..Limits::default() };
    let tracks = if let Track::Number(n) = track { Some(vec![n - 1]) } else { None };
    let score = match read_midi_file(path, &ReadOptions { tracks, limits, ..ReadOptions::default() }) {
        Ok(score) => score,
        Err(error) => {
            return Err(match error.kind {
                MidiError::NoNotes => Skip::NoMelody("no notes".into()),
                MidiError::NothingSelected { available } => {
                    Skip::NoMelody(format!("no notes in the track asked for; there are {available}"))
                }
                other => Skip::Unreadable(other.to_string()),
            });
        }
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let chosen = match track {
        Track::All => (0..score.parts.len()).filter(|&i| !score.parts[i].is_drums).collect(),
        _ => select_melody_part(&score).into_iter().collect::<Vec<_>>(),
    };
    if chosen.is_empty() {
        return Err(Skip::NoMelody("only drums".into()));
    }
    let origin = path.display().to_string();
    let outcomes = chosen.iter().flat_map(|&i| {
        let part = &score.parts[i];
        let several = chosen.len() > 1;
        let title = if several { format!("{name}, {}", label(part)) } else { name.clone() };
        tunes_of(part, &score, &title, &origin)
    });
    Ok(outcomes.collect())
}

fn label(part: &Part) -> String {
    let place = format!("track {} channel {}", part.track + 1, part.channel + 1);
    if part.name.is_empty() { place } else { format!("{} ({place})", part.name) }
}

fn tunes_of(part: &Part, score: &Score, title: &str, origin: &str) -> Vec<Outcome> {
    let share = share_in_time(&part.notes);
    if share < GRID_SHARE {
        return vec![Err((title.to_owned(), Skip::OffGrid((100.0 * share) as u32)))];
    }
    let pieces = stretches(part, &score.metres)
        .into_iter()
        .flat_map(|(from, to)| pieces(written(&part.notes, &score.metres, from, to)))
        .collect::<Vec<_>>();
    let several = pieces.len() > 1;
    let tune = |(number, mut melody): (usize, Melody)| {
        melody.title = if several { format!("{title}, {}", number + 1) } else { title.to_owned() };
        let (title, origin) = (melody.title.clone(), origin.to_owned());
        Ok(SourceTune { title, origin, played: melody.clone(), once: melody })
    };
    pieces.into_iter().enumerate().map(tune).collect()
}

/// Share of notes that begin where one would write them.
fn share_in_time(notes: &[Note]) -> f64 {
    let off = |at: f64, grid: f64| (at - (at / grid).round() * grid).abs();
    let in_time = notes.iter().filter(|note| {
        let at = note.onset.0;
        off(at, 0.25).min(off(at, 1.0 / 3.0)) <= TOLERANCE || off(at, 0.125).min(off(at, 1.0 / 6.0)) <= EXACT
    });
    in_time.count() as f64 / notes.len().max(1) as f64
}

/// From where to where a part sounds in one metre.
fn stretches(part: &Part, metres: &MetreMap) -> Vec<(Beats, Beats)> {
    let first = part.notes.first().map_or(Beats::ZERO, |note| note.onset);
    let end = part.end();
    let mut edges = vec![metres.bar_at(first).start];
    let mut metre = metres.metre_at(first);
    for change in metres.changes().filter(|change| change.at > first && change.at < end) {
        if change.metre != metre {
            edges.push(change.at);
        }
        metre = change.metre;
    }
    edges.push(end);
    edges.windows(2).map(|w| (w[0], w[1])).collect()
}

/// What a book would print of a stretch.
fn written(notes: &[Note], metres: &MetreMap, from: Beats, to: Beats) -> Melody {
    let placed = melody_between(notes, metres, from, to);
    let start = placed.start.nearest_step(STEPS_PER_BEAT);
    let mut melody = placed.melody;
    melody.events = meant(&melody.events, start);
    let bar = i64::from(crate::music::encoding::bar_steps(melody.metre));
    for event in melody.events.iter_mut().filter(|event| event.pitch.is_none()) {
        let steps = i64::from(event.steps);
        if steps > SILENCE * bar {
            event.steps = (bar + steps % bar) as u16;
        }
    }
    melody
}

/// Cuts a melody to tunes without silence at their ends.
fn pieces(melody: Melody) -> Vec<Melody> {
    let bar = u64::from(crate::music::encoding::bar_steps(melody.metre));
    let mut pieces = Vec::new();
    let mut events = &melody.events[..];
    let mut at = u64::from(melody.start_step);
    while !events.is_empty() {
        let silent = events.iter().take_while(|e| e.pitch.is_none()).count();
        at += events[..silent].iter().map(|e| u64::from(e.steps)).sum::<u64>();
        events = &events[silent..];
        let length = if events.len() <= PIECE.0 { events.len() } else { cut(events, at, bar) };
        let (piece, rest) = events.split_at(length);
        let sounding = piece.iter().rposition(|e| e.pitch.is_some()).map_or(0, |last| last + 1);
        if sounding > 0 {
            let start_step = (at % bar) as u32;
            let events = piece[..sounding].to_vec();
            pieces.push(Melody { title: String::new(), metre: melody.metre, start_step, events });
        }
        at += piece.iter().map(|e| u64::from(e.steps)).sum::<u64>();
        events = rest;
    }
    pieces
}

/// Events of a tune that is cut: before its longest rest, or at its last bar line, or as many as there may be.
fn cut(events: &[MelodyEvent], start: u64, bar: u64) -> usize {
    let range = PIECE.1..PIECE.0;
    let rests = range.clone().filter(|&i| events[i].pitch.is_none());
    if let Some(rest) = rests.max_by_key(|&i| events[i].steps) {
        return rest;
    }
    let mut at = start;
    let mut last = None;
    for (i, event) in events.iter().enumerate().take(PIECE.0) {
        if i >= range.start && at.is_multiple_of(bar) {
            last = Some(i);
        }
        at += u64::from(event.steps);
    }
    last.unwrap_or(PIECE.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::midi::write_midi_file;
    use crate::time::{MetreChange, TimeSignature};

    fn note(onset: f64, duration: f64, pitch: u8) -> Note {
        Note { onset: Beats(onset), duration: Beats(duration), pitch, velocity: 80 }
    }

    fn walk(notes: usize, step: f64, gate: f64) -> Vec<Note> {
        (0..notes)
            .map(|i| note(i as f64 * step, step * gate, 60 + [0, 2, 4, 7, 5][i % 5] + (i / 7 % 3) as u8))
            .collect()
    }

    fn read_score(score: &Score, track: Track) -> super::super::FileTunes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece.mid");
        write_midi_file(&path, score).unwrap();
        super::super::read_file(&path, track)
    }

    #[test]
    fn the_melody_is_taken_as_it_would_be_written_and_drums_never() {
        let chords = (0..8).flat_map(|i| [48, 52, 55].map(|p| note(2.0 * f64::from(i), 2.0, p))).collect();
        let parts = vec![
            Part::new("pad", 0, 89, chords),
            Part::new("lead", 1, 73, walk(32, 0.5, 0.9)),
            Part::new("kit", 9, 0, walk(64, 0.25, 1.0)),
        ];
        let score = Score { parts, ..Score::default() };
        let best = read_score(&score, Track::Best);
        assert_eq!((best.tunes.len(), best.tunes[0].title.as_str()), (1, "piece"));
        let events = &best.tunes[0].once.events;
        assert_eq!(events.len(), 32, "the gaps between notes are no rests");
        assert!(events[..31].iter().all(|e| e.steps == 12 && e.pitch.is_some()));
        let all = read_score(&score, Track::All);
        assert_eq!(
            (all.tunes.len(), all.skipped.len()),
            (1, 1),
            "the chords' top line is one pitch: {:?}",
            all.skipped
        );
        assert!(matches!(read_score(&score, Track::Number(40)).skipped[..], [(_, Skip::NoMelody(_))]));
        let drums = Score { parts: vec![score.parts[2].clone()], ..Score::default() };
        assert_eq!(read_score(&drums, Track::All).skipped, [(String::new(), Skip::NoMelody("only drums".into()))]);
    }

    #[test]
    fn free_playing_is_refused_and_slightly_uneven_playing_is_not() {
        let score = |shift: &dyn Fn(usize) -> f64| {
            let mut notes = walk(40, 0.5, 0.9);
            notes.iter_mut().enumerate().for_each(|(i, n)| n.onset.0 += shift(i));
            Score { parts: vec![Part::new("", 0, 0, notes)], ..Score::default() }
        };
        let uneven = read_score(&score(&|i| 0.005 * (i % 7) as f64), Track::Best);
        assert!(uneven.tunes[0].once.events.iter().all(|e| e.steps == 12 || e.steps == 11), "{:?}", uneven.tunes[0]);
        let free = read_score(&score(&|i| 0.037 * i as f64), Track::Best);
        assert!(matches!(free.skipped[..], [(_, Skip::OffGrid(30..85))]), "{free:?}");
    }

    #[test]
    fn long_silences_shrink_by_whole_bars_and_metres_part_tunes() {
        let mut notes = walk(16, 0.5, 1.0);
        notes.extend(walk(20, 0.5, 1.0).into_iter().map(|n| Note { onset: n.onset + Beats(42.0), ..n }));
        let change = |at: f64, top| MetreChange { at: Beats(at), metre: TimeSignature::new(top, 4).unwrap() };
        let part = vec![Part::new("", 0, 0, notes)];
        let score = Score { parts: part.clone(), ..Score::default() };
        let whole = read_score(&score, Track::Best);
        // 34 beats of silence in 4/4 are a bar and two beats.
        let silence = whole.tunes[0].once.events.iter().find(|e| e.pitch.is_none()).unwrap();
        assert_eq!((whole.tunes.len(), silence.steps), (1, 24 * 6));
        let metres = MetreMap::new(vec![change(0.0, 4), change(40.0, 3)]).unwrap();
        let parted = read_score(&Score { parts: part, metres, ..Score::default() }, Track::Best);
        let tops = parted.tunes.iter().map(|t| (t.once.metre.numerator, t.once.start_step)).collect::<Vec<_>>();
        assert_eq!(tops, [(4, 0), (3, 48)]);
    }

    #[test]
    fn long_parts_are_cut_and_nothing_is_lost() {
        let score = Score { parts: vec![Part::new("", 0, 0, walk(1000, 0.5, 1.0))], ..Score::default() };
        let tunes = read_score(&score, Track::Best).tunes;
        assert_eq!(tunes.iter().map(|t| t.once.events.len()).collect::<Vec<_>>(), [376, 376, 248]);
        assert!(tunes.iter().all(|t| t.origin == tunes[0].origin && t.once.start_step == 0));
    }
}
