//! Processes that something happens to.
#![allow(dead_code)] // each test program uses a part

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How often something is killed: `ONEIRO_KILLS`, or a few times.
pub fn kills() -> u32 {
    std::env::var("ONEIRO_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4)
}

/// This test program in another process, where its test `part` plays a part; with `blocks`, no file of its may grow beyond so many
/// blocks of 512 bytes, which is as good as a full disk.
pub fn another(name: &str, folder: &Path, blocks: Option<u32>) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match blocks {
        Some(blocks) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &blocks.to_string()]).arg(program);
            shell
        }
        None => Command::new(program),
    };
    command.args(["--exact", "part", "--nocapture"]).env("FAULT_PART", name).env("FAULT_FOLDER", folder);
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What this process plays, and where, where it was started by [`another`].
pub fn own_part() -> Option<(String, PathBuf)> {
    Some((std::env::var("FAULT_PART").ok()?, std::env::var_os("FAULT_FOLDER")?.into()))
}

/// The lines that a process says, up to its end.
pub fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

/// What a process has said, in both ways, and that it did not speak of a panic.
pub fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Waits until something is so.
pub fn until(what: &str, done: impl Fn() -> bool) {
    found(what, || done().then_some(()));
}

/// Waits until there is something, and gives it.
pub fn found<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder in which nothing may be made, renamed or removed, as long as this lives.
pub struct Closed(PathBuf);

impl Closed {
    pub fn new(folder: &Path) -> Self {
        rights(folder, 0o555);
        Self(folder.to_owned())
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        rights(&self.0, 0o755);
    }
}

#[cfg(unix)]
fn rights(folder: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A program that a closed folder binds, even where tests run as root, who may pass all rights by; `None` where that right cannot be
/// taken from it, which is said.
pub fn bound(program: &Path) -> Option<Command> {
    let command = |program: &Path| {
        if !std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t")) {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        let without = "-dac_override,-dac_read_search";
        command.args(["--inh-caps", without, "--bounding-set", without]).arg(program);
        command
    };
    let folder = tempfile::tempdir().unwrap();
    let closed = Closed::new(folder.path());
    let tried = command(Path::new("touch")).arg(folder.path().join("a")).stderr(Stdio::null()).status();
    drop(closed);
    if tried.is_ok_and(|status| !status.success()) && !folder.path().join("a").exists() {
        return Some(command(program));
    }
    println!("left out: this user may write into closed folders, and `setpriv` cannot take that from it");
    None
}

/// Sends a process a signal.
pub fn signal(process: u32, name: &str) {
    assert!(Command::new("sh").args(["-c", "kill -$0 $1", name, &process.to_string()]).status().unwrap().success());
}

/// Lets a program see a clock on the wall that a file sets at any time, and all other clocks as they are: whether that can be had
/// (libfaketime, in Debian's package `faketime`), which is said.
pub fn under_a_clock(command: &mut Command, file: &Path) -> bool {
    let places = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].into_iter();
    let kinds = |place: &str| {
        let machine = format!("{place}/{}-linux-gnu", std::env::consts::ARCH);
        [PathBuf::from(machine), PathBuf::from(place)].map(|place| place.join("faketime/libfaketimeMT.so.1"))
    };
    let Some(library) = places.flat_map(kinds).find(|path| path.exists()) else {
        println!("left out: there is no libfaketime (Debian's package `faketime`)");
        return false;
    };
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    true
}
