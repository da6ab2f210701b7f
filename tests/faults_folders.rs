//! Folders in which nothing may be written any more: one line that names the folder, exit status 1, and what was there untouched.
#![cfg(unix)]

mod fault_support;
mod render_support;

use fault_support::{Closed, bound, said, until};
use oneiro::take::read_take;
use render_support::{Stage, names};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::tempdir;

fn oneiro() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_oneiro"))
}

/// What a program says where it fails in one line.
fn error_of(output: &Output) -> String {
    let said = said(output);
    assert!(output.status.code() == Some(1) && said.trim_end().lines().count() == 1, "{said}");
    assert!(said.contains("ermission denied"), "{said}");
    said
}

#[test]
fn what_is_rendered_into_a_closed_folder_is_refused_and_nothing_is_touched() {
    let stage = Stage::new(7.9, 240.0);
    let out = stage.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("a.mid"), "what was there").unwrap();
    let closed = Closed::new(&out);
    for outputs in [&["out/a.mid"][..], &["out/a.wav"], &["out/film/"], &["out/a.png"]] {
        let Some(mut render) = bound(oneiro()) else { return };
        render.current_dir(stage.path()).env("ONEIRO_MODELS", stage.path().join("models"));
        render.env("XDG_DATA_HOME", stage.path()).args(["render", "tune.mid", "--quiet", "--size", "64", "--fps", "5"]);
        for output in outputs {
            render.args(["-o", output]);
        }
        let told = error_of(&render.output().unwrap());
        assert!(told.contains(outputs[0].trim_end_matches('/')), "{told}");
        assert_eq!(names(&out), ["a.mid"]);
    }
    assert_eq!(std::fs::read_to_string(out.join("a.mid")).unwrap(), "what was there");
    drop(closed);
}

fn play(folder: &Path, recorded: &Path, seconds: &str) -> Option<Command> {
    let mut play = bound(oneiro())?;
    play.args(["play", "--no-sound", "--no-midi", "--no-screen", "--model", "none", "--seconds", seconds]);
    play.arg("--map").arg(folder.join("map.toml")).arg("--record").arg(recorded).env("ONEIRO_LINK", "off");
    play.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Some(play)
}

#[test]
fn a_session_that_cannot_be_recorded_says_so_and_one_whose_folder_closes_is_kept_beside_its_name() {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("sessions");
    std::fs::create_dir(&inner).unwrap();
    let recorded = inner.join("s.oneiro-session");
    let closed = Closed::new(&inner);
    let Some(mut command) = play(folder.path(), &recorded, "1") else { return };
    let output = command.output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("{}: cannot be recorded to: Permission denied", recorded.display())), "{told}");
    drop(closed);
    assert_eq!(names(&inner), [""; 0]);
    let Some(mut command) = play(folder.path(), &recorded, "2") else { return };
    let child = command.spawn().unwrap();
    until("the recording begins", || !names(&inner).is_empty());
    let closed = Closed::new(&inner);
    let output = child.wait_with_output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot be named: Permission denied") && told.contains("sessions"), "{told}");
    drop(closed);
    let [partial] = &names(&inner)[..] else { panic!("{:?}", names(&inner)) };
    // All of it but the last line, which is only written with the name.
    assert!(read_take(&inner.join(partial)).is_ok());
}

#[test]
fn a_training_whose_folders_are_closed_names_them_and_goes_on_when_they_are_open() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("tunes")).unwrap();
    let tune = |number: usize| {
        let letters = "CDEFGABc".as_bytes();
        let bars = (0..4).map(|bar| (0..8).map(|i| letters[(i * number + bar) % 8] as char).collect::<String>());
        format!("X:{number}\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n{}|\n", bars.collect::<Vec<_>>().join("|"))
    };
    std::fs::write(folder.path().join("tunes/book.abc"), (1..60).map(tune).collect::<String>()).unwrap();
    let train = |more: &[&str]| {
        let mut train = bound(oneiro())?;
        train.current_dir(folder.path()).args([
            "train",
            "melody-rnn",
            "--data",
            "tunes",
            "--hidden",
            "8",
            "--threads",
            "1",
        ]);
        train.args(["--device", "cpu", "--checkpoint-every", "0"]).args(more);
        Some(train.stdin(Stdio::null()).output().unwrap())
    };
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let closed = Closed::new(&out);
    // Where the run is to lie, and where the model is.
    let Some(output) = train(&["--out", "a.onnx", "--run", "out/run", "--steps", "2"]) else { return };
    let told = said(&output);
    assert!(output.status.code() == Some(1) && told.contains("out/run: Permission denied"), "{told}");
    let Some(output) = train(&["--out", "out/a.onnx", "--run", "run", "--steps", "2"]) else { return };
    let told = said(&output);
    assert!(output.status.code() == Some(1) && told.contains("out/a.onnx"), "{told}");
    drop(closed);
    assert_eq!(names(&out), [""; 0]);
    // The run's own folder, when it is to go on.
    let run = folder.path().join("run");
    let first = train(&["--out", "a.onnx", "--run", "run", "--steps", "2", "--resume"]).unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let state = |name: &str| std::fs::read(run.join(name)).unwrap();
    let (before, there) = (state("checkpoint.safetensors"), names(&run));
    let closed = Closed::new(&run);
    let output = train(&["--out", "a.onnx", "--run", "run", "--steps", "4", "--resume"]).unwrap();
    let told = said(&output);
    assert!(output.status.code() == Some(1) && told.contains("Permission denied") && told.contains("run/"), "{told}");
    drop(closed);
    assert!(state("checkpoint.safetensors") == before && names(&run) == there, "{:?}", names(&run));
    let again = train(&["--out", "a.onnx", "--run", "run", "--steps", "4", "--resume"]).unwrap();
    assert!(again.status.success(), "{}", said(&again));
}

#[test]
fn a_closed_cache_costs_the_link_and_nothing_else() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    let closed = Closed::new(&cache);
    let recorded = folder.path().join("s.oneiro-session");
    let Some(mut play) = play(folder.path(), &recorded, "1") else { return };
    let output = play.env_remove("ONEIRO_LINK").env("ONEIRO_CACHE", &cache).output().unwrap();
    drop(closed);
    let told = said(&output);
    assert!(output.status.success() && read_take(&recorded).is_ok(), "{told}");
    let about =
        format!("visualizers cannot follow: there is no folder for the link between programs: {}", cache.display());
    let lines = told.lines().filter(|line| line.starts_with(&about) && line.contains("Permission denied"));
    assert_eq!(lines.count(), 1, "{told}");
    assert_eq!(names(&cache), [""; 0]);
}
