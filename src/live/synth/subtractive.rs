use super::super::effects::flush;
use super::envelope::{Envelope, charge};
use super::filter::{LowPass, integrator_gain};
use super::patch::SubtractiveSound;
use super::sine::{Phase, sin_turns};
use super::wavetable::{Wavetable, read};

/// Samples between two readings of the slow controls, counted from the beginning of the note.
const CONTROL: u32 = 16;
const VIBRATO_HZ: f64 = 5.1;

/// The waves every subtractive voice reads.
#[derive(Debug)]
pub(super) struct Waves {
    saw: Wavetable,
    round: Wavetable,
}

impl Waves {
    pub fn prepare() -> Self {
        use std::f64::consts::PI;
        Self {
            saw: Wavetable::prepare(|n| 2.0 / (PI * n as f64)),
            // Triangle with a little of the even harmonics, for warmth.
            round: Wavetable::prepare(|n| match n {
                n if n % 4 == 1 => 8.0 / (PI * PI * (n * n) as f64),
                n if n % 4 == 3 => -8.0 / (PI * PI * (n * n) as f64),
                n => 0.35 / (n * n) as f64,
            }),
        }
    }
}

/// One subtractive note: a saw for each ear, a rounded voice between them, a resonant low-pass for each ear.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubtractiveVoice {
    sound: SubtractiveSound,
    rate: f32,
    phases: [u32; 3],
    /// Cycles a sample of left saw, right saw and middle, before vibrato.
    cycles: [f64; 3],
    steps: [u32; 3],
    table: usize,
    vibrato: Phase,
    vibrato_step: u32,
    drift: Phase,
    age: u32,
    base_cutoff: f32,
    filter_envelope: f32,
    filter_keep: f32,
    filters: [LowPass; 2],
    g: f32,
    g_slope: f32,
    amp: Envelope,
    gain: f32,
}

impl SubtractiveVoice {
    /// `number` counts the notes since preparation: it scatters the phases, the same way at every performance.
    pub fn new(sound: &SubtractiveSound, frequency_hz: f64, velocity: f32, number: u32, rate: f32) -> Self {
        let middle = frequency_hz / f64::from(rate);
        let detune = (f64::from(sound.detune_cents) / 1200.0).exp2();
        let scatter = number.wrapping_mul(0x9E37_79B9);
        let octaves = sound.cutoff_octaves + sound.velocity_octaves * (velocity - 0.5);
        // The cutoff follows three quarters of the pitch: high notes are relatively duller, as on real instruments.
        let followed = 261.6 * (frequency_hz as f32 / 261.6).powf(0.75);
        let mut voice = Self {
            sound: *sound,
            rate,
            phases: [scatter, scatter.wrapping_add(0x5555_5555), scatter.wrapping_mul(5)],
            cycles: [middle / detune, middle * detune, middle],
            steps: [0; 3],
            table: Wavetable::brightest(middle * detune * 1.01),
            vibrato: Phase(0),
            vibrato_step: Phase::step(VIBRATO_HZ * f64::from(CONTROL) / f64::from(rate)),
            drift: Phase(scatter.wrapping_mul(3)),
            age: 0,
            base_cutoff: followed * octaves.exp2(),
            filter_envelope: sound.envelope_octaves * (0.4 + 0.6 * velocity),
            filter_keep: 1.0 - charge(sound.filter_decay, rate / CONTROL as f32),
            filters: [LowPass::default(); 2],
            g: 0.0,
            g_slope: 0.0,
            amp: Envelope::new(sound.times[0], sound.times[1], sound.sustain, sound.times[2], rate),
            gain: sound.gain * (0.25 + 0.75 * velocity),
        };
        voice.g = voice.gain_of_filter();
        voice
    }

    pub fn let_go(&mut self) {
        self.amp.let_go();
    }

    pub fn is_over(&self) -> bool {
        self.amp.is_over()
    }

    pub fn level(&self) -> f32 {
        self.amp.level() * self.gain
    }

    fn gain_of_filter(&self) -> f32 {
        let drift = 0.08 * sin_turns(self.drift.turns());
        let cutoff = self.base_cutoff * (self.filter_envelope + drift).exp2();
        integrator_gain(cutoff.min(14_000.0), self.rate)
    }

    /// Reads the slow controls.
    fn control(&mut self) {
        let seconds = self.age as f32 / self.rate;
        let depth = ((seconds - self.sound.vibrato_delay) * 1.5).clamp(0.0, 1.0) * self.sound.vibrato_cents;
        let bend = f64::from((depth * sin_turns(self.vibrato.turns()) / 1200.0).exp2());
        self.steps = self.cycles.map(|cycles| Phase::step(cycles * bend));
        self.vibrato.advance(self.vibrato_step);
        self.drift.advance(self.vibrato_step / 17);
        self.filter_envelope = flush(self.filter_envelope * self.filter_keep);
        self.g_slope = (self.gain_of_filter() - self.g) / CONTROL as f32;
    }

    #[inline]
    pub fn tick(&mut self, waves: &Waves) -> [f32; 2] {
        if self.age.is_multiple_of(CONTROL) {
            self.control();
        }
        self.age = self.age.wrapping_add(1);
        let saw = waves.saw.table(self.table);
        let saws = [read(saw, self.phases[0]), read(saw, self.phases[1])];
        let middle = read(waves.round.table(self.table), self.phases[2]);
        for (phase, step) in self.phases.iter_mut().zip(self.steps) {
            *phase = phase.wrapping_add(step);
        }
        self.g += self.g_slope;
        let (g, k) = (self.g, self.sound.damping);
        let norm = 1.0 / (1.0 + g * (g + k));
        let level = self.amp.tick() * self.gain;
        let [saw_mix, middle_mix] = self.sound.mix;
        let centre = middle * middle_mix;
        let left = saw_mix * (0.85 * saws[0] + 0.3 * saws[1]) + centre;
        let right = saw_mix * (0.3 * saws[0] + 0.85 * saws[1]) + centre;
        [level * self.filters[0].tick(left, g, k, norm), level * self.filters[1].tick(right, g, k, norm)]
    }
}
