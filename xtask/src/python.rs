//! Python, which brings packages by name; and the ONNX checker, which judges the files we write.

use crate::cache;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The checker and all it needs, pinned.
const CHECKER: [&str; 5] =
    ["onnx==1.23.2", "numpy==2.4.6", "protobuf==7.36.2", "ml_dtypes==0.6.0", "typing_extensions==4.16.0"];

const NO_PYTHON: &str = "python3 is missing; install it (on Debian: apt-get install -y python3 python3-pip)";

fn python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}

/// `python3 -m pip`, made sure that it is there.
pub fn pip() -> Result<Command> {
    let check = python().args(["-m", "pip", "--version"]).stdin(Stdio::null()).output().context(NO_PYTHON)?;
    if !check.status.success() {
        bail!("python3 has no pip; install it (on Debian: apt-get install -y python3-pip)");
    }
    let mut pip = python();
    pip.args(["-m", "pip"]).stdin(Stdio::null());
    Ok(pip)
}

/// Why pip failed: a network that is not there, or the last line that says something.
pub fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let offline = ["NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "Temporary failure in name"];
    if offline.iter().any(|sign| text.contains(sign)) {
        return "the package index cannot be reached; is there a network?".to_owned();
    }
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    format!("pip: {}", line.trim().trim_start_matches("ERROR: "))
}

/// The folder with the ONNX checker for this Python, installed if it is missing.
pub fn checker() -> Result<PathBuf> {
    let version = python()
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .stdin(Stdio::null())
        .output()
        .context(NO_PYTHON)?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let folder = cache::folder()?.join("python").join(format!("onnx-checker-{version}"));
    let source = CHECKER.join(" ");
    if cache::is_complete(&folder, &source) {
        return Ok(folder);
    }
    eprintln!("fetching {} …", CHECKER[0]);
    let mut pip = pip()?;
    cache::fill(&folder, &source, |at| {
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]);
        pip.args(["--only-binary=:all:", "--no-compile", "--retries", "2", "--timeout", "20", "--target"]).arg(at);
        let output = pip.args(CHECKER).output().context("python3 could not be started")?;
        if !output.status.success() {
            bail!(
                "the ONNX checker ({}) is missing and could not be installed ({}). With a network, run `cargo \
                 xtask setup` again",
                CHECKER[0],
                reason(&output.stderr)
            );
        }
        Ok(())
    })?;
    Ok(folder)
}
