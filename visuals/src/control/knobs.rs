//! Knobs of MIDI devices: which moves what, learnt by moving it.

use super::order::Order;
use crate::show::controls::{CONTROLS, Control};
use oneiro::controls::{ControlMap, Knob, Learner};
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What there is to see of the knobs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnobsSeen {
    /// The control that waits for a knob.
    pub learning: Option<Control>,
    /// What moves each control, as one reads it.
    pub map: Vec<(Control, String)>,
}

/// The map of knobs, shared by the threads of MIDI ports and by surfaces. The screen's thread has no part in it.
#[derive(Debug)]
pub struct Knobs {
    learner: Mutex<Learner<Control>>,
    file: Option<PathBuf>,
    orders: SyncSender<Order>,
    seen: watch::Sender<Arc<KnobsSeen>>,
}

impl Knobs {
    /// Begins with a map, and keeps what is learnt in a file.
    pub(super) fn new(map: ControlMap<Control>, file: Option<PathBuf>, orders: SyncSender<Order>) -> Self {
        let learner = Learner::new(map);
        let seen = watch::Sender::new(Arc::new(see(&learner)));
        Self { learner: Mutex::new(learner), file, orders, seen }
    }

    fn lock(&self) -> MutexGuard<'_, Learner<Control>> {
        // A thread that panicked here has left nothing half done that matters.
        self.learner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next knob that moves is to move this control; `None` ends the wait.
    pub fn learn(&self, control: Option<Control>) {
        let mut learner = self.lock();
        learner.wait(control);
        self.seen.send_replace(Arc::new(see(&learner)));
    }

    /// Forgets what moves a control.
    pub fn forget(&self, control: Control) {
        self.lock().forget(control);
        self.keep();
    }

    /// Takes a message of a device: whether it moves a control, and so is no music.
    pub fn message(&self, message: &[u8]) -> bool {
        let Some((channel, knob, position)) = Knob::of(message) else { return false };
        let turn = self.lock().turn(channel, knob, position);
        let Some(turn) = turn else { return false };
        if let Some(binding) = turn.learnt {
            self.keep();
            let knob = self.lock().map().text(binding.control).unwrap_or_default();
            self.order(Order::Note(format!("{knob} moves {}", binding.control.spec().name)));
        }
        self.order(Order::Knob(turn.moved, knob, position));
        true
    }

    fn order(&self, order: Order) {
        // What finds no room is lost, as a knob's next position makes up for it.
        let _full = self.orders.try_send(order);
    }

    fn keep(&self) {
        let (map, seen) = {
            let learner = self.lock();
            (learner.map().clone(), see(&learner))
        };
        self.seen.send_replace(Arc::new(seen));
        if let Some(Err(e)) = self.file.as_deref().map(|file| map.write(file)) {
            self.order(Order::Note(format!("the map of knobs is not kept: {e}")));
        }
    }

    /// Tells of each change.
    pub fn seen(&self) -> watch::Receiver<Arc<KnobsSeen>> {
        self.seen.subscribe()
    }
}

fn see(learner: &Learner<Control>) -> KnobsSeen {
    let text = |control: Control| learner.map().text(control).map(|text| (control, text));
    KnobsSeen { learning: learner.waiting(), map: CONTROLS.iter().filter_map(|spec| text(spec.control)).collect() }
}

#[cfg(feature = "live")]
pub use live::{MidiKnobs, hand};

#[cfg(feature = "live")]
mod live {
    use super::Knobs;
    use crate::sources::FirstHand;
    use oneiro::devices::DeviceError;
    use oneiro::devices::midi::{Input, MidiChoice, MidiKeeper, Outputs};
    use oneiro::music::midi::MessageReader;
    use std::collections::BTreeMap;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};

    /// MIDI devices of which only knobs are wanted.
    pub struct MidiKnobs {
        _keeper: MidiKeeper,
    }

    impl MidiKnobs {
        /// Takes up every input whose name has one of these parts; every input without any.
        ///
        /// # Errors
        /// [`DeviceError`].
        pub fn open(inputs: Vec<String>, knobs: Arc<Knobs>) -> Result<Self, DeviceError> {
            let choice = MidiChoice { inputs, ..MidiChoice::default() };
            // Ports that come and go are nothing that is told here.
            let (told, _news) = channel();
            let hand = Arc::new(Hand { knobs, readers: Mutex::default() });
            Ok(Self { _keeper: MidiKeeper::spawn(choice, hand, Arc::new(Outputs::default()), told)? })
        }
    }

    /// What the music's own MIDI is shown first: it says whether a message moves a control.
    pub fn hand(knobs: &Arc<Knobs>) -> FirstHand {
        let knobs = Arc::clone(knobs);
        Box::new(move |message| knobs.message(message))
    }

    struct Hand {
        knobs: Arc<Knobs>,
        readers: Mutex<BTreeMap<u32, MessageReader>>,
    }

    impl Input for Hand {
        fn bytes(&self, hand: u32, _: u64, bytes: &[u8]) {
            let Ok(mut readers) = self.readers.lock() else { return };
            readers.entry(hand).or_default().read(bytes, |message| {
                // What moves nothing is music, and nobody's here.
                let _music = self.knobs.message(message.bytes());
            });
        }

        fn gone(&self, hand: u32, _: u64) {
            if let Ok(mut readers) = self.readers.lock() {
                readers.remove(&hand);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn a_knob_is_learnt_kept_and_moves_its_control_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("map.toml");
        let (sent, orders) = sync_channel(16);
        let knobs = Knobs::new(ControlMap::default(), Some(file.clone()), sent);
        assert!(!knobs.message(&[0xB0, 7, 64]) && !knobs.message(&[]) && !knobs.message(&[0xF8]));
        knobs.learn(Some(Control::Zoom));
        assert_eq!(knobs.seen().borrow().learning, Some(Control::Zoom));
        assert!(knobs.message(&[0xB0, 7, 127]));
        assert!(matches!(orders.try_recv(), Ok(Order::Note(text)) if text.contains("zoom")));
        assert_eq!(orders.try_recv(), Ok(Order::Knob(Control::Zoom, Knob::Controller(7), 1.0)));
        assert_eq!(ControlMap::<Control>::read(&file).unwrap().text(Control::Zoom).unwrap(), "CC7 ch1");
        // Notes and the wheel are learnt the same way; a note that is a switch is no music.
        knobs.learn(Some(Control::Go));
        assert!(!knobs.message(&[0x80, 40, 0]), "a key that is let go is nothing to learn");
        assert!(knobs.message(&[0x91, 40, 90]) && knobs.message(&[0x81, 40, 0]));
        knobs.learn(Some(Control::Hue));
        assert!(knobs.message(&[0xE0, 0, 64]));
        knobs.forget(Control::Zoom);
        assert!(!knobs.message(&[0xB0, 7, 1]));
        assert_eq!(knobs.seen().borrow().map.len(), 2);
    }
}
