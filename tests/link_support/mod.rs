//! A room of its own for a test, and processes in it.
#![allow(dead_code)] // each test program uses a part

use oneiro::link::Room;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longest wait for anything: machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A room that nobody else is in.
pub struct Alone {
    folder: tempfile::TempDir,
    name: String,
}

impl Alone {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self { folder: tempfile::tempdir().unwrap(), name }
    }

    pub fn room(&self) -> Room {
        Room::new(self.folder.path().to_owned(), &self.name).unwrap()
    }

    /// A process in the room.
    pub fn start(&self, mut command: Command) -> Process {
        command.env("ONEIRO_CACHE", self.folder.path()).env("ONEIRO_LINK", &self.name);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (told, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
        Process { child, lines }
    }

    /// An instance that plays under a name.
    pub fn player(&self, name: &str) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oneiro"));
        command.args(["bench", "link", "--seconds", "600", "--play", name]);
        self.start(command)
    }

    /// A part that this test program plays in another process: the test of the name `part` does it.
    pub fn part(&self, part: &str, argument: &str) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "part", "--nocapture"]).env("LINK_PART", part).env("LINK_ARGUMENT", argument);
        self.start(command)
    }

    /// Names of everything that lies in the room: files, and shared memory where it has names that can be seen.
    pub fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        files(self.room().folder(), &mut left);
        for name in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.file_name()) {
            let name = name.to_string_lossy().into_owned();
            // One of 16 bytes counts those who have met here, and stays as long as the machine runs.
            if name.starts_with(self.room().prefix()) && !name.ends_with(".global_mgmt") {
                left.push(name);
            }
        }
        left
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(self.room().prefix()) {
                drop(std::fs::remove_file(entry.path()));
            }
        }
    }
}

fn files(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), all);
        } else {
            all.push(entry.path().display().to_string());
        }
    }
}

/// A process that ends with the test.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and it notices nothing.
    pub fn kill(&mut self) {
        // SIGKILL, on Unix.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Forgets what it has said up to now.
    pub fn forget(&self) {
        while self.lines.try_recv().is_ok() {}
    }

    /// Whether it has said a line that is meant up to now.
    pub fn heard(&self, meant: impl Fn(&str) -> bool) -> bool {
        self.lines.try_iter().filter(|line| meant(line)).count() > 0
    }

    /// Waits until it says a line that is meant; how long that took.
    pub fn until(&self, meant: impl Fn(&str) -> bool) -> Duration {
        let began = Instant::now();
        let mut last = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(line) if meant(&line) => return began.elapsed(),
                Ok(line) => last = line,
                Err(RecvTimeoutError::Timeout) => panic!("it does not say what is waited for; last: {last}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it has ended; last: {last}"),
            }
        }
    }

    /// Waits until it ends; whether all was well.
    pub fn ends_well(mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Which part this process plays, and with what: where it was started by [`Alone::part`].
pub fn own_part() -> Option<(String, String)> {
    Some((std::env::var("LINK_PART").ok()?, std::env::var("LINK_ARGUMENT").unwrap_or_default()))
}
