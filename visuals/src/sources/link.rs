//! The plugin and `oneiro play`, as they play: followed as soon as one is there, let go when it has gone; until then, and where
//! a host has stood for a while, the show dreams.

use super::{Dream, Feed};
use crate::show::clock::Reading;
use oneiro::bridge::{ShowEvent, ShowKind};
use oneiro::link::{Choice, Listener, Merge, Mirror, Position, Tidings};
use oneiro::moment::now_ns;

/// Seconds that a host may stand before the show dreams on.
const PATIENCE: f64 = 8.0;

/// Follows instances.
#[derive(Debug)]
pub struct Link {
    listener: Listener,
    merge: Merge,
    dream: Dream,
    /// What is dreamt while somebody plays.
    unheard: Vec<ShowEvent>,
    follows: bool,
    epoch: u32,
    problem: Option<String>,
}

impl Link {
    /// Follows those that are chosen. The picture in `mirror` goes to whoever wants one. Dreams are of this seed and tempo.
    pub fn new(choice: Choice, mirror: Mirror, seed: u64, tempo: f64) -> Self {
        Self {
            listener: Listener::spawn(choice, mirror),
            merge: Merge::default(),
            dream: Dream::new(seed, tempo),
            unheard: Vec::new(),
            follows: false,
            epoch: 0,
            problem: None,
        }
    }

    fn listen(&mut self) {
        while let Some(tidings) = self.listener.next() {
            match tidings {
                Tidings::Joined(line, found) => self.merge.join(line, found),
                Tidings::Left(line) => self.merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => self.merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => self.problem = Some(reason),
            }
        }
    }

    /// The show goes on in another music.
    fn turn(&mut self, follows: bool, reading: &Reading, events: &mut Vec<ShowEvent>) {
        if std::mem::replace(&mut self.follows, follows) != follows {
            self.epoch = self.epoch.wrapping_add(1);
            let kind = ShowKind::Transport { playing: reading.playing, tempo: reading.tempo, epoch: self.epoch };
            events.push(ShowEvent { pos_beats: reading.beats, kind });
        }
    }
}

fn stands(position: &Position) -> bool {
    !position.playing && position.idle_ns as f64 * 1e-9 > PATIENCE
}

impl Feed for Link {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        self.listen();
        // It goes on all the time, so that nothing has to be made up for.
        self.unheard.clear();
        let dreamt = self.dream.advance(seconds, &mut self.unheard);
        let heard_from = events.len();
        let position = self.merge.advance(now_ns(), events);
        let Some(at) = position.filter(|position| !stands(position)) else {
            self.turn(false, &dreamt, events);
            events.append(&mut self.unheard);
            return dreamt;
        };
        let reading = Reading { seconds, beats: at.beats, tempo: at.tempo, playing: at.playing };
        let heard = events.split_off(heard_from);
        self.turn(true, &reading, events);
        for mut event in heard {
            if let ShowKind::Transport { epoch, .. } = &mut event.kind {
                self.epoch = self.epoch.wrapping_add(1);
                *epoch = self.epoch;
            }
            events.push(event);
        }
        reading
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        !self.follows && self.dream.set_tempo(tempo)
    }

    fn about(&self) -> String {
        match (self.merge.about(now_ns()).filter(|_| self.follows), &self.problem) {
            (Some((found, count)), _) => {
                let others = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                format!("following {} in {}{others}", found.name, found.program)
            }
            (None, Some(problem)) => format!("{}; {problem}", self.dream.about()),
            (None, None) => format!("{}; nobody to follow yet", self.dream.about()),
        }
    }
}
