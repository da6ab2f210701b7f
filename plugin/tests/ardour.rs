//! In Ardour, a whole DAW, without a screen: it scans the VST3 bundle, loads it on a MIDI track, rolls on a JACK server's dummy
//! device, and what the track sends is heard by JACK's own monitor. Left out where Ardour or JACK is missing, but not in CI:
//! `cargo xtask test` brings them.
#![cfg(target_os = "linux")]

mod host;
#[path = "../../tests/jack_support/mod.rs"]
mod jack_support;

use host::{given, left_out, vst3_bundle};
use jack_support::{Process, has, jackd, wait_for};
use oneiro::model::runtime::cache_folder;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Notes of an answer that are enough.
const ENOUGH: usize = 6;

/// Ardour's Lua interpreter and its scanner, of the newest version that is here.
fn ardour() -> Option<(String, PathBuf)> {
    (7..=9).rev().find_map(|version| {
        let (lua, folder) = (format!("ardour{version}-lua"), PathBuf::from(format!("/usr/lib/ardour{version}")));
        let scanner = folder.join("ardour-vst3-scanner");
        (has(&lua) && scanner.is_file()).then_some((lua, scanner))
    })
}

/// A program of Ardour's in a home of its own.
fn in_home(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", home).env("LC_ALL", "C.UTF-8");
    for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "DISPLAY", "VST3_PATH"] {
        command.env_remove(name);
    }
    if given().is_none() {
        command.env("ONEIRO_MODELS", Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"));
        // The home is empty; ONNX Runtime lies in the user's.
        if let Some(cache) = cache_folder() {
            command.env("ONEIRO_CACHE", cache);
        }
    }
    command
}

/// A note that was heard: its frame, channel and key, and whether it began.
type Heard = (u64, u8, u8, bool);

/// What `jack_midi_dump -a` writes of a note: `  574714: 91 3c 43 note on …`.
fn heard(line: &str) -> Option<Heard> {
    let (frame, bytes) = line.split_once(':')?;
    let bytes: Vec<u8> = bytes.split_whitespace().map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let (status, key, velocity) = (*bytes.first()?, *bytes.get(1)?, *bytes.get(2)?);
    let on = status >> 4 == 9 && velocity > 0;
    (matches!(status >> 4, 8 | 9)).then_some((frame.trim().parse().ok()?, status & 15, key, on))
}

#[test]
fn ardour_scans_it_plays_through_it_and_records_its_answers() {
    let Some((lua, scanner)) = ardour() else { return left_out("Ardour is missing (on Debian: apt install ardour)") };
    // Of JACK's own player and listener one falls silent now and then; then nothing is heard at all, of the call neither.
    let heard = (0..3).any(|attempt| session_is_heard(&lua, &scanner, attempt));
    assert!(heard, "three times nothing was heard");
}

/// Plays a session; whether anything of it was heard. What was heard must be right.
fn session_is_heard(lua: &str, scanner: &Path, attempt: usize) -> bool {
    let server = format!("oneiro-ardour-{}-{attempt}", std::process::id());
    let Some(_jackd) = jackd(&server) else {
        left_out("JACK is missing (on Debian: apt install jackd2)");
        return true;
    };
    let home = tempfile::tempdir().unwrap();
    let plugins = home.path().join(".vst3");
    // What was scanned counts for Ardour if it is older than the scan by a second.
    let bundle = match given() {
        Some(folder) => {
            let to = plugins.join("Oneiro");
            std::fs::create_dir(&plugins).unwrap();
            assert!(Command::new("cp").arg("-a").args([&folder, &to]).status().unwrap().success());
            to.join("Oneiro.vst3")
        }
        None => {
            let bundle = vst3_bundle(&plugins);
            let module = bundle.join("Contents").join(format!("{}-linux", std::env::consts::ARCH)).join("Oneiro.so");
            let module = std::fs::File::options().write(true).open(module).unwrap();
            module.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
            bundle
        }
    };

    let mut scan = in_home(scanner, home.path());
    let scan = scan.arg("-f").arg(&bundle).env("LD_LIBRARY_PATH", scanner.parent().unwrap()).output().unwrap();
    let text = [scan.stdout, scan.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(text.contains("Found Plugin: Oneiro"), "{text}");

    let mut dump = Process::start(&server, "jack_midi_dump", &["-a", "listener"]);
    let lines = dump.lines(false);
    // Two bars are played, two are not, again and again: at Ardour's 120 quarter notes a minute.
    let beat = 24_000;
    let mut tune = vec!["player".to_owned(), (16 * beat).to_string()];
    for (at, key, beats) in [(0, 60, 1), (1, 64, 1), (2, 67, 2), (4, 65, 1), (5, 64, 1), (6, 62, 2)] {
        tune.extend([at * beat, key, beats * beat - 2_000].map(|number: u32| number.to_string()));
    }
    let tune: Vec<&str> = tune.iter().map(String::as_str).collect();
    let _player = Process::start(&server, "jack_midiseq", &tune);

    let script = home.path().join("session.lua");
    std::fs::write(&script, include_str!("ardour.lua")).unwrap();
    let mut session = in_home(lua, home.path());
    session.arg(&script).env("ONEIRO_TEST_FOLDER", home.path());
    session.env("JACK_DEFAULT_SERVER", &server).env("JACK_NO_AUDIO_RESERVATION", "1");
    let session = std::thread::spawn(move || session.output().unwrap());
    let of_answers = |line: &String| heard(line).filter(|(_, channel, ..)| *channel == 1);
    wait_for("an answer in Ardour", 90, &lines, |lines| {
        session.is_finished() || lines.iter().filter_map(of_answers).filter(|note| note.3).count() >= ENOUGH
    });
    std::fs::write(home.path().join("enough"), "").unwrap();
    let output = session.join().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("all is well"), "{}: {text}", output.status);
    assert!(text.contains("ports: 1 MIDI, 2 audio"), "{text}");

    let lines = lines.lock().unwrap();
    lines.iter().for_each(|line| println!("{line}"));
    let notes: Vec<Heard> = lines.iter().filter_map(|line| heard(line)).collect();
    if notes.is_empty() {
        return false;
    }
    // What is played passes on its channel, and time stood still when the answers ended: none is left hanging.
    assert!(notes.iter().any(|&(_, channel, key, on)| (channel, key, on) == (0, 60, true)), "{notes:?}");
    let mut sounding = HashSet::new();
    for &(_, channel, key, on) in notes.iter().filter(|(_, channel, ..)| *channel == 1) {
        let changed = if on { sounding.insert(key) } else { sounding.remove(&key) };
        assert!(changed, "{key} on channel {} twice: {notes:?}", channel + 1);
    }
    assert!(sounding.is_empty(), "{sounding:?} sound for ever: {notes:?}");
    true
}
