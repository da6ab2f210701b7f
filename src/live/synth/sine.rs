/// Adding and subtracting this rounds an `f32` below 2²² to the nearest whole number without a library call.
const ROUNDER: f32 = 12_582_912.0;

/// sin(2π·`turns`), within 4e-6, for |`turns`| below two million.
///
/// Folded to a quarter turn and summed as the odd Taylor series to the ninth power.
#[inline]
pub(super) fn sin_turns(turns: f32) -> f32 {
    let x = turns - ((turns + ROUNDER) - ROUNDER);
    let folded = 0.25 - (x.abs() - 0.25).abs();
    let a = folded * std::f32::consts::TAU;
    let a2 = a * a;
    let value = a * (1.0 + a2 * (-1.0 / 6.0 + a2 * (1.0 / 120.0 + a2 * (-1.0 / 5040.0 + a2 * (1.0 / 362_880.0)))));
    if x < 0.0 { -value } else { value }
}

/// A phase in turns that never loses precision: it wraps in whole numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Phase(pub u32);

impl Phase {
    /// The step for a frequency, in cycles a sample below one half.
    pub fn step(cycles_per_sample: f64) -> u32 {
        (cycles_per_sample.clamp(0.0, 0.49) * 4_294_967_296.0) as u32
    }

    /// Between -0.5 and 0.5 turns.
    #[inline]
    pub fn turns(self) -> f32 {
        self.0 as i32 as f32 * (1.0 / 4_294_967_296.0)
    }

    #[inline]
    pub fn advance(&mut self, step: u32) {
        self.0 = self.0.wrapping_add(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_is_accurate_over_many_turns() {
        for i in -4000..4000 {
            let turns = i as f32 / 777.0;
            let exact = (f64::from(turns) * std::f64::consts::TAU).sin();
            assert!((f64::from(sin_turns(turns)) - exact).abs() < 6e-6, "at {turns} turns");
        }
    }
}
