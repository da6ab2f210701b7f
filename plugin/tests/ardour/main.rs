//! In Ardour, a whole DAW, without a screen or a sound card: it scans the VST3 bundle, loads it on a MIDI track behind a
//! player, rolls, and another track records what comes. Left out where Ardour is missing, but not in CI: `cargo xtask test`
//! brings it.
#![cfg(target_os = "linux")]

#[path = "../host/mod.rs"]
mod host;

use host::{given, left_out, vst3_bundle};
use oneiro::model::runtime::cache_folder;
use oneiro::music::midi::{Part, ReadOptions, Score, read_midi_file};
use oneiro::music::{Note, STEPS_PER_BEAT};
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Notes of answers that are enough: more than one answer has.
const ENOUGH: usize = 12;
/// Two bars that are played and two that are answered, in beats.
const CYCLE: f64 = 16.0;
/// What is played: beat, key and length in beats.
const CALL: [(f64, u8, f64); 6] =
    [(0.0, 60, 1.0), (1.0, 64, 1.0), (2.0, 67, 2.0), (4.0, 65, 1.0), (5.0, 64, 1.0), (6.0, 62, 2.0)];
/// How much sooner each is let go: 2000 samples of 24,000 to a beat.
const SOONER: f64 = 2_000.0 / 24_000.0;
/// How exactly Ardour writes down when something happened, in beats: 1920 parts, and half of one for rounding.
const EXACT: f64 = 1.5 / 1920.0;

/// Ardour's Lua interpreter and its scanner, of the newest version that is here.
fn ardour() -> Option<(String, PathBuf)> {
    let is_there = |program: &str| {
        let found = Command::new("which").arg(program).stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    (7..=9).rev().find_map(|version| {
        let (lua, folder) = (format!("ardour{version}-lua"), PathBuf::from(format!("/usr/lib/ardour{version}")));
        let scanner = folder.join("ardour-vst3-scanner");
        (is_there(&lua) && scanner.is_file()).then_some((lua, scanner))
    })
}

/// A program of Ardour's in a home of its own.
fn in_home(program: impl AsRef<OsStr>, home: &Path) -> Command {
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

/// Lays the bundle where Ardour looks for it. What was scanned counts for Ardour if it is older than the scan by a second.
fn bundle_in(plugins: &Path) -> PathBuf {
    if let Some(folder) = given() {
        let to = plugins.join("Oneiro");
        std::fs::create_dir(plugins).unwrap();
        assert!(Command::new("cp").arg("-a").args([&folder, &to]).status().unwrap().success());
        return to.join("Oneiro.vst3");
    }
    let bundle = vst3_bundle(plugins);
    let module = bundle.join("Contents").join(format!("{}-linux", std::env::consts::ARCH)).join("Oneiro.so");
    let module = std::fs::File::options().write(true).open(module).unwrap();
    module.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    bundle
}

/// What a session has recorded, or `None` where Ardour itself crashed before the plugin was on its track.
fn recorded(lua: &str, scanner: &Path) -> Option<Score> {
    let home = tempfile::tempdir().unwrap();
    let bundle = bundle_in(&home.path().join(".vst3"));
    let mut scan = in_home(scanner, home.path());
    let scan = scan.arg("-f").arg(&bundle).env("LD_LIBRARY_PATH", scanner.parent().unwrap()).output().unwrap();
    let text = [scan.stdout, scan.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(text.contains("Found Plugin: Oneiro"), "{text}");

    let scripts = home.path().join(".config").join(lua.trim_end_matches("-lua")).join("scripts");
    std::fs::create_dir_all(&scripts).unwrap();
    std::fs::write(scripts.join("player.lua"), include_str!("player.lua")).unwrap();
    std::fs::write(scripts.join("listener.lua"), include_str!("listener.lua")).unwrap();
    let script = home.path().join("session.lua");
    std::fs::write(&script, include_str!("session.lua")).unwrap();
    let mut session = in_home(lua, home.path());
    session.arg(&script).env("ONEIRO_TEST_FOLDER", home.path()).env("ONEIRO_TEST_ENOUGH", ENOUGH.to_string());
    let output = session.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.signal().is_some() && !text.contains("ports: ") {
        println!("{}: {text}", output.status);
        return None;
    }
    assert!(output.status.success() && text.contains("all is well"), "{}: {text}", output.status);
    assert!(text.contains("ports: 1 MIDI, 2 audio"), "{text}");

    let files = std::fs::read_dir(home.path().join("session/interchange/session/midifiles")).unwrap();
    let scores = files.map(|file| read_midi_file(file.unwrap().path(), &ReadOptions::default()).unwrap());
    let mut scores: Vec<Score> = scores.filter(|score| score.note_count() > 0).collect();
    assert_eq!(scores.len(), 1, "one track records");
    scores.pop()
}

/// The notes on a channel.
fn on_channel(score: &Score, channel: u8) -> &[Note] {
    let of = |part: &&Part| part.channel == channel;
    score.parts.iter().find(of).map_or(&[], |part| &part.notes)
}

#[test]
fn ardour_scans_it_plays_through_it_and_records_its_answers() {
    let Some((lua, scanner)) = ardour() else { return left_out("Ardour is missing (on Debian: apt install ardour)") };
    let score = recorded(&lua, &scanner).or_else(|| recorded(&lua, &scanner));
    let score = score.expect("Ardour crashed twice before the plugin was on its track");

    // What is played passes where it was played. The last notes may be cut short where time stops.
    let (calls, answers) = (on_channel(&score, 0), on_channel(&score, 1));
    let end = score.end().0;
    let told = || format!("{calls:#?} {answers:#?}");
    let expected = (0..).map(|place| {
        let (at, key, length) = CALL[place % CALL.len()];
        (at + (place / CALL.len()) as f64 * CYCLE, key, length - SOONER)
    });
    for (note, (at, key, length)) in calls.iter().zip(expected) {
        assert_eq!((note.pitch, note.velocity), (key, 64), "{note:?}: {}", told());
        assert!((note.onset.0 - at).abs() <= EXACT, "{note:?}: {}", told());
        assert!((note.duration.0 - length).abs() <= EXACT || note.end().0 == end, "{note:?}: {}", told());
    }
    assert!(calls.len() >= CALL.len(), "{}", told());

    // Answers sound in the bars that are left for them, each note on a step of the grid.
    assert!(answers.len() >= ENOUGH, "{}", told());
    for note in answers {
        let onset = note.onset.0;
        assert!(onset.rem_euclid(CYCLE) >= CYCLE / 2.0 - EXACT, "{note:?}: {}", told());
        let step = (onset * f64::from(STEPS_PER_BEAT)).round() / f64::from(STEPS_PER_BEAT);
        assert!((onset - step).abs() <= EXACT, "{note:?}: {}", told());
    }
}
