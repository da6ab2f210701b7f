/// A two-pole low-pass: the trapezoidal state-variable filter of Zavalishin, "The Art of VA Filter Design", chapter 4,
/// in the form with two integrator states. Stable and free of clicks under modulation of its cutoff.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LowPass {
    s1: f32,
    s2: f32,
}

/// g = tan(π·cutoff / rate), the integrators' gain.
pub(super) fn integrator_gain(cutoff_hz: f32, rate: f32) -> f32 {
    (std::f32::consts::PI * (cutoff_hz / rate).clamp(0.0005, 0.45)).tan()
}

impl LowPass {
    /// One sample. `g` is the integrators' gain, `k` the damping (1/Q), `norm` is 1 / (1 + g·(g + k)).
    #[inline]
    pub fn tick(&mut self, input: f32, g: f32, k: f32, norm: f32) -> f32 {
        let high = (input - (g + k) * self.s1 - self.s2) * norm;
        let band = g * high + self.s1;
        let low = g * band + self.s2;
        self.s1 = g * high + band;
        self.s2 = g * band + low;
        low
    }
}
