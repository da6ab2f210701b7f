//! The commands `oneiro models` and `oneiro doctor`: answers, one-line errors, exit statuses.

#[path = "support/hushes.rs"]
mod hushes;
mod support;

use assert_cmd::Command;
use oneiro::model::inspect::inspect;
use oneiro::model::telemetry::VARIABLE;
use oneiro::train::nets::{image_gan, melody_rnn};
use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use std::path::Path;
use support::{doubling, write};
use tempfile::tempdir;

/// The command, seeing no models but those in `folder`.
fn oneiro(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(folder).env("ONEIRO_MODELS", folder).env("XDG_DATA_HOME", folder);
    command
}

/// One line that starts with `error: `.
fn one_error_line() -> impl Predicate<str> {
    starts_with("error: ").and(predicate::function(|text: &str| text.trim_end().lines().count() == 1))
}

#[test]
fn list_names_sound_models_and_says_why_others_are_refused() {
    let folder = tempdir().unwrap();
    write(folder.path(), "good.onnx", &doubling());
    std::fs::write(folder.path().join("bad.onnx"), "nothing").unwrap();
    let text = oneiro(folder.path()).args(["models", "list"]).assert().success();
    text.stdout(contains("image-gan").and(contains("good.onnx")).and(contains("bad.onnx: is not an ONNX model")));
    let filtered = oneiro(folder.path()).args(["models", "list", "--kind", "melody-rnn"]).assert().success();
    filtered.stdout(contains("good.onnx").not());
}

#[test]
fn list_in_json_can_be_read_by_a_program() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "good.onnx", &doubling());
    let output = oneiro(folder.path()).args(["models", "list", "--json"]).output().unwrap();
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["file"] == path.to_str().unwrap()).unwrap();
    assert_eq!((&row["kind"], &row["parameters"]), (&"image-gan".into(), &1.into()));
}

#[test]
fn check_takes_a_sound_model_and_refuses_a_bad_one_with_one_line() {
    let folder = tempdir().unwrap();
    let good = write(folder.path(), "good.onnx", &doubling());
    oneiro(folder.path()).args(["models", "check"]).arg(&good).assert().success().stdout(contains("good.onnx: sound"));
    let bad = folder.path().join("bad.onnx");
    std::fs::write(&bad, [0u8; 100]).unwrap();
    let refused = oneiro(folder.path()).args(["models", "check"]).arg(&bad).assert().code(1);
    refused.stderr(one_error_line().and(contains("bad.onnx: is not an ONNX model")));
    let both = oneiro(folder.path()).args(["models", "check"]).args([&good, &bad]).assert().code(1);
    both.stderr(one_error_line().and(contains("1 of 2")));
}

#[test]
fn renew_keeps_weights_and_description() {
    let folder = tempdir().unwrap();
    let (old, new) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("models/melody-rnn.onnx"), folder.path().join("new.onnx"));
    oneiro(folder.path()).args(["models", "renew"]).arg(&old).arg("-o").arg(&new).assert().success();
    let [old, new] = [&old, &new].map(|file| inspect(file).unwrap());
    assert_eq!(old.spec, new.spec);
    assert_eq!(melody_rnn::read_model(&old).unwrap(), melody_rnn::read_model(&new).unwrap());
    let (old, new) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("models/image-gan.onnx"), folder.path().join("painter.onnx"));
    oneiro(folder.path()).args(["models", "renew"]).arg(&old).arg("-o").arg(&new).assert().success();
    let [old, new] = [&old, &new].map(|file| inspect(file).unwrap());
    assert_eq!(old.spec, new.spec);
    let [(shape, weights), renewed] = [&old, &new].map(|m| image_gan::export::read_model(m).unwrap());
    assert!(weights.len() > 20 && shape.size == 64 && (shape, weights) == renewed);
    let other = write(folder.path(), "pictures.onnx", &doubling());
    let refused = oneiro(folder.path()).args(["models", "renew", "-o", "x.onnx"]).arg(&other).assert().code(1);
    refused.stderr(one_error_line());
}

#[test]
fn explain_says_what_a_model_is() {
    let folder = tempdir().unwrap();
    let good = write(folder.path(), "good.onnx", &doubling());
    let told = oneiro(folder.path()).args(["models", "explain"]).arg(&good).assert().success();
    told.stdout(contains("doubling: image-gan, paints").and(contains("z (1, 1, 2, 2)")));
    oneiro(folder.path()).args(["models", "explain", "none.onnx"]).assert().code(1).stderr(one_error_line());
}

#[test]
fn a_wrong_command_line_is_told_apart_by_its_status() {
    let folder = tempdir().unwrap();
    oneiro(folder.path()).args(["models", "list", "--kind", "opera"]).assert().code(2).stderr(contains("melody-rnn"));
    oneiro(folder.path()).arg("fly").assert().code(2);
    oneiro(folder.path()).args(["models", "--help"]).assert().success().stdout(contains("Examples:"));
}

#[test]
fn doctor_says_which_library_was_loaded_and_why() {
    let folder = tempdir().unwrap();
    write(folder.path(), "good.onnx", &doubling());
    let output = oneiro(folder.path()).args(["doctor", "--json"]).output().unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |what: &str| findings.as_array().unwrap().iter().find(|f| f["what"] == what).unwrap().clone();
    assert_eq!(of("ONNX Runtime")["grade"], "good");
    assert!(of("models")["found"].as_str().unwrap().contains("named by ONEIRO_MODELS"));
    for finding in findings.as_array().unwrap() {
        assert!(finding["grade"] == "good" || finding["remedy"].is_string(), "{finding} has no remedy");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn onnx_runtime_tells_its_makers_nothing_and_doctor_says_so() {
    let folder = tempdir().unwrap();
    write(folder.path(), "good.onnx", &doubling());
    let home = folder.path().join("home");
    let cache = oneiro::model::runtime::cache_folder().unwrap();
    let doctor = || {
        let mut command = oneiro(folder.path());
        command.arg("doctor").env("HOME", &home).env("ONEIRO_CACHE", &cache).env_remove("XDG_CACHE_HOME");
        for name in hushes::HUSHES {
            command.env_remove(name);
        }
        command
    };
    doctor().assert().stdout(contains("telemetry").and(contains("off: ")));
    let number = home.join(".cache/Microsoft/DeveloperTools/.onnxruntime");
    assert!(!number.exists(), "ONNX Runtime has written {}", number.display());
    // Whoever wants something else has it; here the library stays quiet all the same.
    let told = doctor().env(VARIABLE, "yes").assert().stdout(contains("telemetry").and(contains("→ unset")));
    told.stdout(contains("is set to `yes`"));
    assert!(!number.exists());
}

#[test]
fn doctor_names_a_library_that_is_missing_and_the_remedy() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("gone.so");
    let told = oneiro(folder.path()).arg("doctor").env("ORT_DYLIB_PATH", &missing).assert().code(1);
    told.stdout(contains("gone.so").and(contains("→"))).stderr(one_error_line().and(contains("ONNX Runtime")));
}
