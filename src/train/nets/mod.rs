//! The networks, each with its training task.

pub mod efficientnet;
pub mod image_gan;
