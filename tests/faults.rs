//! What breaks while something is saved: programs that are killed, disks that are full, folders that vanish, another ONNX Runtime. What
//! was saved is there, and the next start works. `ONEIRO_KILLS` says how often something is killed; a few times where it is not set.
#![cfg(unix)]

mod fault_support;
mod render_support;

use fault_support::{another, found, kills, lines, own_part, until};
use oneiro::bridge::Part;
use oneiro::controls::{Binding, Control, ControlMap, Knob};
use oneiro::files::{beside, write_whole};
use oneiro::live::Patch;
use oneiro::take::{Event, Header, Recorder, read_take};
use oneiro::time::SampleRate;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::tempdir;

/// Bytes of a file that is written again and again.
const LARGE: usize = 1 << 20;

/// Where chance comes from: `ONEIRO_FAULT_SEED`, or the process; it is printed.
fn dice() -> ChaCha8Rng {
    let given = std::env::var("ONEIRO_FAULT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
    println!("ONEIRO_FAULT_SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

fn session(folder: &Path) -> PathBuf {
    folder.join("a.oneiro-session")
}

fn header() -> Header {
    Header::new(SampleRate(48_000), 7, [Patch::Keys, Patch::Lead, Patch::Keys])
}

/// Records notes without end, and says after each flush how many there are.
fn record(folder: &Path) {
    let mut recorder = Recorder::begin(&session(folder), &header(), 0).unwrap();
    println!("partial {}", recorder.partial().display());
    for number in 0_u64.. {
        let pitch = (number % 128) as u8;
        if let Err(e) = recorder.write(number * 100, Event::On(Part::Call, pitch, 90)) {
            return println!("error {e}");
        }
        if number % 37 == 36 {
            if let Err(e) = recorder.flush() {
                return println!("error {e}");
            }
            println!("flushed {}", number + 1);
        }
    }
}

fn contents(number: u32) -> Vec<u8> {
    vec![b'a' + (number % 26) as u8; LARGE + number as usize % 1000]
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.len() >= LARGE && bytes.iter().all(|byte| *byte == bytes[0]) && bytes[0].is_ascii_lowercase()
}

/// What this program does in other processes; as a test it does nothing.
#[test]
fn part() {
    let Some((name, folder)) = own_part() else { return };
    match name.as_str() {
        "record" => record(&folder),
        "save" => {
            println!("ready");
            // Until it is killed.
            (0..1 << 30).for_each(|number| write_whole(&folder.join("file"), &contents(number)).unwrap());
        }
        "save on a full disk" => {
            let told = write_whole(&folder.join("file"), &contents(1)).unwrap_err();
            let map = sample_map().write(&folder.join("map.toml")).unwrap_err();
            println!("refused {told} and {map}");
        }
        other => panic!("nobody plays {other}"),
    }
}

#[test]
fn a_recording_that_is_killed_can_be_read_up_to_its_last_flush() {
    let mut dice = dice();
    let (mut read, mut longest) = (0, 0);
    for round in 0..kills() {
        let folder = tempdir().unwrap();
        let mut child = another("record", folder.path(), None).spawn().unwrap();
        let mut told = lines(&mut child);
        let partial = told.find_map(|line| Some(PathBuf::from(line.split_once("partial ")?.1))).unwrap();
        let patience = Duration::from_micros(dice.random_range(0..60_000));
        let teller = std::thread::spawn(move || {
            // What was said before it was killed counts.
            told.filter_map(|line| line.split_once("flushed ")?.1.parse::<usize>().ok()).last().unwrap_or(0)
        });
        std::thread::sleep(patience);
        child.kill().unwrap();
        child.wait().unwrap();
        let flushed = teller.join().unwrap();
        let take = read_take(&partial).unwrap_or_else(|e| panic!("round {round}: {e}"));
        assert!(take.broken_off && take.moments.len() >= flushed, "round {round}: {} of {flushed}", take.moments.len());
        for (number, moment) in take.moments.iter().enumerate() {
            assert_eq!(moment.event, Event::On(Part::Call, (number % 128) as u8, 90), "round {round}");
        }
        assert!(!session(folder.path()).exists(), "what was not ended has no name");
        // The next one records beside it.
        let next = Recorder::begin(&session(folder.path()), &header(), 0).unwrap();
        assert!(read_take(&next.end(1).unwrap()).is_ok());
        (read, longest) = (read + take.moments.len(), longest.max(take.moments.len()));
    }
    println!("{} recordings killed: {read} notes read again, {longest} of one", kills());
}

#[test]
fn a_file_whose_writer_is_killed_is_the_old_one_or_the_new_one() {
    let mut dice = dice();
    for round in 0..kills() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, contents(0)).unwrap();
        let mut child = another("save", folder.path(), None).spawn().unwrap();
        assert!(lines(&mut child).any(|line| line.contains("ready")));
        std::thread::sleep(Duration::from_micros(dice.random_range(0..30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_whole(&std::fs::read(&file).unwrap()), "round {round}");
        write_whole(&file, &contents(9)).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), contents(9));
    }
}

#[test]
fn a_recording_on_a_full_disk_ends_with_an_error_and_keeps_what_was_written() {
    let folder = tempdir().unwrap();
    let mut child = another("record", folder.path(), Some(16)).spawn().unwrap();
    let told: Vec<String> = lines(&mut child).collect();
    child.wait().unwrap();
    assert!(told.iter().any(|line| line.contains("error ")), "{told:?}");
    let partial = told.iter().find_map(|line| line.split_once("partial ")).unwrap().1;
    let flushed = told.iter().filter_map(|line| line.split_once("flushed ")?.1.parse::<usize>().ok()).next_back();
    let take = read_take(Path::new(partial)).unwrap();
    assert!(take.broken_off && take.moments.len() >= flushed.unwrap() && take.moments.len() > 100);
}

fn sample_map() -> ControlMap<Control> {
    let mut map = ControlMap::default();
    map.bind(Binding { channel: 3, knob: Knob::Controller(7), control: Control::TEMPO });
    map
}

#[test]
fn what_is_saved_on_a_full_disk_leaves_what_was_there() {
    let folder = tempdir().unwrap();
    let (file, map) = (folder.path().join("file"), folder.path().join("map.toml"));
    std::fs::write(&file, "what was there").unwrap();
    sample_map().write(&map).unwrap();
    let output = another("save on a full disk", folder.path(), Some(0)).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("refused ") && told.contains("map.toml: "), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "what was there");
    assert_eq!(ControlMap::read(&map).unwrap(), sample_map());
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "nothing half-written is left");
}

#[test]
fn a_folder_that_vanishes_while_a_session_is_recorded_is_said_and_ends_nothing() {
    let folder = tempdir().unwrap();
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let record = session(&gone);
    let map = folder.path().join("map.toml");
    let mut play = Command::new(env!("CARGO_BIN_EXE_oneiro"));
    play.args(["play", "--no-sound", "--no-midi", "--no-screen", "--model", "none", "--seconds", "5", "--map"])
        .arg(map);
    let mut play = play.arg("--record").arg(&record).stderr(Stdio::piped()).spawn().unwrap();
    let partial = beside_of(&record, play.id());
    until("the recording begins", || partial.is_file());
    std::fs::remove_dir_all(&gone).unwrap();
    let mut told = String::new();
    play.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(play.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.contains("cannot be named") && !told.contains("panicked"), "{told}");
}

/// Where another process writes a file before it has its name.
fn beside_of(path: &Path, process: u32) -> PathBuf {
    let own = beside(path).unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let others = own.replace(&format!(".{}.partial", std::process::id()), &format!(".{process}.partial"));
    path.with_file_name(others)
}

/// The ffmpeg that a process has started with such an argument, by the system's list of all.
#[cfg(target_os = "linux")]
fn ffmpeg_of(process: u32, argument: &str) -> Option<u32> {
    let of = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which may have anything in it: the state, then the parent.
        let parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        // Until it has become ffmpeg, it has the command line of who starts it.
        let started = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_meant = started.starts_with(b"ffmpeg\0") && String::from_utf8_lossy(&started).contains(argument);
        (parent == process && is_meant).then_some(id)
    };
    std::fs::read_dir("/proc").unwrap().flatten().find_map(of)
}

#[cfg(target_os = "linux")]
#[test]
fn an_ffmpeg_that_is_killed_in_the_middle_is_said_and_leaves_nothing() {
    if !oneiro::render::has_ffmpeg() {
        assert!(std::env::var_os("CI").is_none(), "ffmpeg is needed");
        return eprintln!("left out: there is no ffmpeg");
    }
    let folder = tempdir().unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    render_support::write(render_support::melody_model(), &models, "melody.onnx");
    render_support::write(render_support::generator(), &models, "blots.onnx");
    let mut render = Command::new(env!("CARGO_BIN_EXE_oneiro"));
    render.current_dir(folder.path()).env("ONEIRO_MODELS", &models).env("XDG_DATA_HOME", folder.path());
    render
        .args(["render", "--quiet", "--fps", "30", "--size", "64", "-o", "a.mp4"])
        .arg(render_support::evening_walk());
    let mut render = render.stderr(Stdio::piped()).spawn().unwrap();
    let id = render.id();
    // Not the one that only says that it is there.
    let ffmpeg = found("there is an ffmpeg", || ffmpeg_of(id, "mp4")).to_string();
    assert!(Command::new("sh").args(["-c", "kill -9 $0", &ffmpeg]).status().unwrap().success());
    let mut told = String::new();
    render.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(render.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.contains("ffmpeg") && told.trim_end().lines().count() == 1 && !told.contains("panicked"), "{told}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["models"], "something was left behind");
}

/// A library that says that it is an earlier ONNX Runtime, made by the compiler that links Rust programs here.
#[cfg(target_os = "linux")]
#[test]
fn an_earlier_onnx_runtime_is_named_with_what_to_do_about_it() {
    let folder = tempdir().unwrap();
    let (source, library) = (folder.path().join("old.c"), folder.path().join("libonnxruntime.so"));
    let text = "#include <stdint.h>\n\
        static const void *api(uint32_t version) { (void)version; return 0; }\n\
        static const char *name(void) { return \"1.17.3\"; }\n\
        static const struct { const void *(*api)(uint32_t); const char *(*name)(void); } base = { api, name };\n\
        const void *OrtGetApiBase(void) { return &base; }\n";
    std::fs::write(&source, text).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(made.unwrap().success(), "the linker's compiler compiles");
    for command in [&["doctor"][..], &["models", "check", "x.onnx"]] {
        let mut oneiro = Command::new(env!("CARGO_BIN_EXE_oneiro"));
        oneiro.current_dir(folder.path()).env("ORT_DYLIB_PATH", &library);
        render_support::write(render_support::generator(), folder.path(), "x.onnx");
        let output = oneiro.args(command).output().unwrap();
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("1.17.3") && !told.contains("panicked"), "{command:?}: {told}");
    }
}
