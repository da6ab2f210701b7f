//! Python, which brings packages by name: the ONNX checker, which judges the files we write, and hosts for the plugin.

use crate::cache;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The checker and all it needs, pinned.
const CHECKER: [&str; 5] =
    ["onnx==1.23.2", "numpy==2.4.6", "protobuf==7.36.2", "ml_dtypes==0.6.0", "typing_extensions==4.16.0"];

/// Real hosts that the plugin is tested in, and a runtime beside ours; pinned.
const HOSTS: [&str; 4] = ["pedalboard==0.9.26", "dawdreamer==0.9.0", "onnxruntime==1.31.1", "numpy==2.4.6"];

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
    packages("onnx-checker", "the ONNX checker", &CHECKER)
}

/// The folder with hosts for the plugin, installed if it is missing.
pub fn hosts() -> Result<PathBuf> {
    packages("plugin-hosts", "a host for the plugin", &HOSTS)
}

/// The folder with these packages and nothing else, for this Python; `what` stands for it in errors.
fn packages(name: &str, what: &str, pinned: &[&str]) -> Result<PathBuf> {
    let version = python()
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .stdin(Stdio::null())
        .output()
        .context(NO_PYTHON)?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let folder = cache::folder()?.join("python").join(format!("{name}-{version}"));
    let source = pinned.join(" ");
    if cache::is_complete(&folder, &source) {
        return Ok(folder);
    }
    eprintln!("fetching {} …", pinned[0]);
    let mut pip = pip()?;
    cache::fill(&folder, &source, |at| {
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-deps"]);
        pip.args(["--only-binary=:all:", "--no-compile", "--retries", "2", "--timeout", "20", "--target"]).arg(at);
        let output = pip.args(pinned).output().context("python3 could not be started")?;
        if !output.status.success() {
            bail!(
                "{what} ({}) is missing and could not be installed ({}). With a network, run `cargo xtask setup` again",
                pinned[0],
                reason(&output.stderr)
            );
        }
        Ok(())
    })?;
    Ok(folder)
}
