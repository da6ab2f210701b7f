//! How far the walk has come, and how far notes push it.

/// Share of the way of a beat that is made in a surge at its beginning.
const SURGE: f64 = 0.68;
/// Quarter notes in which a note's push rises, and the time constant in which it falls.
const PUSH_TIMES: (f64, f64) = (0.08, 0.9);
/// How far the walk had come at a position, and how fast it goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Travel {
    came: f64,
    at: f64,
    /// Keyframes a quarter note.
    rate: f64,
}

impl Default for Travel {
    fn default() -> Self {
        Self { came: 0.0, at: 0.0, rate: 0.25 }
    }
}

impl Travel {
    /// Keyframes up to a position.
    pub fn at(&self, beats: f64) -> f64 {
        self.came + self.rate * (surged(beats) - surged(self.at))
    }

    /// Goes on at another rate from a position on.
    pub fn turn_to(&mut self, rate: f64, at: f64) {
        *self = Self { came: self.at(at), at, rate };
    }

    /// The music jumps from one position to another; the walk does not.
    pub fn jump(&mut self, from: f64, to: f64) {
        *self = Self { came: self.at(from), at: to, rate: self.rate };
    }
}

/// Positions that hurry at each quarter note and linger before the next; they never stand or run back.
pub(super) fn surged(beats: f64) -> f64 {
    let number = beats.floor();
    let x = beats - number;
    number + SURGE * (1.0 - (1.0 - x).powi(3)) + (1.0 - SURGE) * x
}

/// How much of a note's push is left.
pub(super) fn push_left(since: f64) -> f32 {
    if since < 0.0 {
        return 0.0;
    }
    let x = (since / PUSH_TIMES.0).min(1.0);
    (x * x * (3.0 - 2.0 * x) * (-(since - PUSH_TIMES.0).max(0.0) / PUSH_TIMES.1).exp()) as f32
}
