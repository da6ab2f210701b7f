use super::clock::Clock;
use crate::time::{Beats, TimeSignature};

/// A beat of the metre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beat {
    pub at: Beats,
    pub in_bar: u8,
    pub bar: i32,
}

/// Counts beats and bars from positions and the metre alone, because hosts report bar starts wrongly.
#[derive(Debug)]
pub(super) struct Pulse {
    metre: TimeSignature,
    /// Where bar `origin_bar` begins.
    origin: f64,
    origin_bar: i64,
    /// Number of the next beat, counted from the origin.
    next: i64,
}

impl Pulse {
    pub fn new() -> Self {
        Self { metre: TimeSignature::COMMON, origin: 0.0, origin_bar: 0, next: 0 }
    }

    fn unit(&self) -> f64 {
        self.metre.beat_beats().0
    }

    fn position(&self, beat: i64) -> Beats {
        Beats(self.origin + beat as f64 * self.unit())
    }

    /// Starts counting at sample `now` after a start or a jump. The history of metres before the new place is unknown,
    /// so bars are counted from beat 0 in the present metre.
    pub fn restart(&mut self, clock: &Clock, now: i64) {
        self.metre = clock.time_signature();
        self.origin = 0.0;
        self.origin_bar = 0;
        self.find_next(clock, now);
    }

    /// Changes the metre while time runs: the new one counts from the last beat at or before `now`, which begins a bar.
    pub fn change_metre(&mut self, clock: &Clock, now: i64) {
        let half_a_sample = 0.5 / clock.samples_per_beat();
        let beats = ((clock.pos_of(now).0 - self.origin + half_a_sample) / self.unit()).floor();
        let per_bar = f64::from(self.metre.numerator);
        self.origin_bar += (beats / per_bar).ceil() as i64;
        self.origin += beats * self.unit();
        self.metre = clock.time_signature();
        self.find_next(clock, now);
    }

    fn find_next(&mut self, clock: &Clock, now: i64) {
        self.next = ((clock.pos_of(now).0 - self.origin) / self.unit()).floor() as i64 - 1;
        while clock.sample_of(self.position(self.next)) < now {
            self.next += 1;
        }
    }

    /// The next beat.
    pub fn next(&self) -> Beat {
        let per_bar = i64::from(self.metre.numerator);
        Beat {
            at: self.position(self.next),
            in_bar: self.next.rem_euclid(per_bar) as u8,
            // Positions that no music reaches have more bars than can be told.
            bar: (self.origin_bar + self.next.div_euclid(per_bar)).clamp(i32::MIN.into(), i32::MAX.into()) as i32,
        }
    }

    pub fn advance(&mut self) {
        self.next += 1;
    }
}
