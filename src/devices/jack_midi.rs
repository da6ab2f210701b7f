//! MIDI through JACK: one port in, one out, both exact to the sample.
//!
//! A client of our own rather than midir's back end for JACK, since that one takes the place of ALSA's when the program
//! is compiled; so one program has both.

use super::midi::{Input, LOOK, MidiChoice, MidiNews, OUR_NAME, Output, Outputs, Packet, is_ours, is_stopped};
use super::{fits, hush};
use crate::bridge::{RingReceiver, RingSender, ring};
use crate::moment::now_ns;
use jack::{
    AsyncClient, Client, ClientOptions, Control, MidiIn, MidiOut, Port, PortFlags, ProcessHandler, ProcessScope,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Messages on their way, each direction.
const ROOM: usize = 4096;
/// Besides a period, how much later than asked messages are sent: longer than those who hand them over sleep.
const AHEAD_NS: u64 = 3_000_000;
/// A server that calls for nothing so long is gone.
const STALLED: Duration = Duration::from_secs(1);
/// A server that lives calls within this.
const LONGEST_PERIOD: Duration = Duration::from_millis(400);
const MIDI_TYPE: &str = "8 bit raw midi";

struct Process {
    input: Port<MidiIn>,
    output: Port<MidiOut>,
    heard: RingSender<Packet>,
    reader: Thread,
    spoken: RingReceiver<Packet>,
    waiting: Option<Packet>,
    periods: Arc<AtomicU64>,
}

impl ProcessHandler for Process {
    /// Runs on a real-time thread of JACK's: no allocation, lock or wait.
    fn process(&mut self, client: &Client, scope: &ProcessScope) -> Control {
        let ns_per_frame = 1e9 / f64::from(client.sample_rate().max(1));
        let ns = |frames: u32| (f64::from(frames) * ns_per_frame) as u64;
        let begins = now_ns().saturating_sub(ns(scope.frames_since_cycle_start()));
        let mut heard = false;
        for event in self.input.iter(scope) {
            if let Some(packet) = Packet::new(begins + ns(event.time), event.bytes) {
                // The reader keeps up with any device; where it does not, what is lost is lost.
                heard |= self.heard.send(packet).is_ok();
            }
        }
        if heard {
            self.reader.unpark();
        }
        let frames = scope.n_frames();
        let mut writer = self.output.writer(scope);
        let mut last = 0;
        while let Some(packet) = self.waiting.take().or_else(|| self.spoken.receive()) {
            let later = (packet.ns + ns(frames) + AHEAD_NS).saturating_sub(begins);
            let offset = (later as f64 / ns_per_frame) as u32;
            if offset >= frames {
                self.waiting = Some(packet);
                break;
            }
            last = offset.max(last);
            if writer.write(&jack::RawMidi { time: last, bytes: packet.bytes() }).is_err() {
                // No more room in this period.
                self.waiting = Some(packet);
                break;
            }
        }
        self.periods.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

struct Cable(RingSender<Packet>);

impl Output for Cable {
    fn send(&mut self, packet: &Packet) -> bool {
        // A ring that is full belongs to a server that has stopped: it is noticed elsewhere.
        let _room = self.0.send(*packet);
        !self.0.is_abandoned()
    }

    fn keeps_time(&self) -> bool {
        true
    }
}

/// Hands on what the real-time thread has heard, as soon as it has.
struct Reader {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    fn spawn(mut heard: RingReceiver<Packet>, input: Arc<dyn Input>) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Acquire) {
                while let Some(packet) = heard.receive() {
                    input.bytes(HAND, packet.ns, packet.bytes());
                }
                std::thread::park_timeout(LOOK);
            }
            input.gone(HAND, now_ns());
        });
        Self { end, thread: Some(thread) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has let nothing open.
            let _ended = thread.join();
        }
    }
}

/// The hand of everything that comes in by JACK.
const HAND: u32 = 1;

struct Connected {
    client: AsyncClient<(), Process>,
    names: [String; 2],
    periods: Arc<AtomicU64>,
    _reader: Reader,
}

fn connect(input: &Arc<dyn Input>, outputs: &Outputs) -> Result<Connected, jack::Error> {
    let (client, _) = Client::new(OUR_NAME, ClientOptions::NO_START_SERVER)?;
    let hear = client.register_port("in", MidiIn::default())?;
    let speak = client.register_port("out", MidiOut::default())?;
    let names = [hear.name()?, speak.name()?];
    let (heard, heard_out) = ring(ROOM);
    let (cable, spoken) = ring(ROOM);
    let reader = Reader::spawn(heard_out, Arc::clone(input));
    let periods = Arc::new(AtomicU64::new(0));
    let thread = reader.thread.as_ref().map_or_else(std::thread::current, |t| t.thread().clone());
    let process = Process {
        input: hear,
        output: speak,
        heard,
        reader: thread,
        spoken,
        waiting: None,
        periods: Arc::clone(&periods),
    };
    let client = client.activate_async((), process)?;
    outputs.add(OUR_NAME, Box::new(Cable(cable)));
    Ok(Connected { client, names, periods, _reader: reader })
}

impl Connected {
    /// Leaves the server. A client whose server has died is left as it is: JACK's library crashes where such a client is
    /// closed after another was opened. What is lost is a few kilobytes each time a server dies.
    fn leave(self) {
        let periods = self.periods.load(Ordering::Relaxed);
        let until = Instant::now() + LONGEST_PERIOD;
        while self.periods.load(Ordering::Relaxed) == periods {
            if Instant::now() > until {
                std::mem::forget(self.client);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Connects to the ports that are wanted and are not connected yet.
fn look(connected: &Connected, choice: &MidiChoice, known: &mut BTreeSet<String>, news: &Sender<MidiNews>) {
    let client = connected.client.as_client();
    let mut there = BTreeSet::new();
    let mut join = |theirs: String, pair: (&str, &str)| {
        if !known.contains(&theirs) && client.connect_ports_by_name(pair.0, pair.1).is_ok() {
            let _nobody = news.send(MidiNews::Connected { port: theirs.clone() });
        }
        there.insert(theirs);
    };
    let [ours_in, ours_out] = &connected.names;
    for port in client.ports(None, Some(MIDI_TYPE), PortFlags::IS_OUTPUT) {
        if choice.inputs.iter().any(|part| fits(&port, part)) && !is_ours(&port) {
            join(port.clone(), (&port, ours_in));
        }
    }
    if choice.inputs.is_empty() {
        for port in client.ports(None, Some(MIDI_TYPE), PortFlags::IS_OUTPUT | PortFlags::IS_PHYSICAL) {
            join(port.clone(), (&port, ours_in));
        }
    }
    for port in client.ports(None, Some(MIDI_TYPE), PortFlags::IS_INPUT) {
        if choice.outputs.iter().any(|part| fits(&port, part)) && !is_ours(&port) {
            join(port.clone(), (ours_out, &port));
        }
    }
    for gone in known.difference(&there) {
        let _nobody = news.send(MidiNews::Vanished { port: gone.clone() });
    }
    *known = there;
}

/// Is a client of JACK until it is stopped; waits for the server where there is none.
pub(super) fn keep(
    choice: &MidiChoice,
    input: &Arc<dyn Input>,
    outputs: &Outputs,
    news: &Sender<MidiNews>,
    stopped: &Receiver<()>,
) {
    hush();
    let mut told = false;
    loop {
        match connect(input, outputs) {
            Err(e) => {
                if !std::mem::replace(&mut told, true) {
                    let reason = format!("JACK: no server answers ({e})");
                    let _nobody = news.send(MidiNews::Unavailable { reason });
                }
            }
            Ok(connected) => {
                told = false;
                let _nobody = news.send(MidiNews::Connected { port: "JACK".into() });
                let stop = stay(&connected, choice, news, stopped);
                outputs.remove(OUR_NAME);
                connected.leave();
                if stop {
                    return;
                }
                let _nobody = news.send(MidiNews::Vanished { port: "JACK".into() });
            }
        }
        if is_stopped(stopped) {
            return;
        }
    }
}

/// Looks after the connections until it is stopped (true) or the server is gone (false).
fn stay(connected: &Connected, choice: &MidiChoice, news: &Sender<MidiNews>, stopped: &Receiver<()>) -> bool {
    let mut known = BTreeSet::new();
    let (mut periods, mut moved) = (0, Instant::now());
    loop {
        look(connected, choice, &mut known, news);
        if is_stopped(stopped) {
            return true;
        }
        let now = connected.periods.load(Ordering::Relaxed);
        if now != periods {
            (periods, moved) = (now, Instant::now());
        } else if moved.elapsed() > STALLED {
            return false;
        }
    }
}
