//! Draws: takes a [`crate::show::plan::Plan`] and the newest pictures and makes a frame of them, with wgpu alone, so that a window
//! and a machine without a display draw the same.
//!
//! | Pass | From | To |
//! |---|---|---|
//! | prepare, flow | the older and the newer picture of a source | one picture in linear light; which way its forms run |
//! | paint | two sources | a scene's picture: fold, warp, medium, colours |
//! | trail | that, and what was shown before | the scene with its trails |
//! | bright, across, down | the scene | its glow, at a quarter of the size |
//! | finish | scene and glow | the scene as it is shown |
//! | together | one scene or two, text | the frame that is wanted |
//! | judge, allow | that, and the frame before | the frame that the flash guard allows |
//! | present | the frame | bytes of a window or a file |

mod drawing;
mod gpu;
mod guard;
mod layer;
mod letters;
mod offscreen;
mod passes;
mod peek;
mod picture;

pub use drawing::{Size, Stage, Target};
#[cfg(feature = "window")]
pub(crate) use gpu::lost_device;
pub use gpu::{Gpu, GpuError};
pub use letters::{Letters, TextBox};
pub use offscreen::Offscreen;
pub use peek::{Lookout, Peeked};
