//! Who plays along: tells the composer of time and of orders, and hears what comes of them.

use super::{Stagehand, lock};
use crate::bridge::ComposerSide;
use crate::compose::{ComposeError, DirectorWorker, News, Order};
use crate::controls::Control;
use crate::music::STEPS_PER_BEAT;
use crate::seen::Grade;
use crate::take::{ChosenPhrase, Event};
use crate::time::Beats;

/// Who plays along.
#[derive(Debug)]
pub(in super::super) enum Company {
    /// The composer, on its thread.
    Composer(DirectorWorker),
    /// Nobody: what is heard is let go.
    Nobody(ComposerSide),
    /// The composer's thread has ended, which was told.
    Gone,
}

/// What was heard waits no longer than this in its ring.
const LISTEN_NS: u64 = 50_000_000;

/// What the composer was last told of time: the stretch, whether time runs, and the step of the grid.
#[derive(Debug, Default)]
pub(super) struct Followed {
    seen: (u32, bool, i64),
    at_ns: u64,
}

impl Stagehand {
    /// Tells the composer how far time has come, at each step of its grid, and takes in its news.
    pub(super) fn accompany(&mut self, now: u64) {
        let clock = *self.watcher.clock.read();
        let step = (clock.pos_beats.0 * f64::from(STEPS_PER_BEAT)).floor() as i64;
        let seen = (clock.epoch, clock.playing, step);
        let Followed { seen: before, at_ns } = self.memory.followed;
        if seen != before || now.saturating_sub(at_ns) > LISTEN_NS {
            self.memory.followed = Followed { seen, at_ns: now };
            match &mut self.company {
                Company::Composer(worker) => {
                    let followed = worker.follow(clock);
                    self.mind(followed);
                }
                Company::Nobody(side) => while side.heard.receive().is_some() {},
                Company::Gone => {}
            }
        }
        while let Company::Composer(worker) = &self.company
            && let Some(news) = worker.news()
        {
            self.news(news);
        }
    }

    /// Orders of the composer what follows from a control.
    pub(super) fn order(&mut self, control: Control, value: f64) {
        let Company::Composer(worker) = &self.company else { return };
        let Some(order) = self.memory.settings.order(control) else { return };
        let given = worker.order(self.watcher.clock.read().pos_beats, order.clone());
        self.memory.orders.push_back((order, control, value));
        self.mind(given);
    }

    pub(super) fn mind(&mut self, result: Result<(), ComposeError>) {
        if let Err(e) = result {
            self.company = Company::Gone;
            self.tell(Grade::Warning, format!("nothing is answered from here on: {e}; begin the session again"));
        }
    }

    fn news(&mut self, news: News) {
        let sample = self.memory.sample;
        if let Some((at, order)) = &news.order {
            self.followed(sample, order, *at);
        }
        for played in &news.phrases {
            let (at, to) = played.window;
            let chosen = ChosenPhrase { at, duration: to - at, notes: played.phrase.notes.clone() };
            self.write(|recorder| recorder.write(sample, Event::Phrase(chosen)));
        }
        lock(&self.scene).compose(news);
    }

    /// Notes in the record from where on an order counts. Orders are followed in turn; one that is passed over was refused.
    fn followed(&mut self, sample: u64, order: &Order, at: Beats) {
        let orders = &mut self.memory.orders;
        let Some(place) = orders.iter().position(|(given, ..)| given == order) else { return };
        let ordered = orders.drain(..=place).next_back();
        if let Some((_, control, value)) = ordered {
            let name = control.spec().name.to_owned();
            self.write(|recorder| recorder.write(sample, Event::Order(name, value, at)));
        }
    }
}
