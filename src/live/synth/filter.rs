use super::GROUP;
use super::sine::tan_half_turns;

/// A two-pole low-pass for each ear: the trapezoidal state-variable filter of Zavalishin, "The Art of VA Filter Design",
/// chapter 4, in the form with two integrator states. Stable and free of clicks under modulation of its cutoff.
///
/// With g the integrators' gain, k the damping (1/Q) and n = 1 / (1 + g·(g + k)) its states s and t and its output are
/// s' = (2n − 1)·s − 2gn·t + 2gn·x, t' = 2gn·s + (1 − 2g²n)·t + 2g²n·x, y = (t + t') / 2:
/// the trapezoidal rule solved for the states, so that a sample waits for two products and two sums of the one before, for
/// both ears at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LowPass {
    /// s left and right, t left and right.
    states: [f32; 4],
}

/// g = tan(π·cutoff / rate), the integrators' gain.
pub(super) fn integrator_gain(cutoff_hz: f32, rate: f32) -> f32 {
    tan_half_turns((cutoff_hz / rate).clamp(0.0005, 0.45))
}

impl LowPass {
    /// A group of samples of both ears in place, while the gain goes in a straight line from `g` by `slope` a sample.
    #[inline]
    pub fn run(&mut self, [left, right]: &mut [[f32; GROUP]; 2], g: f32, slope: f32, k: f32) {
        let (mut own, mut cross, mut own_low, mut input_low) = ([0.0; GROUP], [0.0; GROUP], [0.0; GROUP], [0.0; GROUP]);
        for i in 0..GROUP {
            let g = g + slope * (i + 1) as f32;
            let n = 1.0 / (1.0 + g * (g + k));
            let gn = 2.0 * g * n;
            (own[i], cross[i], input_low[i]) = (2.0 * n - 1.0, gn, g * gn);
            own_low[i] = 1.0 - input_low[i];
        }
        let mut now = self.states;
        for i in 0..GROUP {
            let (p, q, r, w) = (own[i], cross[i], own_low[i], input_low[i]);
            let (keep, swap) = ([p, p, r, r], [-q, -q, q, q]);
            let input = [q * left[i], q * right[i], w * left[i], w * right[i]];
            let other = [now[2], now[3], now[0], now[1]];
            let mut next = [0.0; 4];
            for lane in 0..4 {
                next[lane] = keep[lane] * now[lane] + swap[lane] * other[lane] + input[lane];
            }
            left[i] = 0.5 * (now[2] + next[2]);
            right[i] = 0.5 * (now[3] + next[3]);
            now = next;
        }
        self.states = now;
    }
}
