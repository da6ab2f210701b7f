//! What the MIDI writer promises: nothing is lost on the way out and in again, other programs can read the result,
//! and nothing half-written is left behind.

use oneiro::music::Note;
use oneiro::music::midi::{
    Limits, MidiError, Part, ReadOptions, Score, read_midi, read_midi_file, write_midi, write_midi_file,
};
use oneiro::time::{Beats, Bpm, MetreChange, MetreMap, TempoChange, TempoMap, TimeSignature};
use proptest::prelude::*;
use std::process::Command;

/// Random tempi and resolutions make pieces of many hours; the limit on them is tested elsewhere.
fn read(bytes: &[u8]) -> Score {
    let limits = Limits { max_hours: f64::INFINITY, ..Limits::default() };
    read_midi(bytes, &ReadOptions { limits, ..ReadOptions::default() }).unwrap()
}

/// Notes with positions on the writer's own ticks; notes of one pitch follow one another without overlap.
fn notes() -> impl Strategy<Value = Vec<Note>> {
    let column = (20u8..110, prop::collection::vec((0u32..3000, 1u32..4000, 1u8..=127), 1..12));
    prop::collection::btree_map(column.clone().prop_map(|c| c.0), column.prop_map(|c| c.1), 1..6).prop_map(|columns| {
        let mut notes = Vec::new();
        for (pitch, line) in columns {
            let mut at = 0;
            for (gap, length, velocity) in line {
                let (onset, duration) = (Beats::from_steps(at + i64::from(gap), 960), Beats(f64::from(length) / 960.0));
                notes.push(Note { onset, duration, pitch, velocity });
                at += i64::from(gap + length);
            }
        }
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
        notes
    })
}

/// Tempi that a MIDI file can say: whole microseconds a quarter note.
fn tempi() -> impl Strategy<Value = TempoMap> {
    prop::collection::vec((0i64..60_000, 6_000u32..16_000_000), 0..6).prop_map(|changes| {
        let change = |(tick, micros): (i64, u32)| TempoChange {
            at: Beats::from_steps(tick, 960),
            tempo: Bpm(60e6 / f64::from(micros)),
        };
        TempoMap::new(changes.into_iter().map(change).collect()).unwrap()
    })
}

fn metres() -> impl Strategy<Value = MetreMap> {
    prop::collection::vec((0i64..60_000, 1u8..=64, 0u32..=6), 0..5).prop_map(|changes| {
        let change = |(tick, numerator, power): (i64, u8, u32)| MetreChange {
            at: Beats::from_steps(tick, 960),
            metre: TimeSignature::new(numerator, 1 << power).unwrap(),
        };
        MetreMap::new(changes.into_iter().map(change).collect()).unwrap()
    })
}

fn scores() -> impl Strategy<Value = Score> {
    let part = ("[A-Za-z ]{0,12}", 0u8..16, 0u8..128, notes());
    (prop::collection::vec(part, 1..5), tempi(), metres()).prop_map(|(parts, tempo, metres)| {
        let parts = parts.into_iter().enumerate().map(|(i, (name, channel, program, notes))| Part {
            track: i + 1,
            ..Part::new(name.trim(), channel, program, notes)
        });
        Score { parts: parts.collect(), tempo, metres, warnings: Vec::new() }
    })
}

/// A file as another program may have written it: its own ticks a quarter note, running status, note-on as note-off.
fn foreign_file(ticks: u16, score: &Score) -> Vec<u8> {
    let mut events: Vec<(u32, u8, Vec<u8>)> = Vec::new();
    let tick = |beats: f64| (beats * 960.0).round() as u32; // the same counts, another length of tick
    for change in score.tempo.changes() {
        let micros = (60e6 / change.tempo.0).round() as u32;
        events.push((tick(change.at.0), 0, [&[0xff, 0x51, 3], &micros.to_be_bytes()[1..]].concat()));
    }
    for change in score.metres.changes() {
        let power = change.metre.denominator.trailing_zeros() as u8;
        events.push((tick(change.at.0), 1, vec![0xff, 0x58, 4, change.metre.numerator, power, 24, 8]));
    }
    for note in &score.parts[0].notes {
        events.push((tick(note.onset.0), 3, vec![0x90, note.pitch, note.velocity]));
        events.push((tick(note.end().0), 2, vec![0x90, note.pitch, 0]));
    }
    events.sort();
    let (mut track, mut now, mut running) = (Vec::new(), 0, false);
    for (at, _, bytes) in events {
        let delta = at - now;
        for shift in [21, 14, 7] {
            if delta >> shift > 0 {
                track.push((delta >> shift) as u8 & 0x7f | 0x80);
            }
        }
        track.push(delta as u8 & 0x7f);
        let is_note = bytes[0] == 0x90;
        track.extend(&bytes[usize::from(is_note && running)..]);
        (now, running) = (at, is_note);
    }
    track.extend([0, 0xff, 0x2f, 0]);
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01".to_vec();
    bytes.extend(ticks.to_be_bytes());
    bytes.extend(b"MTrk");
    bytes.extend((track.len() as u32).to_be_bytes());
    bytes.extend(track);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_again(score in scores()) {
        prop_assert_eq!(read(&write_midi(&score).unwrap()), score);
    }

    /// write(read(x)) keeps the notes, the tempo and the metre of a file that others wrote.
    #[test]
    fn a_file_of_another_program_survives_being_read_and_written(
        score in scores(),
        ticks in prop::sample::select(vec![24u16, 48, 96, 120, 192, 240, 320, 480, 960]),
    ) {
        let first = read(&foreign_file(ticks, &score));
        prop_assert!(first.warnings.is_empty(), "{:?}", first.warnings);
        let second = read(&write_midi(&first).unwrap());
        prop_assert_eq!(&second.parts[0].notes, &first.parts[0].notes);
        prop_assert_eq!(&second.tempo, &first.tempo);
        prop_assert_eq!(&second.metres, &first.metres);
    }

    /// Ticks that do not divide the writer's move by less than one of its ticks.
    #[test]
    fn odd_resolutions_move_by_less_than_a_tick(score in scores(), ticks in 1u16..5000) {
        let first = read(&foreign_file(ticks, &score));
        let mut short = first.clone();
        // Notes shorter than a tick of the writer would be joined or lengthened; they are no part of this promise.
        short.parts[0].notes.retain(|n| n.duration.0 > 2.0 / 960.0);
        prop_assume!(!short.parts[0].notes.is_empty());
        let second = read(&write_midi(&short).unwrap());
        prop_assert_eq!(second.parts[0].notes.len(), short.parts[0].notes.len());
        let sorted = |notes: &[Note]| {
            let mut notes = notes.to_vec();
            notes.sort_by(|a, b| a.pitch.cmp(&b.pitch).then(a.onset.total_cmp(&b.onset)));
            notes
        };
        for (a, b) in sorted(&second.parts[0].notes).iter().zip(&sorted(&short.parts[0].notes)) {
            prop_assert!(a.pitch == b.pitch && a.velocity == b.velocity);
            prop_assert!((a.onset.0 - b.onset.0).abs() < 1.0 / 960.0 && (a.end().0 - b.end().0).abs() < 1.0 / 960.0);
        }
    }
}

fn one_note() -> Score {
    let note = Note { onset: Beats(0.0), duration: Beats(1.0), pitch: 60, velocity: 90 };
    Score { parts: vec![Part::new("one", 0, 0, vec![note])], ..Score::default() }
}

#[test]
fn scores_that_do_not_fit_are_refused_with_the_reason() {
    let spoiled: [fn(&mut Score); 6] = [
        |s| s.parts[0].notes[0].onset = Beats(-1.0),
        |s| s.parts[0].notes[0].onset = Beats(f64::NAN),
        |s| s.parts[0].notes[0].duration = Beats(0.0),
        |s| s.parts[0].notes[0].velocity = 0,
        |s| s.parts[0].channel = 16,
        |s| s.tempo = TempoMap::constant(Bpm(2.0)).unwrap(),
    ];
    for spoil in spoiled {
        let mut score = one_note();
        spoil(&mut score);
        assert!(matches!(write_midi(&score), Err(MidiError::Unwritable(_))), "{score:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.mid");
    std::fs::create_dir(&taken).unwrap();
    let error = write_midi_file(&taken, &one_note()).unwrap_err();
    assert!(error.to_string().contains("taken.mid: "), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(write_midi_file(folder.path().join("no/such/folder.mid"), &one_note()).is_err());
}

#[test]
fn writing_replaces_the_old_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tune.mid");
    std::fs::write(&path, b"old").unwrap();
    write_midi_file(&path, &one_note()).unwrap();
    assert_eq!(read_midi_file(&path, &ReadOptions::default()).unwrap().note_count(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// abcmidi's `mftext` prints every event of a MIDI file; it knows nothing of this project.
#[test]
fn another_program_reads_the_same_notes() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/midi/evening-walk.mid");
    let score = read_midi_file(fixture, &ReadOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("written.mid");
    write_midi_file(&path, &score).unwrap();
    let output = match Command::new("mftext").arg(&path).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: mftext (Debian package abcmidi) cannot be started: {error}");
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let lines_with = |what: &str| text.lines().filter(|l| l.contains(what)).count();
    assert_eq!(lines_with("note on"), score.note_count(), "{text}");
    assert_eq!(lines_with("note off"), score.note_count(), "{text}");
    assert_eq!(lines_with("time signature"), score.metres.changes().len(), "{text}");
    assert_eq!(lines_with("tempo"), score.tempo.changes().len(), "{text}");
}
