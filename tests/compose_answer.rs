//! An answer keeps its rules, and depends on the seed and on what was heard before it, and on nothing else.

mod compose_support;
mod render_support;

use compose_support::CALL;
use oneiro::bridge::{AudioSide, Heard, HeardKind, Part, Plan, Stage};
use oneiro::compose::{Composer, Controls, Cue, Expression, HarmonySpan, MelodyModel, Phrase, ScaleControl};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::{PitchClass, PitchClassSet};
use oneiro::time::{Beats, TimeSignature};
use render_support::{bytes, melody_model};
use std::path::Path;

fn composer(seed: u64) -> (Composer, AudioSide) {
    let options = SessionOptions::default();
    let session = Session::from_bytes("melody.onnx", bytes(melody_model()), Kind::MelodyRnn, &options).unwrap();
    let Stage { audio, composer, .. } = Stage::default();
    let mut composer = Composer::new(MelodyModel::new(session).unwrap(), composer);
    composer.set_controls(Controls { seed, ..Controls::default() }).unwrap();
    (composer, audio)
}

fn play(audio: &mut AudioSide, notes: &[(f64, f64, u8)], from: f64) {
    let mut events: Vec<(f64, HeardKind)> = (0..2)
        .map(|bar| (from + 4.0 * f64::from(bar), HeardKind::Bar { bar, time_signature: TimeSignature::COMMON }))
        .collect();
    for &(at, length, pitch) in notes {
        events.push((from + at, HeardKind::NoteOn { pitch, velocity: 80 }));
        events.push((from + at + length, HeardKind::NoteOff { pitch }));
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (pos, kind) in events {
        audio.heard.send(Heard { pos_beats: Beats(pos), kind }).unwrap();
    }
}

fn cue(index: u32, from: f64, last: bool) -> Cue {
    let (call, answer) = ((Beats(from), Beats(from + 8.0)), (Beats(from + 8.0), Beats(from + 16.0)));
    Cue { index, epoch: 0, call, answer, last, harmony: Vec::new() }
}

fn two_answers(seed: u64) -> [Phrase; 2] {
    let (mut composer, mut audio) = composer(seed);
    [0, 1].map(|i| {
        let from = 16.0 * f64::from(i);
        play(&mut audio, &CALL, from);
        composer.answer(&cue(i as u32, from, i == 1)).unwrap()
    })
}

#[test]
fn answers_keep_to_key_range_window_and_close() {
    let g_major = PitchClassSet::from_semitones(&[7, 9, 11, 0, 2, 4, 6]);
    for seed in 0..12 {
        for (i, phrase) in two_answers(seed).into_iter().enumerate() {
            let (from, to) = (16.0 * i as f64 + 8.0, 16.0 * i as f64 + 16.0);
            assert_eq!(phrase.key.unwrap().to_string(), "G major");
            assert!(phrase.tones.is_subset(g_major) && phrase.range == (61, 79), "{phrase:?}");
            for note in &phrase.notes {
                assert!(g_major.contains_pitch(note.pitch) && (61..=79).contains(&note.pitch), "seed {seed}: {note:?}");
                assert!(note.onset.0 >= from && note.end().0 <= to && note.duration.0 > 0.0, "seed {seed}: {note:?}");
            }
            assert!(phrase.notes.windows(2).all(|w| w[0].end() <= w[1].onset), "seed {seed}: one voice");
            let last = phrase.notes.last().unwrap().pitch % 12;
            let stable: &[u8] = if i == 1 { &[7] } else { &[7, 11, 2] };
            assert!(stable.contains(&last), "seed {seed}, answer {i} ends on pitch class {last}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_and_another_one_another() {
    assert_eq!(two_answers(3), two_answers(3));
    let all: Vec<_> = (0..8).map(|seed| two_answers(seed)[0].notes.clone()).collect();
    for (i, notes) in all.iter().enumerate() {
        assert!(!all[..i].contains(notes), "seed {i} gives what another seed gave");
    }
}

#[test]
fn what_comes_after_the_call_does_not_change_its_answer() {
    let (mut composer, mut audio) = composer(4);
    play(&mut audio, &CALL, 0.0);
    play(&mut audio, &[(0.0, 1.0, 85), (1.0, 1.0, 87)], 8.0);
    assert_eq!(composer.answer(&cue(0, 0.0, false)).unwrap(), two_answers(4)[0]);
}

#[test]
fn the_answer_goes_to_the_audio_side_as_a_phrase_and_its_notes() {
    let (mut composer, mut audio) = composer(5);
    play(&mut audio, &CALL, 0.0);
    let phrase = composer.answer(&cue(0, 0.0, true)).unwrap();
    let plans: Vec<Plan> = std::iter::from_fn(|| audio.plans.receive()).collect();
    let Plan::Phrase { at, part: Part::Answer, duration, .. } = plans[0] else { panic!("{:?}", plans[0]) };
    assert_eq!((at, duration), (Beats(8.0), Beats(8.0)));
    let sent: Vec<u8> = plans[1..]
        .iter()
        .map(|plan| match plan {
            Plan::Note { note, .. } if note.part == Part::Answer => note.pitch,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, phrase.notes.iter().map(|n| n.pitch).collect::<Vec<_>>());
}

#[test]
fn a_half_close_rests_on_the_chord_that_sounds() {
    let d_major = PitchClassSet::from_semitones(&[2, 6, 9]);
    let span = HarmonySpan { from: Beats(8.0), to: Beats(16.0), root: PitchClass::of(2), tones: d_major };
    for seed in 0..6 {
        let (mut composer, mut audio) = composer(seed);
        play(&mut audio, &CALL, 0.0);
        let phrase = composer.answer(&Cue { harmony: vec![span], ..cue(0, 0.0, false) }).unwrap();
        // D is both in the tonic's chord and in the dominant's.
        assert_eq!(phrase.notes.last().unwrap().pitch % 12, 2, "seed {seed}");
    }
}

#[test]
fn nothing_heard_is_not_answered() {
    let (mut composer, mut audio) = composer(6);
    assert_eq!(composer.answer(&cue(0, 0.0, true)).unwrap(), Phrase::default());
    assert!(audio.plans.receive().is_none());
}

/// The shipped network's answer: what one that knows nothing expects is no guide to how controls feel.
fn answer_with(controls: Controls) -> Phrase {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/melody-rnn.onnx");
    let session = Session::open(&file, Kind::MelodyRnn, &SessionOptions::default()).unwrap();
    let Stage { mut audio, composer, .. } = Stage::default();
    let mut composer = Composer::new(MelodyModel::new(session).unwrap(), composer);
    composer.set_controls(controls).unwrap();
    play(&mut audio, &CALL, 0.0);
    composer.answer(&cue(0, 0.0, false)).unwrap()
}

#[test]
fn no_note_leaves_the_scale_the_range_and_the_grid_that_were_set() {
    let tones = PitchClassSet::from_semitones(&[0, 3, 5, 7, 10]);
    let stable = PitchClassSet::from_semitones(&[0]);
    for seed in 0..8 {
        for transpose in [0, -7, 12] {
            let phrase = answer_with(Controls {
                seed,
                transpose,
                scale: Some(ScaleControl { tones, stable }),
                range: Some((58, 75)),
                grid: Some(12),
                ..Controls::default()
            });
            assert!(!phrase.notes.is_empty(), "seed {seed}, {transpose}");
            assert_eq!(phrase.notes.last().unwrap().pitch % 12, 0, "seed {seed}, {transpose}: ends on the root");
            for note in &phrase.notes {
                assert!(tones.contains_pitch(note.pitch), "seed {seed}, {transpose}: {note:?}");
                assert!((58..=75).contains(&note.pitch), "seed {seed}, {transpose}: {note:?}");
                assert_eq!((note.onset.0 * 2.0).fract(), 0.0, "seed {seed}, {transpose}: {note:?}");
            }
            assert!(phrase.notes.windows(2).all(|w| w[0].end() <= w[1].onset), "seed {seed}: one voice");
        }
    }
}

#[test]
fn density_and_rests_are_followed() {
    let notes = |controls: fn(u64) -> Controls| -> usize { (0..6).map(|s| answer_with(controls(s)).notes.len()).sum() };
    // Eight quarter notes in each of six answers.
    let sparse = notes(|seed| Controls { seed, density: Some(0.5), ..Controls::default() });
    let dense = notes(|seed| Controls { seed, density: Some(3.0), ..Controls::default() });
    assert!((12..=42).contains(&sparse), "{sparse} notes, 24 wanted");
    assert!((100..=190).contains(&dense), "{dense} notes, 144 wanted");
    let sounding = |rests: f64| -> f64 {
        let phrase = |seed| answer_with(Controls { seed, rests, density: Some(1.0), ..Controls::default() });
        (0..6).flat_map(|seed| phrase(seed).notes).map(|n| n.duration.0).sum()
    };
    assert!(sounding(1.0) < 0.8 * sounding(-1.0), "{} and {}", sounding(1.0), sounding(-1.0));
}

#[test]
fn a_control_out_of_range_changes_nothing() {
    let (mut composer, mut audio) = composer(4);
    let expression = Expression { swing: 0.2, ..Expression::default() };
    let error = composer.set_controls(Controls { seed: 9, expression, ..Controls::default() }).unwrap_err();
    assert_eq!(error.to_string(), "swing 0.2: 0.5 to 0.75 is needed");
    play(&mut audio, &CALL, 0.0);
    assert_eq!(composer.answer(&cue(0, 0.0, false)).unwrap(), two_answers(4)[0]);
}
