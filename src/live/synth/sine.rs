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
    value.copysign(x)
}

/// tan(π·`turns`) for `turns` from 0 to 0.45, within 3e-5 of its size.
#[inline]
pub(super) fn tan_half_turns(turns: f32) -> f32 {
    sin_turns(0.5 * turns) / sin_turns(0.5 * turns + 0.25)
}

/// 2 to the power of `x`, within 3e-7 of its size, for `x` from -60 to 60: a Taylor series to the sixth power around the nearest
/// whole number, which is put into the exponent.
#[inline]
pub(super) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-60.0, 60.0);
    let whole = (x + ROUNDER) - ROUNDER;
    let a = (x - whole) * std::f32::consts::LN_2;
    let tail = a * (1.0 / 24.0 + a * (1.0 / 120.0 + a * (1.0 / 720.0)));
    let value = 1.0 + a * (1.0 + a * (0.5 + a * (1.0 / 6.0 + tail)));
    value * f32::from_bits(((whole as i32 + 127) as u32) << 23)
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

    /// The phase so many steps on.
    #[inline]
    pub fn after(self, step: u32, count: u32) -> Self {
        Self(self.0.wrapping_add(step.wrapping_mul(count)))
    }

    #[inline]
    pub fn advance(&mut self, step: u32) {
        *self = self.after(step, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_tangents_are_accurate() {
        for i in -4000..4000 {
            let x = i as f32 / 77.0;
            let exact = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / exact - 1.0).abs() < 3e-7, "2 to the power of {x}");
        }
        for i in 1..=900 {
            let turns = 0.0005 * i as f32;
            let exact = (f64::from(turns) * std::f64::consts::PI).tan();
            assert!((f64::from(tan_half_turns(turns)) / exact - 1.0).abs() < 3e-5, "tangent of {turns}");
        }
    }

    #[test]
    fn sine_is_accurate_over_many_turns() {
        for i in -4000..4000 {
            let turns = i as f32 / 777.0;
            let exact = (f64::from(turns) * std::f64::consts::TAU).sin();
            assert!((f64::from(sin_turns(turns)) - exact).abs() < 6e-6, "at {turns} turns");
        }
    }
}
