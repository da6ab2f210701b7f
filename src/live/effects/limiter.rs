use super::{SPAN, Span, flush};
use crate::time::SampleRate;
use std::f32::consts::TAU;

/// No sample leaves above this: -1 dBFS.
const CEILING: f32 = 0.891_25;
/// Below this frequency it is taken for DC.
const CUT_HZ: f32 = 8.0;
/// Where the gain begins to give way.
const THRESHOLD: f32 = 0.6;
/// Where the last, immediate curve begins.
const KNEE: f32 = 0.66;

/// The last stage: removes DC, turns down what is too loud (fast down, slow up), and bends what still comes through
/// smoothly under the ceiling. Without look-ahead, so that it adds no latency.
#[derive(Debug, Clone)]
pub(in crate::live) struct Limiter {
    dc: DcCut,
    peak: f32,
    peak_fall: f32,
    gain: f32,
    attack: f32,
    release: f32,
}

impl Limiter {
    pub fn new(rate: SampleRate) -> Self {
        let hz = rate.0 as f32;
        let step = |seconds: f32| 1.0 - (-1.0 / (seconds * hz)).exp();
        Self {
            dc: DcCut::new(rate),
            peak: 0.0,
            peak_fall: step(0.06),
            gain: 1.0,
            attack: step(0.0012),
            release: step(0.18),
        }
    }

    pub fn silence(&mut self) {
        self.dc.silence();
        self.peak = 0.0;
        self.gain = 1.0;
    }

    /// The gain in force, 0 to 1.
    pub fn gain(&self) -> f32 {
        self.gain
    }

    /// The first samples of a span, in place.
    #[inline]
    pub fn run(&mut self, [left, right]: &mut Span, count: usize) {
        for (left, right) in left.iter_mut().zip(right).take(count) {
            [*left, *right] = self.tick([*left, *right]);
        }
    }

    /// As [`Limiter::run`], and tells by which factor each sample was multiplied once its DC was gone.
    pub fn run_telling(&mut self, [left, right]: &mut Span, count: usize) -> Span {
        let mut factors: Span = [[0.0; SPAN]; 2];
        for i in 0..count.min(SPAN) {
            let (x, gain) = self.weigh([left[i], right[i]]);
            let out = x.map(|x| bend(x * gain));
            for side in 0..2 {
                // Below the knee the gain is all there is.
                factors[side][i] = if out[side] == x[side] * gain { gain } else { out[side] / x[side] };
            }
            [left[i], right[i]] = out;
        }
        factors
    }

    #[inline]
    fn tick(&mut self, input: [f32; 2]) -> [f32; 2] {
        let (x, gain) = self.weigh(input);
        x.map(|x| bend(x * gain))
    }

    /// The samples without their DC, and the gain that is due.
    #[inline]
    fn weigh(&mut self, input: [f32; 2]) -> ([f32; 2], f32) {
        let mut x = input;
        x.iter_mut().enumerate().for_each(|(side, x)| self.dc.cut(side, x));
        let loudest = x[0].abs().max(x[1].abs());
        self.peak = flush(self.peak - self.peak_fall * self.peak).max(loudest);
        let wanted = if self.peak > THRESHOLD { THRESHOLD / self.peak } else { 1.0 };
        let step = if wanted < self.gain { self.attack } else { self.release };
        self.gain += step * (wanted - self.gain);
        (x, self.gain)
    }
}

/// A one-pole high-pass for each ear, far below what is heard: what [`Limiter`] does to the DC of its input, and what sound
/// that goes beside it needs too.
#[derive(Debug, Clone)]
pub(in crate::live) struct DcCut {
    dc: [f32; 2],
    step: f32,
}

impl DcCut {
    pub fn new(rate: SampleRate) -> Self {
        Self { dc: [0.0; 2], step: 1.0 - (-TAU * CUT_HZ / rate.0 as f32).exp() }
    }

    pub fn silence(&mut self) {
        self.dc = [0.0; 2];
    }

    /// The first samples of a span, in place.
    pub fn run(&mut self, span: &mut Span, count: usize) {
        for (side, samples) in span.iter_mut().enumerate() {
            samples.iter_mut().take(count).for_each(|x| self.cut(side, x));
        }
    }

    #[inline]
    fn cut(&mut self, side: usize, x: &mut f32) {
        let dc = &mut self.dc[side];
        *dc = flush(*dc + self.step * (*x - *dc));
        *x -= *dc;
    }
}

/// The identity up to the knee, then a curve that continues its slope and never reaches the ceiling.
#[inline]
fn bend(x: f32) -> f32 {
    let over = x.abs() - KNEE;
    if over <= 0.0 {
        return x;
    }
    let room = CEILING - KNEE;
    (KNEE + room * over / (over + room)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_the_ceiling_and_quiet_sound_is_untouched() {
        let mut limiter = Limiter::new(SampleRate(48_000));
        for i in 0..4000 {
            let x = 40.0 * (i as f32 * 0.37).sin();
            let [l, r] = limiter.tick([x, -x]);
            assert!(l.abs() <= CEILING && r.abs() <= CEILING);
        }
        assert_eq!(bend(0.5), 0.5);
        assert!(bend(0.7) < 0.7 && bend(1e9) <= CEILING);
    }
}
