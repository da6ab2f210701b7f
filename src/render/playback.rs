//! The audio side while time is virtual: a performer, what listens to it, and what it tells.

use super::RenderError;
use super::voicing::Voicing;
use super::wav::{Listener, Tape};
use crate::bridge::{ClockReading, ComposerSide, Plan, ShowEvent, Stage, StageSizes, WatcherSide};
use crate::live::Performer;
use std::ops::Range;

/// Plans, notes heard or events of the show that may wait at once beside those that are known from the start.
const ROOM: usize = 1 << 16;

/// A performer that is played to a listener.
pub(super) struct Playback<'a> {
    pub performer: Performer,
    tape: Tape<'a>,
    watcher: WatcherSide,
    /// Plans that found no room.
    refused: u64,
}

impl<'a> Playback<'a> {
    /// For `samples` samples in blocks of at most `block`, with room for so many plans that are known from the start; and the end
    /// for whoever composes.
    pub fn new(
        voicing: Voicing,
        (samples, block): (u64, usize),
        known: usize,
        listener: &'a mut dyn Listener,
    ) -> (Self, ComposerSide) {
        let room = known + ROOM;
        let Stage { audio, composer, watcher } =
            Stage::new(StageSizes { plans: room, heard: 4 * room, show: 4 * room });
        let tape = Tape::new(samples, voicing.rate, listener);
        let performer = tape.prepare(voicing.performer(room, audio), block);
        (Self { performer, tape, watcher, refused: 0 }, composer)
    }

    /// Hands plans over, past the composer's ring.
    pub fn schedule(&mut self, plans: impl IntoIterator<Item = Plan>) {
        for plan in plans {
            self.refused += u64::from(self.performer.schedule(plan).is_err());
        }
    }

    /// Samples of one block: `play` fills left and right.
    pub fn play(
        &mut self,
        range: Range<u64>,
        play: impl FnOnce(&mut Performer, &mut [f32], &mut [f32]),
    ) -> Result<(), RenderError> {
        self.tape.play(&mut self.performer, range, play)
    }

    /// What was worth seeing since this was asked last.
    pub fn show(&mut self) -> impl Iterator<Item = ShowEvent> + '_ {
        std::iter::from_fn(|| self.watcher.show.receive())
    }

    /// Where the performer is.
    pub fn clock(&mut self) -> &ClockReading {
        self.watcher.clock.read()
    }

    /// Plans that came after their time.
    pub fn late(&self) -> u64 {
        self.watcher.counters.late_dropped.get()
    }

    /// What was lost because something was full or made no sense.
    pub fn lost(&self) -> u64 {
        let counters = &self.watcher.counters;
        let lost = [&counters.heard_dropped, &counters.show_dropped, &counters.malformed];
        self.refused + lost.iter().map(|count| count.get()).sum::<u64>()
    }
}
