//! What is seen of the audio side and of devices.

use super::{Stagehand, lock};
use crate::devices::midi::MidiNews;
use crate::devices::sound::SoundNews;
use crate::seen::Grade;

/// What a level keeps from one look at it to the next, a millisecond later.
const FALL: f32 = 0.996;

impl Stagehand {
    pub(super) fn sound(&self, news: SoundNews) {
        let mut scene = lock(&self.scene);
        match news {
            SoundNews::Playing { device } => {
                scene.tell(Grade::Note, format!("sound: {device}"));
                scene.device = Some(device);
            }
            SoundNews::Lost { reason } => {
                scene.device = None;
                scene.tell(Grade::Warning, format!("sound: {reason}; it is tried again, and time goes on"));
            }
            SoundNews::Xrun => scene.losses.xruns += 1,
        }
    }

    pub(super) fn midi(&self, news: MidiNews) {
        let mut scene = lock(&self.scene);
        match news {
            MidiNews::Connected { port } => {
                scene.tell(Grade::Note, format!("MIDI: {port}"));
                scene.ports.push(port);
            }
            MidiNews::Vanished { port } => {
                scene.ports.retain(|p| *p != port);
                scene.tell(Grade::Warning, format!("MIDI: {port} has vanished"));
            }
            MidiNews::Unavailable { reason } => scene.tell(Grade::Warning, format!("no MIDI: {reason}")),
        }
    }

    /// Looks at the audio side.
    pub(super) fn watch(&mut self, now: u64) {
        let mut scene = lock(&self.scene);
        scene.watch(&mut self.watcher, FALL);
        if now.saturating_sub(self.memory.worst_ns) > 1_000_000_000 {
            self.memory.worst_ns = now;
            scene.load = (self.load.newest(), self.load.take_worst());
        }
    }
}
