//! What the voices pass through, on memory allocated in `prepare`. All of it goes through samples in spans: delays are longer, so
//! what comes back within a span was there before it. How samples are cut into spans changes nothing.

mod chorus;
mod delay;
mod limiter;
mod orbit;
mod reverb;
mod room;

pub(super) use limiter::{DcCut, Limiter};
pub(super) use room::{Room, Sent};

use chorus::Chorus;
use reverb::Reverb;

/// Most samples that go through the effects in one go.
pub(super) const SPAN: usize = 16;
/// Left and right samples of a span.
pub(super) type Span = [[f32; SPAN]; 2];

/// Zero for the tiniest numbers, in whatever decays: processors are slow with them, and a product rounds back to them
/// for ever.
#[inline]
pub(super) fn flush(x: f32) -> f32 {
    if x.abs() < 1e-18 { 0.0 } else { x }
}
