use super::delay::DelayLine;
use super::orbit::Orbit;
use super::{SPAN, Span, flush};
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
/// How fast two of the lines change their lengths, and by how much.
const WANDER: (f32, f32) = (0.31, 0.000_25);

/// A room: predelay, diffusing all-passes, then eight delay lines that feed each other through a Householder matrix
/// (Jot's feedback delay network), each with a one-pole low-pass, so that the treble dies first.
#[derive(Debug)]
pub(super) struct Reverb {
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
    orbit: Orbit,
    wander: f32,
}

impl Reverb {
    pub fn prepare(rate: SampleRate) -> Self {
        let hz = rate.0 as f32;
        let samples = |ms: f32| (ms * 0.001 * hz).max(1.0);
        let line = |ms: f32| DelayLine::prepare(samples(ms) as usize + 32 + (hz / 2000.0) as usize);
        let predelay_samples = samples(PREDELAY_MS) as usize;
        let lengths = LENGTH_MS.map(samples);
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
            orbit: Orbit::new(WANDER.0, hz),
            wander: hz * WANDER.1,
        }
    }

    pub fn silence(&mut self) {
        self.predelay.iter_mut().for_each(DelayLine::silence);
        self.diffusers.iter_mut().flatten().for_each(|(line, _)| line.silence());
        self.lines.iter_mut().for_each(DelayLine::silence);
        self.damped = [0.0; LINES];
        self.low_cut = [0.0; 2];
        self.orbit.restart();
    }

    /// The first samples of a span of the room alone.
    #[inline]
    pub fn run(&mut self, input: &Span, count: usize) -> Span {
        let count = count.min(SPAN);
        let diffuse = [self.diffuse(0, &input[0], count), self.diffuse(1, &input[1], count)];
        // What comes back, sample by sample: the lines side by side.
        let mut back = [[0.0; LINES]; SPAN];
        for (i, line) in self.lines.iter().enumerate() {
            let span = line.get(self.lengths[i] as i32 as usize);
            back.iter_mut().zip(span).for_each(|(back, x)| back[i] = x);
        }
        let (mut out, mut fed) = ([[0.0; SPAN]; 2], [[0.0; SPAN]; LINES]);
        for (j, back) in back.iter_mut().enumerate().take(count) {
            let [c, s] = self.orbit.next();
            back[2] = self.lines[2].get_between(j, self.lengths[2] + self.wander * c);
            back[5] = self.lines[5].get_between(j, self.lengths[5] + self.wander * s);
            let mut y = [0.0; LINES];
            for i in 0..LINES {
                self.damped[i] = flush(self.damped[i] + self.damping * (back[i] - self.damped[i]));
                y[i] = self.damped[i] * self.feedback[i];
            }
            let sums = [y[0] + y[4], y[1] + y[5], y[2] + y[6], y[3] + y[7]];
            let common = ((sums[0] + sums[2]) + (sums[1] + sums[3])) * (2.0 / LINES as f32);
            for i in 0..LINES {
                fed[i][j] = diffuse[i % 2][j] + y[i] - common;
            }
            out[0][j] = LEVEL * (y[0] - y[2] + y[4] - y[6] + 0.4 * (y[1] - y[5]));
            out[1][j] = LEVEL * (y[1] - y[3] + y[5] - y[7] + 0.4 * (y[2] - y[4]));
        }
        for (line, fed) in self.lines.iter_mut().zip(&fed) {
            line.put(fed, count);
        }
        out
    }

    /// One side up to the lines: without the lowest tones, delayed, and spread by the all-passes.
    fn diffuse(&mut self, side: usize, input: &[f32; SPAN], count: usize) -> [f32; SPAN] {
        let mut cut = [0.0; SPAN];
        for (cut, x) in cut.iter_mut().zip(input).take(count) {
            let low = &mut self.low_cut[side];
            *low = flush(*low + self.low_cut_step * (x - *low));
            *cut = x - *low;
        }
        let mut x = self.predelay[side].get(self.predelay_samples);
        self.predelay[side].put(&cut, count);
        for (line, length) in &mut self.diffusers[side] {
            let delayed = line.get(*length);
            let mut inner = [0.0; SPAN];
            for i in 0..SPAN {
                inner[i] = flush(x[i] + 0.62 * delayed[i]);
                x[i] = delayed[i] - 0.62 * inner[i];
            }
            line.put(&inner, count);
        }
        x
    }
}
