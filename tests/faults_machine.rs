//! What a machine does to programs: it stops them, its clock is set, its memory ends. No note sounds for ever, time goes on, and what was
//! saved is whole.
#![cfg(all(target_os = "linux", feature = "play"))]

#[path = "support/endless.rs"]
mod endless;
mod fault_support;
mod play_support;
mod render_support;

use endless::node;
use fault_support::{another, lines, own_part, said, signal, under_a_clock};
use oneiro::model::onnx::TensorProto;
use oneiro::play::lock;
use oneiro::take::read_take;
use oneiro::time::Beats;
use oneiro::train::checkpoint;
use oneiro::train::run::CHECKPOINT;
use play_support::{answers, instrument, play_until, recorded};
use render_support::{Stage, names};
use std::cell::Cell;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// What this program does in other processes; as a test it does nothing.
#[test]
fn part() {
    let Some((name, folder)) = own_part() else { return };
    let running = instrument(&folder);
    play_until(&running, "it is answered", || answers(&running, Beats::ZERO) >= 3);
    // Before anybody hears of it: whoever does may stop this process in the same moment.
    let last = Cell::new(Instant::now());
    println!("plays");
    match name.as_str() {
        "a player that is stopped" => {
            let stopped = || last.replace(Instant::now()).elapsed() > Duration::from_secs(2);
            play_until(&running, "it was stopped", stopped);
        }
        "a player for two seconds" => {
            play_until(&running, "two seconds have passed", || last.get().elapsed() > Duration::from_secs(2));
        }
        other => panic!("nobody plays {other}"),
    }
    let now = lock(running.scene()).clock.pos_beats;
    play_until(&running, "it answers again", || answers(&running, now) >= 3);
    println!("told: it plays after {}", now.0);
    play_support::end(running);
}

/// `oneiro play` with neither sound nor MIDI nor model.
fn bare(folder: &Path, seconds: &str) -> Command {
    let mut play = Command::new(env!("CARGO_BIN_EXE_oneiro"));
    play.args(["play", "--no-sound", "--no-midi", "--no-screen", "--model", "none", "--seconds", seconds, "--map"]);
    play.arg(folder.join("map.toml")).arg("--record").arg(folder.join("bare.oneiro-session"));
    play.env("ONEIRO_LINK", "off").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    play
}

#[test]
fn what_plays_and_is_stopped_for_seconds_goes_on_and_nothing_sounds_for_ever() {
    let folder = tempdir().unwrap();
    let began = Instant::now();
    let bare = bare(folder.path(), "6").spawn().unwrap();
    let mut player =
        another("a player that is stopped", folder.path(), None).env("ONEIRO_LINK", "off").spawn().unwrap();
    let mut told = lines(&mut player);
    assert!(told.any(|line| line.contains("plays")), "nothing was answered");
    [bare.id(), player.id()].into_iter().for_each(|id| signal(id, "STOP"));
    std::thread::sleep(Duration::from_secs(3));
    [bare.id(), player.id()].into_iter().for_each(|id| signal(id, "CONT"));
    // Its end comes when it is due, or at once where that was meanwhile.
    let output = bare.wait_with_output().unwrap();
    assert!(output.status.success() && began.elapsed() < Duration::from_secs(30), "{}", said(&output));
    let take = read_take(&folder.path().join("bare.oneiro-session")).unwrap();
    assert!(!take.broken_off && take.length > 44_100, "{}", take.length);
    assert!(told.any(|line| line.contains("told: it plays after")), "it did not go on");
    assert!(player.wait().unwrap().success());
    recorded(folder.path());
}

/// Tunes to learn from, always the same.
fn tunes(folder: &Path) {
    std::fs::create_dir(folder.join("tunes")).unwrap();
    let tune = |number: usize| {
        let letters = "CDEFGABc".as_bytes();
        let bars = (0..4).map(|bar| (0..8).map(|i| letters[(i * number + bar) % 8] as char).collect::<String>());
        format!("X:{number}\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n{}|\n", bars.collect::<Vec<_>>().join("|"))
    };
    std::fs::write(folder.join("tunes/book.abc"), (1..60).map(tune).collect::<String>()).unwrap();
}

fn train(folder: &Path, run: &str, hidden: &str) -> Command {
    let mut train = Command::new(env!("CARGO_BIN_EXE_oneiro"));
    train.current_dir(folder).args(["train", "melody-rnn", "--data", "tunes", "--hidden", hidden, "--threads", "1"]);
    train.args(["--device", "cpu", "--checkpoint-every", "0", "--out", &format!("{run}.onnx"), "--run", run]);
    train.args(["--resume"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    train
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

#[test]
fn a_clock_that_is_set_forward_and_back_changes_neither_a_recording_nor_a_training() {
    let folder = tempdir().unwrap();
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0").unwrap();
    let mut player = another("a player for two seconds", folder.path(), None);
    let mut learner = train(folder.path(), "set", "8");
    if !under_a_clock(player.env("ONEIRO_LINK", "off"), &clock)
        || !under_a_clock(learner.args(["--steps", "12"]), &clock)
    {
        return;
    }
    tunes(folder.path());
    let began = Instant::now();
    let (mut player, mut learner) = (player.spawn().unwrap(), learner.spawn().unwrap());
    let mut told = lines(&mut player);
    // Ten days ahead, ten years back, and so on, all the while.
    let mut jumps = ["+10d", "-10y", "+0", "+300y", "-1h"].iter().cycle();
    while player.try_wait().unwrap().is_none() || learner.try_wait().unwrap().is_none() {
        std::fs::write(&clock, jumps.next().unwrap()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(began.elapsed() < Duration::from_secs(100), "it does not end");
    }
    let real = began.elapsed().as_secs_f64();
    assert!(told.any(|line| line.contains("told: it plays after")), "it did not play to its end");
    succeeds(&learner.wait_with_output().unwrap());
    let seconds = recorded(folder.path()).length as f64 / 44_100.0;
    assert!((2.0..real).contains(&seconds), "{seconds} s were recorded in {real} s");
    succeeds(&train(folder.path(), "still", "8").args(["--steps", "12"]).output().unwrap());
    let state = |run: &str| checkpoint::load(&folder.path().join(run).join(CHECKPOINT)).unwrap().1;
    assert!(state("set") == state("still"), "another network was learnt");
}

/// The same command in a process that may have so many MiB of addresses.
fn within(mib: u32, command: &Command) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v $0; exec \"$@\"", &(mib << 10).to_string()]).arg(command.get_program());
    shell.args(command.get_args()).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    shell.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.output().unwrap()
}

/// Whether it has done its work; else it ended with an error and no panic, or by an abort.
fn has_done(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    // SIGABRT: what Rust and the C++ of ONNX Runtime do where there is no memory even for an error, or for a thread to begin.
    if output.status.signal() == Some(6) {
        return false;
    }
    let told = said(output);
    let failed = output.status.code() == Some(1) && told.contains("error: ");
    assert!(output.status.success() || failed, "{:?}: {told}", output.status);
    output.status.success()
}

#[test]
fn a_training_whose_memory_ends_leaves_its_checkpoint_whole_and_goes_on() {
    let folder = tempdir().unwrap();
    tunes(folder.path());
    succeeds(&train(folder.path(), "run", "64").args(["--steps", "1"]).output().unwrap());
    let step = || checkpoint::load(&folder.path().join("run").join(CHECKPOINT)).unwrap().0.step;
    let mut ended = 0;
    for mib in [120, 300, 350, 400, 450] {
        let before = step();
        ended += u32::from(!has_done(&within(mib, train(folder.path(), "run", "64").args(["--steps", "4"]))));
        assert!(step() >= before, "it was at step {before}, and is at {} with {mib} MiB", step());
    }
    println!("{ended} of 5 ended before their time");
    assert!(ended > 0, "they all had memory enough");
    succeeds(&train(folder.path(), "run", "64").args(["--steps", "5"]).output().unwrap());
    assert_eq!(step(), 5);
}

#[test]
fn a_rendering_whose_memory_ends_leaves_nothing_half_done_and_ends_the_same() {
    let stage = Stage::new(7.9, 240.0);
    let render = |name: &str| {
        let mut render = stage.plain();
        render.args(["render", "tune.mid", "--quiet", "--size", "64", "--fps", "10", "-o", &format!("{name}/")]);
        render.args(["-o", &format!("{name}.wav"), "-o", &format!("{name}.mid")]);
        render
    };
    succeeds(&render("whole").output().unwrap());
    let mut ended = 0;
    for mib in [120, 200, 240, 280, 320] {
        if !has_done(&within(mib, &render("film"))) {
            let there = names(stage.path());
            assert!(!there.iter().any(|name| name.starts_with("film")), "{mib} MiB: {there:?}");
            ended += 1;
            continue;
        }
        break;
    }
    println!("{ended} ended before their time");
    assert!(ended > 0, "they all had memory enough");
    succeeds(&render("film").output().unwrap());
    let read = |path: String| std::fs::read(stage.path().join(path)).unwrap();
    let frames = |name: &str| {
        let of = names(&stage.path().join(name)).into_iter();
        of.map(|frame| (frame.clone(), read(format!("{name}/{frame}")))).collect::<Vec<_>>()
    };
    assert!(frames("film") == frames("whole"), "the pictures differ");
    for ending in ["wav", "mid"] {
        assert!(read(format!("film.{ending}")) == read(format!("whole.{ending}")), "{ending} differs");
    }
}

#[test]
fn a_model_that_wants_more_memory_than_there_is_ends_with_an_error_that_names_it() {
    let stage = Stage::new(3.9, 240.0);
    // 2^32 numbers, by a product that no reader of the file multiplies out.
    let (mut model, spec) = render_support::generator();
    let graph = model.graph.as_mut().unwrap();
    for made in graph.node.iter_mut().flat_map(|node| &mut node.output).filter(|made| **made == "picture") {
        *made = "painted".into();
    }
    graph.initializer.push(TensorProto::from_i64("n", &[1], &[1 << 16]));
    graph.node.extend([
        node("Mul", &["n", "n"], &["much"]),
        node("ConstantOfShape", &["much"], &["zeros"]),
        node("ReduceSum", &["zeros"], &["none"]),
        node("Add", &["painted", "none"], &["picture"]),
    ]);
    render_support::write((model, spec), &stage.path().join("models"), "blots.onnx");
    let mut render = stage.plain();
    render.args(["render", "tune.mid", "--quiet", "--size", "64", "--fps", "5", "-o", "film/"]);
    let output = within(1500, &render);
    let told = said(&output);
    assert!(output.status.code() == Some(1) && told.contains("blots.onnx") && told.lines().count() == 1, "{told}");
    assert!(!stage.path().join("film").exists());
}
