//! What the MIDI reader promises about broken, hostile and merely untidy files.

use oneiro::music::midi::{Limits, MidiError, ReadOptions, Score, WarningKind, read_midi, read_midi_file, write_midi};
use oneiro::music::{extract_melody, select_melody_part};
use oneiro::time::Beats;
use proptest::prelude::*;

/// A file of the given format, ticks a quarter note, and tracks (an end mark is added to each).
fn file(format: u16, division: u16, tracks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06".to_vec();
    for value in [format, tracks.len() as u16, division] {
        bytes.extend(value.to_be_bytes());
    }
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32 + 4).to_be_bytes());
        bytes.extend(track);
        bytes.extend([0, 0xff, 0x2f, 0]);
    }
    bytes
}

fn one_track(events: &[u8]) -> Vec<u8> {
    file(0, 96, &[events.to_vec()])
}

fn read(bytes: &[u8]) -> Result<Score, MidiError> {
    read_midi(bytes, &ReadOptions::default())
}

fn error_of(bytes: &[u8]) -> String {
    read(bytes).expect_err("this file must be refused").to_string()
}

/// Onset, length and pitch of each note of the first part.
fn notes(score: &Score) -> Vec<(f64, f64, u8)> {
    score.parts[0].notes.iter().map(|n| (n.onset.0, n.duration.0, n.pitch)).collect()
}

fn count(score: &Score, kind: WarningKind) -> usize {
    score.warnings.iter().find(|w| w.kind == kind).map_or(0, |w| w.count)
}

const NOTE: [u8; 8] = [0, 0x90, 60, 100, 96, 0x80, 60, 64];

#[test]
fn empty_and_foreign_files_are_refused() {
    assert_eq!(error_of(b""), "the file is empty");
    assert!(matches!(read(b"\x89PNG\r\n\x1a\n and so on"), Err(MidiError::NotMidi)));
    assert!(matches!(read(b"MT"), Err(MidiError::NotMidi)));
}

#[test]
fn every_truncation_of_a_file_is_refused() {
    let whole = one_track(&NOTE);
    assert!(read(&whole).is_ok());
    for length in 1..whole.len() {
        let error = read(&whole[..length]).expect_err("a file that is cut off");
        assert!(matches!(error, MidiError::Truncated { .. } | MidiError::NotMidi), "{length} bytes: {error}");
    }
}

#[test]
fn a_file_without_notes_is_refused() {
    assert_eq!(error_of(&one_track(&[])), "no notes in it");
    assert_eq!(error_of(&one_track(&[0, 0x90, 60, 0])), "no notes in it");
}

#[test]
fn tempo_zero_and_absurd_tempi_are_refused() {
    let zero = [&[0, 0xff, 0x51, 3, 0, 0, 0], &NOTE[..]].concat();
    assert!(error_of(&one_track(&zero)).contains("zero microseconds"));
    let absurd = [&[0, 0xff, 0x51, 3, 0, 0, 1], &NOTE[..]].concat();
    assert!(matches!(read(&one_track(&absurd)), Err(MidiError::Tempo { .. })));
}

#[test]
fn a_hundred_megabytes_of_garbage_are_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("garbage.mid");
    // Sparse: it has the size without taking the space.
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let error = read_midi_file(&path, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error.kind, MidiError::TooLarge { bytes, .. } if bytes == 100 << 20));
    assert!(error.to_string().contains("garbage.mid: 104857600 bytes"), "{error}");
}

#[test]
fn ten_thousand_notes_at_once_are_refused_however_they_are_laid_out() {
    // One key; all keys; all keys of all channels; and all of it without a single note-off.
    type Layout = fn(u32) -> (u8, u8);
    let layouts: [Layout; 3] = [|_| (0, 60), |i| (0, (i % 128) as u8), |i| ((i / 128 % 16) as u8, (i % 128) as u8)];
    for layout in layouts {
        for with_ends in [true, false] {
            let mut events = Vec::new();
            for i in 0..10_000 {
                let (channel, key) = layout(i);
                events.extend([0, 0x90 | channel, key, 80]);
            }
            for i in 0..if with_ends { 10_000 } else { 0 } {
                let (channel, key) = layout(i);
                events.extend([u8::from(i == 0), 0x80 | channel, key, 80]);
            }
            let error = error_of(&one_track(&events));
            assert_eq!(error, "10000 notes sound at once at beat 0.00, the limit is 512");
        }
    }
}

#[test]
fn limits_on_notes_and_length_name_themselves() {
    let limits = Limits { max_notes: 1, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let two = [NOTE, NOTE].concat();
    assert!(matches!(read_midi(&one_track(&two), &options), Err(MidiError::TooManyNotes { limit: 1 })));
    let late = [&[0xff, 0xff, 0xff, 0x7f, 0x90, 60, 100], &NOTE[4..]].concat();
    assert!(error_of(&one_track(&late)).contains("the limit is 12.0"));
}

#[test]
fn headers_that_nobody_can_follow_are_refused() {
    assert!(matches!(read(&file(2, 96, &[NOTE.to_vec()])), Err(MidiError::Format(2))));
    assert!(matches!(read(&file(7, 96, &[NOTE.to_vec()])), Err(MidiError::Format(7))));
    for division in [0, 0x8000, 0x8080, 0xe700, 0xffff] {
        assert!(matches!(read(&file(0, division, &[NOTE.to_vec()])), Err(MidiError::Header(_))), "{division:#x}");
    }
}

#[test]
fn an_unreadable_path_names_the_file() {
    let error = read_midi_file("no/such/tune.mid", &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("no/such/tune.mid: "), "{error}");
}

#[test]
fn running_status_and_note_on_with_velocity_zero() {
    let score = read(&one_track(&[0, 0x90, 60, 100, 48, 60, 0, 0, 62, 90, 48, 62, 0])).unwrap();
    assert_eq!(notes(&score), [(0.0, 0.5, 60), (0.5, 0.5, 62)]);
    assert!(score.warnings.is_empty());
}

#[test]
fn smpte_time_is_read_as_seconds() {
    // 25 frames of 40 ticks: a tick is a millisecond. A second is two quarter notes at 120.
    let score = read(&file(0, 0xe728, &[vec![0x87, 0x68, 0x90, 60, 100, 0x87, 0x68, 60, 0]])).unwrap();
    assert_eq!(notes(&score), [(2.0, 2.0, 60)]);
    assert_eq!(score.duration_seconds(), 2.0);
}

#[test]
fn two_voices_crossing_on_a_key_keep_both_ends() {
    // On, on, off, off: the first note is cut where the second begins; the second lasts to the last off.
    let score = read(&one_track(&[0, 0x90, 60, 90, 48, 60, 90, 48, 60, 0, 48, 60, 0])).unwrap();
    assert_eq!(notes(&score), [(0.0, 0.5, 60), (0.5, 1.0, 60)]);
    assert_eq!(count(&score, WarningKind::Overlap), 1);
    assert_eq!(score.warnings.len(), 1);
}

#[test]
fn doubled_notes_are_joined_and_zero_lengths_get_a_grid_step() {
    let doubled = read(&one_track(&[0, 0x90, 60, 90, 0, 60, 80, 48, 60, 0, 48, 60, 0])).unwrap();
    assert_eq!(notes(&doubled), [(0.0, 1.0, 60)]);
    assert_eq!(count(&doubled, WarningKind::Duplicate), 1);
    let zero = read(&one_track(&[0, 0x90, 60, 90, 0, 60, 0])).unwrap();
    assert_eq!(notes(&zero), [(0.0, 1.0 / 24.0, 60)]);
    assert_eq!(count(&zero, WarningKind::ZeroLength), 1);
}

#[test]
fn missing_note_offs_end_at_the_next_onset_or_after_a_bar() {
    // Three onsets of one key a quarter apart, one off at the end; a last key that never ends, a long track after it.
    let events = [0, 0x90, 60, 90, 96, 60, 90, 96, 60, 90, 96, 60, 0, 0, 72, 90, 0x90, 0, 0xff, 1, 0];
    let score = read(&one_track(&events)).unwrap();
    assert_eq!(notes(&score), [(0.0, 1.0, 60), (1.0, 1.0, 60), (2.0, 1.0, 60), (3.0, 4.0, 72)]);
    assert_eq!(count(&score, WarningKind::MissingNoteOff), 3);
}

#[test]
fn all_notes_off_ends_notes_without_a_warning() {
    let score = read(&one_track(&[0, 0x90, 60, 90, 0, 64, 90, 96, 0xb0, 123, 0])).unwrap();
    assert_eq!(notes(&score), [(0.0, 1.0, 60), (0.0, 1.0, 64)]);
    assert!(score.warnings.is_empty());
}

#[test]
fn a_thousand_faults_give_one_line() {
    let stray: Vec<u8> = (0..1000).flat_map(|_| [1, 0x80, 61, 0]).collect();
    let score = read(&one_track(&[&NOTE[..], &stray].concat())).unwrap();
    assert_eq!(score.warnings.len(), 1);
    assert_eq!(score.warnings[0].to_string(), "1000 note-offs without a note were ignored (the first at beat 1.01)");
}

#[test]
fn damage_inside_a_track_keeps_what_came_before() {
    let broken = [&NOTE[..], &[0, 0xf4, 1, 2, 3]].concat();
    let score = read(&one_track(&broken)).unwrap();
    assert_eq!(score.note_count(), 1);
    assert_eq!(count(&score, WarningKind::DamagedTrack), 1);
}

#[test]
fn impossible_metres_are_ignored_and_good_ones_kept() {
    let events = [&[0, 0xff, 0x58, 4, 0, 2, 24, 8, 0, 0xff, 0x58, 4, 6, 3, 36, 8], &NOTE[..]].concat();
    let score = read(&one_track(&events)).unwrap();
    assert_eq!(score.metres.metre_at(Beats::ZERO).to_string(), "6/8");
    assert_eq!(count(&score, WarningKind::BadMetre), 1);
}

#[test]
fn tracks_and_channels_become_parts_and_can_be_chosen() {
    let named = [&[0, 0xff, 3, 4, b'L', b'e', b'a', b'd', 0, 0xc0, 73], &NOTE[..]].concat();
    let drums = vec![0, 0x99, 36, 100, 24, 0x89, 36, 0, 0, 0x91, 48, 90, 24, 0x81, 48, 0];
    let bytes = file(1, 96, &[named, drums]);
    let all = read(&bytes).unwrap();
    let shape: Vec<_> = all.parts.iter().map(|p| (p.track, p.channel, p.program, p.is_drums)).collect();
    assert_eq!(shape, [(0, 0, 73, false), (1, 1, 0, false), (1, 9, 0, true)]);
    assert_eq!(all.parts[0].name, "Lead");

    let chosen = |tracks: Option<Vec<usize>>, channels: Option<Vec<u8>>| {
        read_midi(&bytes, &ReadOptions { tracks, channels, ..ReadOptions::default() })
    };
    assert_eq!(chosen(Some(vec![1]), None).unwrap().parts.len(), 2);
    assert_eq!(chosen(None, Some(vec![9])).unwrap().parts.len(), 1);
    let error = chosen(Some(vec![5]), None).unwrap_err().to_string();
    assert!(error.contains("track 0 channel 0, track 1 channel 1, track 1 channel 9"), "{error}");
}

#[test]
fn what_follows_the_last_track_does_no_harm() {
    let clean = one_track(&NOTE);
    for tail in [&b"\0"[..], &[0; 40], b"TAG made with love", b"LIST\xff\xff\xff\xff"] {
        assert_eq!(read(&[&clean, tail].concat()).unwrap(), read(&clean).unwrap());
    }
}

#[test]
fn a_wrong_number_of_tracks_is_a_warning() {
    let mut bytes = file(1, 96, &[NOTE.to_vec(), NOTE.to_vec()]);
    for declared in [1, 3] {
        bytes[11] = declared;
        let score = read(&bytes).unwrap();
        assert_eq!((score.parts.len(), count(&score, WarningKind::TrackCount)), (2, 1));
    }
}

#[test]
fn a_riff_wrapper_is_taken_off() {
    let inner = one_track(&NOTE);
    let mut riff = b"RIFF".to_vec();
    riff.extend((inner.len() as u32 + 12).to_le_bytes());
    riff.extend(b"RMIDdata");
    riff.extend((inner.len() as u32).to_le_bytes());
    riff.extend(&inner);
    assert_eq!(read(&riff).unwrap(), read(&inner).unwrap());
}

proptest! {
    /// On failure proptest prints the input and the seed that made it.
    #[test]
    fn no_bytes_make_the_reader_panic(
        division in any::<u16>(),
        format in 0u16..3,
        body in prop::collection::vec(prop_oneof![
            any::<u8>(),
            prop::sample::select(vec![0u8, 0x90, 0x80, 0xff, 0xf0, 0xf7, 0x51, 0x54, 0x58, 0x59, 0x20, 0x7f, 3]),
        ], 0..300),
        cut in 0usize..400,
    ) {
        let whole = file(format, division, &[body.clone(), body]);
        for bytes in [&whole[..], &whole[..cut.min(whole.len())]] {
            if let Ok(score) = read(bytes) {
                for note in score.parts.iter().flat_map(|p| &p.notes) {
                    prop_assert!(note.duration.0 > 0.0 && note.onset.0 >= 0.0 && note.pitch < 128 && note.velocity > 0);
                }
            }
        }
    }

    #[test]
    fn a_real_file_with_damaged_bytes_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = include_bytes!("fixtures/midi/evening-walk.mid").to_vec();
        for (index, value) in damage {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(score) = read(&bytes) {
            prop_assert!(score.duration_seconds().is_finite());
            prop_assert!(select_melody_part(&score).is_none_or(|i| i < score.parts.len()));
            for part in &score.parts {
                prop_assert!(extract_melody(part, &score.metres).is_some_and(|m| m.melody.note_count() > 0));
            }
            // What was read and repaired can be written; files cannot say every length of silence.
            if let Ok(again) = write_midi(&score) {
                prop_assert!(read(&again).is_ok());
            }
        }
    }
}
