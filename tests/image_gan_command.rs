//! `oneiro train image-gan` and `oneiro eval` as a user meets them when something is wrong: one clear line, no half-made file.

use assert_cmd::Command;
use predicates::prelude::*;
use std::path::Path;

fn oneiro() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("oneiro"))
}

fn train(dir: &Path) -> Command {
    let mut command = oneiro();
    command.current_dir(dir).env("ONEIRO_CACHE", dir.join("no-cache"));
    command.args(["train", "image-gan", "--out", "new.onnx", "--steps", "1"]);
    command
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    train(dir.path())
        .args(["--data", "nowhere"])
        .assert()
        .failure()
        .code(1)
        .stderr(predicate::str::starts_with("error: cannot read nowhere").and(predicate::str::contains("\n").count(1)));
    assert!(!dir.path().join("new.onnx").exists());
}

#[test]
fn wrong_numbers_are_refused_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (option, value, said) in [
        ("--size", "100", "64 or 128"),
        ("--batch", "1", "--batch"),
        ("--rate", "-1", "--rate"),
        ("--rate", "nan", "--rate"),
    ] {
        let option = format!("{option}={value}");
        train(dir.path())
            .args(["--data", "nowhere", &option])
            .assert()
            .failure()
            .stderr(predicate::str::contains(said));
    }
}

#[test]
fn missing_features_are_named_with_the_command_that_brings_them() {
    let dir = tempfile::tempdir().unwrap();
    let pictures = dir.path().join("pictures");
    let args = ["data", "procedural", "--count", "16", "--size", "40", "--out"];
    oneiro().args(args).arg(&pictures).assert().success();
    train(dir.path())
        .args(["--data", "pictures"])
        .assert()
        .failure()
        .code(1)
        .stderr(predicate::str::contains("cargo xtask data features"));
    train(dir.path())
        .args(["--data", "pictures", "--features", "pictures/manifest.json"])
        .assert()
        .failure()
        .code(1)
        .stderr(predicate::str::contains("manifest.json"));
}

#[test]
fn a_run_is_not_overwritten_by_another() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("new-run")).unwrap();
    std::fs::write(dir.path().join("new-run/checkpoint.safetensors"), b"precious").unwrap();
    train(dir.path())
        .args(["--data", "nowhere"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("new-run holds a run already").and(predicate::str::contains("--resume")));
}

#[test]
fn what_is_not_a_model_cannot_be_measured() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("song.onnx");
    std::fs::write(&file, b"not a model").unwrap();
    oneiro()
        .args(["eval", "--data", "nowhere"])
        .arg(&file)
        .assert()
        .failure()
        .code(1)
        .stderr(predicate::str::contains("song.onnx").and(predicate::str::contains("not an ONNX model")));
}
