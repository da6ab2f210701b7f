//! Programs that a test puts somewhere and starts from there.
//!
//! They are written by processes of their own. What this process holds open for writing, every child that another test starts at
//! that moment holds open too, until it has become the program that it is to be; and a file that is open for writing cannot be
//! started ("Text file busy").
#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Puts a program at another place too.
pub fn copy(from: &Path, to: &Path) {
    if std::fs::hard_link(from, to).is_ok() {
        return;
    }
    if cfg!(unix) {
        assert!(Command::new("cp").args([from, to]).status().unwrap().success(), "{}", to.display());
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// Writes a script for the shell, ready to start.
pub fn script(path: &Path, text: &str) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    write!(shell.stdin.take().unwrap(), "#!/bin/sh\n{text}").unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}
