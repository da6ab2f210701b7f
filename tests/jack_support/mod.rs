//! JACK servers on a dummy device, and their clients, for tests.
#![allow(dead_code)] // not every test uses all of it

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A process that ends with the test.
pub struct Process(pub Child);

impl Process {
    /// Starts a program, a client of a server.
    pub fn start(server: &str, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env("JACK_DEFAULT_SERVER", server).env("JACK_NO_AUDIO_RESERVATION", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap_or_else(|e| panic!("{program}: {e}")))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).stderr(Stdio::null()).status();
        assert!(sent.is_ok(), "`kill` is missing");
    }

    /// What it writes, line by line, as it comes. With `err`, what it complains of.
    pub fn lines(&mut self, err: bool) -> Arc<Mutex<Vec<String>>> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        let from: Box<dyn std::io::Read + Send> =
            if err { Box::new(self.0.stderr.take().unwrap()) } else { Box::new(self.0.stdout.take().unwrap()) };
        std::thread::spawn(move || {
            BufReader::new(from).lines().map_while(Result::ok).for_each(|line| into.lock().unwrap().push(line));
        });
        lines
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked first: a server that is killed keeps its place among the eight that JACK's shared registry has.
        self.signal("-TERM");
        let until = Instant::now() + Duration::from_secs(2);
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Whether a program is here.
pub fn has(program: &str) -> bool {
    let mut which = Command::new("which");
    which.arg(program).stdout(Stdio::null()).stderr(Stdio::null());
    which.status().is_ok_and(|status| status.success())
}

/// Waits until something was written.
pub fn wait_for(what: &str, lines: &Mutex<Vec<String>>, found: impl Fn(&[String]) -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !found(&lines.lock().unwrap()) {
        assert!(Instant::now() < until, "{what} did not come: {:#?}", lines.lock().unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server of its own for a test, or `None` where there is no JACK.
pub fn jackd(name: &str) -> Option<Process> {
    let tools = ["jackd", "jack_midiseq", "jack_midi_dump", "jack_wait"];
    if let Some(missing) = tools.into_iter().find(|tool| !has(tool)) {
        eprintln!("skipped: `{missing}` is missing (apt install jackd2)");
        return None;
    }
    let arguments = ["-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", "256"];
    let mut complaints = Vec::new();
    // Of JACK's own tools one fails now and then while another client or server goes.
    for _ in 0..3 {
        let mut jackd = Process::start(name, "jackd", &arguments);
        let lines = jackd.lines(true);
        let waited = Command::new("jack_wait").args(["-s", name, "-w", "-t", "20"]).output().unwrap();
        if waited.status.success() {
            return Some(jackd);
        }
        complaints.push(format!("{}: {}", waited.status, String::from_utf8_lossy(&waited.stderr)));
        complaints.extend(lines.lock().unwrap().iter().cloned());
    }
    panic!("no JACK server (of too many, those that crashed are still in /dev/shm/jack-shm-registry): {complaints:#?}");
}
