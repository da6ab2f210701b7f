//! A performer with a steady transport, for the tests of the audio side.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use oneiro::bridge::{AudioSide, ComposerSide, Part, Plan, Scheduled, Stage, WatcherSide};
use oneiro::live::{Performer, PlayedNote, PlayerEvent, Setup};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

/// A performer and the other ends of its rings.
pub struct Rig {
    /// The performer.
    pub performer: Performer,
    /// The composer's ends.
    pub composer: ComposerSide,
    /// The watcher's ends.
    pub watcher: WatcherSide,
    /// Samples a second.
    pub rate: u32,
    /// Tempo of the transport.
    pub bpm: f64,
    /// Position of the first sample.
    pub from: f64,
    /// Samples played so far.
    pub played: usize,
}

impl Rig {
    /// A rig at 48 kHz and 120 beats a minute.
    pub fn new() -> Self {
        Self::with(Setup::new(SampleRate(48_000)))
    }

    /// A rig with a set-up of its own.
    pub fn with(setup: Setup) -> Self {
        let Stage { audio, composer, watcher }: Stage = Stage::default();
        let audio: AudioSide = audio;
        let rate = setup.sample_rate.0;
        Self { performer: Performer::prepare(setup, audio), composer, watcher, rate, bpm: 120.0, from: 0.0, played: 0 }
    }

    /// Plans a note of the present epoch.
    pub fn note(&mut self, part: Part, at: f64, duration: f64, pitch: u8, velocity: u8) {
        let note = Scheduled { at: Beats(at), duration: Beats(duration), part, pitch, velocity };
        self.performer.schedule(Plan::Note { epoch: self.performer.epoch(), note }).expect("the queue has room");
    }

    /// The transport at a number of samples from the beginning.
    pub fn transport(&self, sample: usize) -> Transport {
        let beats = sample as f64 * self.bpm / (60.0 * f64::from(self.rate));
        transport(true, self.from + beats, self.bpm)
    }

    /// Plays one block and adds its notes to a list.
    pub fn block(&mut self, length: usize, player: &[PlayerEvent], notes: &mut Vec<PlayedNote>) -> [Vec<f32>; 2] {
        let mut out = [vec![9.0; length], vec![9.0; length]];
        let transport = self.transport(self.played);
        let [left, right] = &mut out;
        self.performer.process_with(&transport, player, left, right, &mut |note| notes.push(note));
        self.played += length;
        out
    }

    /// Plays on for a time in blocks of 512 and returns the two channels.
    pub fn play(&mut self, seconds: f64) -> [Vec<f32>; 2] {
        let total = (seconds * f64::from(self.rate)) as usize;
        let mut all = [Vec::new(), Vec::new()];
        let mut notes = Vec::new();
        while all[0].len() < total {
            let [left, right] = self.block(512.min(total - all[0].len()), &[], &mut notes);
            all[0].extend(left);
            all[1].extend(right);
        }
        all
    }
}

/// A transport in common time.
pub fn transport(playing: bool, pos_beats: f64, bpm: f64) -> Transport {
    Transport { playing, pos_beats: Beats(pos_beats), tempo: Bpm(bpm), time_signature: TimeSignature::COMMON }
}
