//! The program without a window: it plays, obeys its page's address, and streams moving pictures.

#[path = "support/show.rs"]
#[allow(dead_code)]
mod show;
mod support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::Running;

#[test]
fn it_plays_without_a_window_and_streams_pictures_that_move() {
    if support::gpu().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cues = folder.path().join("cues.toml");
    std::fs::write(&cues, "[[cue]]\nname = 'wide'\nwhen = 'now'\nset = { zoom = 0.5 }\n").unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let mut program = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
    program.args(["--headless", "--size", "160x90", "--stream", "160x90", "--control", "0", "--scene", "gallery"]);
    program.arg("--models").arg(models).arg("--cues").arg(&cues).arg("--map").arg(folder.path().join("map.toml"));
    let mut program = Running(program.stderr(Stdio::piped()).spawn().unwrap());
    let mut told = Vec::new();
    let mut lines = BufReader::new(program.0.stderr.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        told.push(line.clone());
        line.strip_prefix("control page: http://127.0.0.1:")?.trim_end_matches('/').parse::<u16>().ok()
    });
    let port = port.unwrap_or_else(|| panic!("there is no page: {told:?}"));
    std::thread::spawn(move || lines.for_each(drop));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /stream.mjpeg HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").unwrap();
    let (mut bytes, mut pictures): (Vec<u8>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let end = Instant::now() + Duration::from_secs(90);
    let mut part = [0; 16384];
    while pictures.len() < 12 || pictures.windows(2).all(|w| w[0] == w[1]) {
        assert!(Instant::now() < end, "{} pictures came, all the same", pictures.len());
        let length = match stream.read(&mut part) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            read => read.unwrap(),
        };
        assert!(length > 0, "the stream ended");
        bytes.extend_from_slice(&part[..length]);
        // A JPEG from its first mark to its last.
        let find = |mark: [u8; 2], from: usize, bytes: &[u8]| {
            bytes[from..].windows(2).position(|w| w == mark).map(|at| at + from)
        };
        while let Some(first) = find([0xFF, 0xD8], 0, &bytes) {
            let Some(last) = find([0xFF, 0xD9], first, &bytes) else { break };
            pictures.push(bytes[first..last + 2].to_vec());
            bytes.drain(..last + 2);
        }
    }
    let picture = image::load_from_memory(pictures.last().unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (160, 90));
    let (status, _, page) = show::get(port, "/");
    assert!(status == 200 && String::from_utf8_lossy(&page).contains("Oneiro"));
}

#[test]
fn a_wrong_list_of_cues_a_port_that_is_taken_and_no_tempo_are_told_in_one_line() {
    if support::gpu().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cues = folder.path().join("cues.toml");
    std::fs::write(&cues, "[[cue]]\nname = 'a'\nset = { zoom = 99 }\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cues = cues.to_str().unwrap().to_owned();
    for (arguments, says) in [
        (vec!["--cues", cues.as_str()], "cues.toml"),
        (vec!["--control", port.as_str()], "no control page"),
        (vec!["--osc-in", "nowhere"], "--osc-in nowhere"),
        (vec!["--no-control", "--tempo", "nan"], "--tempo NaN"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_oneiro-visuals")).arg("--headless").args(&arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        // Drivers have errors of their own to tell.
        let errors = told.lines().filter(|line| line.starts_with("error: ") && line.contains(says)).count();
        assert!(!output.status.success() && errors == 1 && !told.contains("panicked"), "{arguments:?}: {told}");
    }
}
