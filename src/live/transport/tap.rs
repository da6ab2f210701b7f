use crate::time::{Bpm, SampleRate};

/// Tempo from taps on a key: the median of the last intervals, so that one slip of the finger changes nothing.
#[derive(Debug, Clone)]
pub struct TapTempo {
    rate: f64,
    last: Option<u64>,
    intervals: [u64; Self::KEPT],
    count: usize,
}

impl TapTempo {
    /// Intervals that are remembered.
    const KEPT: usize = 7;
    /// A pause longer than this begins a new tempo: 30 beats a minute.
    const LONGEST_SECONDS: f64 = 2.0;
    /// Taps nearer than this are one tap that bounced: 400 beats a minute.
    const SHORTEST_SECONDS: f64 = 0.15;

    /// No taps yet.
    pub fn new(rate: SampleRate) -> Self {
        Self { rate: f64::from(rate.0.max(1)), last: None, intervals: [0; Self::KEPT], count: 0 }
    }

    /// A tap at a time in samples; gives the tempo from the second tap on.
    ///
    /// # Realtime Safety
    /// No allocation.
    pub fn tap(&mut self, sample: u64) -> Option<Bpm> {
        let interval = self.last.map(|last| sample.saturating_sub(last));
        let seconds = interval.map(|samples| samples as f64 / self.rate);
        if seconds.is_some_and(|s| s < Self::SHORTEST_SECONDS) {
            return None;
        }
        self.last = Some(sample);
        let Some(interval) = interval.filter(|_| seconds.is_some_and(|s| s <= Self::LONGEST_SECONDS)) else {
            self.count = 0;
            return None;
        };
        self.intervals[self.count % Self::KEPT] = interval;
        self.count += 1;
        let mut sorted = self.intervals;
        let sorted = &mut sorted[..self.count.min(Self::KEPT)];
        sorted.sort_unstable();
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Bpm::new(60.0 * self.rate / (0.5 * (low + high) as f64)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_give_the_tempo_and_one_slip_does_not_change_it() {
        let mut taps = TapTempo::new(SampleRate(48_000));
        assert_eq!(taps.tap(1_000), None);
        assert_eq!(taps.tap(25_000), Some(Bpm(120.0)));
        taps.tap(49_000);
        taps.tap(73_000);
        taps.tap(101_000);
        assert_eq!(taps.tap(125_000), Some(Bpm(120.0)));
        assert_eq!(taps.tap(125_400), None, "a bounce");
    }

    #[test]
    fn a_pause_begins_anew() {
        let mut taps = TapTempo::new(SampleRate(48_000));
        taps.tap(0);
        taps.tap(24_000);
        assert_eq!(taps.tap(200_000), None);
        assert_eq!(taps.tap(248_000), Some(Bpm(60.0)));
    }
}
