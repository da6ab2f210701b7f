//! A tempo that is tapped.

/// Taps further apart than this begin anew, in seconds.
const PAUSE: f64 = 2.0;
/// Taps that count.
const MOST: usize = 8;

/// The last taps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taps(Vec<f64>);

impl Taps {
    /// A tap: the tempo of the last ones, in quarter notes a minute, from the second on.
    pub fn tap(&mut self, seconds: f64) -> Option<f64> {
        if self.0.last().is_some_and(|last| !(0.0..=PAUSE).contains(&(seconds - last))) {
            self.0.clear();
        }
        self.0.push(seconds);
        if self.0.len() > MOST {
            self.0.remove(0);
        }
        let [first, .., last] = self.0[..] else { return None };
        Some(60.0 * (self.0.len() - 1) as f64 / (last - first).max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tempo_is_that_of_the_last_taps_and_a_pause_begins_anew() {
        let mut taps = Taps::default();
        assert_eq!(taps.tap(10.0), None);
        assert!((taps.tap(10.5).unwrap() - 120.0).abs() < 1e-9);
        for i in 0..20 {
            taps.tap(11.0 + f64::from(i));
        }
        assert!((taps.tap(31.0).unwrap() - 60.0).abs() < 1.0);
        assert_eq!(taps.tap(40.0), None);
    }
}
