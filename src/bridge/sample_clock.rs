use crate::time::SampleRate;
use std::sync::atomic::{AtomicU64, Ordering};

/// Leads from moments of a steady clock, in nanoseconds, to samples of the audio side: the audio thread tells when each
/// block begins, and whoever hears a key pressed asks which sample that was.
///
/// Blocks begin with jitter; a first-order filter takes it out, so that the stamps of events keep their distances. One
/// atomic number is all that is shared: nobody waits, and no torn value can be read.
#[derive(Debug)]
pub struct SampleClock {
    rate: f64,
    /// Bits of an `f64`: the nanosecond at which sample 0 was, or would have been.
    zero_ns: AtomicU64,
}

/// Share of a block's deviation that is believed.
const BELIEF: f64 = 0.03;
/// A deviation above this is no jitter: the device was late, or another one has taken over.
const LOST_NS: f64 = 30e6;
/// Before the first block.
const UNKNOWN: f64 = f64::NEG_INFINITY;

impl SampleClock {
    /// A clock that has seen no block.
    pub fn new(rate: SampleRate) -> Self {
        Self { rate: f64::from(rate.0.max(1)), zero_ns: AtomicU64::new(UNKNOWN.to_bits()) }
    }

    fn zero(&self) -> f64 {
        f64::from_bits(self.zero_ns.load(Ordering::Relaxed))
    }

    fn ns_per_sample(&self) -> f64 {
        1e9 / self.rate
    }

    /// A block begins: its first sample and the moment. For the audio thread alone.
    ///
    /// # Realtime Safety
    /// Two relaxed atomic operations.
    pub fn follow(&self, sample: u64, now_ns: u64) {
        let measured = now_ns as f64 - sample as f64 * self.ns_per_sample();
        let known = self.zero();
        let off = measured - known;
        let zero = if off.abs() < LOST_NS { known + BELIEF * off } else { measured };
        self.zero_ns.store(zero.to_bits(), Ordering::Relaxed);
    }

    /// The sample of a moment; 0 before the first block.
    pub fn sample_at(&self, ns: u64) -> u64 {
        let samples = (ns as f64 - self.zero()) / self.ns_per_sample();
        if samples.is_finite() { samples.round().max(0.0) as u64 } else { 0 }
    }

    /// The moment of a sample; `None` before the first block.
    pub fn ns_at(&self, sample: u64) -> Option<u64> {
        let ns = self.zero() + sample as f64 * self.ns_per_sample();
        ns.is_finite().then(|| ns.max(0.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn jitter_of_blocks_is_smoothed_and_a_stall_is_followed() {
        let clock = SampleClock::new(SampleRate(48_000));
        assert_eq!((clock.sample_at(5), clock.ns_at(5)), (0, None));
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let start = 7_000_000_000_u64;
        for block in 0..2000_u64 {
            let on_time = start + block * 128 * 1_000_000_000 / 48_000;
            clock.follow(block * 128, on_time + rng.random_range(0..1_000_000));
            if block > 200 {
                // Jitter only delays: its mean is half a millisecond, 24 samples.
                let sample = clock.sample_at(on_time) as f64;
                let off = sample - (block * 128) as f64 + 24.0;
                assert!(off.abs() < 10.0, "block {block}: {off} samples");
            }
        }
        let late = start + 20_000_000_000;
        clock.follow(2000 * 128, late);
        assert_eq!(clock.sample_at(late), 2000 * 128);
        assert_eq!(clock.sample_at(clock.ns_at(300_000).unwrap()), 300_000);
    }
}
