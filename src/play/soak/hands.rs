//! Hands that do anything: tunes and chords, storms of bytes, knobs, orders, clocks that jump, devices that vanish.

use crate::bridge::Part;
use crate::compose::{Boundary, Corner, Mode, Order};
use crate::controls::{CONTROLS, Settings, Shape};
use crate::live::transport::ClockMessage;
use crate::live::{OrderKind, Patch};
use crate::time::{Beats, Bpm, TimeSignature};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// MIDI devices there are: the numbers of their hands are 1 and on.
pub(super) const DEVICES: u32 = 3;

/// Something that is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// A device sends bytes.
    Bytes(u32, Vec<u8>),
    /// A device vanishes, whatever it holds.
    Gone(u32),
    /// The instrument is ordered something.
    Instrument(OrderKind),
    /// The composer is ordered something.
    Composer(Order),
    /// Everything ends.
    Panic,
}

/// Random hands: what they will do, by the second at which they do it.
#[derive(Debug)]
pub(super) struct Hands {
    rng: ChaCha8Rng,
    settings: Settings,
    /// By milliseconds, and in the order in which it was thought of.
    coming: BTreeMap<(u64, u64), Act>,
    thought_of: u64,
    /// When the next gesture begins, in milliseconds.
    next: u64,
}

impl Hands {
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, settings: Settings::default(), coming: BTreeMap::new(), thought_of: 0, next: 0 }
    }

    /// What is to be done up to a moment, in seconds.
    pub fn due(&mut self, now: f64) -> Vec<Act> {
        let now = (1e3 * now) as u64;
        while self.next <= now {
            self.gesture(self.next);
            self.next += self.rng.random_range(20..1200);
        }
        let later = self.coming.split_off(&(now + 1, 0));
        std::mem::replace(&mut self.coming, later).into_values().collect()
    }

    /// Forgets what was to come, and rests for some seconds.
    pub fn rest(&mut self, now: f64, seconds: f64) {
        self.coming.clear();
        self.next = (1e3 * (now + seconds)) as u64;
    }

    fn at(&mut self, ms: u64, act: Act) {
        self.coming.insert((ms, self.thought_of), act);
        self.thought_of += 1;
    }

    fn note(&mut self, device: u32, (from, to): (u64, u64), pitch: u8) {
        let (channel, velocity) = ((device % 16) as u8, self.rng.random_range(30..120));
        self.at(from, Act::Bytes(device, vec![0x90 | channel, pitch, velocity]));
        self.at(to, Act::Bytes(device, vec![0x80 | channel, pitch, 0]));
    }

    fn gesture(&mut self, now: u64) {
        let device = self.rng.random_range(1..=DEVICES);
        match self.rng.random_range(0..40) {
            0..=11 => self.tune(now, device),
            12..=15 => self.chord(now, device),
            16..=18 => self.order(now),
            19..=22 => self.knobs(now),
            23 | 24 => {
                let mode = *Mode::ALL.choose(&mut self.rng).unwrap_or(&Mode::Answer);
                self.at(now, Act::Composer(Order::Mode(mode)));
            }
            25 => {
                // Back to something that plays.
                self.settings = Settings::default();
                self.at(now, Act::Composer(Order::Settings(Box::new(self.settings.composer().clone()))));
            }
            26..=30 => self.time(now),
            31 => self.outer_clock(now, device),
            32 => self.at(now, Act::Panic),
            33 => {
                let patch = *[Patch::Keys, Patch::Pad, Patch::Bells, Patch::Organ]
                    .choose(&mut self.rng)
                    .unwrap_or(&Patch::Lead);
                let part = *Part::ALL.choose(&mut self.rng).unwrap_or(&Part::Call);
                self.at(now, Act::Instrument(OrderKind::Patch(part, patch)));
                let volume = self.rng.random_range(0.2..1.0);
                self.at(now, Act::Instrument(OrderKind::Volume(volume)));
            }
            _ => self.nonsense(now, device),
        }
    }

    /// Some notes of a scale, one after the other, on a loose grid.
    fn tune(&mut self, now: u64, device: u32) {
        const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
        let (root, pace) = (self.rng.random_range(48..72), self.rng.random_range(90..420));
        let (mut at, mut degree) = (now, self.rng.random_range(0..7_i32));
        for _ in 0..self.rng.random_range(3..14) {
            degree += self.rng.random_range(-2..=2);
            let pitch = (root + 12 * degree.div_euclid(7) + SCALE[degree.rem_euclid(7) as usize]).clamp(0, 127) as u8;
            let length = pace * self.rng.random_range(1..4);
            let held = length * self.rng.random_range(5..11) / 10;
            self.note(device, (at, at + held), pitch);
            at += length;
        }
    }

    fn chord(&mut self, now: u64, device: u32) {
        let (root, length) = (self.rng.random_range(36..66), self.rng.random_range(400..4000));
        let third = self.rng.random_range(3..=4);
        for interval in [0, third, 7] {
            self.note(device, (now, now + length), root + interval);
        }
    }

    fn order(&mut self, now: u64) {
        let corner = *Corner::ALL.choose(&mut self.rng).unwrap_or(&Corner::A);
        let order = match self.rng.random_range(0..7) {
            0 => Order::Again,
            1 | 2 => Order::Another,
            3 => Order::Undo,
            4 => Order::Redo,
            _ => Order::Capture(corner),
        };
        self.at(now, Act::Composer(order));
    }

    /// Moves a few of the composer's controls anywhere.
    fn knobs(&mut self, now: u64) {
        for _ in 0..self.rng.random_range(1..5) {
            let spec = &CONTROLS[self.rng.random_range(0..CONTROLS.len())];
            if spec.is_composers() && spec.shape != Shape::Trigger {
                self.settings.set(spec.control, spec.at(self.rng.random_range(0.0..=1.0)));
            }
        }
        let mut settings = self.settings.composer().clone();
        settings.direction.switch_at = if self.rng.random() { Boundary::Bar } else { Boundary::Beat };
        self.at(now, Act::Composer(Order::Settings(Box::new(settings))));
    }

    fn time(&mut self, now: u64) {
        let order = match self.rng.random_range(0..6) {
            0 => OrderKind::Locate(Beats(self.rng.random_range(-8.0..200.0))),
            1 => OrderKind::Locate(Beats(f64::from(self.rng.random_range(0..16_u8)) * 4.0)),
            2 => OrderKind::Tempo(Bpm(self.rng.random_range(40.0..300.0))),
            3 => {
                let metres = [(4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (2, 2)];
                let (numerator, denominator) = *metres.choose(&mut self.rng).unwrap_or(&(4, 4));
                OrderKind::Metre(TimeSignature { numerator, denominator })
            }
            4 => {
                for tap in 0..4 {
                    let apart = self.rng.random_range(300..700);
                    self.at(now + tap * apart, Act::Instrument(OrderKind::Tap));
                }
                return;
            }
            _ => {
                let later = now + self.rng.random_range(50..2500);
                self.at(later, Act::Instrument(OrderKind::Run(true)));
                OrderKind::Run(false)
            }
        };
        self.at(now, Act::Instrument(order));
    }

    /// A clock from outside that runs unevenly, is moved, dies or is stopped; then the own one goes on.
    fn outer_clock(&mut self, now: u64, device: u32) {
        self.at(now, Act::Instrument(OrderKind::Follow(true)));
        let byte = if self.rng.random() { 0xFA } else { 0xFB };
        self.at(now, Act::Bytes(device, vec![byte]));
        let (mut at, pace) = (now, self.rng.random_range(10..40));
        for _ in 0..self.rng.random_range(24..240) {
            at += (pace + self.rng.random_range(0..4)) * if self.rng.random_ratio(1, 60) { 12 } else { 1 };
            self.at(at, Act::Bytes(device, vec![0xF8]));
        }
        let moved = ClockMessage::Position(self.rng.random_range(0..256)).bytes().0;
        self.at((now + at) / 2, Act::Bytes(device, moved.to_vec()));
        if self.rng.random() {
            self.at(at, Act::Bytes(device, vec![0xFC]));
        }
        let end = at + self.rng.random_range(0..3000);
        self.at(end, Act::Instrument(OrderKind::Follow(false)));
        self.at(end, Act::Instrument(OrderKind::Run(true)));
    }

    /// What no sound device sends.
    fn nonsense(&mut self, now: u64, device: u32) {
        let channel = (device % 16) as u8;
        let gone = now + self.rng.random_range(0..2000);
        let mut bytes: Vec<u8> = Vec::new();
        match self.rng.random_range(0..5) {
            // A thousand notes at once, by running status.
            0 => {
                bytes.push(0x90 | channel);
                (0..1000).for_each(|i| bytes.extend([(i % 128) as u8, self.rng.random_range(1..128)]));
                self.at(gone, Act::Bytes(device, vec![0xB0 | channel, 123, 0]));
            }
            // Anything.
            1 => {
                bytes.extend((0..self.rng.random_range(50..1500)).map(|_| self.rng.random::<u8>()));
                self.at(gone, Act::Gone(device));
            }
            // An exclusive message without end, cut off by a note without one.
            2 => {
                bytes.push(0xF0);
                bytes.extend((0..5000).map(|i| (i % 128) as u8));
                bytes.extend([0x90 | channel, self.rng.random_range(0..128), 90]);
                self.at(gone, Act::Gone(device));
            }
            // Ends without beginnings.
            3 => (0..128).for_each(|pitch| bytes.extend([0x80 | channel, pitch, 64])),
            // A pedal that stays down, and a device that vanishes.
            _ => {
                bytes.extend([0xB0 | channel, 64, 127, 0x90 | channel]);
                (0..20).for_each(|i| bytes.extend([40 + 2 * i, 80]));
                self.at(gone, Act::Gone(device));
            }
        }
        self.at(now, Act::Bytes(device, bytes));
    }
}
