//! MIDI ports: taken up when they appear, dropped when they vanish, known by name.

use super::{DeviceError, hush, now_ns};
use midir::{Ignore, MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Who takes what MIDI devices send. Called on threads of theirs, never on the audio thread.
pub trait Input: Send + Sync {
    /// Bytes of a device, at a moment of [`now_ns`]. They may be cut anywhere.
    fn bytes(&self, hand: u32, ns: u64, bytes: &[u8]);
    /// A device has vanished: what it held is let go.
    fn gone(&self, hand: u32, ns: u64);
}

/// What MIDI is wanted.
#[derive(Debug, Clone, Default)]
pub struct MidiChoice {
    /// None at all.
    pub none: bool,
    /// Through JACK.
    pub jack: bool,
    /// Inputs, by parts of their names; every device that there is without.
    pub inputs: Vec<String>,
    /// Outputs, by parts of their names; only our own port, which others connect to, without.
    pub outputs: Vec<String>,
}

/// What becomes of MIDI ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MidiNews {
    /// A port was taken up.
    Connected {
        /// Its name.
        port: String,
    },
    /// A port has vanished.
    Vanished {
        /// Its name.
        port: String,
    },
    /// There is no MIDI, for now.
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// Our name among the clients of the system.
pub(super) const OUR_NAME: &str = "oneiro";
/// How often ports are looked for.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// Messages that may wait for their time.
const QUEUE: usize = 4096;

/// A short message and the moment it is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    pub ns: u64,
    pub bytes: [u8; 3],
    pub length: u8,
}

impl Packet {
    pub fn new(ns: u64, bytes: &[u8]) -> Option<Self> {
        let mut packet = Self { ns, bytes: [0; 3], length: u8::try_from(bytes.len()).ok().filter(|n| *n <= 3)? };
        packet.bytes[..bytes.len()].copy_from_slice(bytes);
        Some(packet)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// An output port.
pub(super) trait Output: Send {
    /// Sends a message; one that keeps time itself gets it ahead of its time. `false`: the port is dead.
    fn send(&mut self, packet: &Packet) -> bool;
    /// Whether it keeps time itself.
    fn keeps_time(&self) -> bool {
        false
    }
}

impl Output for MidiOutputConnection {
    fn send(&mut self, packet: &Packet) -> bool {
        Self::send(self, packet.bytes()).is_ok()
    }
}

/// Every output that is connected, and what waits for its time.
#[derive(Default)]
pub struct Outputs(Mutex<OutputsInner>);

#[derive(Default)]
struct OutputsInner {
    ports: BTreeMap<String, Box<dyn Output>>,
    queue: VecDeque<Packet>,
    dropped: u64,
}

impl Outputs {
    fn lock(&self) -> MutexGuard<'_, OutputsInner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a short message at a moment, in the order of the calls. Where too many wait the oldest goes at once.
    pub fn send(&self, ns: u64, bytes: &[u8]) {
        let Some(packet) = Packet::new(ns, bytes) else { return };
        let mut inner = self.lock();
        inner.send_all(&packet, true);
        if inner.queue.len() >= QUEUE
            && let Some(oldest) = inner.queue.pop_front()
        {
            inner.dropped += 1;
            inner.send_all(&oldest, false);
        }
        inner.queue.push_back(packet);
    }

    /// Sends what is due.
    pub fn flush(&self, now_ns: u64) {
        let mut inner = self.lock();
        while let Some(packet) = inner.queue.front().copied().filter(|packet| packet.ns <= now_ns) {
            inner.queue.pop_front();
            inner.send_all(&packet, false);
        }
    }

    pub(super) fn add(&self, id: &str, port: Box<dyn Output>) {
        self.lock().ports.insert(id.to_owned(), port);
    }

    pub(super) fn remove(&self, id: &str) {
        self.lock().ports.remove(id);
    }

    fn has(&self, id: &str) -> bool {
        self.lock().ports.contains_key(id)
    }
}

impl OutputsInner {
    /// To those that keep time themselves, or to those that do not; dead ports are forgotten.
    fn send_all(&mut self, packet: &Packet, keep_time: bool) {
        self.ports.retain(|_, port| port.keeps_time() != keep_time || port.send(packet));
    }
}

/// A port of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    id: String,
    name: String,
}

/// The ports of a system, and ways to connect to them.
trait System: Send {
    fn inputs(&mut self) -> Result<Vec<Port>, DeviceError>;
    fn outputs(&mut self) -> Result<Vec<Port>, DeviceError>;
    /// Connects to an input as long as what is given back lives.
    fn hear(&mut self, port: &Port, hand: u32, input: Arc<dyn Input>) -> Result<Box<dyn Any + Send>, DeviceError>;
    fn speak(&mut self, port: &Port) -> Result<Box<dyn Output>, DeviceError>;
    /// Makes ports of our own that others connect to, where the system has such.
    fn own(&mut self, hand: u32, input: Arc<dyn Input>, outputs: &Outputs) -> Option<Box<dyn Any + Send>>;
}

/// The system's MIDI: ALSA, CoreMIDI, WinMM.
struct Native;

fn midi_error(e: impl std::fmt::Display) -> DeviceError {
    DeviceError::Midi(e.to_string())
}

impl Native {
    fn input() -> Result<MidiInput, DeviceError> {
        hush();
        let mut input = MidiInput::new(OUR_NAME).map_err(|_| no_midi())?;
        input.ignore(Ignore::SysexAndActiveSense);
        Ok(input)
    }

    fn output() -> Result<MidiOutput, DeviceError> {
        hush();
        MidiOutput::new(OUR_NAME).map_err(|_| no_midi())
    }
}

fn no_midi() -> DeviceError {
    let what = if cfg!(target_os = "linux") { "no ALSA sequencer (/dev/snd/seq)" } else { "the system has none" };
    DeviceError::Midi(what.into())
}

impl System for Native {
    fn inputs(&mut self) -> Result<Vec<Port>, DeviceError> {
        let input = Self::input()?;
        let port = |p: &midir::MidiInputPort| Some(Port { id: p.id(), name: input.port_name(p).ok()? });
        Ok(input.ports().iter().filter_map(port).collect())
    }

    fn outputs(&mut self) -> Result<Vec<Port>, DeviceError> {
        let output = Self::output()?;
        let port = |p: &midir::MidiOutputPort| Some(Port { id: p.id(), name: output.port_name(p).ok()? });
        Ok(output.ports().iter().filter_map(port).collect())
    }

    fn hear(&mut self, port: &Port, hand: u32, input: Arc<dyn Input>) -> Result<Box<dyn Any + Send>, DeviceError> {
        let client = Self::input()?;
        let found = client.find_port_by_id(&port.id).ok_or_else(|| midi_error("the port has just vanished"))?;
        let connection: MidiInputConnection<()> = client
            .connect(&found, "in", move |_, bytes, ()| input.bytes(hand, now_ns(), bytes), ())
            .map_err(midi_error)?;
        Ok(Box::new(connection))
    }

    fn speak(&mut self, port: &Port) -> Result<Box<dyn Output>, DeviceError> {
        let client = Self::output()?;
        let found = client.find_port_by_id(&port.id).ok_or_else(|| midi_error("the port has just vanished"))?;
        Ok(Box::new(client.connect(&found, "out").map_err(midi_error)?))
    }

    #[cfg(unix)]
    fn own(&mut self, hand: u32, input: Arc<dyn Input>, outputs: &Outputs) -> Option<Box<dyn Any + Send>> {
        use midir::os::unix::{VirtualInput as _, VirtualOutput as _};
        let hear = move |_, bytes: &[u8], (): &mut ()| input.bytes(hand, now_ns(), bytes);
        let connection: MidiInputConnection<()> = Self::input().ok()?.create_virtual("in", hear, ()).ok()?;
        outputs.add(OUR_NAME, Box::new(Self::output().ok()?.create_virtual("out").ok()?));
        Some(Box::new(connection))
    }

    #[cfg(not(unix))]
    fn own(&mut self, _: u32, _: Arc<dyn Input>, _: &Outputs) -> Option<Box<dyn Any + Send>> {
        None
    }
}

/// Names of all inputs and outputs.
///
/// # Errors
/// [`DeviceError::Midi`] where there is no MIDI.
pub fn list() -> Result<[Vec<String>; 2], DeviceError> {
    let names = |ports: Vec<Port>| ports.into_iter().map(|port| port.name).collect();
    Ok([names(Native.inputs()?), names(Native.outputs()?)])
}

/// Takes ports up and drops them.
struct Porter<S> {
    system: S,
    choice: MidiChoice,
    input: Arc<dyn Input>,
    outputs: Arc<Outputs>,
    news: Sender<MidiNews>,
    /// By the system's name for the port.
    heard: BTreeMap<String, (Port, u32, Box<dyn Any + Send>)>,
    spoken: BTreeMap<String, Port>,
    /// Ports that cannot be connected, so that it is said once.
    refused: BTreeSet<String>,
    own: Option<Box<dyn Any + Send>>,
    next_hand: u32,
    unavailable: bool,
}

impl<S: System> Porter<S> {
    fn new(
        system: S,
        choice: MidiChoice,
        input: Arc<dyn Input>,
        outputs: Arc<Outputs>,
        news: Sender<MidiNews>,
    ) -> Self {
        let (heard, spoken, refused) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self {
            system,
            choice,
            input,
            outputs,
            news,
            heard,
            spoken,
            refused,
            own: None,
            next_hand: 1,
            unavailable: false,
        }
    }

    fn tell(&self, news: MidiNews) {
        // Nobody listens when the program ends.
        let _nobody = self.news.send(news);
    }

    fn look(&mut self) {
        match self.system.inputs().and_then(|inputs| Ok((inputs, self.system.outputs()?))) {
            Err(e) => {
                if !std::mem::replace(&mut self.unavailable, true) {
                    self.tell(MidiNews::Unavailable { reason: e.to_string() });
                }
                self.drop_missing(&[], &[]);
                self.own = None;
            }
            Ok((inputs, outputs)) => {
                self.unavailable = false;
                self.drop_missing(&inputs, &outputs);
                if self.own.is_none() {
                    let hand = self.hand();
                    self.own = self.system.own(hand, Arc::clone(&self.input), &self.outputs);
                }
                inputs.iter().for_each(|port| self.hear(port));
                outputs.iter().for_each(|port| self.speak(port));
            }
        }
    }

    fn hand(&mut self) -> u32 {
        self.next_hand += 1;
        self.next_hand - 1
    }

    fn drop_missing(&mut self, inputs: &[Port], outputs: &[Port]) {
        let gone = |id: &str, ports: &[Port]| !ports.iter().any(|port| port.id == id);
        let heard: Vec<_> = self.heard.keys().filter(|id| gone(id, inputs)).cloned().collect();
        for id in heard {
            let Some((port, hand, connection)) = self.heard.remove(&id) else { continue };
            drop(connection);
            self.input.gone(hand, now_ns());
            self.tell(MidiNews::Vanished { port: port.name });
        }
        // A port that refused a message was dropped by the outputs themselves.
        let spoken: Vec<_> =
            self.spoken.keys().filter(|id| gone(id, outputs) || !self.outputs.has(id)).cloned().collect();
        for id in spoken {
            let Some(port) = self.spoken.remove(&id) else { continue };
            self.outputs.remove(&port.id);
            if !gone(&id, outputs) {
                // It is there and takes nothing: it is left alone until it has been away.
                self.refused.insert(id);
            }
            self.tell(MidiNews::Vanished { port: port.name });
        }
        self.refused.retain(|id| !(gone(id, inputs) && gone(id, outputs)));
    }

    fn hear(&mut self, port: &Port) {
        if self.heard.contains_key(&port.id) || self.refused.contains(&port.id) || !self.wanted_input(&port.name) {
            return;
        }
        let hand = self.hand();
        match self.system.hear(port, hand, Arc::clone(&self.input)) {
            Ok(connection) => {
                self.heard.insert(port.id.clone(), (port.clone(), hand, connection));
                self.tell(MidiNews::Connected { port: port.name.clone() });
            }
            Err(e) => self.refuse(port, &e),
        }
    }

    fn speak(&mut self, port: &Port) {
        let wanted = self.choice.outputs.iter().any(|part| fits(&port.name, part)) && !is_ours(&port.name);
        if self.spoken.contains_key(&port.id) || self.refused.contains(&port.id) || !wanted {
            return;
        }
        match self.system.speak(port) {
            Ok(output) => {
                self.outputs.add(&port.id, output);
                self.spoken.insert(port.id.clone(), port.clone());
                self.tell(MidiNews::Connected { port: port.name.clone() });
            }
            Err(e) => self.refuse(port, &e),
        }
    }

    fn refuse(&mut self, port: &Port, error: &DeviceError) {
        self.refused.insert(port.id.clone());
        self.tell(MidiNews::Unavailable { reason: format!("{}: {error}", port.name) });
    }

    fn wanted_input(&self, name: &str) -> bool {
        let asked = self.choice.inputs.iter().any(|part| fits(name, part));
        // What ALSA passes through from anyone to anyone would come in twice.
        let usual = self.choice.inputs.is_empty() && !name.contains("Midi Through");
        (asked || usual) && !is_ours(name)
    }
}

pub(super) fn fits(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(OUR_NAME)
}

/// The thread that looks after MIDI ports.
#[derive(Debug)]
pub struct MidiKeeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MidiKeeper {
    /// Starts it.
    ///
    /// # Errors
    /// [`DeviceError::NoJack`] where JACK is wanted and not built in.
    pub fn spawn(
        choice: MidiChoice,
        input: Arc<dyn Input>,
        outputs: Arc<Outputs>,
        news: Sender<MidiNews>,
    ) -> Result<Self, DeviceError> {
        if choice.jack && !cfg!(feature = "jack") {
            return Err(DeviceError::NoJack);
        }
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || match choice {
            MidiChoice { none: true, .. } => {}
            #[cfg(feature = "jack")]
            MidiChoice { jack: true, .. } => super::jack_midi::keep(&choice, &input, &outputs, &news, &stopped),
            _ => {
                let mut porter = Porter::new(Native, choice, input, outputs, news);
                porter.look();
                while !is_stopped(&stopped) {
                    porter.look();
                }
            }
        });
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for MidiKeeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has closed the ports; there is nothing left to close.
            let _ended = thread.join();
        }
    }
}

/// Waits for a while: whether it was stopped.
pub(super) fn is_stopped(stopped: &Receiver<()>) -> bool {
    !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Mutex<Vec<String>>);

    impl Log {
        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl Input for Log {
        fn bytes(&self, hand: u32, _: u64, bytes: &[u8]) {
            self.0.lock().unwrap().push(format!("{hand}: {bytes:?}"));
        }
        fn gone(&self, hand: u32, _: u64) {
            self.0.lock().unwrap().push(format!("{hand} gone"));
        }
    }

    /// Ports that a test plugs in and out; an output that is called "mute" refuses everything.
    #[derive(Default, Clone)]
    struct Bench(Arc<Mutex<Vec<String>>>, Arc<Log>);

    struct Cable(String, Arc<Log>);

    impl Output for Cable {
        fn send(&mut self, packet: &Packet) -> bool {
            self.1.0.lock().unwrap().push(format!("{} <- {:?}", self.0, packet.bytes()));
            self.0 != "mute"
        }
    }

    impl System for Bench {
        fn inputs(&mut self) -> Result<Vec<Port>, DeviceError> {
            let names = self.0.lock().unwrap().clone();
            if names.iter().any(|name| name == "broken") {
                return Err(midi_error("broken"));
            }
            Ok(names.into_iter().map(|name| Port { id: format!("id {name}"), name }).collect())
        }
        fn outputs(&mut self) -> Result<Vec<Port>, DeviceError> {
            self.inputs()
        }
        fn hear(&mut self, port: &Port, hand: u32, input: Arc<dyn Input>) -> Result<Box<dyn Any + Send>, DeviceError> {
            if port.name == "deaf" {
                return Err(midi_error("busy"));
            }
            input.bytes(hand, 0, port.name.as_bytes());
            Ok(Box::new(()))
        }
        fn speak(&mut self, port: &Port) -> Result<Box<dyn Output>, DeviceError> {
            Ok(Box::new(Cable(port.name.clone(), Arc::clone(&self.1))))
        }
        fn own(&mut self, _: u32, _: Arc<dyn Input>, _: &Outputs) -> Option<Box<dyn Any + Send>> {
            Some(Box::new(()))
        }
    }

    fn names(news: &Receiver<MidiNews>) -> Vec<String> {
        let name = |news| match news {
            MidiNews::Connected { port } => format!("+{port}"),
            MidiNews::Vanished { port } => format!("-{port}"),
            MidiNews::Unavailable { reason } => format!("!{reason}"),
        };
        news.try_iter().map(name).collect()
    }

    fn porter(inputs: &[&str], outputs: &[&str]) -> (Porter<Bench>, Bench, Arc<Log>, Receiver<MidiNews>) {
        let (bench, log, (sender, news)) = (Bench::default(), Arc::new(Log::default()), channel());
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let choice = MidiChoice { inputs: owned(inputs), outputs: owned(outputs), ..MidiChoice::default() };
        let porter = Porter::new(bench.clone(), choice, log.clone(), Arc::new(Outputs::default()), sender);
        (porter, bench, log, news)
    }

    #[test]
    fn devices_are_taken_up_and_let_go_when_they_vanish() {
        let (mut porter, bench, log, news) = porter(&[], &[]);
        let plug = |names: &[&str]| *bench.0.lock().unwrap() = names.iter().map(|&n| n.to_owned()).collect();
        plug(&["Piano", "Midi Through Port-0", "oneiro:out", "deaf"]);
        porter.look();
        porter.look();
        assert_eq!(names(&news), ["+Piano", "!deaf: MIDI: busy"]);
        assert_eq!(log.take(), [format!("2: {:?}", b"Piano")]);
        plug(&["broken"]);
        porter.look();
        porter.look();
        assert_eq!((names(&news), log.take()), (vec!["!MIDI: broken".into(), "-Piano".into()], vec!["2 gone".into()]));
        plug(&["Piano"]);
        porter.look();
        assert_eq!(names(&news), ["+Piano"]);
    }

    #[test]
    fn outputs_get_messages_when_they_are_due_and_dead_ones_are_dropped() {
        let (mut porter, bench, _, news) = porter(&["none"], &["synth", "mute"]);
        *bench.0.lock().unwrap() = vec!["My Synth".into(), "mute".into(), "Organ".into()];
        porter.look();
        assert_eq!(names(&news), ["+My Synth", "+mute"]);
        let outputs = Arc::clone(&porter.outputs);
        outputs.send(50, &[0x90, 1, 2]);
        outputs.send(90, &[0x80, 1, 0]);
        outputs.send(90, &[0xF0, 1, 2, 3]);
        outputs.flush(49);
        assert!(bench.1.take().is_empty());
        outputs.flush(60);
        outputs.flush(100);
        let mut sent = bench.1.take();
        sent.sort();
        assert_eq!(sent, ["My Synth <- [128, 1, 0]", "My Synth <- [144, 1, 2]", "mute <- [144, 1, 2]"]);
        porter.look();
        assert_eq!(names(&news), ["-mute"]);
    }
}
