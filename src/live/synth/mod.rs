//! The instruments: two engines of voices, a fixed pool of them, and the way through the effects.

mod envelope;
mod filter;
mod fm;
mod patch;
mod pool;
mod sampler;
mod sine;
mod stems;
mod subtractive;
mod voice;
mod wavetable;

pub use patch::Patch;
pub use sampler::Sampler;

use super::effects::{Limiter, Room, SPAN, Sent, Span};
use super::setup::PartSetup;
use crate::bridge::Part;
use crate::time::SampleRate;
use pool::Pool;
use stems::Stems;

/// Most samples rendered in one go; larger blocks are cut into these.
pub(super) const CHUNK: usize = 64;

/// Samples that a voice computes in one go, counted from the beginning of its note.
const GROUP: usize = 16;
/// Left and right samples of one group.
type Group = [[f32; GROUP]; 2];

const PARTS: usize = Part::ALL.len();

/// Left and right samples of one chunk, and room to read a span from each of them on.
pub(super) type Bus = [[f32; CHUNK + SPAN]; 2];
const SILENT: Bus = [[0.0; CHUNK + SPAN]; 2];

#[derive(Debug, Clone, Copy)]
struct Channel {
    patch: Patch,
    gain: [f32; 2],
    reverb: f32,
    chorus: f32,
}

impl Channel {
    fn new(setup: &PartSetup) -> Self {
        let finite = |x: f32, low: f32, high: f32| if x.is_finite() { x.clamp(low, high) } else { 0.0 };
        let gain = 10_f32.powf(finite(setup.gain_db, -60.0, 12.0) / 20.0);
        // Equal power: the sum of the squares is the same at every place; 1 on each side in the middle.
        let angle = (finite(setup.pan, -1.0, 1.0) + 1.0) * std::f32::consts::FRAC_PI_4;
        let side = gain * std::f32::consts::SQRT_2;
        Self {
            patch: setup.patch,
            gain: [side * angle.cos(), side * angle.sin()],
            reverb: finite(setup.reverb, 0.0, 1.0),
            chorus: finite(setup.chorus, 0.0, 1.0),
        }
    }
}

/// All sound: parts, voices, effects, limiter.
#[derive(Debug)]
pub(super) struct Synth {
    channels: [Channel; PARTS],
    pool: Pool,
    sampler: Option<Sampler>,
    room: Room,
    limiter: Limiter,
    /// Each part by itself, for who asked.
    stems: Option<Box<Stems>>,
    buses: [Bus; PARTS],
    /// Samples for which nothing but silence went through the effects.
    quiet: u64,
    sleep_after: u64,
    asleep: bool,
}

/// Level below which the effects count as silent: -120 dBFS.
const SILENCE: f32 = 1e-6;

impl Synth {
    /// Allocates tables and delay lines.
    pub fn prepare(rate: SampleRate, parts: &[PartSetup; PARTS]) -> Self {
        Self {
            channels: parts.each_ref().map(Channel::new),
            pool: Pool::prepare(rate),
            sampler: None,
            room: Room::prepare(rate),
            limiter: Limiter::new(rate),
            stems: None,
            buses: [SILENT; PARTS],
            quiet: 0,
            sleep_after: u64::from(rate.0) / 2,
            asleep: true,
        }
    }

    pub fn set_sampler(&mut self, sampler: Sampler) {
        self.sampler = Some(sampler);
    }

    /// Keeps each part of a block of up to so many samples by itself. Allocates.
    pub fn keep_stems(&mut self, rate: SampleRate, longest: usize) {
        self.stems = Some(Box::new(Stems::prepare(rate, longest))); // allocates: prepare
    }

    /// A block begins: what was kept of the last one is forgotten.
    pub fn begin_block(&mut self) {
        if let Some(stems) = &mut self.stems {
            stems.rewind();
        }
    }

    /// A part of the block so far, left and right; `None` where nobody asked for stems.
    pub fn stem(&self, part: Part) -> Option<[&[f32]; 2]> {
        self.stems.as_ref().map(|stems| stems.part(part))
    }

    pub fn set_patch(&mut self, part: Part, patch: Patch) {
        self.channels[part.index()].patch = patch;
    }

    /// Begins a note; true where another had to make room.
    pub fn note_on(&mut self, part: Part, pitch: u8, velocity: u8) -> bool {
        match (self.channels[part.index()].patch, &mut self.sampler) {
            (Patch::Sampled(program), Some(sampler)) => {
                sampler.note_on(part, program, pitch, velocity);
                false
            }
            (patch, _) => self.pool.note_on(part, patch, pitch, velocity),
        }
    }

    pub fn note_off(&mut self, part: Part, pitch: u8) {
        self.pool.note_off(part, pitch);
        if let Some(sampler) = &mut self.sampler {
            sampler.note_off(part, pitch);
        }
    }

    /// Fades every voice out within a few milliseconds.
    pub fn panic(&mut self) {
        self.pool.fade_all();
        if let Some(sampler) = &mut self.sampler {
            sampler.fade_all();
        }
    }

    /// Cuts everything off, tails included.
    pub fn silence(&mut self) {
        self.pool.silence();
        if let Some(sampler) = &mut self.sampler {
            sampler.silence();
        }
        self.sleep();
    }

    pub fn voices(&self) -> u32 {
        self.pool.active() + self.sampler.as_ref().map_or(0, Sampler::held)
    }

    pub fn limiter_gain(&self) -> f32 {
        self.limiter.gain()
    }

    fn sleep(&mut self) {
        self.room.silence();
        self.limiter.silence();
        if let Some(stems) = &mut self.stems {
            stems.silence();
        }
        self.asleep = true;
        self.quiet = 0;
    }

    /// Renders up to [`CHUNK`] samples.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let length = left.len().min(right.len()).min(CHUNK);
        if self.asleep && self.pool.active() == 0 && self.sampler.is_none() {
            left.fill(0.0);
            right.fill(0.0);
            self.rest(length);
            return;
        }
        for bus in self.buses.iter_mut().flatten() {
            bus[..length].fill(0.0);
        }
        self.pool.render(&mut self.buses, length);
        if let Some(sampler) = &mut self.sampler {
            sampler.render(&mut self.buses, length);
        }
        let mut at = 0;
        while at < length {
            let count = (length - at).min(SPAN);
            let (sent, loudness) = self.send(at);
            if self.asleep {
                let first = loudness[..count].iter().position(|x| *x != 0.0).unwrap_or(count);
                left[at..at + first].fill(0.0);
                right[at..at + first].fill(0.0);
                self.rest(first);
                at += first;
                self.asleep = first == count;
                if first > 0 {
                    continue;
                }
            }
            let out = self.finish(&sent, at, count);
            // Effects go to sleep when nothing has gone in or come out for half a second, longer than any delay line.
            // Counted by the sample, so that it happens at the same one however blocks are cut.
            let mut awake = 0;
            while awake < count && !self.asleep {
                let level = out[0][awake].abs().max(out[1][awake].abs());
                let silent = loudness[awake] == 0.0 && level < SILENCE;
                self.quiet = if silent { self.quiet + 1 } else { 0 };
                awake += 1;
                if self.quiet >= self.sleep_after {
                    // What the effects have made of later samples is forgotten with all the rest.
                    self.sleep();
                }
            }
            left[at..at + awake].copy_from_slice(&out[0][..awake]);
            right[at..at + awake].copy_from_slice(&out[1][..awake]);
            if let Some(stems) = &mut self.stems {
                stems.keep(awake);
            }
            at += awake;
        }
    }

    /// So many samples of silence in every stem.
    fn rest(&mut self, count: usize) {
        if let Some(stems) = &mut self.stems {
            stems.rest(count);
        }
    }

    /// Sums over the parts for a span of samples, and how loud they are on both sides together. Those beyond the chunk mean
    /// nothing.
    fn send(&self, at: usize) -> (Sent, [f32; SPAN]) {
        let (mut sent, mut loudness) = (Sent::default(), [0.0; SPAN]);
        for (bus, channel) in self.buses.iter().zip(&self.channels) {
            for side in 0..2 {
                let Some(bus) = bus[side][at..].first_chunk::<SPAN>() else { continue };
                for (i, x) in bus.iter().enumerate() {
                    let out = x * channel.gain[side];
                    loudness[i] += out.abs();
                    sent.dry[side][i] += out;
                    sent.to_chorus[side][i] += out * channel.chorus;
                    sent.to_reverb[side][i] += out * channel.reverb;
                }
            }
        }
        (sent, loudness)
    }

    /// The first samples of a span through the effects.
    fn finish(&mut self, sent: &Sent, at: usize, count: usize) -> Span {
        // The chorus' return goes on to the reverb as its players do on average.
        let wet = self.channels.iter().map(|c| c.reverb).sum::<f32>() / PARTS as f32;
        let mut dry = self.room.run(sent, wet, count);
        match &mut self.stems {
            None => self.limiter.run(&mut dry, count),
            Some(stems) => {
                let factors = self.limiter.run_telling(&mut dry, count);
                stems.run(&self.buses, &self.channels, wet, at, count, &factors);
            }
        }
        dry
    }
}
