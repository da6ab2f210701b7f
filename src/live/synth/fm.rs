use super::super::effects::flush;
use super::envelope::{Envelope, charge};
use super::patch::FmSound;
use super::sine::{Phase, sin_turns};
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
    gate: Envelope,
}

#[derive(Debug, Clone, Copy)]
struct Operator {
    phase: Phase,
    step: u32,
    depth: Decay,
}

#[derive(Debug, Clone, Copy)]
struct Decay {
    level: f32,
    keep: f32,
}

impl Decay {
    fn new(level: f32, seconds: f32, rate: f32) -> Self {
        Self { level, keep: 1.0 - charge(seconds, rate) }
    }

    #[inline]
    fn tick(&mut self) -> f32 {
        self.level = flush(self.level * self.keep);
        self.level
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

    #[inline]
    fn tick(&mut self) -> f32 {
        let value = self.depth.tick() * sin_turns(self.phase.turns());
        self.phase.advance(self.step);
        value
    }
}

impl FmVoice {
    pub fn new(sound: &FmSound, frequency_hz: f64, velocity: f32, rate: f32) -> Self {
        let cycles = frequency_hz / f64::from(rate);
        let detune = (f64::from(sound.detune_cents) / 1200.0).exp2();
        // Low strings ring longer and are richer; a hard touch is louder and brighter.
        let height = (frequency_hz as f32 / 261.6).clamp(0.1, 16.0);
        let ring = height.powf(-0.55);
        let strength = (0.25 + 0.95 * velocity) * height.powf(-0.3);
        let gain = sound.gain * (0.18 + 0.82 * velocity * velocity.sqrt()) * height.powf(-0.12);
        let [fast, slow] = sound.decay;
        Self {
            carriers: [Phase(0); 2],
            carrier_steps: [Phase::step(cycles / detune), Phase::step(cycles * detune)],
            body: Operator::new(scale_decay(sound.body, ring), cycles as f32, strength, rate),
            tine: Operator::new(sound.tine, cycles as f32, strength * velocity, rate),
            decay: [
                Decay::new(gain * sound.fast_share, fast * ring, rate),
                Decay::new(gain * (1.0 - sound.fast_share), slow * ring, rate),
            ],
            gate: Envelope::new(sound.attack, 1.0, 1.0, sound.release, rate),
        }
    }

    pub fn let_go(&mut self) {
        self.gate.let_go();
    }

    pub fn is_over(&self) -> bool {
        self.gate.is_over() || self.decay[1].level < 3e-6
    }

    pub fn level(&self) -> f32 {
        self.gate.level() * (self.decay[0].level + self.decay[1].level)
    }

    #[inline]
    pub fn tick(&mut self) -> [f32; 2] {
        let bend = self.body.tick() + self.tine.tick();
        let level = self.gate.tick() * (self.decay[0].tick() + self.decay[1].tick());
        let out =
            [level * sin_turns(self.carriers[0].turns() + bend), level * sin_turns(self.carriers[1].turns() + bend)];
        self.carriers[0].advance(self.carrier_steps[0]);
        self.carriers[1].advance(self.carrier_steps[1]);
        out
    }
}

fn scale_decay((ratio, index, decay): (f32, f32, f32), by: f32) -> (f32, f32, f32) {
    (ratio, index, decay * by)
}
