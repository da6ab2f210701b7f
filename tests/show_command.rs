//! `oneiro show`: finds the visualizer beside itself, hands its arguments on, and says what to do where there is none.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The command, alone in a folder.
fn alone(folder: &Path) -> PathBuf {
    let program = folder.join(format!("oneiro{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(env!("CARGO_BIN_EXE_oneiro"), &program).unwrap();
    program
}

/// One test and not two: while one wrote its copy, a process that the other starts would hold it open, and it could not be run.
#[test]
fn it_starts_the_visualizer_beside_it_and_without_one_says_how_to_get_it() {
    without_the_visualizer_it_says_how_to_get_it();
    #[cfg(unix)]
    arguments_and_the_exit_status_are_passed_on();
}

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
fn arguments_and_the_exit_status_are_passed_on() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let visuals = folder.path().join("oneiro-visuals");
    std::fs::write(&visuals, "#!/bin/sh\necho \"$@\"\nexit 7\n").unwrap();
    std::fs::set_permissions(&visuals, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(alone(folder.path()));
    let output = command.args(["show", "--midi", "a b.mid", "--help", "--set", "hue=0.1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "--midi a b.mid --help --set hue=0.1");
}
