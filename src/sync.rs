//! What the seam between threads is built on, named in one place, so that `tests/seam_loom.rs` can build the very same
//! sources on a model checker's versions of these.

pub(crate) use rtrb::{Consumer, Producer, PushError, RingBuffer};
#[cfg(feature = "play")]
pub(crate) use std::sync::atomic::AtomicU32;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use triple_buffer::{Input, Output, triple_buffer};
