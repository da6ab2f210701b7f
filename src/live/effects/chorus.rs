use super::delay::DelayLine;
use super::orbit::Orbit;
use super::{SPAN, Span};
use crate::time::SampleRate;

/// Two slowly moving delays, a quarter turn apart, one for each ear.
#[derive(Debug)]
pub(super) struct Chorus {
    lines: [DelayLine; 2],
    rate: f32,
    orbit: Orbit,
}

const SPEED_HZ: f32 = 0.55;
const CENTRE_SECONDS: f32 = 0.0095;
const DEPTH_SECONDS: f32 = 0.0022;

impl Chorus {
    pub fn prepare(rate: SampleRate) -> Self {
        let hz = rate.0 as f32;
        let longest = ((CENTRE_SECONDS + DEPTH_SECONDS) * hz) as usize + 2;
        Self {
            lines: [DelayLine::prepare(longest), DelayLine::prepare(longest)],
            rate: hz,
            orbit: Orbit::new(SPEED_HZ, hz),
        }
    }

    pub fn silence(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::silence);
        self.orbit.restart();
    }

    /// The first samples of a span of the delayed sound alone.
    #[inline]
    pub fn run(&mut self, input: &Span, count: usize) -> Span {
        let mut out: Span = [[0.0; SPAN]; 2];
        let [left, right] = &mut out;
        let delay = |at: f32| (CENTRE_SECONDS + DEPTH_SECONDS * at) * self.rate;
        for (i, (left, right)) in left.iter_mut().zip(right).enumerate().take(count) {
            let [c, s] = self.orbit.next();
            // A sample goes in before its echo is read.
            let wet = [self.lines[0].get_between(i + 1, delay(c)), self.lines[1].get_between(i + 1, delay(s))];
            *left = 0.85 * wet[0] + 0.15 * wet[1];
            *right = 0.85 * wet[1] + 0.15 * wet[0];
        }
        self.lines[0].put(&input[0], count);
        self.lines[1].put(&input[1], count);
        out
    }
}
