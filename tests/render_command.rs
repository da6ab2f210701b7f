//! `oneiro render` as a user meets it.

#[path = "support/program.rs"]
mod program;
mod render_support;

use assert_cmd::Command;
use oneiro::music::midi::{ReadOptions, read_midi_file};
use oneiro::render::has_ffmpeg;
use predicates::prelude::*;
use predicates::str::contains;
use render_support::{SIDE, Stage, names};
use std::path::Path;
use std::time::{Duration, Instant};

/// A folder with both models and a short tune.
fn stage() -> Stage {
    Stage::new(31.9, 480.0)
}

fn oneiro(folder: &Path) -> Command {
    with_fps(folder, "10")
}

fn with_fps(folder: &Path, fps: &str) -> Command {
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(folder).env("ONEIRO_MODELS", folder.join("models")).env("XDG_DATA_HOME", folder);
    command.args(["render", "tune.mid", "--quiet", "--size", "64", "--fps", fps]);
    command
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn one_call_writes_notes_sound_roll_and_video_frames_and_says_what_it_made() {
    let stage = stage();
    let here = stage.path();
    let args = ["-o", "a.mid", "-o", "a.wav", "-o", "a.png", "-o", "frames/", "--seed", "5", "--json"];
    let output = oneiro(here).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let score = read_midi_file(here.join("a.mid"), &ReadOptions::default()).unwrap();
    let counts: Vec<_> = score.parts.iter().map(|p| (p.name.as_str(), p.notes.len() as u64)).collect();
    let count = |part: &str| report["notes"][part].as_u64().unwrap();
    assert_eq!(counts, [("Call", count("call")), ("Answer", count("answer")), ("Backing", count("backing"))]);
    assert!(report["key"].as_str().unwrap().ends_with(" major"));
    assert_eq!(report["models"][0]["sha256"].as_str().unwrap().len(), 64);

    let sound = hound::WavReader::open(here.join("a.wav")).unwrap();
    let seconds = f64::from(sound.duration()) / 48_000.0;
    let frames = report["frames"].as_u64().unwrap();
    assert_eq!((sound.spec().channels, sound.spec().bits_per_sample), (2, 24));
    assert!((seconds - frames as f64 / 10.0).abs() < 1e-4, "{seconds} s of sound, {frames} video frames");
    let pictures = names(&here.join("frames"));
    assert_eq!((pictures.len() as u64, pictures[0].as_str()), (frames, "frame-000000.png"));
    let picture = image::open(here.join("frames").join(&pictures[pictures.len() / 2])).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (64, 64));
    assert!(picture.pixels().any(|p| p.0 != picture.get_pixel(0, 0).0), "a picture of one colour");
    assert_eq!(names(here), ["a.mid", "a.png", "a.wav", "frames", "models", "tune.mid"], "nothing is left over");
    const { assert!(SIDE < 64, "pictures are enlarged") };
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let stage = stage();
    let here = stage.path();
    for (name, seed) in [("a", "7"), ("b", "7"), ("c", "8")] {
        let outputs = ["mid", "wav"].map(|ending| format!("{name}.{ending}"));
        oneiro(here).args(["-o", &outputs[0], "-o", &outputs[1], "-o", name, "--seed", seed]).assert().success();
    }
    for ending in ["mid", "wav"] {
        let [a, b, c] = ["a", "b", "c"].map(|name| read(here, &format!("{name}.{ending}")));
        assert!(a == b && a != c, "{ending}");
    }
    let [a, b, c] = ["a", "b", "c"].map(|name| read(here, &format!("{name}/frame-000012.png")));
    assert!(a == b && a != c, "pictures");
    // An earlier rendering is replaced, anything else is not.
    oneiro(here).args(["-o", "a"]).assert().success();
    let refused = oneiro(here).args(["-o", "models"]).assert().code(1);
    refused.stderr(contains("models: is a folder with other things in it"));
}

#[test]
fn a_video_has_pictures_and_sound_of_the_same_length() {
    if !has_ffmpeg() {
        println!("skipped: ffmpeg is not installed");
        return;
    }
    let stage = stage();
    let here = stage.path();
    with_fps(here, "29.97").args(["-o", "a.mp4", "-o", "a.wav"]).assert().success();
    assert_eq!(names(here), ["a.mp4", "a.wav", "models", "tune.mid"]);
    let ask = |stream: &str, what: &str| {
        let entries = format!("stream={what}");
        let probe = std::process::Command::new("ffprobe")
            .args(["-v", "error", "-select_streams", stream, "-show_entries", &entries, "-of", "csv=p=0"])
            .arg(here.join("a.mp4"))
            .output()
            .expect("ffprobe comes with ffmpeg");
        String::from_utf8(probe.stdout).unwrap().trim().trim_end_matches(',').to_owned()
    };
    assert_eq!(ask("v", "codec_name,width,height,pix_fmt,r_frame_rate"), "h264,64,64,yuv420p,30000/1001");
    assert_eq!(ask("a", "codec_name"), "aac");
    let [video, audio]: [f64; 2] = ["v", "a"].map(|stream| ask(stream, "duration").parse().unwrap());
    assert!((video - audio).abs() < 0.05, "{video} s of pictures, {audio} s of sound");
}

#[test]
fn without_ffmpeg_a_video_becomes_video_frames_and_a_message() {
    let stage = stage();
    let here = stage.path();
    let result = oneiro(here).args(["-o", "a.mp4"]).env("PATH", here).assert().success();
    result.stderr(contains("ffmpeg was not found").and(contains("a-frames")));
    let made = names(&here.join("a-frames"));
    assert!(made.contains(&"sound.wav".into()) && made.contains(&"frame-000000.png".into()), "{made:?}");
    assert!(!here.join("a.mp4").exists());
}

#[cfg(unix)]
#[test]
fn a_dying_ffmpeg_is_a_clear_error_and_leaves_nothing() {
    let stage = stage();
    let here = stage.path();
    let fake = here.join("bin/ffmpeg");
    std::fs::create_dir(here.join("bin")).unwrap();
    let script = "[ \"$1\" = -version ] && exit 0\nhead -c 50000 >/dev/null\necho 'the disk is on fire' >&2\nexit 3\n";
    program::script(&fake, script);
    let path = format!("{}:{}", here.join("bin").display(), std::env::var("PATH").unwrap());
    let result = oneiro(here).args(["-o", "a.mp4", "-o", "a.wav"]).env("PATH", path).assert().code(1);
    result.stderr(contains("a.mp4: ffmpeg failed").and(contains("the disk is on fire")));
    assert_eq!(names(here), ["bin", "models", "tune.mid"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_written_file() {
    let stage = stage();
    let here = stage.path();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("oneiro"))
        .current_dir(here)
        .env("ONEIRO_MODELS", here.join("models"))
        .args(["render", "tune.mid", "-o", "a.wav", "-o", "frames/", "--size", "1024", "--fps", "60", "--quiet"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Once a video frame is there, it is in the middle of its work.
    let started = Instant::now();
    let working = || {
        let work = names(here).into_iter().find(|n| n.contains("frames") && n.ends_with(".oneiro-work"));
        work.is_some_and(|work| here.join(work).join("frames/frame-000001.png").exists())
    };
    while !working() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output =
        child.wait().map(|status| (status, std::io::read_to_string(child.stderr.take().unwrap()).unwrap())).unwrap();
    assert_eq!(output.0.code(), Some(1), "{}", output.1);
    assert!(output.1.contains("interrupted; the pictures so far are kept"), "{}", output.1);
    let left = names(here);
    assert!(left.len() == 3 && left[0].starts_with(".frames.") && left[0].ends_with(".oneiro-work"), "{left:?}");
}

#[test]
fn wrong_uses_end_with_status_two_and_say_what_would_be_right() {
    let stage = stage();
    let cases: [(&[&str], &str); 9] = [
        (&[], "--output"),
        (&["-o", "a.xyz"], "`.xyz` cannot be written; .mp4, .mkv, .mov, .wav, .stems/, .mid, .png or a folder/ can"),
        (&["-o", "a.wav", "-o", "a.wav"], "a.wav is named twice"),
        (&["-o", "a.wav", "--size", "721"], "even numbers"),
        (&["-o", "a.wav", "--fps", "0"], "video frames a second"),
        (&["-o", "a.wav", "--temperature", "0"], "a number from"),
        (&["-o", "a.wav", "--top-p", "nan"], "a number from"),
        (&["-o", "a.wav", "--bars", "0"], "1..=64"),
        (&["-o", "a.wav", "--model", "models/blots.onnx", "--model", "blots"], "two models of kind image-gan"),
    ];
    for (args, reason) in cases {
        let mut command = Command::cargo_bin("oneiro").unwrap();
        command.current_dir(stage.path()).env("ONEIRO_MODELS", stage.path().join("models"));
        command.args(["render", "tune.mid"]).args(args).assert().code(2).stderr(contains(reason));
    }
    assert_eq!(names(stage.path()), ["models", "tune.mid"]);
}

#[test]
fn an_upscaler_is_used_where_there_is_one_and_the_same_call_gives_the_same_frames() {
    let stage = stage();
    let here = stage.path();
    let pictures = ["data", "procedural", "--out", "pictures", "--count", "32", "--size", "40"];
    Command::cargo_bin("oneiro").unwrap().current_dir(here).args(pictures).assert().success();
    let train = ["train", "upscaler", "--data", "pictures", "--out", "up.onnx", "--preset", "small", "--steps", "2"];
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(here).args(train).args(["--patch", "8", "--batch", "2"]).assert().success();
    let frames = |folder: &str, upscaler: &str| {
        let output = oneiro(here).args(["-o", folder, "--json", "--upscaler", upscaler]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let kinds: Vec<_> = report["models"].as_array().unwrap().iter().map(|m| m["kind"].clone()).collect();
        assert_eq!(kinds.contains(&"upscaler".into()), upscaler != "none", "{kinds:?}");
        read(here, &format!("{folder}/frame-000010.png"))
    };
    let first = frames("a/", "up.onnx");
    assert_eq!(first, frames("b/", "up.onnx"));
    assert_ne!(first, frames("c/", "none"));
    let wrong = oneiro(here).args(["-o", "d/", "--upscaler", "models/blots.onnx"]).assert().code(1);
    wrong.stderr(contains("blots.onnx"));
}
