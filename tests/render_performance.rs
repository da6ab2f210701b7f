//! The virtual clock: the same performance for the same seed, whatever the blocks; and the form of performances.

mod render_support;

use oneiro::bridge::{Part as Player, ShowKind};
use oneiro::compose::{Controls, MelodyModel};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::Note;
use oneiro::music::midi::{Part, ReadOptions, Score, read_midi_file};
use oneiro::render::{Arrangement, Form, Piece, Recording, Voicing, perform};
use oneiro::time::{Beats, Bpm, MetreChange, MetreMap, SampleRate, TempoChange, TempoMap, TimeSignature};
use render_support::{bytes, evening_walk, melody_model};

const RATE: SampleRate = SampleRate(12_000);

fn model() -> MelodyModel {
    let options = SessionOptions::default();
    MelodyModel::new(Session::from_bytes("melody", bytes(melody_model()), Kind::MelodyRnn, &options).unwrap()).unwrap()
}

/// What was played, and its sound.
fn played(arrangement: &Arrangement, seed: u64, block: usize) -> (Recording, [Vec<f32>; 2]) {
    let seconds = arrangement.tempo.seconds_at(arrangement.end) + 0.5;
    let samples = (seconds * f64::from(RATE.0)) as u64;
    let voicing = Voicing::new(RATE, None).unwrap();
    let automation = Controls { seed, ..Controls::default() }.into();
    let piece = Piece { arrangement, automation: &automation, samples, block };
    let mut sound: [Vec<f32>; 2] = Default::default();
    let recording = perform(&piece, model(), voicing, &mut sound, &mut ()).unwrap();
    assert_eq!(sound[0].len() as u64, samples);
    (recording, sound)
}

/// A tune of eighths in 3/4 with a pick-up, through changes of tempo; it leaves no room.
fn waltz(bars: u32, pick_up: bool) -> Score {
    let scale = [67, 69, 71, 72, 74, 76, 78, 79];
    let mut notes = Vec::new();
    let mut note = |at: f64, length: f64, pitch: u8| {
        notes.push(Note { onset: Beats(at), duration: Beats(length), pitch, velocity: 84 });
    };
    if pick_up {
        note(2.0, 0.9, 62);
    }
    for bar in 0..bars {
        let start = 3.0 * f64::from(bar + u32::from(pick_up));
        // A tune that begins with a pick-up ends before the next one.
        for i in 0..if pick_up && bar + 1 == bars { 2 } else { 3_u32 } {
            note(start + f64::from(i), 0.9, scale[((bar * 5 + i * 3) % 8) as usize]);
        }
    }
    let metre = TimeSignature { numerator: 3, denominator: 4 };
    let tempo = |at: f64, bpm: f64| TempoChange { at: Beats(at), tempo: Bpm(bpm) };
    Score {
        parts: vec![Part::new("Flute", 0, 73, notes)],
        tempo: TempoMap::new(vec![tempo(0.0, 300.0), tempo(7.0, 260.0)]).unwrap(),
        metres: MetreMap::new(vec![MetreChange { at: Beats::ZERO, metre }]).unwrap(),
        warnings: Vec::new(),
    }
}

#[test]
fn samples_notes_and_events_do_not_depend_on_the_blocks() {
    let arrangement = Arrangement::new(&waltz(4, true), Form { bars: Some(2), answer_bars: None }).unwrap();
    let (whole, sound) = played(&arrangement, 9, 100_000);
    assert_eq!(whole.lost, 0);
    assert!(sound[0].iter().any(|x| x.abs() > 0.01));
    for block in [1024, 97] {
        let (cut, pieces) = played(&arrangement, 9, block);
        assert_eq!(cut.phrases, whole.phrases, "blocks of {block}");
        assert!(pieces == sound, "blocks of {block}");
        assert_eq!(cut.show, whole.show, "blocks of {block}");
    }
}

#[test]
fn the_same_seed_is_the_same_performance_and_another_one_is_not() {
    let score = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap();
    let arrangement = Arrangement::new(&score, Form::default()).unwrap();
    let [(one, sound), (again, same), (other, another)] = [1, 1, 2].map(|seed| played(&arrangement, seed, 4096));
    assert!(sound == same && one.phrases == again.phrases && one.show == again.show);
    assert!(sound != another);
    assert_ne!(one.answer(), other.answer());
}

#[test]
fn a_tune_that_leaves_room_is_answered_there() {
    let score = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap();
    let arrangement = Arrangement::new(&score, Form::default()).unwrap();
    let spans: Vec<_> =
        arrangement.exchanges.iter().map(|e| (e.call.0.0, e.call.1.0, e.answer.0.0, e.answer.1.0)).collect();
    let wanted: Vec<_> = (0..4).map(|i| 16.0 * f64::from(i)).map(|at| (at, at + 8.0, at + 8.0, at + 16.0)).collect();
    assert_eq!(spans, wanted);
    assert_eq!(arrangement.end, Beats(64.0));
    assert_eq!(
        (arrangement.call.len(), arrangement.key.unwrap().to_string().as_str()),
        (score.parts[0].notes.len(), "G major")
    );
    assert_eq!(arrangement.backing.len(), score.parts[1].notes.len() + score.parts[2].notes.len());
    assert!(arrangement.exchanges.iter().all(|e| e.harmony.len() == 4), "a chord for each half bar of an answer");

    let (recording, _) = played(&arrangement, 3, 4096);
    for (exchange, phrase) in arrangement.exchanges.iter().zip(&recording.phrases) {
        assert!(!phrase.notes.is_empty());
        assert!(phrase.notes.iter().all(|n| n.onset >= exchange.answer.0 && n.end() <= exchange.answer.1));
    }
    let heard = |part: Player| {
        recording.show.iter().filter(|e| matches!(e.kind, ShowKind::NoteOn { part: p, .. } if p == part)).count()
    };
    assert_eq!(heard(Player::Answer), recording.answer().len(), "every answered note is played");
    assert_eq!(heard(Player::Call), arrangement.call.len());
}

#[test]
fn any_other_tune_is_answered_after_every_phrase_and_grows() {
    for pick_up in [false, true] {
        let score = waltz(8, pick_up);
        let arrangement = Arrangement::new(&score, Form::default()).unwrap();
        let shift = if pick_up { 2.0 } else { 0.0 };
        let spans: Vec<_> = arrangement
            .exchanges
            .iter()
            .map(|e| (e.call.0.0 - shift, e.call.1.0 - shift, e.answer.1.0 - shift))
            .collect();
        assert_eq!(spans, [(0.0, 12.0, 24.0), (24.0, 36.0, 48.0)], "with a pick-up: {pick_up}");
        assert!(arrangement.call.len() == score.parts[0].notes.len() && arrangement.end > Beats(40.0));
        // Bar lines stay where they were: the second call begins as far from one as the first.
        let into = |at: Beats| at - arrangement.metres.bar_at(at).start;
        assert_eq!(into(arrangement.exchanges[1].call.0), into(arrangement.exchanges[0].call.0));
        assert_eq!(arrangement.metres.metre_at(Beats(30.0)).to_string(), "3/4");
    }
    let shorter = Arrangement::new(&waltz(8, false), Form { bars: Some(4), answer_bars: Some(2) }).unwrap();
    assert_eq!(shorter.exchanges[0].answer, (Beats(12.0), Beats(18.0)));
    let odd = Arrangement::new(&waltz(9, false), Form::default()).unwrap();
    let lengths: Vec<_> = odd.exchanges.iter().map(|e| (e.call.1 - e.call.0).0).collect();
    assert_eq!(lengths, [12.0, 15.0], "a single bar joins the phrase before it");
}

#[test]
fn pictures_are_told_of_the_chords_of_calls_and_of_answers() {
    let walk =
        Arrangement::new(&read_midi_file(evening_walk(), &ReadOptions::default()).unwrap(), Form::default()).unwrap();
    let alone = Arrangement::new(&waltz(8, false), Form::default()).unwrap();
    for arrangement in [walk, alone] {
        let (recording, _) = played(&arrangement, 2, 4096);
        let chords: Vec<Beats> =
            recording.show.iter().filter(|e| matches!(e.kind, ShowKind::Chord { .. })).map(|e| e.pos_beats).collect();
        assert!(chords.is_sorted_by(|a, b| a < b), "{chords:?}");
        for exchange in &arrangement.exchanges {
            for (from, to) in [exchange.call, exchange.answer] {
                assert!(chords.iter().any(|at| *at >= from && *at < to), "none from {from:?} to {to:?}: {chords:?}");
            }
        }
    }
}

#[test]
fn drums_are_no_tune() {
    let mut score = waltz(4, false);
    score.parts[0].is_drums = true;
    assert!(Arrangement::new(&score, Form::default()).is_err());
}
