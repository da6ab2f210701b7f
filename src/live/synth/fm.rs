use super::super::effects::flush;
use super::envelope::{Envelope, charge};
use super::patch::FmSound;
use super::sine::{Phase, sin_turns};
use super::{GROUP, Group};
use std::f32::consts::TAU;

/// Sidebands are kept below this share of the sample rate.
const LIMIT: f32 = 0.45;

/// One FM note: two carriers, one for each ear, bent by the same body and tine.
#[derive(Debug, Clone, Copy)]
pub(super) struct FmVoice {
    carriers: [Phase; 2],
    carrier_steps: [u32; 2],
    body: Operator,
    tine: Operator,
    decay: [Decay; 2],
}

#[derive(Debug, Clone, Copy)]
struct Operator {
    phase: Phase,
    step: u32,
    depth: Decay,
}

/// A level that falls by the same share at each sample.
#[derive(Debug, Clone, Copy)]
struct Decay {
    level: f32,
    /// What is left of it after each sample of a group.
    left: [f32; GROUP],
}

impl Decay {
    fn new(level: f32, seconds: f32, rate: f32) -> Self {
        let keep = 1.0 - charge(seconds, rate);
        let mut left = [keep; GROUP];
        for i in 1..GROUP {
            left[i] = left[i - 1] * keep;
        }
        Self { level, left }
    }

    /// The level at a sample of a group.
    #[inline]
    fn at(&self, i: usize) -> f32 {
        self.level * self.left[i]
    }

    fn advance(&mut self) {
        self.level = flush(self.level * self.left[GROUP - 1]);
    }
}

impl Operator {
    /// The index is held so low that the sidebands that matter (Carson: index + 1 of them) stay below the limit.
    fn new((ratio, index, decay): (f32, f32, f32), cycles: f32, strength: f32, rate: f32) -> Self {
        let most = ((LIMIT - cycles) / (ratio * cycles) - 1.0).max(0.0);
        // Beyond the limit the index fades rather than stops, so that neighbouring keys sound alike.
        let index = (index * strength).min(0.6 * most);
        Self {
            phase: Phase(0),
            step: Phase::step(f64::from(ratio * cycles)),
            depth: Decay::new(index / TAU, decay, rate),
        }
    }

    /// Its value at a sample of a group.
    #[inline]
    fn at(&self, i: usize) -> f32 {
        self.depth.at(i) * sin_turns(self.phase.after(self.step, i as u32).turns())
    }

    fn advance(&mut self) {
        self.depth.advance();
        self.phase = self.phase.after(self.step, GROUP as u32);
    }
}

impl FmVoice {
    /// The voice, and how its key opens and closes it.
    pub fn new(sound: &FmSound, frequency_hz: f64, velocity: f32, rate: f32) -> (Self, Envelope) {
        let cycles = frequency_hz / f64::from(rate);
        let detune = (f64::from(sound.detune_cents) / 1200.0).exp2();
        // Low strings ring longer and are richer; a hard touch is louder and brighter.
        let height = (frequency_hz as f32 / 261.6).clamp(0.1, 16.0);
        let ring = height.powf(-0.55);
        let strength = (0.25 + 0.95 * velocity) * height.powf(-0.3);
        let gain = sound.gain * (0.18 + 0.82 * velocity * velocity.sqrt()) * height.powf(-0.12);
        let [fast, slow] = sound.decay;
        let voice = Self {
            carriers: [Phase(0); 2],
            carrier_steps: [Phase::step(cycles / detune), Phase::step(cycles * detune)],
            body: Operator::new(scale_decay(sound.body, ring), cycles as f32, strength, rate),
            tine: Operator::new(sound.tine, cycles as f32, strength * velocity, rate),
            decay: [
                Decay::new(gain * sound.fast_share, fast * ring, rate),
                Decay::new(gain * (1.0 - sound.fast_share), slow * ring, rate),
            ],
        };
        (voice, Envelope::new(sound.attack, 1.0, 1.0, sound.release, rate))
    }

    pub fn is_over(&self) -> bool {
        self.decay[1].level < 3e-6
    }

    pub fn level(&self) -> f32 {
        self.decay[0].level + self.decay[1].level
    }

    /// The next group of samples of both ears.
    pub fn group(&mut self, [left, right]: &mut Group) {
        for (i, (left, right)) in left.iter_mut().zip(right).enumerate() {
            let bend = self.body.at(i) + self.tine.at(i);
            let level = self.decay[0].at(i) + self.decay[1].at(i);
            let turns = |ear: usize| self.carriers[ear].after(self.carrier_steps[ear], i as u32).turns();
            *left = level * sin_turns(turns(0) + bend);
            *right = level * sin_turns(turns(1) + bend);
        }
        self.body.advance();
        self.tine.advance();
        self.decay.iter_mut().for_each(Decay::advance);
        for (carrier, &step) in self.carriers.iter_mut().zip(&self.carrier_steps) {
            *carrier = carrier.after(step, GROUP as u32);
        }
    }
}

fn scale_decay((ratio, index, decay): (f32, f32, f32), by: f32) -> (f32, f32, f32) {
    (ratio, index, decay * by)
}
