//! Takes ports up when they appear and drops them when they vanish.

use super::outputs::{Output, Outputs};
use super::{Input, MidiChoice, MidiNews, is_ours};
use crate::devices::{DeviceError, fits};
use crate::moment::now_ns;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// A port of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    pub id: String,
    pub name: String,
}

/// The ports of a system, and ways to connect to them.
pub(super) trait System: Send {
    fn inputs(&mut self) -> Result<Vec<Port>, DeviceError>;
    fn outputs(&mut self) -> Result<Vec<Port>, DeviceError>;
    /// Connects to an input as long as what is given back lives.
    fn hear(&mut self, port: &Port, hand: u32, input: Arc<dyn Input>) -> Result<Box<dyn Any + Send>, DeviceError>;
    fn speak(&mut self, port: &Port) -> Result<Box<dyn Output>, DeviceError>;
    /// Makes ports of our own that others connect to, where the system has such.
    fn own(&mut self, hand: u32, input: Arc<dyn Input>, outputs: &Outputs) -> Option<Box<dyn Any + Send>>;
}

/// Takes ports up and drops them.
pub(super) struct Porter<S> {
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
    pub fn new(
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

    pub fn look(&mut self) {
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

#[cfg(test)]
mod tests {
    use super::super::outputs::Packet;
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    fn midi_error(e: impl std::fmt::Display) -> DeviceError {
        DeviceError::Midi(e.to_string())
    }

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
        assert_eq!(names(&news), ["+Piano", "!deaf: busy"]);
        assert_eq!(log.take(), [format!("2: {:?}", b"Piano")]);
        plug(&["broken"]);
        porter.look();
        porter.look();
        assert_eq!((names(&news), log.take()), (vec!["!broken".into(), "-Piano".into()], vec!["2 gone".into()]));
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
