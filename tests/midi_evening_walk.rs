//! "Evening Walk", the tune of the demo, written out; the committed file is made from this page.
//!
//! Sixteen bars in G major: four calls of two bars, each followed by two bars in which only the accompaniment goes on,
//! so that an answer has room. `ONEIRO_UPDATE_FIXTURES=1 cargo test --test midi_evening_walk` writes the file anew.

use oneiro::music::midi::{Part, ReadOptions, Score, read_midi_file, write_midi, write_midi_file};
use oneiro::music::{
    Chord, ChordQuality, Note, PitchClass, PitchClassWeights, chord_between, estimate_key, select_melody_part,
};
use oneiro::time::{Beats, Bpm, MetreMap, TempoChange, TempoMap, TimeSignature};
use std::path::PathBuf;

/// Rest.
const R: u8 = 0;

/// Two bars of call each: key number and length in quarter notes (a third of one in triplets).
const CALLS: [&[(u8, f64)]; 4] = [
    &[
        (67, 1.0),
        (69, 0.5),
        (71, 0.5),
        (74, 1.5),
        (71, 0.5), //
        (69, 0.5),
        (67, 0.5),
        (64, 1.0),
        (62, 1.5),
        (R, 0.5),
    ],
    &[
        (67, 1.0),
        (69, 0.5),
        (71, 0.5),
        (74, 1.0),
        (76, 1.0), //
        (74, 0.5),
        (71, 0.5),
        (69, 0.5),
        (67, 0.5),
        (69, 1.5),
        (R, 0.5),
    ],
    &[
        (76, 1.0),
        (78, 0.5),
        (79, 0.5),
        (78, 0.5),
        (76, 0.5),
        (74, 1.0), //
        (72, 0.5),
        (74, 0.5),
        (76, 0.5),
        (74, 0.5),
        (71, 1.5),
        (R, 0.5),
    ],
    &[
        (67, 1.0),
        (69, 1.0 / 3.0),
        (71, 1.0 / 3.0),
        (72, 1.0 / 3.0),
        (74, 1.0),
        (76, 0.5),
        (74, 0.5), //
        (71, 0.5),
        (69, 0.5),
        (67, 0.5),
        (66, 0.5),
        (67, 2.0),
    ],
];

/// The chord of each half bar: root as a bass key, and whether it is minor.
const HALVES: [(u8, bool); 32] = {
    const G: (u8, bool) = (43, false);
    const EM: (u8, bool) = (40, true);
    const C: (u8, bool) = (36, false);
    const D: (u8, bool) = (38, false);
    const AM: (u8, bool) = (45, true);
    [
        G, G, EM, EM, C, C, D, D, //
        G, G, G, D, C, C, D, D, //
        EM, EM, C, G, AM, AM, D, D, //
        G, G, D, G, C, C, G, G,
    ]
};

fn melody() -> Vec<Note> {
    let mut notes = Vec::new();
    for (call, events) in CALLS.iter().enumerate() {
        let first_bar = 16.0 * call as f64;
        let mut at = 0.0;
        for &(pitch, length) in *events {
            if pitch != R {
                // Louder on one and three and towards the top of the phrase, a breath before the next note.
                let accent = if at % 2.0 < 1e-6 { 8 } else { 0 };
                let velocity = 72 + accent + (pitch - 60);
                let onset = Beats(first_bar + at);
                notes.push(Note { onset, duration: Beats(length * 0.95), pitch, velocity });
            }
            at += length;
        }
        assert!((at - 8.0).abs() < 1e-9, "call {call} has {at} beats");
    }
    notes
}

/// A broken chord in eighths; the last bar is one long chord.
fn guitar() -> Vec<Note> {
    let mut notes = Vec::new();
    for (half, &(root, minor)) in HALVES.iter().enumerate().take(30) {
        let tones = voicing(root, minor);
        for (i, tone) in [0, 1, 2, 1].into_iter().enumerate() {
            let onset = Beats(2.0 * half as f64 + 0.5 * i as f64);
            let velocity = if i == 0 { 52 } else { 44 };
            notes.push(Note { onset, duration: Beats(0.5), pitch: tones[tone], velocity });
        }
    }
    let last = voicing(43, false);
    notes.extend(last.map(|pitch| Note { onset: Beats(60.0), duration: Beats(4.0), pitch, velocity: 46 }));
    notes
}

fn voicing(root: u8, minor: bool) -> [u8; 3] {
    let quality = if minor { ChordQuality::Minor } else { ChordQuality::Major };
    let tones = Chord { root: PitchClass::of(root), quality }.tones();
    let mut keys = (54..66).filter(|&p| tones.contains_pitch(p));
    std::array::from_fn(|_| keys.next().expect("an octave holds every tone of a triad"))
}

/// Root and fifth by turns.
fn bass() -> Vec<Note> {
    let note = |(half, &(root, _)): (usize, &(u8, bool))| {
        let same_as_before = half % 2 == 1 && HALVES[half - 1].0 == root;
        let pitch = if same_as_before && half < 30 { root + 7 } else { root };
        Note { onset: Beats(2.0 * half as f64), duration: Beats(1.9), pitch, velocity: 64 }
    };
    HALVES.iter().enumerate().map(note).collect()
}

fn evening_walk() -> Score {
    let tempo = |at: f64, bpm: f64| TempoChange { at: Beats(at), tempo: Bpm(bpm) };
    Score {
        parts: vec![
            Part::new("Melody", 0, 73, melody()),
            Part::new("Guitar", 1, 24, guitar()),
            Part::new("Bass", 2, 32, bass()),
        ],
        tempo: TempoMap::new(vec![tempo(0.0, 96.0), tempo(56.0, 90.0), tempo(60.0, 82.0)]).unwrap(),
        metres: MetreMap::constant(TimeSignature::COMMON).unwrap(),
        warnings: Vec::new(),
    }
}

#[test]
fn the_harmony_under_each_half_bar_is_heard() {
    let backing = [guitar(), bass()].concat();
    for (half, &(root, minor)) in HALVES.iter().enumerate() {
        let quality = if minor { ChordQuality::Minor } else { ChordQuality::Major };
        let from = Beats(2.0 * half as f64);
        let heard = chord_between(&backing, from, from + Beats(2.0), None).map(|c| c.to_string());
        assert_eq!(heard, Some(Chord { root: PitchClass::of(root), quality }.to_string()), "half bar {half}");
    }
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/midi/evening-walk.mid")
}

#[test]
fn the_committed_tune_is_what_this_page_writes() {
    let score = evening_walk();
    if std::env::var_os("ONEIRO_UPDATE_FIXTURES").is_some() {
        write_midi_file(fixture(), &score).unwrap();
    }
    assert!(std::fs::read(fixture()).unwrap() == write_midi(&score).unwrap(), "the fixture is out of date");
}

#[test]
fn the_tune_is_found_in_its_key_and_leaves_room_for_answers() {
    let score = read_midi_file(fixture(), &ReadOptions::default()).unwrap();
    assert!(score.warnings.is_empty(), "{:?}", score.warnings);
    let melody = &score.parts[select_melody_part(&score).unwrap()];
    assert_eq!(melody.name, "Melody");
    let key = estimate_key(&PitchClassWeights::of_notes(&melody.notes)).unwrap().key;
    assert_eq!(key.to_string(), "G major");
    assert!(melody.notes.iter().all(|note| key.tones().contains_pitch(note.pitch)));
    for note in &melody.notes {
        assert!(score.metres.bar_at(note.onset).index % 4 < 2, "{note:?} stands where an answer should");
    }
    assert!((39.0..43.0).contains(&score.duration_seconds()), "{} s", score.duration_seconds());
}
