//! What hosts do to a plugin: stop, jump, bypass, reset, switch off and on, flush, send nonsense, make many and drop them.

mod host;

use clack_host::events::Match;
use clack_host::events::event_types::{
    MidiEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent, ParamModEvent, ParamValueEvent,
};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use host::{Daw, INSTRUMENT, In, Out, answers, assert_paired, load, number};

fn offline(entry: &PluginEntry) -> Daw {
    let mut daw = Daw::open(entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 1024);
    daw
}

/// Plays a call, and its answer up to where it sounds.
fn into_an_answer(daw: &mut Daw) -> Vec<Out> {
    let call = daw.call(daw.zero.1);
    let (from, end) = (daw.now, daw.now + daw.samples(16.0));
    let mut notes = Vec::new();
    while daw.now < end {
        notes.extend(daw.block(256, &call));
        let on = answers(&notes).iter().filter(|n| n.on).count();
        let off = answers(&notes).len() - on;
        if on > off && daw.now > from + daw.samples(9.0) {
            return notes;
        }
    }
    panic!("nothing was answered: {notes:?}");
}

#[test]
fn a_stop_a_jump_and_a_bypass_end_what_sounds_at_once() {
    let entry = load();
    for what in ["stop", "jump back", "jump ahead", "bypass", "panic", "reset", "thru off"] {
        let mut daw = offline(&entry);
        let mut notes = into_an_answer(&mut daw);
        let at = daw.now;
        let held = [(at, In::On { key: 40, velocity: 1.0 })];
        notes.extend(daw.block(64, &held));
        let at = daw.now;
        let event = |id: &'static str| vec![(at, In::Set { id, value: if id == "midi-thru" { 0.0 } else { 1.0 } })];
        let mut events = Vec::new();
        match what {
            "stop" => daw.playing = false,
            "jump back" => daw.locate(0.0),
            "jump ahead" => daw.locate(100.0),
            "bypass" => events = event("bypass"),
            "panic" => events = event("panic"),
            "thru off" => events = event("midi-thru"),
            _ => daw.reset(),
        }
        let now = daw.block(64, &events);
        let ends = now.iter().filter(|note| !note.on && note.sample == at).count();
        assert!(ends >= 1, "{what}: {now:?}");
        notes.extend(now);
        // The key that is held is let go by the player, as in any host.
        let at = daw.now;
        notes.extend(daw.block(64, &[(at, In::Off { key: 40 })]));
        if what == "thru off" {
            let end = daw.now + daw.samples(12.0);
            notes.extend(daw.play_to(end, &[], || 1024));
        }
        assert_paired(&notes);
    }
}

#[test]
fn a_loop_plays_the_same_each_time_round() {
    let entry = load();
    let mut daw = offline(&entry);
    let mut laps: Vec<Vec<Out>> = Vec::new();
    for _ in 0..3 {
        let start = daw.now;
        daw.locate(0.0);
        let (call, end) = (daw.call(0.0), start + daw.samples(16.0));
        // A host cuts its blocks where the loop ends.
        let mut notes = daw.play_to(end, &call, || 1000);
        notes.iter_mut().for_each(|note| note.sample -= start);
        laps.push(notes);
    }
    daw.playing = false;
    let rest = daw.block(16, &[]);
    let all: Vec<Out> = laps.concat().into_iter().chain(rest).collect();
    assert_paired(&all);
    let first = |lap: &[Out]| lap.iter().filter(|note| note.on).copied().collect::<Vec<_>>();
    assert!(!answers(&laps[0]).is_empty());
    assert_eq!(first(&laps[1]), first(&laps[0]));
    assert_eq!(first(&laps[2]), first(&laps[0]));
}

#[test]
fn pre_roll_is_before_the_beginning_and_other_metres_and_rates_are_answered_too() {
    let entry = load();
    for (rate, metre, zero) in [(44_100.0, (4, 4), -8.0), (96_000.0, (3, 4), 0.0), (22_050.0, (6, 8), -3.0)] {
        let mut daw = Daw::open(&entry, INSTRUMENT);
        daw.offline(true);
        daw.metre = metre;
        daw.activate(rate, 600);
        daw.locate(zero);
        let bar = 4.0 * f64::from(metre.0) / f64::from(metre.1);
        let (call, end) = (daw.call(zero), daw.samples(6.0 * bar));
        let mut notes = daw.play_to(end, &call, || 600);
        daw.playing = false;
        notes.extend(daw.block(600, &[]));
        assert_paired(&notes);
        assert!(!answers(&notes).is_empty(), "{metre:?} at {rate}");
    }
}

#[test]
fn switching_off_and_on_keeps_what_was_set_and_other_rates_play_the_same_music() {
    let entry = load();
    let mut daw = offline(&entry);
    daw.flush("seed", 17.0);
    let play = |daw: &mut Daw| {
        let start = daw.now;
        daw.zero = (start, 0.0);
        let (call, end) = (daw.call(0.0), start + daw.samples(16.0));
        let mut notes = daw.play_to(end, &call, || 512);
        daw.playing = false;
        notes.extend(daw.block(512, &[]));
        daw.playing = true;
        assert_paired(&notes);
        // Positions in beats, for rates differ.
        let place = |note: &Out| ((note.sample - start) as f64 / daw.samples(1.0) as f64 * 500.0).round() as i64;
        answers(&notes).iter().filter(|n| n.on).map(|n| (place(n), n.key, n.velocity)).collect::<Vec<_>>()
    };
    let first = play(&mut daw);
    assert!(!first.is_empty());
    daw.deactivate();
    assert_eq!(daw.value("seed").round(), 17.0);
    for rate in [48_000.0, 96_000.0, 48_000.0] {
        daw.activate(rate, 512);
        assert_eq!(play(&mut daw), first, "at {rate}");
        daw.deactivate();
    }
}

#[test]
fn parameters_are_flushed_without_time_and_in_blocks_without_samples() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.flush("density", 2.5);
    assert!((daw.value("density") - 2.5).abs() < 1e-6);
    daw.offline(true);
    daw.activate(48_000.0, 512);
    daw.flush("swing", 0.625);
    assert!((daw.value("swing") - 0.625).abs() < 1e-6);
    let now = daw.now;
    assert_eq!(daw.block(0, &[(now, In::Set { id: "gate", value: 0.5 })]), []);
    assert!((daw.value("gate") - 0.5).abs() < 1e-6);
    for _ in 0..20 {
        daw.block(0, &[]);
    }
    assert_eq!(daw.now, now);
}

#[test]
fn nonsense_is_survived() {
    let entry = load();
    let mut daw = offline(&entry);
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u32
    };
    let odd = [f64::NAN, f64::INFINITY, -1.0, 1e300, 0.0, 0.5];
    for round in 0..300_u32 {
        let mut events = EventBuffer::new();
        for _ in 0..random() % 40 {
            let key: Match<u16> = if random() % 5 == 0 { Match::All } else { Match::Specific((random() % 300) as u16) };
            let channel = (random() % 40) as u16;
            let pckn = Pckn::new((random() % 3) as u16, channel, key, random() % 9);
            let value = odd[(random() % 6) as usize];
            // In order, as CLAP wants it; nice-plug counts on that.
            let time = events.len() * 3;
            match random() % 6 {
                0 => events.push(&NoteOnEvent::new(time, pckn, value)),
                1 => events.push(&NoteOffEvent::new(time, pckn, value)),
                2 => events.push(&NoteExpressionEvent::new(time, pckn, NoteExpressionType::Tuning, value)),
                3 => events.push(&MidiEvent::new(time, 0, [(random() % 256) as u8, 200, 255])),
                4 => events.push(&ParamValueEvent::new(time, ClapId::new(random() % 5000), pckn, value)),
                _ => events.push(&ParamValueEvent::new(time, ClapId::new(number("temperature")), pckn, value)),
            }
            events.push(&ParamModEvent::new(time, ClapId::new(number("vary")), pckn, value));
        }
        daw.tempo = if round % 7 == 0 { f64::NAN } else { 120.0 };
        daw.metre = if round % 5 == 0 { (0, 3) } else { (4, 4) };
        daw.raw_block(256, &events);
        assert!((0.0499..=3.001).contains(&daw.value("temperature")));
    }
    assert!(daw.sound.iter().flatten().all(|sample| sample.abs() <= 0.9), "the sound is not within its range");
    // And it still answers.
    daw.tempo = 120.0;
    daw.metre = (4, 4);
    let at = daw.now;
    daw.block(64, &[(at, In::Choke)]);
    for id in ["bypass", "mode", "hold"] {
        daw.flush(id, 0.0);
    }
    daw.flush("answers", 1.0);
    daw.flush("temperature", 1.0);
    daw.zero = (daw.now, 0.0);
    into_an_answer(&mut daw);
}

#[test]
fn calls_in_odd_order_do_no_harm() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.deactivate();
    let stored = daw.save();
    daw.activate(48_000.0, 64);
    daw.reset();
    daw.reset();
    assert!(daw.restore(&stored));
    daw.deactivate();
    daw.activate(8_000.0, 4096);
    daw.deactivate();
    daw.activate(384_000.0, 1);
    daw.block(1, &[]);
    assert!(daw.restore(&stored));
    daw.block(1, &[]);
    // Dropped while active.
}
