//! What is seen of the audio side and of devices.

use super::super::scene::Grade;
use super::{Stagehand, lock};
use crate::bridge::ShowKind;
use crate::devices::midi::MidiNews;
use crate::devices::sound::SoundNews;

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
        while let Some(event) = self.watcher.show.receive() {
            let at = event.pos_beats;
            match event.kind {
                ShowKind::NoteOn { part, pitch, .. } => {
                    scene.note_on(part, pitch, at);
                }
                ShowKind::NoteOff { part, pitch } => scene.note_off(part, pitch, at),
                ShowKind::Transport { epoch, .. } if epoch != self.memory.epoch => {
                    self.memory.epoch = epoch;
                    scene.clear();
                }
                _ => {}
            }
        }
        scene.clock = *self.watcher.clock.read();
        scene.meters = *self.watcher.meters.read();
        let newest = scene.meters.peak;
        for (peak, new) in scene.peak.iter_mut().zip(newest) {
            *peak = new.max(*peak * FALL);
        }
        scene.forget_old();
        let counters = &self.watcher.counters;
        scene.losses.late_dropped = counters.late_dropped.get();
        scene.losses.late_moved = counters.late_moved.get();
        scene.losses.stolen = counters.voices_stolen.get();
        let dropped = [
            &counters.heard_dropped,
            &counters.show_dropped,
            &counters.plans_refused,
            &counters.queue_full,
            &counters.orders_dropped,
            &counters.reports_dropped,
        ];
        scene.losses.dropped = dropped.iter().map(|count| count.get()).sum();
        if now.saturating_sub(self.memory.worst_ns) > 1_000_000_000 {
            self.memory.worst_ns = now;
            scene.load = (self.load.newest(), self.load.take_worst());
        }
    }
}
