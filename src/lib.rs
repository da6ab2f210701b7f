//! Oneiro: an instrument for performing with neural networks.
//!
//! | Where | Thread | May | Must not |
//! |---|---|---|---|
//! | [`live`] | audio | fixed buffers, ring push and pop, atomics | allocate, free, lock, log, wait, do I/O, know that models exist |
//! | [`compose`], [`picture`] | workers | run a session they own, allocate, log | touch a performer, share a session |
//! | [`train`] | trainer | run training steps, read data, write checkpoints | be needed while performing |
//! | [`render`] | offline | block until a worker has answered | read the wall clock, use an unseeded random source |
//!
//! [`time`] and [`music`] are pure; [`bridge`] is the seam between threads;
//! [`model`] alone uses ONNX Runtime, but for [`train::program`], which runs training steps.
//! [`controls`] is what a player can turn, [`seen`] what there is to see; [`take`] records what happened, and [`link`] tells it to
//! other programs. Of these `devices` and `play` make the instrument that stands alone, and [`bench`] measures it. [`files`],
//! [`memory`], [`moment`] and [`priority`] deal with the system.

pub mod bench;
pub mod bridge;
pub mod caught;
pub mod complaint;
pub mod compose;
pub mod controls;
#[cfg(feature = "play")]
pub mod devices;
pub mod files;
pub mod link;
pub mod live;
pub mod memory;
pub mod model;
pub mod moment;
pub mod music;
pub mod picture;
#[cfg(feature = "play")]
pub mod play;
pub mod priority;
pub mod render;
pub mod seen;
mod sync;
pub mod take;
pub mod time;
pub mod train;
