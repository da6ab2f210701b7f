//! Where the music is, between two readings of the clock: smooth to look at.

use oneiro::bridge::ClockReading;

/// Seconds after which a clock that says nothing new is taken to stand.
const PATIENCE: f64 = 0.4;
/// What is further off than this many beats is jumped to.
const JUMP: f64 = 0.35;
/// Share of an error that is mended in a second.
const MENDING: f64 = 4.0;

/// A position that moves as the clock does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Playhead {
    reading: ClockReading,
    /// When that reading came.
    came: f64,
    /// The position that was shown last, and when.
    shown: f64,
    at: f64,
}

impl Playhead {
    /// The position to show at a time in seconds, given the newest reading.
    pub fn follow(&mut self, clock: &ClockReading, now: f64) -> f64 {
        if *clock != self.reading {
            let jumped = clock.epoch != self.reading.epoch || clock.playing != self.reading.playing;
            (self.reading, self.came) = (*clock, now);
            if jumped {
                (self.shown, self.at) = (clock.pos_beats.0, now);
            }
        }
        let a_second = clock.tempo.0 / 60.0;
        let moves = clock.playing && now - self.came < PATIENCE;
        let meant = clock.pos_beats.0 + if moves { (now - self.came) * a_second } else { 0.0 };
        let past = (now - self.at).clamp(0.0, PATIENCE);
        let reached = self.shown + if moves { past * a_second } else { 0.0 };
        let error = meant - reached;
        self.shown = if error.abs() > JUMP || !moves { meant } else { reached + error * (MENDING * past).min(1.0) };
        self.at = now;
        self.shown
    }

    /// Whether it moves at that time.
    pub fn moves(&self, now: f64) -> bool {
        self.reading.playing && now - self.came < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oneiro::time::Beats;

    fn reading(sample: u64, beats: f64) -> ClockReading {
        ClockReading { sample, pos_beats: Beats(beats), playing: true, ..ClockReading::default() }
    }

    #[test]
    fn it_moves_evenly_though_readings_come_in_blocks_and_late() {
        let mut playhead = Playhead::default();
        playhead.follow(&reading(1, 0.0), 0.0);
        let mut last = 0.0;
        // Two beats a second; a reading about every 50 ms, up to 30 ms late.
        for picture in 1..300 {
            let now = f64::from(picture) / 60.0;
            let block = (now / 0.05).floor();
            let late = 0.03 * ((block * 7.0) % 3.0) / 3.0;
            let block = if now - block * 0.05 < late { block - 1.0 } else { block };
            let shown = playhead.follow(&reading(1 + block as u64, block * 0.1), now);
            let step = shown - last;
            assert!((0.015..0.055).contains(&step), "a step of {step} beats at {now}");
            assert!((shown - 2.0 * now).abs() < 0.12, "{shown} at {now}");
            last = shown;
        }
    }

    #[test]
    fn it_jumps_with_the_transport_and_stands_when_the_clock_does() {
        let mut playhead = Playhead::default();
        playhead.follow(&reading(1, 0.0), 0.0);
        let jumped = ClockReading { epoch: 3, ..reading(2, 64.0) };
        assert_eq!(playhead.follow(&jumped, 0.1), 64.0);
        assert!(playhead.moves(0.2));
        assert_eq!(playhead.follow(&jumped, 9.0), 64.0);
        assert!(!playhead.moves(9.0));
        let stopped = ClockReading { playing: false, ..reading(3, 70.0) };
        assert_eq!(playhead.follow(&stopped, 9.1), 70.0);
    }
}
