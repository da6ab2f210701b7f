use crate::bridge::{
    ClockReading, ComposerSide, Part, Plan, RingReceiver, RingSender, SampleClock, Scheduled, Stage, WatcherSide, ring,
};
use crate::live::{Instrument, Order, OrderKind, Patch, PlayerKind, Report, Setup};
use crate::time::{Beats, Bpm, SampleRate};
use std::sync::Arc;

/// Samples a second.
pub const RATE: u32 = 48_000;
/// Audio frames in a block.
pub const BLOCK: usize = 64;
/// Voices that sound at the least, once the first four quarter notes are over.
pub const VOICES: u8 = 16;

const TEMPO: Bpm = Bpm(120.0);
/// Quarter notes from one note of a line to its next.
const LINE: f64 = 4.0;
/// How far ahead notes are planned, in quarter notes.
const AHEAD: f64 = 1.0;
/// The player's key, how long it is held, and how often it is struck.
const KEY: (u8, f64, f64) = (60, 0.5, 1.0);

/// An instrument that never falls silent: sixteen lines, each of which begins a note where its last one ends, in turn,
/// and a key that a player strikes. So voices begin and end all the time, and a little more than sixteen sound.
#[derive(Debug)]
pub struct Rig {
    instrument: Instrument,
    left: [f32; BLOCK],
    right: [f32; BLOCK],
}

/// The other ends of its rings: what workers, hands and screens do about an audio callback.
#[derive(Debug)]
pub struct Hands {
    composer: ComposerSide,
    watcher: WatcherSide,
    orders: RingSender<Order>,
    reports: RingReceiver<Report>,
    /// Where each line begins its next note.
    next: [f64; VOICES as usize],
    /// Where the key is struck next, and whether it is down.
    key: (f64, bool),
    /// Voices that were seen: the least, their sum, and how often they were looked at.
    voices: (u32, u64, u64),
}

impl Rig {
    /// The house sounds; or one patch for all.
    pub fn new(patch: Option<Patch>) -> (Self, Hands) {
        let rate = SampleRate(RATE);
        let Stage { audio, composer, watcher } = Stage::default();
        let ((mut orders, ordered), (reporter, reports)) = (ring(4096), ring(32_768));
        let mut setup = Setup::new(rate);
        if let Some(patch) = patch {
            setup.parts.iter_mut().for_each(|part| part.patch = patch);
        }
        let clock = Arc::new(SampleClock::new(rate));
        // A new ring has room.
        let _room = orders.send(Order { sample: 0, kind: OrderKind::Run(true) });
        let instrument = Instrument::prepare(setup, TEMPO, audio, ordered, reporter, clock);
        let next = std::array::from_fn(|line| LINE * line as f64 / f64::from(VOICES));
        let hands = Hands { composer, watcher, orders, reports, next, key: (0.0, false), voices: (u32::MAX, 0, 0) };
        (Self { instrument, left: [0.0; BLOCK], right: [0.0; BLOCK] }, hands)
    }

    /// Plays one block that begins now, by a steady clock in nanoseconds.
    ///
    /// # Realtime Safety
    /// As [`Instrument::block`].
    pub fn block(&mut self, now_ns: u64) {
        self.instrument.block(now_ns, &mut self.left, &mut self.right);
    }

    /// Plays so many blocks on a clock that goes as music does, and returns the last sample.
    pub fn blocks(&mut self, count: usize) -> f32 {
        for _ in 0..count {
            self.block(self.instrument.now() * 1_000_000_000 / u64::from(RATE));
        }
        self.left[BLOCK - 1]
    }
}

impl Hands {
    /// Plans what comes next, strikes the key, and takes in what the callback tells: for about every millisecond.
    pub fn step(&mut self) {
        let clock = *self.watcher.clock.read();
        let pos = clock.pos_beats.0;
        let voices = self.watcher.meters.read().voices;
        if pos > LINE {
            let (least, sum, times) = self.voices;
            self.voices = (least.min(voices), sum + u64::from(voices), times + 1);
        }
        self.plan_to(&clock, pos + AHEAD);
        let (at, down) = self.key;
        if pos >= at {
            let (pitch, held, period) = KEY;
            let kind = if down { PlayerKind::NoteOff { pitch } } else { PlayerKind::NoteOn { pitch, velocity: 90 } };
            // Where there is no room the key is late.
            if self.orders.send(Order { sample: clock.sample, kind: OrderKind::Play(kind) }).is_ok() {
                self.key = (at + if down { period - held } else { held }, !down);
            }
        }
        while self.composer.heard.receive().is_some() {}
        while self.watcher.show.receive().is_some() {}
        while self.reports.receive().is_some() {}
    }

    /// Plans the first quarter notes at once, for who plays blocks without a hand.
    pub fn plan(&mut self, beats: f64) {
        let clock = *self.watcher.clock.read();
        self.plan_to(&clock, beats);
    }

    fn plan_to(&mut self, clock: &ClockReading, until: f64) {
        for (line, next) in (0..).zip(&mut self.next) {
            while *next < until {
                let part = if line % 2 == 0 { Part::Answer } else { Part::Backing };
                let (at, duration, pitch) = (Beats(*next), Beats(LINE), 45 + 3 * line);
                let note = Scheduled { at, duration, part, pitch, velocity: 90 };
                // A full ring makes a rest, which shows in the number of voices.
                let _room = self.composer.plan(Plan::Note { epoch: clock.epoch, note });
                *next += LINE;
            }
        }
    }

    /// The least and the mean number of voices that were seen since the first four quarter notes.
    pub fn voices(&self) -> (u32, f64) {
        let (least, sum, times) = self.voices;
        if times == 0 { (0, 0.0) } else { (least, sum as f64 / times as f64) }
    }

    /// Messages that were lost on the way, and notes that were late: 0 in a sound performance. Sounds that ring long steal
    /// voices from each other here, which is no loss.
    pub fn lost(&self) -> u64 {
        let c = &self.watcher.counters;
        let all = [&c.heard_dropped, &c.show_dropped, &c.plans_refused, &c.queue_full, &c.late_dropped];
        let more = [&c.late_moved, &c.stale, &c.malformed, &c.orders_dropped, &c.reports_dropped];
        all.iter().chain(&more).map(|count| count.get()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_voices_sound_all_the_time_whatever_the_patch() {
        for patch in Patch::ALL.map(Some).into_iter().chain([None]) {
            let (mut rig, mut hands) = Rig::new(patch);
            hands.step();
            for _ in 0..3000 {
                rig.blocks(1);
                hands.step();
            }
            let (least, mean) = hands.voices();
            assert!(least >= u32::from(VOICES) && mean <= 32.0, "{patch:?}: at least {least}, {mean} on the average");
            assert_eq!(hands.lost(), 0, "{patch:?}");
        }
    }
}
