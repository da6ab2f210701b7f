use super::Beats;
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

impl Beats {
    /// The start of the music, or no length at all.
    pub const ZERO: Self = Self(0.0);

    /// Position of a grid step, `steps_per_beat` of which make a quarter note.
    ///
    /// One division, so that the same position always has the same bits, however it was reached.
    pub fn from_steps(step: i64, steps_per_beat: u32) -> Self {
        Self(step as f64 / f64::from(steps_per_beat))
    }

    /// The grid step nearest to this position (halves go up), which may be negative. At most 2⁵³ either way, as far as
    /// steps can be told apart; 0 for a position that is no number.
    pub fn nearest_step(self, steps_per_beat: u32) -> i64 {
        ((self.0 * f64::from(steps_per_beat) + 0.5).floor() as i64).clamp(-(1 << 53), 1 << 53)
    }

    /// The last multiple of `grid`, which is above zero, that is not after this position.
    pub fn floor_to(self, grid: Self) -> Self {
        Self((self.0 / grid.0).floor() * grid.0)
    }

    /// The earlier of two positions.
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// The later of two positions.
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// An order of all values, for sorting.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }

    /// Whether this is a number and not infinite.
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

impl Add for Beats {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Beats {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Beats {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Beats {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Beats {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Mul<f64> for Beats {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Div<f64> for Beats {
    type Output = Self;
    fn div(self, divisor: f64) -> Self {
        Self(self.0 / divisor)
    }
}

/// How many times one length goes into another.
impl Div for Beats {
    type Output = f64;
    fn div(self, other: Self) -> f64 {
        self.0 / other.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_survive_the_way_to_beats_and_back() {
        for step in (-5000..5000).chain([i64::from(u32::MAX), -1_000_000_007]) {
            assert_eq!(Beats::from_steps(step, 24).nearest_step(24), step);
        }
    }

    #[test]
    fn rounding_goes_towards_the_grid_on_both_sides_of_zero() {
        assert_eq!(Beats(-0.1).floor_to(Beats(1.0)), Beats(-1.0));
        assert_eq!(Beats(-0.6).nearest_step(1), -1);
    }
}
