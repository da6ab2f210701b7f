//! Frames without a window: what the command line asks for is bounded before anything is drawn.

use std::process::Command;

#[test]
fn moments_that_never_come_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for at in ["1e30", "nan", "-1", "1,inf"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
        let output = program.arg("--frames").arg(folder.path()).arg(format!("--at={at}")).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.starts_with("error: --at ") && told.lines().count() == 1, "{told}");
    }
}
