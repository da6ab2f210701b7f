//! Through real servers: a JACK server on a dummy device, JACK's own sequencer as the player, its own monitor as the
//! listener, and `oneiro play` between them.
#![cfg(feature = "jack")]

use oneiro::bridge::Part;
use oneiro::take::{Event, read_take};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn start(server: &str, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env("JACK_DEFAULT_SERVER", server).env("JACK_NO_AUDIO_RESERVATION", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap_or_else(|e| panic!("{program}: {e}")))
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).stderr(Stdio::null()).status();
        assert!(sent.is_ok(), "`kill` is missing");
    }

    /// What it writes, line by line, as it comes. With `err`, what it complains of.
    fn lines(&mut self, err: bool) -> Arc<Mutex<Vec<String>>> {
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

fn has(program: &str) -> bool {
    let mut which = Command::new("which");
    which.arg(program).stdout(Stdio::null()).stderr(Stdio::null());
    which.status().is_ok_and(|status| status.success())
}

fn wait_for(what: &str, seconds: u64, lines: &Mutex<Vec<String>>, found: impl Fn(&[String]) -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !found(&lines.lock().unwrap()) {
        assert!(Instant::now() < until, "{what} did not come: {:#?}", lines.lock().unwrap());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One test at a time: servers that come and go at once disturb each other, since they share one registry.
static TURN: Mutex<()> = Mutex::new(());

/// A server of its own for a test, or `None` where there is no JACK.
fn jackd(name: &str) -> Option<Process> {
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
        let waited = Command::new("jack_wait").args(["-s", name, "-w", "-t", "5"]).output().unwrap();
        if waited.status.success() {
            return Some(jackd);
        }
        complaints.push(format!("{}: {}", waited.status, String::from_utf8_lossy(&waited.stderr)));
        complaints.extend(lines.lock().unwrap().iter().cloned());
    }
    panic!("no JACK server (of too many, those that crashed are still in /dev/shm/jack-shm-registry): {complaints:#?}");
}

fn repository(file: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file).display().to_string()
}

/// Velocities of note-ons on a channel that `jack_midi_dump` has shown.
fn notes_on(lines: &[String], channel: u8) -> Vec<u8> {
    // "   12345: 91 3c 50 …"
    let bytes = |line: &String| {
        let (_, bytes) = line.split_once(':')?;
        let bytes: Vec<u8> = bytes.split_whitespace().map_while(|b| u8::from_str_radix(b, 16).ok()).collect();
        (bytes.len() >= 3 && bytes[0] == 0x90 | channel && bytes[2] > 0).then(|| bytes[1])
    };
    lines.iter().filter_map(bytes).collect()
}

#[test]
fn a_player_is_answered_through_jack_and_the_session_is_recorded() {
    let server = format!("oneiro-test-{}", std::process::id());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(_jackd) = jackd(&server) else { return };
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("e2e.oneiro-session");
    let mut dump = Process::start(&server, "jack_midi_dump", &["listener"]);
    let dumped = dump.lines(false);
    // Half a second each: C, E, G, E again and again.
    let half = "24000";
    let tune = ["player", "96000", "0", "60", half, "24000", "64", half, "48000", "67", half, "72000", "64", half];
    let _player = Process::start(&server, "jack_midiseq", &tune);
    let model = repository("models/melody-rnn.onnx");
    let map = folder.path().join("map.toml").display().to_string();
    let arguments = [
        "play",
        "--jack",
        "--no-screen",
        "--model",
        &model,
        "--tempo",
        "240",
        "--bars",
        "1",
        "--midi-in",
        "player",
        "--midi-out",
        "listener",
        "--set",
        "thru=on",
        "--set",
        "send-clock=on",
        "--map",
        &map,
        "--record",
        &record.display().to_string(),
    ];
    let mut oneiro = Process::start(&server, env!("CARGO_BIN_EXE_oneiro"), &arguments);
    let said = oneiro.lines(true);
    wait_for("a connection", 10, &said, |said| said.iter().any(|line| line.contains("listener")));
    wait_for("an answer", 8, &dumped, |lines| notes_on(lines, 1).len() >= 3);
    let lines = dumped.lock().unwrap().clone();
    assert!(notes_on(&lines, 0).iter().all(|pitch| [60, 64, 67].contains(pitch)), "thru: {lines:#?}");
    assert!(lines.iter().filter(|line| line.contains(": f8")).count() > 24, "clock: {lines:#?}");

    // It ends as a user ends it, and all notes with it.
    oneiro.signal("-INT");
    let status = oneiro.0.wait().unwrap();
    assert!(status.success(), "{status}: {:#?}", said.lock().unwrap());
    let take = read_take(&record).unwrap();
    assert!(!take.broken_off);
    let mut open = std::collections::BTreeSet::new();
    let mut answers = Vec::new();
    for moment in &take.moments {
        match moment.event {
            Event::On(part, pitch, _) => {
                assert!(open.insert((part, pitch)), "{part:?} {pitch} begins twice");
                if part == Part::Answer {
                    answers.push(pitch);
                }
            }
            Event::Off(part, pitch) => assert!(open.remove(&(part, pitch)), "{part:?} {pitch} ends twice"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    std::thread::sleep(Duration::from_millis(300));
    let heard = notes_on(&dumped.lock().unwrap(), 1);
    // On a busy machine the server skips a cycle now and then, and what was in it.
    let mut recorded = answers.iter();
    assert!(
        heard.len() >= 3 && heard.iter().all(|h| recorded.any(|a| a == h)),
        "heard {heard:?}, recorded {answers:?}"
    );
}

#[test]
fn time_goes_on_while_the_server_is_away_and_the_sound_comes_back() {
    let server = format!("oneiro-away-{}", std::process::id());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut server_process) = jackd(&server) else { return };
    let map = tempfile::tempdir().unwrap();
    let path = map.path().join("map.toml").display().to_string();
    let record = map.path().join("away.oneiro-session");
    let arguments =
        ["play", "--jack", "--no-screen", "--model", "none", "--map", &path, "--record", &record.display().to_string()];
    let mut oneiro = Process::start(&server, env!("CARGO_BIN_EXE_oneiro"), &arguments);
    let said = oneiro.lines(true);
    let playing = |said: &[String]| {
        said.iter().filter(|line| line.starts_with("sound: JACK Output") && !line.contains(';')).count()
    };
    wait_for("sound", 10, &said, |said| playing(said) == 1);
    let began = Instant::now();
    // Without a word to its clients.
    server_process.0.kill().unwrap();
    drop(server_process);
    wait_for("the loss", 10, &said, |said| said.iter().any(|line| line.contains("tried again")));
    let Some(_again) = jackd(&server) else { return };
    wait_for("sound again", 10, &said, |said| playing(said) == 2);
    let midi = |said: &[String]| said.iter().filter(|line| *line == "MIDI: JACK").count();
    wait_for("MIDI again", 10, &said, |said| midi(said) == 2);
    oneiro.signal("-INT");
    assert!(oneiro.0.wait().unwrap().success(), "{:#?}", said.lock().unwrap());
    let take = read_take(&record).unwrap();
    // The clock of the music went on: the take is about as long as the session was.
    let (seconds, lasted) = (take.length as f64 / 48_000.0, began.elapsed().as_secs_f64());
    assert!(seconds > 0.6 * lasted, "{seconds} s of {lasted} s");
}
