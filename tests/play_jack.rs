//! Through real servers: a JACK server on a dummy device, JACK's own sequencer as the player, its own monitor as the
//! listener, and `oneiro play` between them.
#![cfg(feature = "jack")]

mod jack_support;

use jack_support::{Process, jackd, wait_for};
use oneiro::bridge::Part;
use oneiro::take::{Event, read_take};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One test at a time: servers that come and go at once disturb each other, since they share one registry.
static TURN: Mutex<()> = Mutex::new(());

fn repository(file: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file).display().to_string()
}

/// Velocities of note-ons on a channel that `jack_midi_dump` has shown.
fn notes_on(lines: &[String], channel: u8) -> Vec<u8> {
    // "   12345: 91 3c 50 …"
    let bytes = |line: &String| {
        let (_, bytes) = line.split_once(':')?;
        let bytes: Vec<u8> = bytes.split_whitespace().map_while(|b| u8::from_str_radix(b, 16).ok()).collect();
        (bytes.len() >= 3 && bytes[0] == 0x90 | channel && bytes[2] > 0).then(|| bytes[1])
    };
    lines.iter().filter_map(bytes).collect()
}

#[test]
fn a_player_is_answered_through_jack_and_the_session_is_recorded() {
    let server = format!("oneiro-test-{}", std::process::id());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(_jackd) = jackd(&server) else { return };
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("e2e.oneiro-session");
    let mut dump = Process::start(&server, "jack_midi_dump", &["listener"]);
    let dumped = dump.lines(false);
    // Half a second each: C, E, G, E again and again.
    let half = "24000";
    let tune = ["player", "96000", "0", "60", half, "24000", "64", half, "48000", "67", half, "72000", "64", half];
    let _player = Process::start(&server, "jack_midiseq", &tune);
    let model = repository("models/melody-rnn.onnx");
    let map = folder.path().join("map.toml").display().to_string();
    let arguments = [
        "play",
        "--jack",
        "--no-screen",
        "--model",
        &model,
        "--tempo",
        "240",
        "--bars",
        "1",
        "--midi-in",
        "player",
        "--midi-out",
        "listener",
        "--set",
        "thru=on",
        "--set",
        "send-clock=on",
        "--map",
        &map,
        "--record",
        &record.display().to_string(),
    ];
    let mut oneiro = Process::start(&server, env!("CARGO_BIN_EXE_oneiro"), &arguments);
    let said = oneiro.lines(true);
    wait_for("a connection", &said, |said| said.iter().any(|line| line.contains("listener")));
    wait_for("an answer", &dumped, |lines| notes_on(lines, 1).len() >= 3);
    let lines = dumped.lock().unwrap().clone();
    assert!(notes_on(&lines, 0).iter().all(|pitch| [60, 64, 67].contains(pitch)), "thru: {lines:#?}");
    assert!(lines.iter().filter(|line| line.contains(": f8")).count() > 24, "clock: {lines:#?}");

    // It ends as a user ends it, and all notes with it.
    oneiro.signal("-INT");
    let status = oneiro.0.wait().unwrap();
    assert!(status.success(), "{status}: {:#?}", said.lock().unwrap());
    let take = read_take(&record).unwrap();
    assert!(!take.broken_off);
    let mut open = std::collections::BTreeSet::new();
    let mut answers = Vec::new();
    for moment in &take.moments {
        match moment.event {
            Event::On(part, pitch, _) => {
                assert!(open.insert((part, pitch)), "{part:?} {pitch} begins twice");
                if part == Part::Answer {
                    answers.push(pitch);
                }
            }
            Event::Off(part, pitch) => assert!(open.remove(&(part, pitch)), "{part:?} {pitch} ends twice"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    std::thread::sleep(Duration::from_millis(300));
    let heard = notes_on(&dumped.lock().unwrap(), 1);
    // On a busy machine the server skips a cycle now and then, and what was in it.
    let mut recorded = answers.iter();
    assert!(
        heard.len() >= 3 && heard.iter().all(|h| recorded.any(|a| a == h)),
        "heard {heard:?}, recorded {answers:?}"
    );
}

#[test]
fn time_goes_on_while_the_server_is_away_and_the_sound_comes_back() {
    let server = format!("oneiro-away-{}", std::process::id());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut server_process) = jackd(&server) else { return };
    let map = tempfile::tempdir().unwrap();
    let path = map.path().join("map.toml").display().to_string();
    let record = map.path().join("away.oneiro-session");
    let arguments =
        ["play", "--jack", "--no-screen", "--model", "none", "--map", &path, "--record", &record.display().to_string()];
    let mut oneiro = Process::start(&server, env!("CARGO_BIN_EXE_oneiro"), &arguments);
    let said = oneiro.lines(true);
    let playing = |said: &[String]| {
        said.iter().filter(|line| line.starts_with("sound: JACK Output") && !line.contains(';')).count()
    };
    wait_for("sound", &said, |said| playing(said) == 1);
    let began = Instant::now();
    // Without a word to its clients.
    server_process.0.kill().unwrap();
    drop(server_process);
    wait_for("the loss", &said, |said| said.iter().any(|line| line.contains("tried again")));
    let Some(_again) = jackd(&server) else { return };
    wait_for("sound again", &said, |said| playing(said) == 2);
    let midi = |said: &[String]| said.iter().filter(|line| *line == "MIDI: JACK").count();
    wait_for("MIDI again", &said, |said| midi(said) == 2);
    oneiro.signal("-INT");
    assert!(oneiro.0.wait().unwrap().success(), "{:#?}", said.lock().unwrap());
    let take = read_take(&record).unwrap();
    // The clock of the music went on: the take is about as long as the session was.
    let (seconds, lasted) = (take.length as f64 / 48_000.0, began.elapsed().as_secs_f64());
    assert!(seconds > 0.6 * lasted, "{seconds} s of {lasted} s");
}
