//! `oneiro data` as a user meets it.

use assert_cmd::Command;
use predicates::prelude::*;
use std::path::Path;

fn oneiro() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("oneiro"))
}

fn paint(folder: &Path, seed: &str) {
    let args = ["data", "procedural", "--count", "16", "--size", "40", "--seed", seed, "--out"];
    oneiro().args(args).arg(folder).assert().success();
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn the_same_seed_paints_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| dir.path().join(name));
    paint(&a, "3");
    paint(&b, "3");
    paint(&c, "4");
    assert_eq!(bytes(&a).len(), 17);
    assert!(bytes(&a) == bytes(&b), "seed 3 gave two different folders");
    assert!(bytes(&a)[0] != bytes(&c)[0]);
}

#[test]
fn a_scan_counts_explains_and_shows() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("pictures");
    paint(&folder, "5");
    std::fs::copy(folder.join("00003-ink-wash.png"), folder.join("again.png")).unwrap();
    std::fs::write(folder.join("broken.png"), &std::fs::read(folder.join("again.png")).unwrap()[..300]).unwrap();
    let page = dir.path().join("sheet.png");
    let out = oneiro().args(["data", "scan", "--json", "--sheet"]).arg(&page).arg(&folder).assert().success();
    let report: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    let report = &report["pictures"];
    assert_eq!(report["pictures"], 17);
    assert_eq!(report["skipped_by_reason"]["broken"], 1);
    assert_eq!(report["width"]["max"], 40);
    assert_eq!(report["duplicates"].as_array().unwrap().len(), 1);
    assert!(image::open(&page).unwrap().width() > 400);
}

#[test]
fn bad_input_gives_one_line_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let told = predicate::str::contains("missing").and(predicate::function(|s: &str| s.lines().count() == 1));
    oneiro().args(["data", "scan"]).arg(&missing).assert().code(1).stderr(told);
    let taken = dir.path().join("taken");
    std::fs::write(&taken, b"a file").unwrap();
    let told = predicate::str::contains("taken");
    oneiro().args(["data", "procedural", "--count", "1", "--out"]).arg(&taken).assert().code(1).stderr(told);
    oneiro().args(["data", "procedural", "--size", "9", "--out"]).arg(&missing).assert().code(2);
    oneiro().args(["data", "procedural", "--families", "watercolor", "--out"]).arg(&missing).assert().code(2);
    assert!(!missing.exists());
}
