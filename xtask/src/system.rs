//! What comes from the system: ffmpeg, the headers of ALSA, JACK, Ardour, what draws.

use std::process::{Command, Stdio};

/// Something that the system's packages bring.
struct Need {
    what: &'static str,
    is_there: fn() -> bool,
    /// Its packages on Debian.
    packages: &'static [&'static str],
    /// The line that installs it on macOS and on Windows, where one is known.
    elsewhere: [Option<&'static str>; 2],
    /// What is so without it.
    without: &'static str,
}

/// Makes sure that ffmpeg is there; says what to do where it is not and cannot be installed without a password.
/// Without it everything works but video files, so its absence is not an error.
pub fn ffmpeg(may_install: bool) -> bool {
    ensure(
        &Need {
            what: "ffmpeg",
            is_there: || runs("ffmpeg", &["-version"]),
            packages: &["ffmpeg"],
            elsewhere: [Some("brew install ffmpeg"), Some("winget install ffmpeg")],
            without: "videos become folders of pictures",
        },
        may_install,
    )
}

/// Makes sure that what `oneiro play` is built with is there: on Linux the headers of ALSA. Without them the rest can be
/// built.
pub fn alsa(may_install: bool) -> bool {
    let need = Need {
        what: "ALSA's headers",
        is_there: || runs("pkg-config", &["--exists", "alsa"]),
        packages: &["libasound2-dev", "pkg-config"],
        elsewhere: [None, None],
        without: "`oneiro` is built without `play`",
    };
    !cfg!(target_os = "linux") || ensure(&need, may_install)
}

/// Makes sure that JACK is there, to be built with and to be tested through. Only tests need it.
pub fn jack(may_install: bool) -> bool {
    let need = Need {
        what: "JACK",
        is_there: || runs("pkg-config", &["--exists", "jack"]) && runs("jackd", &["--version"]),
        packages: &["jackd2", "libjack-jackd2-dev", "pkg-config"],
        elsewhere: [None, None],
        without: "the tests that play through a JACK server are left out",
    };
    cfg!(target_os = "linux") && ensure(&need, may_install)
}

/// Makes sure that the visualizer's window can be opened: on Linux X11's libraries and a driver of Vulkan; Mesa's draws in software
/// where there is no graphics card.
pub fn drawing(may_install: bool) -> bool {
    let need = Need {
        what: "a driver that draws",
        is_there: || loads("libvulkan.so.1") && loads("libxkbcommon-x11.so.0") && has_driver(),
        packages: &[
            "libvulkan1",
            "mesa-vulkan-drivers",
            "libx11-6",
            "libx11-xcb1",
            "libxcursor1",
            "libxi6",
            "libxkbcommon-x11-0",
        ],
        elsewhere: [None, None],
        without: "`oneiro show` opens no window",
    };
    !cfg!(target_os = "linux") || ensure(&need, may_install)
}

/// Makes sure that windows can be tested without a display. Only tests need it.
pub fn display(may_install: bool) -> bool {
    let need = Need {
        what: "a display of its own",
        // Some of them answer nothing where there is no display.
        is_there: || {
            runs("sh", &["-c", "command -v Xvfb && command -v xauth && command -v xdotool && command -v import"])
        },
        packages: &["xvfb", "xauth", "xdotool", "imagemagick"],
        elsewhere: [None, None],
        without: "the tests that open a window are left out",
    };
    cfg!(target_os = "linux") && ensure(&need, may_install)
}

/// Makes sure that there is a browser to test the control page in. Only tests need it.
pub fn browser(may_install: bool) -> bool {
    let found = || ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| runs(name, &["--version"]));
    let need = Need {
        what: "Chromium",
        is_there: found,
        packages: &["chromium"],
        elsewhere: [Some("brew install --cask chromium"), None],
        without: "the test of the control page is left out",
    };
    ensure(&need, may_install)
}

/// Makes sure that a whole DAW is there to load the plugin in. Only tests need it.
pub fn daw(may_install: bool) -> bool {
    let need = Need {
        what: "Ardour",
        is_there: || runs("sh", &["-c", "command -v ardour9-lua || command -v ardour8-lua || command -v ardour7-lua"]),
        packages: &["ardour"],
        elsewhere: [None, None],
        without: "the test in Ardour is left out",
    };
    cfg!(target_os = "linux") && ensure(&need, may_install)
}

/// Whether the system's linker knows a library.
fn loads(library: &str) -> bool {
    let known =
        Command::new("ldconfig").arg("-p").output().or_else(|_| Command::new("/sbin/ldconfig").arg("-p").output());
    // Systems without that list have the libraries where they are wanted.
    known.map_or(true, |output| String::from_utf8_lossy(&output.stdout).contains(library))
}

fn has_driver() -> bool {
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
        .iter()
        .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

fn ensure(need: &Need, may_install: bool) -> bool {
    if (need.is_there)() {
        return true;
    }
    let apt = may_install && cfg!(target_os = "linux") && runs("apt-get", &["--version"]);
    if let Some(prefix) = rights().filter(|_| apt) {
        eprintln!("installing {} …", need.what);
        install(prefix, need.packages);
        if (need.is_there)() {
            return true;
        }
    }
    let sudo = if rights() == Some(&[]) { "" } else { "sudo " };
    let packages = need.packages.join(" ");
    let apt = format!("{sudo}apt-get update && {sudo}apt-get install -y {packages}");
    let [macos, windows] = need.elsewhere;
    let line = match std::env::consts::OS {
        "macos" => macos,
        "windows" => windows,
        _ => Some(apt.as_str()),
    };
    let remedy = line.map_or_else(String::new, |line| format!(" until you run: {line}"));
    eprintln!("{} is missing: {}{remedy}", need.what, need.without);
    false
}

/// Installs with the package lists as they are; where that fails, with fresh ones.
fn install(prefix: &[&str], packages: &[&str]) {
    let apt = |arguments: &[&str]| {
        let mut words = prefix.iter().chain(&["apt-get"]).chain(arguments);
        let mut command = Command::new(words.next().unwrap_or(&"apt-get"));
        // apt talks a lot; whether what was wanted is there afterwards is what counts.
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    let install: Vec<&str> = ["install", "-y", "--no-install-recommends"].iter().chain(packages).copied().collect();
    let _checked_by_the_caller = apt(&install) || (apt(&["update"]) && apt(&install));
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
