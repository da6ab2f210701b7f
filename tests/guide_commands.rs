//! The guide's worked examples, as a reader would type them: every block of a page that is marked `sh run`, one after the other
//! in one folder, with the programs on the path. And the troubleshooting page knows what the doctor says.
#![cfg(unix)] // the guide speaks to a shell

#[path = "support/material.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod material;
#[path = "support/program.rs"]
mod program;

use oneiro::bridge::Part;
use oneiro::live::Patch;
use oneiro::model::inspect::inspect;
use oneiro::model::spec::Kind;
use oneiro::music::midi::{ReadOptions, read_midi_file, write_midi_file};
use oneiro::render::has_ffmpeg;
use oneiro::take::{Event, Header, Recorder};
use oneiro::time::{Beats, Bpm, SampleRate, TempoMap, TimeSignature, Transport};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn page(name: &str) -> String {
    std::fs::read_to_string(project("docs/guide").join(name)).unwrap()
}

/// The blocks of a page that are to be run.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut running = false;
    for line in page.lines() {
        match line {
            "```sh run" => {
                running = true;
                blocks.push(String::new());
            }
            "```" => running = false,
            line if running => *blocks.last_mut().unwrap() += &format!("{line}\n"),
            _ => {}
        }
    }
    blocks
}

/// A folder with what a reader is said to have: `song.mid`, `my-tunes`, `evening.oneiro-session`, `poster.png`.
fn desk() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut song = read_midi_file(project("tests/fixtures/midi/evening-walk.mid"), &ReadOptions::default()).unwrap();
    for part in &mut song.parts {
        part.notes.retain(|note| note.onset.0 < 15.9);
    }
    song.tempo = TempoMap::constant(Bpm(240.0)).unwrap();
    write_midi_file(here.join("song.mid"), &song).unwrap();

    let tunes = here.join("my-tunes");
    std::fs::create_dir(&tunes).unwrap();
    std::fs::copy(project("tests/fixtures/abc/two.abc"), tunes.join("two.abc")).unwrap();
    for seed in 0..12 {
        std::fs::write(tunes.join(format!("{seed}.mid")), material::midi(seed, 0)).unwrap();
    }
    std::fs::write(here.join("poster.png"), material::png(material::speckled(1).into())).unwrap();
    session(&here.join("evening.oneiro-session"));
    folder
}

/// A session of four calls and four answers in two seconds.
fn session(path: &Path) {
    let header = Header::new(SampleRate(48_000), 1, [Patch::Keys, Patch::Lead, Patch::Keys]);
    let mut take = Recorder::begin(path, &header, 0).unwrap();
    let (pos_beats, time_signature) = (Beats::ZERO, TimeSignature::COMMON);
    let time = Transport { playing: true, pos_beats, tempo: Bpm(120.0), time_signature };
    take.write(0, Event::Transport(time)).unwrap();
    for (at, pitch) in [60, 64, 67, 72].into_iter().enumerate() {
        let begins = at as u64 * 12_000;
        let whose = if at < 2 { Part::Call } else { Part::Answer };
        take.write(begins, Event::On(whose, pitch, 90)).unwrap();
        take.write(begins + 10_000, Event::Off(whose, pitch)).unwrap();
    }
    take.end(96_000).unwrap();
}

/// Runs the blocks of a page at a desk; fails with what they said.
fn follow(name: &str) -> TempDir {
    let desk = desk();
    let blocks = blocks(&page(name));
    assert!(!blocks.is_empty(), "{name} has no worked example");
    let programs = Path::new(env!("CARGO_BIN_EXE_oneiro")).parent().unwrap();
    let path = std::env::join_paths(
        [programs.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let path = path.unwrap();
    for block in blocks {
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", &block]).current_dir(desk.path()).env("PATH", &path);
        shell.env("ONEIRO_MODELS", project("models")).env("XDG_DATA_HOME", desk.path());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{name}:\n{block}\n{}", said(&output));
    }
    desk
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n")
}

/// Notes of each part of a MIDI file.
fn notes(path: PathBuf) -> Vec<(String, usize)> {
    let score = read_midi_file(&path, &ReadOptions::default()).unwrap();
    score.parts.into_iter().map(|part| (part.name, part.notes.len())).collect()
}

/// A duet has all parts, and both sing.
fn is_duet(path: PathBuf) {
    let notes = notes(path);
    let names: Vec<&str> = notes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Call", "Answer", "Backing"]);
    assert!(notes[0].1 > 8 && notes[1].1 > 2, "{notes:?}");
}

/// Sound that is heard: seconds.
fn seconds_of_sound(path: PathBuf) -> f64 {
    let mut sound = hound::WavReader::open(path).unwrap();
    assert_eq!((sound.spec().channels, sound.spec().bits_per_sample), (2, 24));
    let seconds = f64::from(sound.duration()) / f64::from(sound.spec().sample_rate);
    let loudest = sound.samples::<i32>().map(|s| s.unwrap().unsigned_abs()).max().unwrap();
    assert!(loudest > 1 << 18, "it is silent: {loudest}");
    seconds
}

/// A picture that shows something: its size.
fn picture(path: PathBuf) -> (u32, u32) {
    let picture = image::open(&path).unwrap().to_rgb8();
    let first = picture.get_pixel(0, 0).0;
    assert!(picture.pixels().any(|pixel| pixel.0 != first), "{} has one colour", path.display());
    picture.dimensions()
}

#[test]
fn the_musicians_example_runs() {
    let desk = follow("musician.md");
    let file = |name: &str| desk.path().join(name);
    is_duet(file("duet.mid"));
    is_duet(file("bolder.mid"));
    assert!(seconds_of_sound(file("duet.wav")) > 4.0);
    assert!(picture(file("duet.png")).0 > 200);
    assert_eq!(notes(file("evening.mid")).iter().map(|(_, count)| count).sum::<usize>(), 4);
    assert!(seconds_of_sound(file("evening.wav")) >= 2.0);
}

#[test]
fn the_renderers_example_runs() {
    if !has_ffmpeg() {
        assert!(std::env::var_os("CI").is_none(), "ffmpeg is needed");
        return eprintln!("left out: there is no ffmpeg");
    }
    let desk = follow("renderer.md");
    let file = |name: &str| desk.path().join(name);
    is_duet(file("film.mid"));
    let seconds = seconds_of_sound(file("film.wav"));
    let frames = std::fs::read_dir(file("frames")).unwrap().count();
    assert!((frames as f64 / 10.0 - seconds).abs() < 0.2, "{frames} frames to {seconds} s");
    assert_eq!(picture(file("frames/frame-000020.png")), (256, 144));
    // Decodes from beginning to end.
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-xerror", "-i"]).arg(file("film.mp4")).args(["-f", "null", "-"]);
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    assert_eq!(picture(file("look.png")), (256, 144));
    // The part is that part of the film.
    let hashes = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(file(name)).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(|l| l.rsplit(',').next().unwrap().to_owned()).collect()
    };
    let (film, part) = (hashes("film.txt"), hashes("part.txt"));
    assert!(
        part.len() >= 10 && film.windows(part.len()).any(|frames| frames == part),
        "{part:?} is no part of {film:?}"
    );
    assert_eq!(hashes("joined.txt"), film);
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(file("draft.json")).unwrap()).unwrap();
    assert!(report["notes"]["answer"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn the_trainers_example_runs() {
    let desk = follow("trainer.md");
    let file = |name: &str| desk.path().join(name);
    let model = inspect(&file("mine.onnx")).unwrap();
    assert_eq!((model.spec.kind, model.spec.name.as_str()), (Kind::MelodyRnn, "mine"));
    assert!(std::fs::read_to_string(file("mine-run/report.html")).unwrap().contains("</html>"));
    picture(file("tunes.png"));
    is_duet(file("with-mine.mid"));
}

#[test]
fn the_contributors_example_runs() {
    let desk = follow("contributor.md");
    let file = |name: &str| desk.path().join(name);
    is_duet(file("after.mid"));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(file("soak.json")).unwrap()).unwrap();
    assert!(report["phrases"].as_u64().unwrap() > 0 && report["faults"] == 0, "{report}");
}

#[test]
fn the_vjs_example_runs() {
    // The visualizer is a program of the workspace's; a test of this crate alone does not build it.
    let show = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_oneiro")).arg("show").args(arguments).output();
    let probe = tempfile::tempdir().unwrap();
    let frames = probe.path().display().to_string();
    let output = show(&["--frames", &frames, "--at", "0", "--size", "64x36"]).unwrap();
    let why = said(&output);
    if !output.status.success() && ["is not beside", "nothing here can draw"].iter().any(|known| why.contains(known)) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        return eprintln!("left out: {why}");
    }
    let desk = follow("vj.md");
    for name in ["look/000030.png", "look/000060.png", "leaning/000030.png"] {
        assert_eq!(picture(desk.path().join(name)), (320, 180), "{name}");
    }
    let two = ["look/000030.png", "look/000060.png"].map(|name| std::fs::read(desk.path().join(name)).unwrap());
    assert!(two[0] != two[1], "the picture stands still");
}

#[test]
fn the_troubleshooting_page_has_all_that_the_doctor_says() {
    // Lines are broken for the eye, and quoted.
    let page = page("troubleshooting.md");
    let flat = |text: &str| text.replace("\n> ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let text = flat(&page);
    let empty = tempfile::tempdir().unwrap();
    let alone = empty.path().join("oneiro");
    program::copy(env!("CARGO_BIN_EXE_oneiro").as_ref(), &alone);
    let nowhere = empty.path().join("nowhere");
    std::fs::write(empty.path().join("broken.onnx"), "no model").unwrap();
    let doctor = || {
        let mut doctor = Command::new(&alone);
        doctor.args(["doctor", "--json"]).current_dir(empty.path()).env_remove("ONEIRO_MODELS");
        doctor
    };
    let mut sick = doctor();
    sick.env("ORT_DYLIB_PATH", &nowhere).env("PATH", &nowhere).env("XDG_DATA_HOME", &nowhere);
    let mut with_broken = doctor();
    with_broken.env("ONEIRO_MODELS", empty.path()).env("ONEIRO_CACHE", &nowhere).env_remove("ORT_DYLIB_PATH");
    let mut remedies = 0;
    for mut doctor in [doctor(), sick, with_broken] {
        let output = doctor.output().unwrap();
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        for finding in findings {
            let what = finding["what"].as_str().unwrap();
            assert!(page.contains(&format!("\n## {what}\n")), "no heading for {finding}");
            if let Some(remedy) = finding["remedy"].as_str() {
                assert!(text.contains(&flat(remedy)), "the page does not quote: {remedy}");
                remedies += 1;
            }
        }
    }
    assert!(remedies >= 5, "the doctor found too little: {remedies}");
}
