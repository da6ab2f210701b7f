//! `oneiro play` at the command line: what it says where something is wrong or missing.
#![cfg(feature = "play")]

#[path = "support/program.rs"]
mod program;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use std::path::Path;
use std::time::{Duration, Instant};

fn oneiro(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.args(arguments);
    command
}

/// A session with neither sound nor MIDI nor model.
fn bare(folder: &Path, more: &[&str]) -> Command {
    let map = folder.join("map.toml").display().to_string();
    let mut command = oneiro(&["play", "--no-sound", "--no-midi", "--no-screen", "--model", "none", "--map", &map]);
    command.args(more);
    command
}

#[test]
fn the_help_has_examples_and_wrong_words_are_explained() {
    oneiro(&["play", "--help"]).assert().success().stdout(contains("Examples:").and(contains("--no-sound")));
    let wrong: [(&[&str], &str); 7] = [
        (&["--preset", "trumpet"], "music-box"),
        (&["--metre", "5/7"], "metre"),
        (&["--set", "loudness=3"], "loudness"),
        (&["--set", "tempo=9000"], "30 to 300"),
        (&["--set", "panic=1"], "pressed"),
        (&["--bars", "0"], "1..=16"),
        (&["--no-sound", "--device", "x"], "cannot be used with"),
    ];
    for (arguments, expected) in wrong {
        oneiro(&["play"]).args(arguments).assert().code(2).stderr(contains(expected));
    }
}

#[test]
fn without_any_device_it_plays_as_long_as_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("r.oneiro-session");
    let began = Instant::now();
    let mut play = bare(folder.path(), &["--seconds", "1", "--set", "scale=dorian", "--preset", "harp"]);
    play.arg("--record").arg(&record).assert().success().stderr(contains("recorded: "));
    assert!((Duration::from_millis(900)..Duration::from_secs(30)).contains(&began.elapsed()));
    let midi = folder.path().join("r.mid");
    let render = |out: &Path| {
        let mut render = oneiro(&["render", "--quiet"]);
        render.arg(&record).arg("-o").arg(out);
        render
    };
    render(&midi).assert().success();
    assert!(midi.is_file());
    let text = std::fs::read_to_string(&record).unwrap();
    let broken = folder.path().join("broken.oneiro-session");
    std::fs::write(&broken, text.replace("\"s\":", "\"t\":")).unwrap();
    oneiro(&["render", &broken.display().to_string(), "-o", &midi.display().to_string()])
        .assert()
        .code(1)
        .stderr(contains("broken.oneiro-session").and(contains("line 2")));
}

#[test]
fn what_is_missing_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let one_line = || predicate::function(|text: &str| text.trim_end().lines().count() == 1);
    bare(folder.path(), &["--record", "/nowhere/at/all.oneiro-session"])
        .assert()
        .code(2)
        .stderr(contains("no folder").and(one_line()));
    std::fs::write(folder.path().join("map.toml"), "map = 7").unwrap();
    bare(folder.path(), &["--seconds", "1"]).assert().code(1).stderr(contains("map.toml").and(one_line()));
    let map = folder.path().join("other.toml").display().to_string();
    let no_such = ["play", "--device", "no such device", "--no-midi", "--no-screen", "--model", "none", "--map", &map];
    oneiro(&no_such).assert().code(1).stderr(contains("`no such device`").and(one_line()));
}

#[test]
fn a_list_needs_no_device() {
    let names = contains("presets").and(contains("music-box")).and(contains("temperature"));
    oneiro(&["play", "--list"]).assert().success().stdout(names);
}

#[test]
fn a_session_that_is_killed_can_be_rendered_from_what_lies_beside() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("k.oneiro-session").display().to_string();
    let map = folder.path().join("map.toml").display().to_string();
    let bare =
        ["play", "--no-sound", "--no-midi", "--no-screen", "--model", "none", "--map", &map, "--record", &record];
    let mut play = std::process::Command::new(env!("CARGO_BIN_EXE_oneiro")).args(bare).spawn().unwrap();
    let partial = folder.path().join(format!(".k.oneiro-session.{}.partial", play.id()));
    let until = Instant::now() + Duration::from_secs(60);
    let started = || std::fs::read_to_string(&partial).is_ok_and(|text| text.contains("\"playing\":true"));
    while !started() {
        assert!(Instant::now() < until, "nothing was recorded");
        std::thread::sleep(Duration::from_millis(50));
    }
    play.kill().unwrap();
    play.wait().unwrap();
    let midi = folder.path().join("k.mid");
    oneiro(&["render", &partial.display().to_string(), "-o", &midi.display().to_string()])
        .assert()
        .success()
        .stderr(contains("breaks off"));
    assert!(midi.is_file());
}

/// A copy of the program far from every checkout, which finds no models but those in a folder.
#[test]
fn a_missing_or_broken_model_is_said_and_the_rest_plays() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("oneiro");
    program::copy(env!("CARGO_BIN_EXE_oneiro").as_ref(), &alone);
    let models = folder.path().join("found");
    std::fs::create_dir(&models).unwrap();
    std::fs::write(models.join("melody.onnx"), b"broken").unwrap();
    let map = folder.path().join("map.toml").display().to_string();
    let mut play = Command::new(&alone);
    play.current_dir(folder.path()).env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
    play.env("ONEIRO_MODELS", &models);
    play.args(["play", "--no-sound", "--no-midi", "--no-screen", "--seconds", "1", "--map", &map]);
    let said = contains("melody.onnx").and(contains("nothing is answered: no melody-rnn model was found"));
    play.assert().success().stderr(said);
}
