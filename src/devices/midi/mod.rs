//! MIDI ports: taken up when they appear, dropped when they vanish, known by name.

mod native;
mod outputs;
mod porter;

pub use outputs::Outputs;
#[cfg(feature = "jack")]
pub(in crate::devices) use outputs::{Output, Packet};

use super::DeviceError;
use native::Native;
use porter::{Port, Porter, System as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Who takes what MIDI devices send. Called on threads of theirs, never on the audio thread.
pub trait Input: Send + Sync {
    /// Bytes of a device, at a moment of [`crate::moment::now_ns`]. They may be cut anywhere.
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
pub(in crate::devices) const OUR_NAME: &str = "oneiro";
/// How often ports are looked for.
pub(in crate::devices) const LOOK: Duration = Duration::from_millis(500);

/// Names of all inputs and outputs.
///
/// # Errors
/// [`DeviceError::Midi`] where there is no MIDI.
pub fn list() -> Result<[Vec<String>; 2], DeviceError> {
    let names = |ports: Vec<Port>| ports.into_iter().map(|port| port.name).collect();
    Ok([names(Native.inputs()?), names(Native.outputs()?)])
}

pub(in crate::devices) fn is_ours(name: &str) -> bool {
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
pub(in crate::devices) fn is_stopped(stopped: &Receiver<()>) -> bool {
    !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout))
}
