//! Where the music is now, and will be in a moment: positions come with a time stamp, and time goes on between them.

use oneiro::time::{Beats, Bpm};

/// Differences up to so many quarter notes are smoothed away; larger ones are jumps.
const JUMP: f64 = 0.5;
/// Time constant in which small differences vanish, in seconds, at least.
const CALM: f64 = 0.25;

/// A position in the music at a moment of the show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Seconds of the show's steady clock.
    pub seconds: f64,
    /// Where the music was then.
    pub beats: Beats,
    /// How fast it went on.
    pub tempo: Bpm,
    /// Whether it went on.
    pub playing: bool,
}

/// Predicts positions from readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    reading: Reading,
    /// What was predicted too much at the last reading, in quarter notes; it fades.
    ahead: f64,
}

impl Clock {
    /// Starts with a reading.
    pub fn new(reading: Reading) -> Self {
        Self { reading, ahead: 0.0 }
    }

    /// Takes a new reading. A small difference from what was predicted is made up for gradually and never backwards.
    pub fn read(&mut self, reading: Reading) {
        if !(reading.seconds.is_finite() && reading.beats.is_finite() && reading.tempo.0 > 0.0) {
            return;
        }
        let predicted = self.at(reading.seconds).0;
        let ahead = predicted - reading.beats.0;
        let steady = reading.playing && self.reading.playing;
        self.ahead = if steady && ahead.abs() < JUMP { ahead } else { 0.0 };
        self.reading = reading;
    }

    /// The position at a moment, which may lie a little ahead.
    pub fn at(&self, seconds: f64) -> Beats {
        let since = (seconds - self.reading.seconds).max(0.0);
        if !self.reading.playing {
            return self.reading.beats;
        }
        let gone = since / self.reading.tempo.seconds_per_beat();
        // So slowly that time never runs backwards.
        let calm = CALM.max(1.5 * self.ahead * self.reading.tempo.seconds_per_beat());
        Beats(self.reading.beats.0 + gone + self.ahead * (-since / calm).exp())
    }

    /// Whether time runs.
    pub fn playing(&self) -> bool {
        self.reading.playing
    }

    /// The tempo.
    pub fn tempo(&self) -> Bpm {
        self.reading.tempo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(seconds: f64, beats: f64) -> Reading {
        Reading { seconds, beats: Beats(beats), tempo: Bpm(120.0), playing: true }
    }

    #[test]
    fn the_present_is_predicted_and_jitter_is_smoothed_without_going_back() {
        let mut clock = Clock::new(reading(0.0, 0.0));
        let mut last = clock.at(0.0).0;
        for i in 1..2000 {
            let now = f64::from(i) * 0.005;
            if i % 20 == 0 {
                // Readings are up to 10 ms off.
                let jitter = if i % 40 == 0 { 0.02 } else { -0.02 };
                clock.read(reading(now, 2.0 * now + jitter));
            }
            let at = clock.at(now).0;
            assert!(at >= last, "backwards at {now}");
            assert!((at - 2.0 * now).abs() < 0.05, "{at} at {now}");
            last = at;
        }
    }

    #[test]
    fn a_jump_is_a_jump_and_a_stop_is_a_stop() {
        let mut clock = Clock::new(reading(0.0, 0.0));
        clock.read(reading(1.0, 40.0));
        assert_eq!(clock.at(1.0), Beats(40.0));
        clock.read(Reading { playing: false, ..reading(2.0, 42.0) });
        assert_eq!(clock.at(9.0), Beats(42.0));
        clock.read(Reading { seconds: f64::NAN, ..reading(0.0, 0.0) });
        assert_eq!(clock.at(9.0), Beats(42.0));
    }
}
