//! `oneiro show`: finds the visualizer beside itself, hands its arguments on, and says what to do where there is none.

#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The command, alone in a folder.
fn alone(folder: &Path) -> PathBuf {
    let alone = folder.join(format!("oneiro{}", std::env::consts::EXE_SUFFIX));
    program::copy(env!("CARGO_BIN_EXE_oneiro").as_ref(), &alone);
    alone
}

#[test]
fn without_the_visualizer_it_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    // One folder deeper, so that nothing lies in the folder above either.
    let deep = folder.path().join("bin");
    std::fs::create_dir(&deep).unwrap();
    let output = Command::new(alone(&deep)).args(["show", "--full-screen"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("oneiro-visuals") && told.contains("cargo") && told.contains("oneiro render"), "{told}");
}

#[cfg(unix)]
#[test]
fn arguments_and_the_exit_status_are_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    program::script(&folder.path().join("oneiro-visuals"), "echo \"$@\"\nexit 7\n");
    let mut command = Command::new(alone(folder.path()));
    let output = command.args(["show", "--midi", "a b.mid", "--help", "--set", "hue=0.1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "--midi a b.mid --help --set hue=0.1");
}
