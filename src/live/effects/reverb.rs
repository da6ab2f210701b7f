use super::delay::DelayLine;
use super::flush;
use crate::time::SampleRate;
use std::f32::consts::TAU;

const LINES: usize = 8;
/// Lengths in milliseconds: spread evenly in the logarithm, without common divisors at the usual rates.
const LENGTH_MS: [f32; LINES] = [31.13, 36.67, 42.29, 48.83, 55.91, 63.37, 72.71, 83.53];
const DIFFUSION_MS: [[f32; 4]; 2] = [[4.77, 3.60, 12.73, 9.31], [5.03, 3.83, 12.11, 9.71]];
const PREDELAY_MS: f32 = 16.0;
/// Time to fall by 60 dB in the low range.
const DECAY_SECONDS: f32 = 2.3;
const DAMPING_HZ: f32 = 5_200.0;
const LOW_CUT_HZ: f32 = 140.0;
const LEVEL: f32 = 0.55;

/// A room: predelay, diffusing all-passes, then eight delay lines that feed each other through a Householder matrix
/// (Jot's feedback delay network), each with a one-pole low-pass, so that the treble dies first.
#[derive(Debug)]
pub(in crate::live) struct Reverb {
    predelay: [DelayLine; 2],
    predelay_samples: usize,
    low_cut: [f32; 2],
    low_cut_step: f32,
    diffusers: [[(DelayLine, usize); 4]; 2],
    lines: [DelayLine; LINES],
    lengths: [f32; LINES],
    feedback: [f32; LINES],
    damped: [f32; LINES],
    damping: f32,
    /// Slow movement of two of the lines, against metallic ringing.
    circle: [f32; 2],
    turn: [f32; 2],
    wander: f32,
}

impl Reverb {
    pub fn prepare(rate: SampleRate) -> Self {
        let hz = rate.0 as f32;
        let samples = |ms: f32| (ms * 0.001 * hz).max(1.0);
        let line = |ms: f32| DelayLine::prepare(samples(ms) as usize + 32 + (hz / 2000.0) as usize);
        let predelay_samples = samples(PREDELAY_MS) as usize;
        let lengths = LENGTH_MS.map(samples);
        let step = TAU * 0.31 / hz;
        Self {
            predelay: [DelayLine::prepare(predelay_samples), DelayLine::prepare(predelay_samples)],
            predelay_samples,
            low_cut: [0.0; 2],
            low_cut_step: 1.0 - (-TAU * LOW_CUT_HZ / hz).exp(),
            diffusers: DIFFUSION_MS.map(|side| side.map(|ms| (line(ms), samples(ms) as usize))),
            lines: LENGTH_MS.map(line),
            lengths,
            feedback: lengths.map(|length| 10_f32.powf(-3.0 * length / (hz * DECAY_SECONDS))),
            damped: [0.0; LINES],
            damping: 1.0 - (-TAU * DAMPING_HZ / hz).exp(),
            circle: [1.0, 0.0],
            turn: [step.cos(), step.sin()],
            wander: hz * 0.00025,
        }
    }

    pub fn silence(&mut self) {
        self.predelay.iter_mut().for_each(DelayLine::silence);
        self.diffusers.iter_mut().flatten().for_each(|(line, _)| line.silence());
        self.lines.iter_mut().for_each(DelayLine::silence);
        self.damped = [0.0; LINES];
        self.low_cut = [0.0; 2];
        self.circle = [1.0, 0.0];
    }

    /// One sample of the room alone.
    #[inline]
    pub fn tick(&mut self, input: [f32; 2]) -> [f32; 2] {
        let mut diffuse = [0.0; 2];
        for side in 0..2 {
            self.low_cut[side] = flush(self.low_cut[side] + self.low_cut_step * (input[side] - self.low_cut[side]));
            let line = &mut self.predelay[side];
            let mut x = line.get(self.predelay_samples);
            line.put(input[side] - self.low_cut[side]);
            for (line, length) in &mut self.diffusers[side] {
                let delayed = line.get(*length);
                let inner = flush(x + 0.62 * delayed);
                line.put(inner);
                x = delayed - 0.62 * inner;
            }
            diffuse[side] = x;
        }
        let [c, s] = self.circle;
        let next = [c * self.turn[0] - s * self.turn[1], s * self.turn[0] + c * self.turn[1]];
        let pull = 1.5 - 0.5 * (next[0] * next[0] + next[1] * next[1]);
        self.circle = [next[0] * pull, next[1] * pull];
        let mut out = [0.0; LINES];
        let mut sum = 0.0;
        for (i, out) in out.iter_mut().enumerate() {
            let (line, length) = (&self.lines[i], self.lengths[i]);
            let x = match i {
                2 => line.get_between(length + self.wander * c),
                5 => line.get_between(length + self.wander * s),
                _ => line.get(length as i32 as usize),
            };
            self.damped[i] = flush(self.damped[i] + self.damping * (x - self.damped[i]));
            *out = self.damped[i] * self.feedback[i];
            sum += *out;
        }
        let common = sum * (2.0 / LINES as f32);
        for (i, line) in self.lines.iter_mut().enumerate() {
            line.put(diffuse[i % 2] + out[i] - common);
        }
        let left = out[0] - out[2] + out[4] - out[6] + 0.4 * (out[1] - out[5]);
        let right = out[1] - out[3] + out[5] - out[7] + 0.4 * (out[2] - out[4]);
        [LEVEL * left, LEVEL * right]
    }
}
