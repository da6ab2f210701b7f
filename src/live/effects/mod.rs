//! What the voices pass through. All of it works sample by sample on memory allocated in `prepare`.

mod chorus;
mod delay;
mod limiter;
mod reverb;

pub(super) use chorus::Chorus;
pub(super) use limiter::Limiter;
pub(super) use reverb::Reverb;

/// Zero for the tiniest numbers, in whatever decays: processors are slow with them, and a product rounds back to them
/// for ever.
#[inline]
pub(super) fn flush(x: f32) -> f32 {
    if x.abs() < 1e-18 { 0.0 } else { x }
}
