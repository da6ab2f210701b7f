//! The plugin in a VST3 host: the same notes as in CLAP, at their samples; state, flushes, both formats in one process.

mod host;
mod host3;

use host::{Daw, INSTRUMENT, library, load, number};
use host3::{Host3, In, Out};

fn call(rate: f64) -> Vec<(u64, In)> {
    let sample = |beats: f64| (beats * 0.5 * rate).round() as u64;
    let mut events = Vec::new();
    for (at, length, key) in host::CALL {
        events.push((sample(at), In::On { key: i16::from(key), velocity: 0.7 }));
        events.push((sample(at + length), In::Off { key: i16::from(key) }));
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

fn rendered(length: usize, set_up: impl FnOnce(&mut Host3)) -> Vec<Out> {
    let mut host = Host3::open(&library());
    set_up(&mut host);
    host.activate(48_000.0, 4096, true);
    let mut notes = host.play_to(17 * 24_000, &call(48_000.0), || length);
    host.playing = false;
    notes.extend(host.block(64, &[]));
    assert!(host.sound.iter().flatten().all(|sample| sample.abs() <= 0.9));
    assert!(host.sound[0].iter().any(|sample| sample.abs() > 0.01), "there is no sound");
    notes
}

/// The same in CLAP.
fn in_clap() -> Vec<Out> {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 512);
    let events = daw.call(0.0);
    let mut notes = daw.play_to(17 * 24_000, &events, || 512);
    daw.playing = false;
    notes.extend(daw.block(64, &[]));
    let note = |n: &host::Out| Out {
        sample: n.sample,
        on: n.on,
        channel: n.channel as i16,
        key: n.key as i16,
        velocity: n.velocity,
    };
    notes.iter().map(note).collect()
}

#[test]
fn both_formats_play_the_same_notes_in_any_blocks_side_by_side() {
    let clap = in_clap();
    assert!(clap.iter().any(|note| note.channel == 1));
    let both = std::thread::spawn(in_clap);
    assert_eq!(rendered(512, |_| ()), clap);
    assert_eq!(both.join().unwrap(), clap);
    assert_eq!(rendered(4096, |_| ()), clap);
    assert_eq!(rendered(61, |_| ()), clap);
}

#[test]
fn a_project_of_one_format_is_read_in_the_other() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.flush("temperature", 0.62);
    daw.flush("mode", 4.0);
    let stored = daw.save();
    let host = Host3::open(&library());
    assert!(host.restore(&stored[8..]));
    let value = |name: &str| host.parameters().into_iter().find(|(_, title, _)| title == name).unwrap().2;
    assert!((value("Mode") - 0.8).abs() < 1e-6);
    assert!((value("Temperature") - (0.62 - 0.05) / 2.95).abs() < 1e-6);
    assert_eq!(host.save(), &stored[8..]);
    assert!(!host.restore(b"garbage"));
    assert!(!host.restore(&[]));
    assert_eq!(host.save(), &stored[8..]);
}

#[test]
fn parameters_are_few_and_told_and_nothing_is_late() {
    let mut host = Host3::open(&library());
    let all = host.parameters();
    assert!((50..100).contains(&all.len()), "{} parameters", all.len());
    for name in ["Bypass", "Mode", "Temperature", "Capture A", "Lock 16", "Next preset", "Render in sync"] {
        assert!(all.iter().any(|(_, title, _)| title == name), "{name}");
    }
    assert_eq!(host.latency(), 0);
    host.activate(44_100.0, 256, false);
    // A flush: no samples, and values that are none.
    let id = number("density");
    let set = |value| vec![(0, In::Set { id, value })];
    host.block(0, &set(0.5));
    let density = |host: &Host3| host.parameters().into_iter().find(|(number, ..)| *number == id).unwrap().2;
    assert_eq!(density(&host), 0.5);
    for value in [f64::NAN, f64::INFINITY, -3.0, 7.0] {
        host.block(0, &set(value));
        host.block(64, &[]);
        assert!((0.0..=1.0).contains(&density(&host)), "{value} became {}", density(&host));
    }
}

#[test]
fn the_first_file_is_unloaded_and_the_second_goes_on() {
    // A copy is another library to the system, as a .clap and a .vst3 are.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("Oneiro.so");
    std::fs::copy(library(), &copy).unwrap();
    let play = |host: &mut Host3| {
        host.activate(48_000.0, 512, true);
        host.play_to(10 * 24_000, &call(48_000.0), || 512)
    };
    let mut first = Host3::open(&library());
    let mut second = Host3::open(&copy);
    let played = play(&mut first);
    drop(first);
    assert_eq!(play(&mut second), played);
    drop(second);
    for _ in 0..5 {
        let mut again = Host3::open(&copy);
        again.activate(48_000.0, 512, false);
        again.block(512, &[]);
    }
}
