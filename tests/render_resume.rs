//! A rendering that was killed, at any moment, goes on where it was, and ends with the same files as one that was not.
#![cfg(unix)]

mod render_support;

use oneiro::render::has_ffmpeg;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use render_support::{Stage, names};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A rendering of pictures that takes some seconds.
fn command(stage: &Stage, outputs: &[&str]) -> Command {
    let mut command = stage.plain();
    command.args(["render", "tune.mid", "--size", "240", "--fps", "30"]);
    for output in outputs {
        command.args(["-o", output]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn start(stage: &Stage, outputs: &[&str]) -> Child {
    command(stage, outputs).arg("--quiet").spawn().unwrap()
}

/// Everything in a folder, by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

/// Every video frame of a file, decoded.
fn decoded(path: &Path) -> Vec<u8> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-xerror", "-i"]).arg(path).args(["-map", "0:v", "-f", "framemd5", "-"]);
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn work(here: &Path) -> Vec<String> {
    names(here).into_iter().filter(|name| name.ends_with(".oneiro-work")).collect()
}

#[test]
fn killed_at_random_moments_it_goes_on_and_ends_the_same() {
    let stage = Stage::new(31.9, 240.0);
    let here = stage.path();
    let outputs: &[&str] = if has_ffmpeg() { &["film/", "film.mkv", "film.mid"] } else { &["film/", "film.mid"] };
    let began = Instant::now();
    assert!(start(&stage, &["whole/", "whole.mkv", "whole.mid"][..outputs.len()]).wait().unwrap().success());
    let whole = began.elapsed();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut kills = 0;
    loop {
        let mut child = start(&stage, outputs);
        std::thread::sleep(whole.mul_f64(rng.random_range(0.05..0.9)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let there = names(here);
        assert!(!outputs.iter().any(|name| there.contains(&name.trim_end_matches('/').to_owned())), "{there:?}");
        if kills == 6 {
            assert!(start(&stage, outputs).wait().unwrap().success());
            break;
        }
    }
    println!("killed {kills} times");
    assert!(contents(&here.join("film")) == contents(&here.join("whole")), "pictures differ; seed {seed}");
    assert_eq!(contents(&here.join("film")).len(), contents(&here.join("whole")).len());
    assert!(std::fs::read(here.join("film.mid")).unwrap() == std::fs::read(here.join("whole.mid")).unwrap());
    if has_ffmpeg() {
        assert!(decoded(&here.join("film.mkv")) == decoded(&here.join("whole.mkv")), "the video differs; seed {seed}");
    }
    assert_eq!(
        names(here).iter().filter(|name| name.starts_with('.')).collect::<Vec<_>>(),
        [""; 0],
        "something is left over"
    );
}

#[test]
fn it_says_where_it_goes_on_and_only_the_same_command_does() {
    let stage = Stage::new(31.9, 240.0);
    let here = stage.path();
    let mut child = start(&stage, &["film/"]);
    let finished = || work(here).iter().any(|work| here.join(work).join("frames/frame-000040.png").exists());
    let began = Instant::now();
    while !finished() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let [kept] = &work(here)[..] else { panic!("{:?}", names(here)) };
    // A frame whose contents a power cut has taken is made again.
    std::fs::write(here.join(kept).join("frames/frame-000030.png"), "").unwrap();
    let other = command(&stage, &["film/"]).args(["--seed", "9", "--to", "2"]).output().unwrap();
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(
        other.status.success()
            && said.contains("another rendering of film/ was broken off")
            && !said.contains("going on"),
        "{said}"
    );
    assert_eq!(work(here), std::slice::from_ref(kept), "another's work is kept");
    let again = command(&stage, &["film/"]).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.success() && said.contains("going on from frame 30 of "), "{said}");
    assert_eq!(work(here), [""; 0]);
    let anew = command(&stage, &["anew/"]).output().unwrap();
    assert!(anew.status.success());
    assert!(contents(&here.join("film")) == contents(&here.join("anew")));
}

#[test]
fn restart_begins_anew_and_two_at_once_are_refused() {
    let stage = Stage::new(31.9, 240.0);
    let here = stage.path();
    let mut child = start(&stage, &["film/"]);
    let began = Instant::now();
    let working = || work(here).iter().any(|work| here.join(work).join("frames/frame-000005.png").exists());
    while !working() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = command(&stage, &["film/"]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(second.status.code() == Some(1) && said.contains("film: is being rendered by another process"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    let anew = command(&stage, &["film/"]).args(["--restart", "--to", "2"]).output().unwrap();
    assert!(anew.status.success());
    let anew = command(&stage, &["film/"]).arg("--restart").output().unwrap();
    let said = String::from_utf8(anew.stderr).unwrap();
    assert!(anew.status.success() && !said.contains("going on"), "{said}");
    assert_eq!(work(here), [""; 0]);
}
