//! The window on a display of its own: it opens, its pictures move, keys work, it ends, and nothing breaks.

#![cfg(all(feature = "window", target_os = "linux"))]

mod support;

use image::RgbImage;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::Running;

fn there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A display without a screen, and its name; `None` where there can be none.
fn display() -> Option<(Running, String)> {
    if !["Xvfb", "xdotool", "import"].iter().all(|program| there(program)) {
        assert!(std::env::var_os("CI").is_none(), "Xvfb, xdotool and ImageMagick are needed");
        eprintln!("left out: Xvfb, xdotool or ImageMagick is not here");
        return None;
    }
    let number = 100 + std::process::id() % 400;
    let name = format!(":{number}");
    let server = Command::new("Xvfb")
        .args([&name, "-screen", "0", "640x360x24", "-nolisten", "tcp"])
        .stderr(Stdio::null())
        .spawn();
    let server = Running(server.ok()?);
    let socket = format!("/tmp/.X11-unix/X{number}");
    wait(20, || Path::new(&socket).exists()).then_some((server, name))
}

fn wait(seconds: u64, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// What is on the display.
fn screenshot(display: &str, file: &Path) -> Option<RgbImage> {
    let status = Command::new("import").args(["-display", display, "-window", "root"]).arg(file).status().ok()?;
    status.success().then(|| image::open(file).ok().map(|image| image.to_rgb8()))?
}

fn light(image: &RgbImage) -> f64 {
    image.as_raw().iter().map(|b| f64::from(*b)).sum::<f64>() / image.as_raw().len() as f64
}

fn press(display: &str, key: &str) {
    // There is no window manager that would give the window the keys.
    let keys = ["search", "--sync", "--onlyvisible", "--name", "Oneiro", "windowfocus", "--sync", "key", key];
    let status = Command::new("xdotool").env("DISPLAY", display).args(keys).status();
    assert!(status.is_ok_and(|s| s.success()), "xdotool key {key}");
}

#[test]
fn it_opens_moves_obeys_keys_and_ends() {
    let Some((_server, display)) = display() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let mut command = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
    command.arg("--models").arg(models).args([
        "--size",
        "320x180",
        "--frameless",
        "--scene",
        "gallery",
        "--set",
        "black-fade=0.2",
    ]);
    command.env("DISPLAY", &display).env_remove("WAYLAND_DISPLAY");
    if let Some(driver) = ["/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"].iter().find(|f| Path::new(f).exists()) {
        command.env("VK_ICD_FILENAMES", driver);
    }
    let out = std::fs::File::create(&log).unwrap();
    command.stdout(out.try_clone().unwrap()).stderr(out);
    let mut program = Running(command.spawn().unwrap());
    let told = || {
        let mut text = String::new();
        std::fs::File::open(&log).and_then(|mut file| file.read_to_string(&mut text)).unwrap();
        text
    };
    let shot = |name: &str| screenshot(&display, &folder.path().join(name));

    let mut first = None;
    let lit = wait(90, || {
        first = shot("a.png").filter(|image| light(image) > 3.0);
        first.is_some() || program.0.try_wait().is_ok_and(|ended| ended.is_some())
    });
    let first = first.unwrap_or_else(|| panic!("nothing is seen ({lit}): {}", told()));
    let moves = wait(30, || shot("b.png").is_some_and(|image| image != first));
    assert!(moves, "the picture stands still: {}", told());

    press(&display, "b");
    let dark = wait(30, || shot("c.png").is_some_and(|image| light(&image) < 2.0));
    assert!(dark, "black is not black: {}", told());
    press(&display, "Escape");
    let ended = wait(30, || program.0.try_wait().is_ok_and(|status| status.is_some_and(|s| s.success())));
    let told = told();
    assert!(ended && !told.contains("panicked"), "it did not end well: {told}");
}

#[test]
fn without_a_display_it_says_what_to_do() {
    for display in [None, Some(":9999")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("--frames") && !told.contains("panicked"), "{told}");
    }
}
