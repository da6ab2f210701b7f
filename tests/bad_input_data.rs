//! Bad material for training, of every kind: a clear line or a reason in the report, exit status 1 where nothing is left
//! to work with, and nothing half-written.

#[path = "support/material.rs"]
mod material;

use assert_cmd::Command;
use image::DynamicImage;
use material::{animated, bomb, four_inks, midi, png, sixteen_bits, speckled, transparent};
use predicates::prelude::*;
use serde_json::Value;
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn oneiro(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.current_dir(folder);
    command
}

fn folder_with(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempdir().unwrap();
    std::fs::create_dir(dir.path().join("data")).unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join("data").join(name), bytes).unwrap();
    }
    dir
}

fn report(dir: &TempDir) -> Value {
    let output = oneiro(dir.path()).args(["data", "scan", "data", "--json"]).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

/// The reason for which a picture or a tune is left out.
fn reason(report: &Value, part: &str, name: &str) -> String {
    let skipped = report[part]["skipped"].as_array().unwrap();
    let one = skipped.iter().find(|s| s["path"].as_str().unwrap().ends_with(name));
    one.unwrap_or_else(|| panic!("{name} was used: {report}"))["reason"]["kind"].as_str().unwrap().to_owned()
}

/// A training that must end with status 1, one line that holds `said`, and no file.
fn refused(dir: &TempDir, kind: &str, said: &str) {
    let out = ["--data", "data", "--out", "new.onnx", "--steps", "1"];
    let one_line = predicate::function(|text: &str| text.lines().count() == 1);
    let said = predicate::str::contains(said).and(one_line);
    oneiro(dir.path()).env("ONEIRO_CACHE", "no-cache").args(["train", kind]).args(out).assert().code(1).stderr(said);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["data"], "{kind}");
}

#[test]
fn an_empty_folder_is_named() {
    let dir = folder_with(&[]);
    let said = predicate::str::contains("no files in data");
    oneiro(dir.path()).args(["data", "scan", "data", "--sheet", "s.png"]).assert().code(1).stderr(said);
    refused(&dir, "melody-rnn", "no usable tunes in data: 0 files of ABC or MIDI");
    refused(&dir, "image-gan", "no pictures in data");
}

#[test]
fn one_file_can_be_looked_at_but_not_split() {
    let dir = folder_with(&[("1.mid", &midi(1, 0))]);
    assert_eq!(report(&dir)["music"]["tunes"], 1);
    refused(&dir, "melody-rnn", "at least two pieces");
}

#[test]
fn duplicates_count_once() {
    let tune = midi(1, 0);
    let picture = png(speckled(1).into());
    let dir =
        folder_with(&[("1.mid", &tune), ("2.mid", &tune), ("3.midi", &tune), ("1.png", &picture), ("2.png", &picture)]);
    let found = report(&dir);
    assert_eq!(found["music"]["duplicates"][0].as_array().unwrap().len(), 3, "{found}");
    assert_eq!(found["pictures"]["duplicates"][0].as_array().unwrap().len(), 2, "{found}");
    refused(&dir, "melody-rnn", "at least two pieces");
}

#[test]
fn junk_of_every_kind_is_told_apart_and_the_rest_is_used() {
    let mut truncated = midi(2, 0);
    truncated.truncate(90);
    let whole = png(speckled(2).into());
    let dir = folder_with(&[
        ("good.mid", &midi(3, 0)),
        ("drums.mid", &midi(3, 9)),
        ("truncated.mid", &truncated),
        ("text.mid", b"not music"),
        ("empty.mid", b""),
        ("book.abc", b"X:1\nT:Short\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n"),
        ("none.abc", &[0, 159, 200, 7]),
        ("good.png", &whole),
        ("cut.png", &whole[..whole.len() / 2]),
        ("bomb.png", &bomb(&whole)),
        ("animated.png", &animated(&whole)),
        ("animated.gif", b"GIF89a\x20\0\x20\0\0\0\0"),
        ("small.png", &png(DynamicImage::new_rgb8(8, 90))),
        ("notes.txt", b"about these files"),
        ("program.bin", &[0; 5000]),
    ]);
    std::fs::create_dir(dir.path().join("data/folder.png")).unwrap();
    let found = report(&dir);
    assert_eq!((&found["files"], &found["other"]), (&Value::from(15), &Value::from(1)));
    assert_eq!((&found["music"]["tunes"], &found["pictures"]["pictures"]), (&Value::from(1), &Value::from(1)));
    for (name, kind) in [
        ("drums.mid", "no-melody"),
        ("truncated.mid", "unreadable"),
        ("text.mid", "unreadable"),
        ("empty.mid", "unreadable"),
        ("book.abc", "too-short"),
        ("none.abc", "unreadable"),
    ] {
        assert_eq!(reason(&found, "music", name), kind, "{name}");
    }
    for (name, kind) in [
        ("cut.png", "broken"),
        ("bomb.png", "too-large"),
        ("animated.png", "animated"),
        ("animated.gif", "not-a-picture"),
        ("small.png", "too-small"),
        ("program.bin", "not-a-picture"),
    ] {
        assert_eq!(reason(&found, "pictures", name), kind, "{name}");
    }
    let told = oneiro(dir.path()).args(["data", "scan", "data"]).assert().success();
    let told = String::from_utf8_lossy(&told.get_output().stdout).into_owned();
    for part in ["1 pictures among 7 files", "1 tunes with 40 notes in 7 files", "no melody: 1", "4/4"] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

#[test]
fn junk_alone_ends_a_training_with_the_first_reason() {
    let dir = folder_with(&[("a.mid", b"MThd"), ("b.abc", b""), ("c.png", b"\x89PNG")]);
    refused(&dir, "melody-rnn", "2 files of ABC or MIDI, 2 unreadable (the first: data/a.mid: ");
    refused(&dir, "image-gan", "no pictures in data");
}

#[test]
fn four_inks_sixteen_bits_and_transparency_are_read_as_pictures() {
    let grey = image::ImageBuffer::from_fn(32, 32, |x, y| image::LumaA([(x * y) as u8, x as u8]));
    let dir = folder_with(&[
        ("inks.jpg", &four_inks()),
        ("deep.png", &sixteen_bits()),
        ("clear.png", &transparent()),
        ("grey.png", &png(grey.into())),
    ]);
    let found = report(&dir);
    assert_eq!(found["pictures"]["pictures"], 4, "{found}");
}

#[test]
fn files_too_large_for_music_are_refused_unread() {
    let dir = folder_with(&[("huge.mid", b""), ("huge.abc", b"X:1\n")]);
    for (name, bytes) in [("huge.mid", 17 << 20), ("huge.abc", 33 << 20)] {
        let file = std::fs::OpenOptions::new().write(true).open(dir.path().join("data").join(name)).unwrap();
        file.set_len(bytes).unwrap();
    }
    let found = report(&dir);
    for name in ["huge.mid", "huge.abc"] {
        assert_eq!(reason(&found, "music", name), "unreadable");
    }
    refused(&dir, "melody-rnn", "bytes");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_told_and_loops_end() {
    use std::os::unix::fs::symlink;
    let dir = folder_with(&[("good.mid", &midi(1, 0))]);
    symlink("gone.mid", dir.path().join("data/link.mid")).unwrap();
    symlink(".", dir.path().join("data/loop")).unwrap();
    let found = report(&dir);
    assert_eq!((&found["files"], &found["music"]["tunes"]), (&Value::from(1), &Value::from(1)), "{found}");
    assert!(found["unreadable"][0][0].as_str().unwrap().ends_with("link.mid"), "{found}");
}

/// As root, whom no permission stops, the program is run as somebody else, where the system has the means.
#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder_with(&[("good.mid", &midi(1, 0)), ("closed.mid", &midi(2, 0))]);
    std::fs::create_dir(dir.path().join("data/closed")).unwrap();
    let mode = |name: &str, mode| {
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o755);
    mode("data/closed.mid", 0);
    mode("data/closed", 0);
    let binary = assert_cmd::cargo::cargo_bin!("oneiro");
    let mut command = if std::fs::read(dir.path().join("data/closed.mid")).is_ok() {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary);
        command
    } else {
        std::process::Command::new(binary)
    };
    let output = command.current_dir(dir.path()).args(["data", "scan", "data", "--json"]).output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        other => {
            println!("skipped: cannot become another user than root here: {other:?}");
            mode("data/closed", 0o755);
            return;
        }
    };
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["music"]["tunes"], 1, "{found}");
    assert_eq!(reason(&found, "music", "closed.mid"), "unreadable");
    assert!(found["unreadable"][0][0].as_str().unwrap().ends_with("closed"), "{found}");
    mode("data/closed", 0o755);
}

#[test]
fn a_sheet_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let dir = folder_with(&[("good.mid", &midi(1, 0)), ("good.png", &png(speckled(1).into()))]);
    let scan = |page: &str| oneiro(dir.path()).args(["data", "scan", "data", "--sheet", page]).assert();
    scan("no/sheet.png").code(1).stderr(predicate::str::contains("no/sheet.png"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    scan("sheet.png").success().stdout(predicate::str::contains("sheet-tunes.png: written"));
    for name in ["sheet.png", "sheet-tunes.png"] {
        assert!(image::open(dir.path().join(name)).unwrap().width() >= 100, "{name}");
    }
}

#[test]
fn a_track_that_is_not_there_is_told_with_those_that_are() {
    let dir = folder_with(&[("good.mid", &midi(1, 0))]);
    let scan = |track: &str| oneiro(dir.path()).args(["data", "scan", "data", "--track", track]).assert();
    scan("9").success().stdout(predicate::str::contains("track"));
    scan("0").code(2);
    scan("first").code(2);
}
