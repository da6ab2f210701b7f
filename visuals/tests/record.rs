//! A show that is recorded while it plays: the video plays, has the length of the show, and survives a kill.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A show without a window that records.
fn recording(file: &Path, seconds: Option<&str>) -> Child {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let mut command = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
    command.args(["--headless", "--no-control", "--size", "160x90", "--scene", "gallery", "--record-fps", "25"]);
    command.arg("--models").arg(models).arg("--record").arg(file);
    command.args(seconds.iter().flat_map(|seconds| ["--close-after", seconds]));
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Length in seconds, and how many frames differ from the one before, as ffmpeg decodes them.
fn decoded(file: &Path) -> Option<(f64, usize)> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "rawvideo", "-pix_fmt", "gray", "-s", "32x18", "-"])
        .output()
        .ok()?;
    let frames: Vec<&[u8]> = output.stdout.chunks_exact(32 * 18).collect();
    let moved = frames.windows(2).filter(|w| w[0] != w[1]).count();
    Some((frames.len() as f64 / 25.0, moved))
}

fn beside(file: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(file.parent().unwrap()).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path != file).collect()
}

#[test]
fn a_recorded_show_is_as_long_as_it_played_and_a_killed_one_can_be_seen_too() {
    if support::gpu().is_none() {
        return;
    }
    assert!(oneiro::render::has_ffmpeg() || std::env::var_os("CI").is_none(), "ffmpeg is needed");
    if !oneiro::render::has_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mp4");
    let record = |length: u32| {
        let output = recording(&file, Some(&length.to_string())).wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && told.contains("show.mp4:"), "{told}");
        let (seconds, moved) = decoded(&file).unwrap();
        assert!(seconds < f64::from(length + 1), "{seconds} seconds of {length}; {told}");
        assert!(beside(&file).is_empty());
        (seconds, moved)
    };
    // The recording begins with the first frame, which waits for the device: for long, on a busy machine.
    let mut recorded = record(8);
    if recorded.0 < 0.5 || recorded.1 < 2 {
        recorded = record(40);
    }
    assert!(recorded.0 >= 0.5 && recorded.1 >= 2, "{} seconds, {} frames moved", recorded.0, recorded.1);

    let killed = folder.path().join("killed.mp4");
    let mut program = recording(&killed, None);
    let end = Instant::now() + Duration::from_secs(60);
    let mut partial = None;
    while partial.is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(300));
        // Some fragments are written.
        partial = beside(&file).into_iter().find(|path| std::fs::metadata(path).is_ok_and(|m| m.len() > 60_000));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    let partial = partial.expect("something is written while it plays");
    std::thread::sleep(Duration::from_millis(500));
    let (seconds, _) = decoded(&partial).unwrap();
    assert!(seconds > 1.0 && !killed.exists(), "{seconds} seconds of a killed recording");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_show() {
    if support::gpu().is_none() || !oneiro::render::has_ffmpeg() {
        return;
    }
    let output = recording(Path::new("/nowhere/at/all/show.mp4"), Some("1")).wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("show.mp4"), "{told}");
}
