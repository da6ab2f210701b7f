//! MIDI from devices: notes as they are played, time from MIDI clock where one runs, and the show's own tempo where none does.

use super::Feed;
use super::player::Player;
use crate::show::clock::Reading;
use oneiro::bridge::ShowEvent;
use oneiro::devices::DeviceError;
use oneiro::devices::midi::{Input, MidiChoice, MidiKeeper, MidiNews, Outputs};
use oneiro::moment::now_ns;
use oneiro::music::midi::{Message, MessageReader};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Messages that wait to be seen; more are dropped, oldest kept.
const WAITING: usize = 4096;

/// A message and when it came.
type Stamped = (u32, u64, Message);

/// Sees every message first, and says whether it is its own and no music.
pub type FirstHand = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Makes messages of bytes, on the threads of devices.
struct Intake {
    readers: Mutex<BTreeMap<u32, MessageReader>>,
    messages: SyncSender<Stamped>,
    first: Option<FirstHand>,
}

impl Input for Intake {
    fn bytes(&self, hand: u32, ns: u64, bytes: &[u8]) {
        let Ok(mut readers) = self.readers.lock() else { return };
        readers.entry(hand).or_default().read(bytes, |message| {
            if self.first.as_ref().is_some_and(|first| first(message.bytes())) {
                return;
            }
            // Where nobody looks, nothing waits: the newest is lost.
            let _lost = self.messages.try_send((hand, ns, message));
        });
    }

    fn gone(&self, hand: u32, _: u64) {
        if let Ok(mut readers) = self.readers.lock() {
            readers.remove(&hand);
        }
    }
}

/// MIDI from devices.
pub struct Midi {
    _keeper: MidiKeeper,
    news: Receiver<MidiNews>,
    messages: Receiver<Stamped>,
    player: Player,
    ports: BTreeSet<String>,
}

impl Midi {
    /// Takes up every input whose name has one of these parts; every input without any. What `first` takes is not heard.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn open(inputs: Vec<String>, tempo: f64, first: Option<FirstHand>) -> Result<Self, DeviceError> {
        let (messages, received) = sync_channel(WAITING);
        let (told, news) = std::sync::mpsc::channel();
        let intake = Arc::new(Intake { readers: Mutex::default(), messages, first });
        let choice = MidiChoice { inputs, ..MidiChoice::default() };
        let keeper = MidiKeeper::spawn(choice, intake, Arc::new(Outputs::default()), told)?;
        Ok(Self { _keeper: keeper, news, messages: received, player: Player::new(tempo), ports: BTreeSet::new() })
    }
}

impl Feed for Midi {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        while let Ok(news) = self.news.try_recv() {
            match news {
                MidiNews::Connected { port } => drop(self.ports.insert(port)),
                MidiNews::Vanished { port } => drop(self.ports.remove(&port)),
                MidiNews::Unavailable { .. } => {}
            }
        }
        let now = now_ns();
        while let Ok((_, ns, message)) = self.messages.try_recv() {
            // A moment ago, on the show's clock.
            let ago = now.saturating_sub(ns) as f64 * 1e-9;
            self.player.message(seconds - ago, message.bytes());
        }
        self.player.advance(seconds, events)
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        self.player.set_tempo(tempo)
    }

    fn about(&self) -> String {
        let ports: Vec<&str> = self.ports.iter().map(String::as_str).collect();
        let from = if ports.is_empty() { "no MIDI input yet".to_owned() } else { ports.join(", ") };
        let clock = if self.player.follows() { "MIDI clock" } else { "own time" };
        format!("{from}; {clock}, {:.1} bpm", self.player.tempo())
    }
}
