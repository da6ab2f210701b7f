//! `oneiro bench live` measures what it says it measures.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

fn oneiro() -> Command {
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["bench", "live"]);
    command
}

#[test]
fn every_part_is_measured_beside_workers_that_work() {
    let output = oneiro().args(["--seconds", "1.5", "--calls", "1", "--rounds", "20", "--json"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text} {output:?}"));
    let number = |path: &str| found.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}: {text}"));
    assert!(number("/callback/voices/0") >= 16.0 && number("/callback/lost") == 0.0, "{text}");
    for condition in ["idle", "busy"] {
        let at = |what: &str| number(&format!("/callback/{condition}/{what}"));
        assert!(at("callback/count") > 1000.0 && at("arithmetic/p50") > 0.0);
        assert!(at("callback/p50") > 0.0 && at("callback/p50") <= at("callback/p999"));
    }
    let done = |condition: &str| ["phrases", "pictures"].map(|what| number(&format!("/callback/{condition}/{what}")));
    assert!(done("busy").iter().zip(done("idle")).all(|(busy, idle)| *busy > idle), "{text}");
    let modes = found["answers"].as_array().unwrap();
    assert!(modes.len() == 5 && modes.iter().all(|mode| mode["alone"]["count"].as_u64() > Some(0)), "{text}");
    assert!(number("/wrapper/bare_us") > 0.0 && number("/wrapper/wrapped_us") > 0.0);
    if cfg!(target_os = "linux") {
        let memory = found["memory"].as_array().unwrap();
        let resident = |step: &Value| step["resident"].as_u64().unwrap();
        assert!(resident(&memory[memory.len() - 1]) > resident(&memory[0]) + (10 << 20), "{text}");
    }
}

#[test]
fn what_is_counted_under_valgrind_runs_by_itself_and_says_when_it_cannot() {
    oneiro().args(["--play-blocks", "20", "--sound", "strings"]).assert().success();
    oneiro().args(["--play-blocks", "20", "--sound", "noise"]).assert().code(2).stderr(contains("no such sound"));
    let nowhere = tempfile::tempdir().unwrap();
    let refused = oneiro().arg("--callgrind").env("PATH", nowhere.path()).assert().code(1);
    refused.stderr(contains("valgrind cannot be started").and(contains("Debian's package")));
}
