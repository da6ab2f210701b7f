//! A performance on a thread, without pictures, and surfaces that reach it through real sockets.

use oneiro_visuals::control::server::{Server, ServerOptions};
use oneiro_visuals::control::{Handle, HubOptions, Snapshot, cues::CueList, open};
use oneiro_visuals::performance::Performance;
use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::sources::{Dream, Feed};
use oneiro_visuals::worker::Studio;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A show that plays.
pub struct Playing {
    pub handle: Handle,
    #[allow(dead_code)]
    pub events: Option<Receiver<oneiro::bridge::ShowEvent>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Begins a show of dreams at 120 quarter notes a minute, with these cues.
#[allow(dead_code)]
pub fn play(options: HubOptions, cues: CueList) -> Playing {
    play_to(options, cues, Box::new(Dream::new(1, 120.0)))
}

/// Begins a show of this music.
pub fn play_to(options: HubOptions, cues: CueList, feed: Box<dyn Feed>) -> Playing {
    let (desk, handle, events) = open(options);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::spawn(move || {
        let show = Show::new(scene::shipped(), 1);
        let mut performance = Performance::new(show, feed, Studio::default(), None, "a test".into());
        performance.attach(desk, cues);
        let started = Instant::now();
        while !stopped.load(Ordering::Relaxed) {
            performance.frame(started.elapsed().as_secs_f64(), (64, 36));
            std::thread::sleep(Duration::from_millis(8));
        }
    });
    Playing { handle, events: Some(events), stop, thread: Some(thread) }
}

impl Playing {
    /// Opens a server for it.
    #[allow(dead_code)]
    pub fn serve(&self, port: Option<u16>) -> Server {
        let options = ServerOptions { port: port.or(Some(0)), ..ServerOptions::default() };
        Server::open(options, self.handle.clone(), Box::new(|_| ())).unwrap()
    }

    /// Waits until the show is as it should be.
    pub fn until(&self, what: &str, mut done: impl FnMut(&Snapshot) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !done(&self.handle.now()) {
            assert!(Instant::now() < end, "{what}: {:?}", self.handle.now());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the show does not panic, whatever it is told");
        }
    }
}

/// Sends a request as it is, and gives the whole answer: the status, the head, the body. Of an answer that makes the
/// connection a WebSocket, what follows the head is not waited for.
#[allow(dead_code)]
pub fn ask(port: u16, request: &str) -> (u16, String, Vec<u8>) {
    ask_at(&format!("127.0.0.1:{port}"), request)
}

/// The same at another address of this machine.
#[allow(dead_code)]
pub fn ask_at(address: &str, request: &str) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    // A server may end a connection that broke the rules while it is still read.
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..read]);
        if answer.starts_with(b"HTTP/1.1 101 ") && answer.windows(4).any(|w| w == b"\r\n\r\n") {
            break;
        }
    }
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head, answer.get(end + 4..).unwrap_or_default().to_vec())
}

/// Gets a path.
#[allow(dead_code)]
pub fn get(port: u16, path: &str) -> (u16, String, Vec<u8>) {
    ask(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"))
}
