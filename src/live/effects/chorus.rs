use super::delay::DelayLine;
use crate::time::SampleRate;
use std::f32::consts::TAU;

/// Two slowly moving delays, a quarter turn apart, one for each ear.
#[derive(Debug)]
pub(in crate::live) struct Chorus {
    lines: [DelayLine; 2],
    rate: f32,
    /// A point that circles: cosine and sine of the slow phase. Exact enough, as it is pulled back to the circle.
    circle: [f32; 2],
    turn: [f32; 2],
}

const SPEED_HZ: f32 = 0.55;
const CENTRE_SECONDS: f32 = 0.0095;
const DEPTH_SECONDS: f32 = 0.0022;

impl Chorus {
    pub fn prepare(rate: SampleRate) -> Self {
        let hz = rate.0 as f32;
        let longest = ((CENTRE_SECONDS + DEPTH_SECONDS) * hz) as usize + 2;
        let step = TAU * SPEED_HZ / hz;
        Self {
            lines: [DelayLine::prepare(longest), DelayLine::prepare(longest)],
            rate: hz,
            circle: [1.0, 0.0],
            turn: [step.cos(), step.sin()],
        }
    }

    pub fn silence(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::silence);
        self.circle = [1.0, 0.0];
    }

    /// One sample of the delayed sound alone.
    #[inline]
    pub fn tick(&mut self, input: [f32; 2]) -> [f32; 2] {
        let [c, s] = self.circle;
        let [turn_c, turn_s] = self.turn;
        let next = [c * turn_c - s * turn_s, s * turn_c + c * turn_s];
        // One Newton step towards length 1.
        let pull = 1.5 - 0.5 * (next[0] * next[0] + next[1] * next[1]);
        self.circle = [next[0] * pull, next[1] * pull];
        self.lines[0].put(input[0]);
        self.lines[1].put(input[1]);
        let delay = |at: f32| (CENTRE_SECONDS + DEPTH_SECONDS * at) * self.rate;
        let wet = [self.lines[0].get_between(delay(c)), self.lines[1].get_between(delay(s))];
        [0.85 * wet[0] + 0.15 * wet[1], 0.85 * wet[1] + 0.15 * wet[0]]
    }
}
