//! The stand-alone instrument and those who look at it from another program.

use super::scene::Scene;
use super::stagehand::lock;
use crate::bridge::RelayReceiver;
use crate::link::{Identity, Onlooker, Publisher, Watched};
use crate::seen::Grade;
use crate::time::SampleRate;
use std::sync::{Arc, Mutex};

struct Teller {
    scene: Arc<Mutex<Scene>>,
    watchers: usize,
}

impl Onlooker for Teller {
    fn watched(&mut self, watched: &Watched) {
        let before = std::mem::replace(&mut self.watchers, watched.watchers);
        let text = match (before, watched.watchers) {
            (0, 1..) => "a visualizer follows",
            (1.., 0) => "no visualizer follows any more",
            _ => return,
        };
        lock(&self.scene).tell(Grade::Note, text.to_owned());
    }

    fn problem(&mut self, reason: &str) {
        lock(&self.scene).tell(Grade::Warning, format!("visualizers cannot follow: {reason}"));
    }
}

/// Tells other programs what is played, as long as what it gives lives.
pub(super) fn publish(rate: SampleRate, relay: RelayReceiver, scene: &Arc<Mutex<Scene>>) -> Publisher {
    let identity = Identity { name: "oneiro play".to_owned(), program: "oneiro".to_owned(), rate };
    Publisher::spawn(identity, relay, Box::new(Teller { scene: Arc::clone(scene), watchers: 0 }))
}
