//! Programs that come from the system: ffmpeg.

use std::process::{Command, Stdio};

/// Makes sure that ffmpeg is there; says what to do where it is not and cannot be installed without a password.
/// Without it everything works but video files, so its absence is not an error.
pub fn ffmpeg(may_install: bool) -> bool {
    if runs("ffmpeg", &["-version"]) {
        return true;
    }
    let apt = may_install && cfg!(target_os = "linux") && runs("apt-get", &["--version"]);
    if let Some(prefix) = rights().filter(|_| apt) {
        eprintln!("installing ffmpeg …");
        install(prefix);
        if runs("ffmpeg", &["-version"]) {
            return true;
        }
    }
    let line = match std::env::consts::OS {
        "macos" => "brew install ffmpeg",
        "windows" => "winget install ffmpeg",
        _ if rights() == Some(&[]) => "apt-get update && apt-get install -y ffmpeg",
        _ => "sudo apt-get update && sudo apt-get install -y ffmpeg",
    };
    eprintln!("ffmpeg is missing: videos become folders of pictures until you run: {line}");
    false
}

/// Installs with the package lists as they are; where that fails, with fresh ones.
fn install(prefix: &[&str]) {
    let apt = |arguments: &[&str]| {
        let mut words = prefix.iter().chain(&["apt-get"]).chain(arguments);
        let mut command = Command::new(words.next().unwrap_or(&"apt-get"));
        // apt talks a lot; whether ffmpeg runs afterwards is what counts.
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    let ffmpeg = ["install", "-y", "--no-install-recommends", "ffmpeg"];
    let _checked_by_the_caller = apt(&ffmpeg) || (apt(&["update"]) && apt(&ffmpeg));
}

/// What to put before a command that needs the administrator's rights; `None` where that would ask for a password.
fn rights() -> Option<&'static [&'static str]> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        Some(&[])
    } else if runs("sudo", &["-n", "true"]) {
        Some(&["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"])
    } else {
        None
    }
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
