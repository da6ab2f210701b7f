//! The instruments: two engines of voices, a fixed pool of them, and the way through the effects.

mod envelope;
mod filter;
mod fm;
mod patch;
mod pool;
mod sampler;
mod sine;
mod subtractive;
mod voice;
mod wavetable;

pub use patch::Patch;
pub use sampler::Sampler;

use super::effects::{Chorus, Limiter, Reverb};
use super::setup::PartSetup;
use crate::bridge::Part;
use crate::time::SampleRate;
use pool::Pool;

/// Most samples rendered in one go; larger blocks are cut into these.
pub(super) const CHUNK: usize = 64;

const PARTS: usize = Part::ALL.len();

/// Left and right samples of one chunk.
pub(super) type Bus = [[f32; CHUNK]; 2];
const SILENT: Bus = [[0.0; CHUNK]; 2];

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
    chorus: Chorus,
    reverb: Reverb,
    limiter: Limiter,
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
            chorus: Chorus::prepare(rate),
            reverb: Reverb::prepare(rate),
            limiter: Limiter::new(rate),
            buses: [SILENT; PARTS],
            quiet: 0,
            sleep_after: u64::from(rate.0) / 2,
            asleep: true,
        }
    }

    pub fn set_sampler(&mut self, sampler: Sampler) {
        self.sampler = Some(sampler);
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
        self.chorus.silence();
        self.reverb.silence();
        self.limiter.silence();
        self.asleep = true;
        self.quiet = 0;
    }

    /// Renders up to [`CHUNK`] samples.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let length = left.len().min(right.len()).min(CHUNK);
        if self.asleep && self.pool.active() == 0 && self.sampler.is_none() {
            left.fill(0.0);
            right.fill(0.0);
            return;
        }
        for bus in self.buses.iter_mut().flatten() {
            bus[..length].fill(0.0);
        }
        self.pool.render(&mut self.buses, length);
        if let Some(sampler) = &mut self.sampler {
            sampler.render(&mut self.buses, length);
        }
        // The chorus' return goes on to the reverb as its players do on average.
        let wet = self.channels.iter().map(|c| c.reverb).sum::<f32>() / PARTS as f32;
        for i in 0..length {
            // Sums over the parts: dry, and what each sends to the effects; left and right.
            let (mut dry, mut to_chorus, mut to_reverb) = ([0.0_f32; 2], [0.0_f32; 2], [0.0_f32; 2]);
            let mut silent_in = true;
            for (bus, channel) in self.buses.iter().zip(&self.channels) {
                for side in 0..2 {
                    let out = bus[side][i] * channel.gain[side];
                    silent_in &= out == 0.0;
                    dry[side] += out;
                    to_chorus[side] += out * channel.chorus;
                    to_reverb[side] += out * channel.reverb;
                }
            }
            if self.asleep {
                if silent_in {
                    (left[i], right[i]) = (0.0, 0.0);
                    continue;
                }
                self.asleep = false;
            }
            let chorus = self.chorus.tick(to_chorus);
            for side in 0..2 {
                to_reverb[side] += chorus[side] * wet;
                dry[side] += chorus[side];
            }
            let reverb = self.reverb.tick(to_reverb);
            let out = self.limiter.tick([dry[0] + reverb[0], dry[1] + reverb[1]]);
            (left[i], right[i]) = (out[0], out[1]);
            // Effects go to sleep when nothing has gone in or come out for half a second, longer than any delay line.
            // Counted by the sample, so that it happens at the same one however blocks are cut.
            let silent = silent_in && out[0].abs() < SILENCE && out[1].abs() < SILENCE;
            self.quiet = if silent { self.quiet + 1 } else { 0 };
            if self.quiet >= self.sleep_after {
                self.sleep();
            }
        }
    }
}
