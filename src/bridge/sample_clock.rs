use crate::sync::{AtomicU64, Ordering};
use crate::time::SampleRate;

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
