//! A rendering that was killed, at any moment, goes on where it was, and ends with the same files as one that was not. `ONEIRO_KILLS` says
//! how often one is killed; a few times where it is not set.
#![cfg(unix)]

mod fault_support;
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
    // A hundred times a small one.
    let size = if fault_support::kills() > 10 { "96" } else { "240" };
    command.args(["render", "tune.mid", "--size", size, "--fps", "30"]);
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

/// The output of the unbroken rendering that belongs to one of `film`.
fn whole(output: &str) -> String {
    output.replacen("film", "whole", 1)
}

/// Whether an output of `film` is there, which then is that of `whole`.
fn is_there(here: &Path, output: &str) -> bool {
    let [film, whole] = [output, &whole(output)].map(|name| here.join(name.trim_end_matches('/')));
    if !film.exists() {
        return false;
    }
    let is_whole = match film.extension() {
        None => contents(&film) == contents(&whole),
        Some(ending) if ending == "mkv" => decoded(&film) == decoded(&whole),
        Some(_) => std::fs::read(&film).unwrap() == std::fs::read(&whole).unwrap(),
    };
    assert!(is_whole, "{output} differs");
    true
}

fn work(here: &Path) -> Vec<String> {
    names(here).into_iter().filter(|name| name.ends_with(".oneiro-work")).collect()
}

/// Renders with kills at random moments, `most` of them at most, until it is done; how many there were.
fn render_killed(stage: &Stage, outputs: &[&str], whole: Duration, rng: &mut ChaCha8Rng, most: u32) -> u32 {
    let mut kills = 0;
    loop {
        let mut child = start(stage, outputs);
        if kills == most {
            assert!(child.wait().unwrap().success());
            return kills;
        }
        std::thread::sleep(whole.mul_f64(rng.random_range(0.02..1.3)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // At the end outputs get their names one after another: what has its name is whole.
        for output in outputs {
            let _whole = is_there(stage.path(), output);
        }
    }
}

#[test]
fn killed_at_random_moments_it_goes_on_and_ends_the_same() {
    let stage = Stage::new(31.9, 240.0);
    let here = stage.path();
    let outputs: &[&str] = if has_ffmpeg() { &["film/", "film.mkv", "film.mid"] } else { &["film/", "film.mid"] };
    let began = Instant::now();
    let unbroken: Vec<String> = outputs.iter().map(|output| whole(output)).collect();
    let unbroken: Vec<&str> = unbroken.iter().map(String::as_str).collect();
    assert!(start(&stage, &unbroken).wait().unwrap().success());
    let whole = began.elapsed();
    let given = std::env::var("ONEIRO_FAULT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
    println!("ONEIRO_FAULT_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wanted = fault_support::kills();
    let (mut kills, mut films) = (0, 0);
    while kills < wanted {
        kills += render_killed(&stage, outputs, whole, &mut rng, wanted - kills);
        films += 1;
        assert!(outputs.iter().all(|output| is_there(here, output)), "{:?}", names(here));
        let left: Vec<_> = names(here).into_iter().filter(|name| name.starts_with('.')).collect();
        assert_eq!(left, [""; 0], "something is left over");
        std::fs::remove_dir_all(here.join("film")).unwrap();
        ["film.mkv", "film.mid"].iter().for_each(|name| drop(std::fs::remove_file(here.join(name))));
    }
    println!("{kills} kills in {films} films of {whole:?}");
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
    // It is not done before another begins.
    fault_support::signal(child.id(), "STOP");
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
