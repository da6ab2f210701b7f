//! Light and text that come and go.

/// A value that goes straight from one to another in a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ramp {
    from: f64,
    to: f64,
    since: f64,
    lasts: f64,
}

impl Ramp {
    pub fn still(value: f64) -> Self {
        Self { from: value, to: value, since: 0.0, lasts: 0.0 }
    }

    pub fn at(&self, now: f64) -> f64 {
        let share = if self.lasts > 0.0 { ((now - self.since) / self.lasts).clamp(0.0, 1.0) } else { 1.0 };
        self.from + (self.to - self.from) * share
    }

    pub fn turn_to(&mut self, to: f64, now: f64, lasts: f64) {
        *self = Self { from: self.at(now), to, since: now, lasts };
    }
}
