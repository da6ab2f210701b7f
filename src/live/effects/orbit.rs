use std::f32::consts::TAU;

/// A point that circles slowly: cosine and sine of a phase, without a call of either for each sample.
#[derive(Debug)]
pub(super) struct Orbit {
    at: [f32; 2],
    turn: [f32; 2],
}

impl Orbit {
    /// At the phase 0; so many turns a second, at so many samples a second.
    pub fn new(speed_hz: f32, rate_hz: f32) -> Self {
        let step = TAU * speed_hz / rate_hz;
        Self { at: [1.0, 0.0], turn: [step.cos(), step.sin()] }
    }

    pub fn restart(&mut self) {
        self.at = [1.0, 0.0];
    }

    /// Where it is, cosine and sine; a sample later it is elsewhere.
    #[inline]
    pub fn next(&mut self) -> [f32; 2] {
        let [c, s] = self.at;
        let [turn_c, turn_s] = self.turn;
        let next = [c * turn_c - s * turn_s, s * turn_c + c * turn_s];
        // One Newton step towards length 1: rounding would lead it off the circle.
        let pull = 1.5 - 0.5 * (next[0] * next[0] + next[1] * next[1]);
        self.at = [next[0] * pull, next[1] * pull];
        [c, s]
    }
}
