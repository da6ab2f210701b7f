//! What the audio side promises of notes and samples: the same for any split, every on with its off, exact times.

mod live_support;

use live_support::{Rig, transport};
use oneiro::bridge::{HeardKind, Part, Plan, Scheduled, SecondTones, ShowKind};
use oneiro::live::{LatePolicy, PlayedNote, PlayerEvent, PlayerKind, Setup};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TOTAL: usize = 36_000;

/// A second voice at an interval, within a range that not every note leaves it.
fn thirds(interval: i8) -> SecondTones {
    SecondTones { intervals: [[interval, -interval]; 12], range: (40, 90), gain: 0.8, curve: 1.0 }
}

/// What a run gives: both channels, the notes at their samples, and the show's events.
#[derive(PartialEq)]
struct Run {
    samples: Vec<[u32; 2]>,
    notes: Vec<(usize, Part, u8, u8)>,
    show: Vec<String>,
}

/// A performance drawn from `music`, cut into blocks of `next_length`. The tempo changes half-way, where a block must begin.
fn perform(music: u64, mut next_length: impl FnMut() -> usize) -> Run {
    let mut rng = ChaCha8Rng::seed_from_u64(music);
    let mut rig = Rig::new();
    rig.from = f64::from(rng.random_range(-3..9)) * 0.75;
    rig.bpm = rng.random_range(70.0..190.0);
    for _ in 0..rng.random_range(5..70) {
        let at = rig.from + f64::from(rng.random_range(0..40)) / 24.0;
        let duration = f64::from(rng.random_range(1..30)) / 24.0;
        let part = Part::ALL[rng.random_range(0..2)];
        rig.note(part, at, duration, rng.random_range(28..104), rng.random_range(1..128));
    }
    for _ in 0..rng.random_range(0..4) {
        let at = Beats(rig.from + f64::from(rng.random_range(0..40)) / 24.0);
        let tones = rng.random_bool(0.7).then(|| thirds(rng.random_range(-9..10)));
        rig.performer.schedule(Plan::Second { epoch: 0, at, tones }).expect("the queue has room");
    }
    let mut player: Vec<(usize, PlayerKind)> = (0..rng.random_range(0..12))
        .map(|_| {
            let (pitch, velocity) = (rng.random_range(50..60), rng.random_range(0..128));
            (rng.random_range(0..TOTAL), PlayerKind::NoteOn { pitch, velocity })
        })
        .collect();
    player.sort_by_key(|&(at, _)| at);
    let change = TOTAL / 2;
    let at_change = rig.transport(change).pos_beats.0;
    let mut run = Run { samples: Vec::new(), notes: Vec::new(), show: Vec::new() };
    while rig.played < TOTAL {
        let start = rig.played;
        let stop = if start < change { change } else { TOTAL };
        let end = (start + next_length().clamp(1, 4096)).min(stop);
        if start == change {
            (rig.from, rig.bpm) = (at_change, rig.bpm * 1.3);
            rig.from -= change as f64 * rig.bpm / (60.0 * 48_000.0);
        }
        let events: Vec<PlayerEvent> = player
            .iter()
            .filter(|(at, _)| (start..end).contains(at))
            .map(|&(at, kind)| PlayerEvent { sample_offset: (at - start) as u32, kind })
            .collect();
        let mut notes = Vec::new();
        let [left, right] = rig.block(end - start, &events, &mut notes);
        run.samples.extend(left.iter().zip(&right).map(|(l, r)| [l.to_bits(), r.to_bits()]));
        let place = |note: &PlayedNote| (start + note.sample_offset as usize, note.part, note.pitch, note.velocity);
        run.notes.extend(notes.iter().map(place));
    }
    while let Some(event) = rig.watcher.show.receive() {
        run.show.push(format!("{:.6} {:?}", event.pos_beats.0, event.kind));
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_split_into_blocks_gives_the_same_samples_and_notes(music in any::<u64>(), split in any::<u64>()) {
        let whole = perform(music, || 4096);
        prop_assert!(whole.samples.iter().any(|s| f32::from_bits(s[0]) != 0.0), "music seed {} is silent", music);
        let mut rng = ChaCha8Rng::seed_from_u64(split);
        // Mostly irregular, sometimes single samples.
        let cut = perform(music, || 1_usize << rng.random_range(0..13) | rng.random_range(0..64));
        let differs = whole.samples.iter().zip(&cut.samples).position(|(a, b)| a != b);
        prop_assert_eq!(differs, None, "music seed {}, split seed {}", music, split);
        prop_assert_eq!(&whole.notes, &cut.notes);
        prop_assert_eq!(&whole.show, &cut.show);
    }

    #[test]
    fn every_note_on_has_its_off_through_any_transport(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rig = Rig::new();
        let (mut pos, mut bpm, mut playing) = (0.0_f64, 120.0_f64, false);
        let mut sounding = std::collections::BTreeSet::new();
        let mut check = |note: PlayedNote| {
            let key = (note.part.index(), note.pitch);
            if note.velocity > 0 { assert!(sounding.insert(key), "{key:?} overlaps itself, seed {seed}") }
            else { assert!(sounding.remove(&key), "{key:?} ends without a beginning, seed {seed}") }
        };
        let mut buffer = [vec![0.0; 4096], vec![0.0; 4096]];
        for block in 0..70 {
            match rng.random_range(0..12) {
                0 => playing = !playing,
                1 => pos = rng.random_range(-8.0..64.0),
                2 => pos -= 4.0,
                3 => bpm = rng.random_range(30.0..300.0),
                4 => bpm = f64::NAN,
                _ => {}
            }
            for _ in 0..rng.random_range(0..12) {
                let note = Scheduled {
                    at: Beats(pos + rng.random_range(-0.5..1.5)),
                    duration: Beats(rng.random_range(-0.1..2.0)),
                    part: Part::ALL[rng.random_range(0..2)],
                    pitch: rng.random_range(60..72),
                    velocity: rng.random_range(0..128),
                };
                let epoch = rig.performer.epoch() + u32::from(rng.random_ratio(1, 20));
                rig.composer.plan(Plan::Note { epoch, note }).expect("the ring has room");
            }
            if rng.random_ratio(1, 3) {
                let tones = rng.random_bool(0.8).then(|| thirds(rng.random_range(-4..5)));
                let at = Beats(pos + rng.random_range(-0.2..0.5));
                rig.composer.plan(Plan::Second { epoch: rig.performer.epoch(), at, tones }).expect("the ring has room");
            }
            let length = rng.random_range(0..1200);
            let events: Vec<_> = (0..rng.random_range(0..4)).map(|i| PlayerEvent {
                sample_offset: i * 300,
                kind: match rng.random_range(0..9) {
                    0 => PlayerKind::Panic,
                    1..=5 => PlayerKind::NoteOn { pitch: rng.random_range(60..72), velocity: rng.random_range(0..140) },
                    _ => PlayerKind::NoteOff { pitch: rng.random_range(60..140) },
                },
            }).collect();
            let [left, right] = &mut buffer;
            let now = transport(playing, pos, bpm);
            rig.performer.process_with(&now, &events, &mut left[..length], &mut right[..length], &mut check);
            let finite = left.iter().chain(right.iter()).all(|x| x.abs() < 1.0);
            prop_assert!(finite, "block {}, seed {}", block, seed);
            if bpm.is_nan() { bpm = 100.0 }
            if playing { pos += length as f64 * bpm / (60.0 * 48_000.0) }
        }
        let [left, right] = &mut buffer;
        let panic = [PlayerEvent { sample_offset: 0, kind: PlayerKind::Panic }];
        rig.performer.process_with(&transport(playing, pos, bpm), &panic, &mut left[..9], &mut right[..9], &mut check);
        prop_assert_eq!(rig.performer.notes_sounding(), 0);
        // The composer and the pictures were told of pairs, too.
        let mut open = 0_i32;
        while let Some(heard) = rig.composer.heard.receive() {
            open += match heard.kind { HeardKind::NoteOn { .. } => 1, HeardKind::NoteOff { .. } => -1, _ => 0 };
        }
        prop_assert_eq!(open, 0, "seed {}", seed);
        prop_assert!(sounding.is_empty(), "seed {}", seed);
    }
}

#[test]
fn notes_fall_on_their_exact_samples() {
    let mut rig = Rig::new();
    rig.from = -1.0;
    rig.note(Part::Call, -0.5, 0.25, 60, 90);
    rig.note(Part::Answer, 1.0 / 3.0, 1.0 / 3.0, 64, 90);
    let mut notes = Vec::new();
    let mut at = Vec::new();
    for _ in 0..600 {
        let start = rig.played;
        notes.clear();
        rig.block(100, &[], &mut notes);
        at.extend(notes.iter().map(|note| (start + note.sample_offset as usize, note.pitch, note.velocity)));
    }
    // 24,000 samples a beat, counted from beat -1.
    assert_eq!(at, [(12_000, 60, 90), (18_000, 60, 0), (32_000, 64, 90), (40_000, 64, 0)]);
}

#[test]
fn the_composer_hears_the_call_and_the_bars_at_their_planned_places() {
    let mut rig = Rig::new();
    rig.note(Part::Call, 0.1, 0.2, 60, 90);
    rig.note(Part::Answer, 0.1, 0.2, 72, 90);
    rig.play(2.2);
    let mut heard = Vec::new();
    while let Some(message) = rig.composer.heard.receive() {
        heard.push((message.pos_beats.0, message.kind));
    }
    let time_signature = TimeSignature::COMMON;
    let start = HeardKind::Transport { playing: true, tempo: Bpm(120.0), time_signature, epoch: 0 };
    let expected = [
        (0.0, start),
        (0.0, HeardKind::Bar { bar: 0, time_signature }),
        (0.1, HeardKind::NoteOn { pitch: 60, velocity: 90 }),
        (0.1 + 0.2, HeardKind::NoteOff { pitch: 60 }),
        (4.0, HeardKind::Bar { bar: 1, time_signature }),
    ];
    assert_eq!(heard, expected);
}

#[test]
fn beats_and_bars_follow_a_change_of_metre() {
    let mut rig = Rig::new();
    let six_eight = TimeSignature { numerator: 6, denominator: 8 };
    let mut buffer = [vec![0.0; 24_000], vec![0.0; 24_000]];
    for beat in 0..9 {
        let time_signature = if beat < 4 { TimeSignature::COMMON } else { six_eight };
        let now = Transport { playing: true, pos_beats: Beats(f64::from(beat)), tempo: Bpm(120.0), time_signature };
        let [left, right] = &mut buffer;
        rig.performer.process(&now, &[], left, right);
    }
    let (mut bars, mut beats) = (Vec::new(), 0);
    while let Some(event) = rig.watcher.show.receive() {
        match event.kind {
            ShowKind::Bar { bar, .. } => bars.push((event.pos_beats.0, bar)),
            ShowKind::Beat { .. } => beats += 1,
            _ => {}
        }
    }
    assert_eq!(bars, [(0.0, 0), (4.0, 1), (7.0, 2)]);
    assert_eq!(beats, 4 + 10);
}

#[test]
fn a_jump_releases_everything_and_makes_old_plans_stale() {
    let mut rig = Rig::new();
    rig.note(Part::Answer, 0.0, 50.0, 60, 90);
    rig.note(Part::Answer, 9.0, 1.0, 62, 90);
    rig.play(0.1);
    assert_eq!((rig.performer.notes_sounding(), rig.performer.queued()), (1, 1));
    rig.from = 8.0;
    let note = Scheduled { at: Beats(8.5), duration: Beats(1.0), part: Part::Answer, pitch: 64, velocity: 90 };
    rig.composer.plan(Plan::Note { epoch: 0, note }).unwrap();
    rig.play(0.1);
    assert_eq!((rig.performer.notes_sounding(), rig.performer.queued(), rig.performer.epoch()), (0, 0, 1));
    assert_eq!(rig.watcher.counters.stale.get(), 1);
}

#[test]
fn late_notes_are_dropped_or_moved_and_counted() {
    for (late, sounds) in [(LatePolicy::Drop, 0), (LatePolicy::NextStep(Beats(0.5)), 1)] {
        let mut rig = Rig::with(Setup { late, ..Setup::new(SampleRate(48_000)) });
        rig.play(0.3);
        rig.note(Part::Answer, 0.2, 4.0, 60, 90);
        rig.play(0.3);
        let counters = &rig.watcher.counters;
        assert_eq!(rig.performer.notes_sounding(), sounds);
        assert_eq!((counters.late_dropped.get(), counters.late_moved.get()), (1 - sounds as u64, sounds as u64));
    }
}

#[test]
fn late_notes_of_one_key_that_meet_on_a_step_sound_as_one() {
    let mut rig = Rig::with(Setup { late: LatePolicy::NextStep(Beats(0.5)), ..Setup::new(SampleRate(48_000)) });
    rig.play(0.3);
    for (at, length) in [(0.1, 0.2), (0.2, 1.0), (0.3, 0.1)] {
        rig.note(Part::Answer, at, length, 60, 90);
    }
    let (from, mut notes) = (rig.played, Vec::new());
    rig.block(48_000, &[], &mut notes);
    assert_eq!(rig.watcher.counters.late_moved.get(), 3);
    // The next step is at one beat, and the longest of them has one.
    let played: Vec<_> = notes.iter().map(|n| (from + n.sample_offset as usize, n.pitch, n.velocity > 0)).collect();
    assert_eq!(played, [(24_000, 60, true), (48_000, 60, false)]);
}

#[test]
fn a_withdrawal_takes_back_what_is_queued_for_one_part() {
    let mut rig = Rig::new();
    for beat in [1.0, 2.0, 3.0] {
        rig.note(Part::Answer, beat, 1.0, 60, 90);
        rig.note(Part::Call, beat, 1.0, 60, 90);
    }
    rig.performer.schedule(Plan::Withdraw { epoch: 0, from: Beats(2.0), part: Part::Answer }).unwrap();
    assert_eq!(rig.performer.queued(), 4);
}

#[test]
fn a_second_voice_begins_and_ends_with_each_note_at_the_same_sample() {
    let mut rig = Rig::new();
    let second = |at: f64, tones| Plan::Second { epoch: 0, at: Beats(at), tones };
    rig.performer.schedule(second(0.25, Some(thirds(-3)))).unwrap();
    rig.performer.schedule(second(3.0, None)).unwrap();
    // Before it begins; then alone, over a legato join, twice the same, and one that is cut off with the voice.
    for (at, length, pitch) in
        [(0.0, 0.2, 60), (0.5, 0.5, 64), (1.0, 0.6, 62), (1.5, 0.4, 65), (2.0, 0.3, 65), (2.5, 9.0, 67)]
    {
        rig.note(Part::Call, at, length, pitch, 100);
    }
    // A chord by hand, struck as one, whose highest note leads.
    let chord =
        |kind: fn(u8) -> PlayerKind| [72, 79, 76].map(|pitch| PlayerEvent { sample_offset: 100, kind: kind(pitch) });
    let on = chord(|pitch| PlayerKind::NoteOn { pitch, velocity: 100 });
    let (mut blocks, off) = (Vec::new(), chord(|pitch| PlayerKind::NoteOff { pitch }));
    for block in 0..200 {
        let start = rig.played;
        let events = if block == 130 {
            &on[..]
        } else if block == 140 {
            &off[..]
        } else {
            &[]
        };
        let mut notes = Vec::new();
        rig.block(512, events, &mut notes);
        blocks.extend(notes.into_iter().map(|n| (start + n.sample_offset as usize, n.part, n.pitch, n.velocity)));
    }
    let of = |part| blocks.iter().filter(|n| n.1 == part).map(|n| (n.0, n.2, n.3)).collect::<Vec<_>>();
    let beat = 24_000;
    let seconds = of(Part::Answer);
    let places: Vec<(usize, u8, bool)> = seconds.iter().map(|n| (n.0, n.1, n.2 > 0)).collect();
    let struck = 130 * 512 + 100;
    let expected = [
        (beat / 2, 61, true),
        (beat, 61, false),
        (beat, 59, true),
        (3 * beat / 2, 59, false),
        (3 * beat / 2, 62, true),
        (19 * beat / 10, 62, false),
        (2 * beat, 62, true),
        (23 * beat / 10, 62, false),
        (5 * beat / 2, 64, true),
        (struck, 64, false),
        (struck, 76, true),
        (140 * 512 + 100, 76, false),
    ];
    assert_eq!(struck, 66_660, "before beat 3");
    assert_eq!(places, expected[..places.len().min(expected.len())], "{blocks:?}");
    assert_eq!(places.len(), expected.len());
    assert!(seconds.iter().all(|n| n.2 == 0 || n.2 == 80), "0.8 of 100");
    // What is far under the note that leads accompanies it; the voice goes with its lead to the end.
    let mut rig = Rig::new();
    rig.performer.schedule(second(0.0, Some(thirds(-3)))).unwrap();
    rig.note(Part::Call, 0.5, 1.0, 72, 90);
    rig.note(Part::Call, 0.75, 1.0, 60, 90);
    let mut notes = Vec::new();
    rig.block(48_000, &[], &mut notes);
    let own: Vec<_> = notes.iter().filter(|n| n.part == Part::Answer).map(|n| (n.sample_offset, n.pitch)).collect();
    assert_eq!(own, [(12_000, 69), (36_000, 69)]);
}

#[test]
fn a_reader_that_sleeps_still_gets_an_off_for_every_on() {
    use oneiro::bridge::{Stage, StageSizes};
    let Stage { audio, mut composer, mut watcher } = Stage::new(StageSizes { plans: 8, heard: 16, show: 16 });
    let mut performer = oneiro::live::Performer::prepare(Setup::new(SampleRate(48_000)), audio);
    for i in 0..40_u8 {
        let note = Scheduled {
            at: Beats(f64::from(i) / 8.0),
            duration: Beats(1.0),
            part: Part::Call,
            pitch: 40 + i,
            velocity: 80,
        };
        performer.schedule(Plan::Note { epoch: 0, note }).unwrap();
    }
    let mut buffer = [vec![0.0; 48_000], vec![0.0; 48_000]];
    for second in 0..4 {
        let [left, right] = &mut buffer;
        performer.process(&transport(true, f64::from(second) * 2.0, 120.0), &[], left, right);
    }
    let mut open = std::collections::BTreeSet::new();
    while let Some(heard) = composer.heard.receive() {
        match heard.kind {
            HeardKind::NoteOn { pitch, .. } => assert!(open.insert(pitch)),
            HeardKind::NoteOff { pitch } => assert!(open.remove(&pitch)),
            _ => {}
        }
    }
    assert!(open.is_empty());
    while let Some(event) = watcher.show.receive() {
        match event.kind {
            ShowKind::NoteOn { pitch, .. } => assert!(open.insert(pitch)),
            ShowKind::NoteOff { pitch, .. } => assert!(open.remove(&pitch)),
            _ => {}
        }
    }
    assert!(open.is_empty());
    assert!(watcher.counters.heard_dropped.get() > 0 && watcher.counters.show_dropped.get() > 0);
}

#[test]
fn a_panic_forgets_plans_that_are_still_on_their_way() {
    let mut rig = Rig::new();
    rig.note(Part::Call, 0.0, 8.0, 60, 90);
    rig.play(0.1);
    let panic = [PlayerEvent { sample_offset: 7, kind: PlayerKind::Panic }];
    rig.block(64, &panic, &mut Vec::new());
    let note = Scheduled { at: Beats(0.5), duration: Beats(1.0), part: Part::Answer, pitch: 64, velocity: 90 };
    rig.composer.plan(Plan::Note { epoch: 0, note }).unwrap();
    rig.play(0.5);
    assert_eq!((rig.performer.notes_sounding(), rig.watcher.counters.stale.get()), (0, 1));
    let note = Scheduled { at: Beats(2.0), ..note };
    rig.composer.plan(Plan::Note { epoch: rig.performer.epoch(), note }).unwrap();
    rig.play(0.5);
    assert_eq!(rig.performer.notes_sounding(), 1);
}

#[test]
fn ten_thousand_notes_at_once_are_survived_and_counted() {
    let mut rig = Rig::new();
    for i in 0..10_000_u32 {
        let note = Scheduled {
            at: Beats(0.01),
            duration: Beats(0.5),
            part: Part::ALL[(i % 2) as usize],
            pitch: (i / 2 % 128) as u8,
            velocity: 100,
        };
        let _ = rig.performer.schedule(Plan::Note { epoch: 0, note });
    }
    let [left, right] = rig.play(1.0);
    assert!(left.iter().chain(&right).all(|x| x.abs() <= 0.8913));
    assert_eq!((rig.performer.notes_sounding(), rig.watcher.counters.queue_full.get()), (0, 10_000 - 4096));
}

#[test]
fn a_performer_may_move_to_its_thread() {
    fn is_send<T: Send>() {}
    is_send::<oneiro::live::Performer>();
}

#[test]
fn another_rate_ends_everything_and_keeps_the_rings_and_the_count_of_what_was_told() {
    let mut rig = Rig::new();
    let mut notes = Vec::new();
    let press = PlayerEvent { sample_offset: 3, kind: PlayerKind::NoteOn { pitch: 60, velocity: 90 } };
    rig.block(512, &[press], &mut notes);
    let epoch = rig.performer.epoch();
    rig.performer.prepare_again(SampleRate(96_000));
    assert_eq!((rig.performer.notes_sounding(), rig.performer.voices()), (0, 0));
    assert_ne!(rig.performer.epoch(), epoch);
    let heard = std::iter::from_fn(|| rig.composer.heard.receive()).count() as u64;
    assert_eq!(rig.performer.told(), heard);
    // From its beginning: beat 1 is 48,000 samples away.
    (rig.rate, rig.played) = (96_000, 0);
    notes.clear();
    rig.block(512, &[], &mut notes);
    rig.note(Part::Answer, 1.0, 0.5, 64, 80);
    rig.block(48_000, &[], &mut notes);
    let on: Vec<(u32, u8)> = notes.iter().filter(|n| n.velocity > 0).map(|n| (n.sample_offset, n.pitch)).collect();
    assert_eq!(on, [(48_000 - 512, 64)]);
}
