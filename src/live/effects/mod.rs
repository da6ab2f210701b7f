//! What the voices pass through. All of it works sample by sample on memory allocated in `prepare`.

mod chorus;
mod delay;
mod limiter;
mod reverb;

pub(super) use chorus::Chorus;
pub(super) use limiter::Limiter;
pub(super) use reverb::Reverb;

/// Values below this are taken as zero in feedback paths: processors are slow with the tiniest numbers.
#[inline]
fn flush(x: f32) -> f32 {
    if x.abs() < 1e-18 { 0.0 } else { x }
}
