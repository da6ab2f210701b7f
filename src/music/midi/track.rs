use super::pairing::KeyEvent;
use crate::time::{Beats, TempoMap};
use midly::Timing;
use std::collections::BTreeMap;

/// Leads from ticks to beats by one multiplication and one division.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    ticks_per_beat: f64,
    /// Whether the file counts seconds, not quarter notes.
    pub in_seconds: bool,
}

impl Clock {
    pub(super) fn of(timing: Timing) -> Self {
        match timing {
            Timing::Metrical(ticks) => Self { ticks_per_beat: f64::from(ticks.as_int()), in_seconds: false },
            Timing::Timecode(fps, ticks_per_frame) => {
                let ticks_a_second = f64::from(fps.as_f32()) * f64::from(ticks_per_frame);
                let ticks_per_beat = ticks_a_second * TempoMap::DEFAULT.seconds_per_beat();
                Self { ticks_per_beat, in_seconds: true }
            }
        }
    }

    pub(super) fn beats(&self, ticks: u64) -> Beats {
        Beats(ticks as f64 / self.ticks_per_beat)
    }

    pub(super) fn ticks(&self, beats: f64) -> u64 {
        (beats * self.ticks_per_beat).round().max(1.0) as u64
    }
}

/// A track while it is read.
pub(super) struct Track {
    pub index: usize,
    pub tick: u64,
    pub name: String,
    /// Program of each channel that sets one.
    pub programs: BTreeMap<u8, u8>,
    pub events: Vec<KeyEvent>,
    /// How often each key of each channel is held now.
    held: Vec<u32>,
}

impl Track {
    pub(super) fn new(index: usize) -> Self {
        Self {
            index,
            tick: 0,
            name: String::new(),
            programs: BTreeMap::new(),
            events: Vec::new(),
            held: vec![0; 16 * 128],
        }
    }

    pub(super) fn note_on(&mut self, channel: u8, key: u8, velocity: u8) {
        self.held[slot(channel, key)] += 1;
        self.push(channel, key, velocity);
    }

    pub(super) fn note_off(&mut self, channel: u8, key: u8) {
        let held = &mut self.held[slot(channel, key)];
        *held = held.saturating_sub(1);
        self.push(channel, key, 0);
    }

    /// Ends everything that sounds on a channel.
    pub(super) fn all_off(&mut self, channel: u8) {
        for key in 0..128 {
            for _ in 0..std::mem::take(&mut self.held[slot(channel, key)]) {
                self.push(channel, key, 0);
            }
        }
    }

    fn push(&mut self, channel: u8, key: u8, velocity: u8) {
        let key = u16::from(channel) << 8 | u16::from(key);
        self.events.push(KeyEvent { tick: self.tick, key, velocity });
    }
}

fn slot(channel: u8, key: u8) -> usize {
    usize::from(channel & 15) * 128 + usize::from(key & 127)
}
