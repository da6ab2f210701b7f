//! `oneiro train upscaler`, `train art-classifier`, `data classes` and `eval` as a user meets them: small runs that end in models that work, and
//! one clear line when something is wrong.

use assert_cmd::Command;
use predicates::prelude::*;
use std::path::Path;

fn oneiro(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.current_dir(dir);
    command
}

fn pictures(dir: &Path, name: &str, count: &str, seed: &str) {
    let args = ["data", "procedural", "--size", "48", "--out", name, "--count", count, "--seed", seed];
    oneiro(dir).args(args).assert().success();
}

fn one_line(said: &'static str) -> impl Predicate<str> {
    predicate::str::contains(said)
        .and(predicate::str::starts_with("error: "))
        .and(predicate::str::contains("\n").count(1))
}

#[test]
fn an_upscaler_is_trained_measured_and_described() {
    let dir = tempfile::tempdir().unwrap();
    pictures(dir.path(), "pictures", "32", "2");
    let train = ["train", "upscaler", "--data", "pictures", "--out", "up.onnx", "--preset", "small"];
    oneiro(dir.path()).args(train).args(["--steps", "3", "--batch", "2", "--patch", "8"]).assert().success();
    let eval = oneiro(dir.path()).args(["eval", "up.onnx", "--data", "pictures", "--json"]).assert().success();
    let report: serde_json::Value = serde_json::from_slice(&eval.get_output().stdout).unwrap();
    for way in ["catmull_rom", "lanczos", "network"] {
        assert!(report["x4"][way]["psnr"].as_f64().unwrap() > 5.0, "{report}");
    }
    let most = |way: &str| report["x4"][way]["ringing_edges"]["most"].as_f64().unwrap();
    // By the network's construction, whatever it has learnt.
    assert!(most("network") < 0.01, "{report}");
    assert!(most("lanczos") > most("catmull_rom"));
    for (option, value, said) in
        [("--patch", "12", "--patch 12"), ("--rate", "nan", "--rate"), ("--perceptual", "-1", "--perceptual")]
    {
        let option = format!("{option}={value}");
        let mut command = oneiro(dir.path());
        command.args(["train", "upscaler", "--data", "pictures", "--out", "x.onnx", &option]);
        command.assert().failure().code(1).stderr(one_line(said));
    }
}

#[test]
fn a_classifier_is_trained_and_measured_on_what_it_did_not_learn() {
    let dir = tempfile::tempdir().unwrap();
    for (class, seed) in [("classes/first", "3"), ("classes/second", "4")] {
        pictures(dir.path(), class, "32", seed);
    }
    let train = ["train", "art-classifier", "--data", "classes", "--out", "c.onnx", "--preset", "small"];
    let train = || {
        let mut command = oneiro(dir.path());
        command.args(train).args(["--steps", "2", "--batch", "4", "--without-teacher", "--folds", "4"]);
        command
    };
    train().assert().success();
    train().assert().failure().stderr(one_line("holds a run already"));
    let eval = || {
        let eval = oneiro(dir.path()).args(["eval", "c.onnx", "--data", "classes", "--json"]).assert().success();
        serde_json::from_slice::<serde_json::Value>(&eval.get_output().stdout).unwrap()
    };
    let report = eval();
    assert_eq!(report["held_out"], true);
    // Sixteen ways of painting in four folds: two pictures of four ways in each class.
    assert_eq!(report["pictures"], 16, "{report}");
    // With other pictures in the folder nobody can say what was learnt.
    std::fs::remove_file(dir.path().join("classes/first/00000-colour-field.png")).unwrap();
    let report = eval();
    assert_eq!((report["held_out"].as_bool(), report["pictures"].as_u64()), (Some(false), Some(63)));
    pictures(dir.path(), "classes/third", "16", "5");
    oneiro(dir.path())
        .args(["eval", "c.onnx", "--data", "classes"])
        .assert()
        .failure()
        .stderr(one_line("first, second"));
}

#[test]
fn folders_that_do_not_fit_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let train = |data: &str| {
        let mut command = oneiro(dir.path());
        command.args(["train", "art-classifier", "--out", "c.onnx", "--data", data]);
        command.assert().failure().code(1)
    };
    train("nowhere").stderr(one_line("cannot read nowhere"));
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    train("empty").stderr(one_line("0 subfolders with pictures"));
    let classes = ["data", "classes", "--paintings", "empty", "--abstract", "empty", "--out", "out"];
    oneiro(dir.path()).args(classes).assert().failure().code(1).stderr(one_line("objects.json"));
    oneiro(dir.path()).args(["render", "none.mid", "-o", "x.wav", "--upscaler", "gone.onnx"]).assert().failure();
}
