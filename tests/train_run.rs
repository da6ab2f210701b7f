//! `oneiro train` on tiny tunes of our own: what becomes of a run that is killed, fills the disk, or goes on with other
//! settings. Each is a real process.
#![cfg(unix)]

use oneiro::train::checkpoint;
use oneiro::train::run::{BEST, CHECKPOINT};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SEED: u64 = 5;

/// A folder with short tunes, always the same.
fn tunes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut text = String::new();
    for number in 0..60 {
        let bars =
            (0..4).map(|_| (0..8).map(|_| "CDEFGABc".as_bytes()[rng.random_range(0..8)] as char).collect::<String>());
        let bars = bars.collect::<Vec<_>>().join("|");
        writeln!(text, "X:{number}\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n{bars}|").unwrap();
    }
    std::fs::create_dir(folder.path().join("tunes")).unwrap();
    std::fs::write(folder.path().join("tunes/book.abc"), text).unwrap();
    folder
}

const STEPS: &str = "30";

/// `oneiro train melody-rnn`, with a checkpoint after every step.
fn command(folder: &Path, run: &str, more: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.current_dir(folder).args(["train", "melody-rnn", "--data", "tunes", "--hidden", "8", "--threads", "1"]);
    command.args(["--device", "cpu", "--checkpoint-every", "0", "--out", &format!("{run}.onnx"), "--run", run]);
    command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn train(folder: &Path, run: &str, more: &[&str]) -> Output {
    command(folder, run, more).output().unwrap()
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// Losses of single steps, as the log has them.
fn losses(folder: &Path) -> Vec<(u64, String)> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("whole lines"));
    let lines = lines.filter_map(|l| Some((l["step"].as_u64()?, l["raw"].as_object()?["melody/loss"].to_string())));
    lines.collect()
}

fn step_of(checkpoint: &Path) -> u64 {
    checkpoint::load(checkpoint).unwrap().0.step
}

#[test]
fn a_run_that_is_killed_goes_on_as_if_nothing_had_been() {
    let folder = tunes();
    let whole = train(folder.path(), "whole", &["--steps", STEPS]);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert!(String::from_utf8_lossy(&whole.stdout).contains("report: whole/report.html"));

    let broken = folder.path().join("broken");
    let mut child = command(folder.path(), "broken", &["--steps", STEPS]).spawn().unwrap();
    let start = Instant::now();
    // Past the log's first line of figures, so that there are lines that the checkpoint may not know of.
    while !std::fs::read_to_string(broken.join("metrics.jsonl")).is_ok_and(|t| t.contains("\"raw\"")) {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        assert!(start.elapsed() < Duration::from_secs(120), "no step in two minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let stopped = step_of(&broken.join(CHECKPOINT));
    assert!((5..30).contains(&stopped), "the run was to be killed in the middle, and was at step {stopped}");
    assert!(!folder.path().join("broken.onnx").exists());

    // A crash may tear the last line, and leave lines that are later than the checkpoint.
    let log = broken.join("metrics.jsonl");
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str(
        "{\"step\":29,\"steps\":30,\"train\":{\"melody/loss\":77.0},\"raw\":{\"melody/loss\":77.0}}\n{\"step\":3",
    );
    std::fs::write(&log, text).unwrap();

    let resumed = train(folder.path(), "broken", &["--steps", STEPS, "--resume"]);
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    let (expected, found) = (losses(&folder.path().join("whole")), losses(&broken));
    assert_eq!(expected.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [10, 20, 30]);
    assert_eq!(found, expected);
    let state = |run: &str| checkpoint::load(&folder.path().join(run).join(CHECKPOINT)).unwrap().1;
    assert!(state("broken") == state("whole"), "the last states differ");
    let best = |run: &str| checkpoint::load(&folder.path().join(run).join(BEST)).unwrap();
    assert!(best("broken").1 == best("whole").1, "the best states differ");
    let report = std::fs::read_to_string(broken.join("report.html")).unwrap();
    assert!(report.contains("went on") && report.contains("data:image/"));
    let sheet = |run: &str| image::open(folder.path().join(run).join("samples-000030.png")).unwrap().into_rgb8();
    assert!(sheet("broken") == sheet("whole"), "the networks compose different tunes");
    let amber = |p: &image::Rgb<u8>| p[0] > 150 && p[2] < 120;
    let teal = |p: &image::Rgb<u8>| p[0] < 110 && p[1] > 140 && p[2] > 130;
    assert!(sheet("whole").pixels().any(amber) && sheet("whole").pixels().any(teal), "openings and what follows");
    assert!(folder.path().join("broken.onnx").exists());

    // The same folder: settings are held against those of the checkpoint, and a damaged one is not gone on with.
    let error = error_of(&train(folder.path(), "whole", &["--steps", "40", "--resume", "--rate", "0.5"]));
    assert!(error.contains("rate was 0.002, now 0.5"), "{error}");
    let error = error_of(&train(folder.path(), "whole", &["--steps", "40", "--resume", "--seed", "9"]));
    assert!(error.contains("seed was 1, now 9"), "{error}");
    let file = folder.path().join("whole").join(CHECKPOINT);
    let bytes = std::fs::read(&file).unwrap();
    let mut lying = bytes.clone();
    lying[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..20], &bytes[..3], b"", b"neither weights nor figures", &lying] {
        std::fs::write(&file, damaged).unwrap();
        let error = error_of(&train(folder.path(), "whole", &["--steps", "40", "--resume"]));
        assert!(error.contains(&format!("whole/{CHECKPOINT} is damaged")), "{error}");
    }
}

#[test]
fn a_second_run_is_kept_out_of_a_folder_until_the_first_has_ended() {
    let folder = tunes();
    let (lock, checkpoint) = (folder.path().join("run/run.lock"), folder.path().join("run").join(CHECKPOINT));
    let mut first = command(folder.path(), "run", &["--steps", "1000000"]).spawn().unwrap();
    let start = Instant::now();
    let mut wait_for = |file: &Path| {
        while std::fs::read(file).unwrap_or_default().is_empty() {
            assert!(first.try_wait().unwrap().is_none(), "the first run ended");
            assert!(start.elapsed() < Duration::from_secs(120), "no {} in two minutes", file.display());
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    // Before the first checkpoint, only the lock can tell that there is a run already.
    wait_for(&lock);
    let second = train(folder.path(), "run", &["--steps", "4"]);
    let resumed = train(folder.path(), "run", &["--steps", "4", "--resume"]);
    wait_for(&checkpoint);
    first.kill().unwrap();
    first.wait().unwrap();
    // The second may be told of the first one's checkpoint instead, where that has come meanwhile.
    let error = error_of(&second);
    assert!(error.contains("run is in use") || error.contains("run holds a run already"), "{error}");
    let error = error_of(&resumed);
    assert!(error.contains(&format!("run is in use by another run (process {})", first.id())), "{error}");
    assert!(error.contains("--run"), "{error}");

    // Killed, it leaves the file, but not the lock.
    assert!(lock.exists());
    let steps = (step_of(&checkpoint) + 2).to_string();
    let again = train(folder.path(), "run", &["--steps", &steps, "--resume"]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn a_full_disk_is_an_error_and_the_checkpoint_before_stays_whole() {
    let folder = tunes();
    let first = train(folder.path(), "run", &["--steps", "4"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let file = folder.path().join("run").join(CHECKPOINT);
    let before = std::fs::read(&file).unwrap();

    // The system refuses to let a file grow beyond half a checkpoint: as on a full disk, writing breaks off in the middle.
    let blocks = before.len() / 2 / 512;
    let more = command(folder.path(), "run", &["--steps", "8", "--resume"]);
    let mut limited = Command::new("sh");
    limited.current_dir(folder.path()).args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &blocks.to_string()]);
    let output = limited.arg(more.get_program()).args(more.get_args()).stdin(Stdio::null()).output().unwrap();
    let error = error_of(&output);
    assert!(error.contains("cannot write checkpoint run/"), "{error}");
    assert!(error.contains("What was there before is untouched"), "{error}");
    assert!(std::fs::read(&file).unwrap() == before, "the checkpoint before was touched");
    let left = std::fs::read_dir(folder.path().join("run")).unwrap().map(|e| e.unwrap().file_name());
    let partial = left.filter(|name| name.to_string_lossy().ends_with(".partial")).collect::<Vec<_>>();
    assert!(partial.is_empty(), "{partial:?}");

    // With room again, the run goes on.
    let again = train(folder.path(), "run", &["--steps", "8", "--resume"]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(step_of(&file), 8);
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_card_that_cannot_be_used_is_an_error_that_says_what_is_missing() {
    let folder = tunes();
    let mut asked = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    asked.current_dir(folder.path()).args(["train", "melody-rnn", "--data", "tunes", "--out", "a.onnx"]);
    let error = error_of(&asked.args(["--device", "cuda", "--steps", "1"]).output().unwrap());
    assert!(error.contains("--features cuda") && error.contains("--device cpu"), "{error}");
}
