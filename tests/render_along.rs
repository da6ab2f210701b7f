//! Tunes rendered in a mode: the tune plays straight through, and the instrument along with it, as it would on a stage.

mod compose_support;
mod render_support;

use compose_support::{melody_model, phrase_model};
use oneiro::bridge::{Part, ShowKind, Stage};
use oneiro::compose::{Corner, Director, Mode, Order};
use oneiro::live::{Performer, PlayerEvent, PlayerKind, Setup};
use oneiro::music::Note;
use oneiro::music::midi::{ReadOptions, Score, read_midi_file};
use oneiro::render::{Along, Composers, Job, Place, Rendered, Target, Tune, render_tune};
use oneiro::time::{Beats, SampleRate, Transport};
use render_support::evening_walk;
use std::path::Path;
use tempfile::tempdir;

/// Quarter notes of a bar of the tune.
const BAR: f64 = 4.0;

/// The first bars of the tune, and its accompaniment where it is wanted.
fn tune(bars: f64, accompanied: bool) -> Score {
    let mut score = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap();
    if !accompanied {
        let melody = oneiro::music::select_melody_part(&score).unwrap();
        score.parts = vec![score.parts.swap_remove(melody)];
    }
    for part in &mut score.parts {
        part.notes.retain(|n| n.onset.0 < bars * BAR - 0.1);
    }
    score
}

fn bar(bar: u32) -> Place {
    Place::Bar { bar, beat: 1.0 }
}

fn in_modes(modes: &[(u32, Mode)]) -> Along {
    Along { modes: modes.iter().map(|(at, mode)| (bar(*at), *mode)).collect(), captures: Vec::new() }
}

fn job(folder: &Path, along: Along) -> Job {
    let target = |name: &str| Target::from_name(&folder.join(name).display().to_string()).unwrap();
    Job { along: Some(along), ..Job::new(vec![target("out.wav"), target("out.mid")]) }
}

fn run(score: &Score, job: &Job) -> Rendered {
    let composers = Composers { melody: melody_model(), phrases: Some(phrase_model()) };
    let rendered = render_tune(Tune::Score(score, Box::new(composers)), Vec::new(), job, &mut ()).unwrap();
    assert_eq!(rendered.recording.lost, 0);
    rendered
}

/// What the instrument plays, in order of time.
fn played(rendered: &Rendered) -> Vec<Note> {
    let mut notes = rendered.recording.answer();
    notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
    notes
}

/// In a mode, whatever length blocks have.
fn in_mode(score: &Score, along: &Along) -> (Rendered, Vec<Note>) {
    let folder = tempdir().unwrap();
    let whole = job(folder.path(), along.clone());
    let rendered = run(score, &whole);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let (sound, notes) = (bytes("out.wav"), bytes("out.mid"));
    for block in [97, 20_000] {
        run(score, &Job { block, ..whole.clone() });
        assert!(bytes("out.wav") == sound && bytes("out.mid") == notes, "{along:?} in blocks of {block}");
    }
    let played = played(&rendered);
    assert!(!played.is_empty(), "{along:?}: nothing is played");
    let end = rendered.arrangement.end;
    assert!(played.iter().all(|note| note.onset < end && note.duration.0 > 0.0), "{along:?}: {played:?}");
    (rendered, played)
}

#[test]
fn it_answers_a_tune_that_goes_on() {
    let (rendered, played) = in_mode(&tune(8.0, false), &in_modes(&[(1, Mode::Answer)]));
    let call = &rendered.arrangement.call;
    assert!(played[0].onset.0 >= 2.0 * BAR - 0.1, "it listens first: {:?}", played[0]);
    assert!(call.windows(2).all(|two| two[0].onset <= two[1].onset) && rendered.answers > 0);
    // The tune keeps its own time: nothing is put in.
    let score = tune(8.0, false);
    assert_eq!(call.len(), score.parts[0].notes.len());
    assert!(call.iter().zip(&score.parts[0].notes).all(|(a, b)| (a.onset - b.onset).0.abs() < 1e-9));
}

#[test]
fn a_second_voice_begins_and_ends_with_the_tune() {
    let (rendered, played) = in_mode(&tune(4.0, false), &in_modes(&[(1, Mode::Harmonise)]));
    let call = &rendered.arrangement.call;
    for note in &played {
        let with = call.iter().any(|c| (c.onset - note.onset).0.abs() < 1e-3 && (c.end() - note.end()).0.abs() < 1e-3);
        assert!(with, "{note:?} goes with no note of {call:?}");
    }
    assert!(2 * played.len() > call.len(), "{} of {}", played.len(), call.len());
}

#[test]
fn it_improvises_over_the_chords_of_the_accompaniment() {
    let along = in_modes(&[(1, Mode::Improvise)]);
    let (rendered, played) = in_mode(&tune(6.0, true), &along);
    assert!(!rendered.arrangement.backing.is_empty());
    let folder = tempdir().unwrap();
    let alone = self::played(&run(&tune(6.0, false), &job(folder.path(), along)));
    assert_ne!(played, alone, "the accompaniment is heard");
}

#[test]
fn it_changes_the_mode_on_a_bar_line() {
    let score = tune(8.0, true);
    let (_, first) = in_mode(&score, &in_modes(&[(1, Mode::Harmonise)]));
    let (_, then) = in_mode(&score, &in_modes(&[(1, Mode::Harmonise), (5, Mode::Improvise)]));
    let before = |notes: &[Note]| notes.iter().copied().filter(|n| n.onset.0 < 4.0 * BAR).collect::<Vec<_>>();
    let after = |notes: &[Note]| notes.iter().copied().filter(|n| n.onset.0 >= 4.0 * BAR).collect::<Vec<_>>();
    assert_eq!(before(&first), before(&then), "nothing changes before");
    assert_ne!(after(&first), after(&then), "and everything after");
}

#[test]
fn what_was_captured_is_morphed() {
    let captured = |captures: &[(Place, Corner)]| Along {
        captures: captures.to_vec(),
        ..in_modes(&[(1, Mode::Answer), (7, Mode::Morph)])
    };
    let (_, with) = in_mode(&tune(8.0, false), &captured(&[(bar(3), Corner::A), (bar(5), Corner::B)]));
    let (_, without) = in_mode(&tune(8.0, false), &captured(&[]));
    assert_ne!(with, without, "without a captured phrase there is nothing to morph");
}

#[test]
fn controls_of_a_mode_move() {
    use oneiro::render::{Automation, Lane, Mark, control};
    let score = tune(8.0, false);
    let folder = tempdir().unwrap();
    let along = job(folder.path(), in_modes(&[(1, Mode::Harmonise)]));
    let mark = |at: u32, value: f64| Mark { at: bar(at), value, ramp: false };
    let lane = Lane { control: control("answers").unwrap(), points: vec![mark(1, 1.0), mark(3, 0.0), mark(6, 1.0)] };
    let moved = Job { automation: Automation { lanes: vec![lane], ..Automation::default() }, ..along };
    let notes = played(&run(&score, &moved));
    let between = |from: f64, to: f64| notes.iter().filter(|n| (from * BAR..to * BAR).contains(&n.onset.0)).count();
    assert!(between(0.0, 2.0) > 0 && between(5.0, 8.0) > 0, "{notes:?}");
    assert_eq!(between(2.0, 5.0), 0, "it is silent where it is to be: {notes:?}");
}

/// What the instrument plays to a tune that somebody plays to it: pitches with their places.
fn live(notes: &[Note], mode: Mode, until: Beats, rate: u32) -> Vec<(f64, u8)> {
    let Stage { audio, composer, mut watcher } = Stage::default();
    let mut performer = Performer::prepare(Setup::new(SampleRate(rate)), audio);
    let mut director = Director::new(melody_model(), Some(phrase_model()), composer);
    director.order(Beats(f64::NEG_INFINITY), Order::Mode(mode)).unwrap();
    let tempo = read_midi_file(evening_walk(), &ReadOptions::default()).unwrap().tempo.tempo_at(Beats::ZERO);
    let per_beat = tempo.seconds_per_beat() * f64::from(rate);
    let sample = |at: Beats| (at.0 * per_beat).round() as usize;
    let keys = notes.iter().flat_map(|n| {
        let (pitch, velocity) = (n.pitch, n.velocity);
        [(sample(n.onset), PlayerKind::NoteOn { pitch, velocity }), (sample(n.end()), PlayerKind::NoteOff { pitch })]
    });
    let mut keys: Vec<(usize, PlayerKind)> = keys.collect();
    keys.sort_by_key(|(at, kind)| (*at, matches!(kind, PlayerKind::NoteOn { .. })));
    let (mut left, mut right) = ([0.0; 256], [0.0; 256]);
    let mut played = Vec::new();
    for now in (0..sample(until)).step_by(256) {
        let of_block = keys.iter().filter(|(at, _)| (now..now + 256).contains(at));
        let events: Vec<PlayerEvent> =
            of_block.map(|&(at, kind)| PlayerEvent { sample_offset: (at - now) as u32, kind }).collect();
        let time_signature = oneiro::time::TimeSignature::COMMON;
        let pos_beats = Beats(now as f64 / per_beat);
        performer.process(
            &Transport { playing: true, pos_beats, tempo, time_signature },
            &events,
            &mut left,
            &mut right,
        );
        while let Some(event) = watcher.show.receive() {
            if let ShowKind::NoteOn { part: Part::Answer, pitch, .. } = event.kind {
                played.push((event.pos_beats.0, pitch));
            }
        }
        director.follow(watcher.clock.read()).unwrap();
    }
    played
}

#[test]
fn it_plays_what_it_would_play_live() {
    let score = tune(8.0, false);
    let folder = tempdir().unwrap();
    for mode in [Mode::Answer, Mode::Continue, Mode::Vary, Mode::Harmonise] {
        let rendered = run(&score, &job(folder.path(), in_modes(&[(1, mode)])));
        let end = rendered.arrangement.end;
        let notes: Vec<(f64, u8)> = played(&rendered).iter().map(|n| (n.onset.0, n.pitch)).collect();
        // While the tune plays; what comes after it ends with the film.
        let within = |notes: &[(f64, u8)]| notes.iter().copied().filter(|n| n.0 < 7.0 * BAR).collect::<Vec<_>>();
        let (notes, live) = (within(&notes), within(&live(&rendered.arrangement.call, mode, end, 44_100)));
        assert_eq!(notes.len(), live.len(), "{mode}: {notes:?} {live:?}");
        let same = |(a, b): (&(f64, u8), &(f64, u8))| a.1 == b.1 && (a.0 - b.0).abs() < 1e-3;
        assert!(!notes.is_empty() && notes.iter().zip(&live).all(same), "{mode}: {notes:?} {live:?}");
    }
}
