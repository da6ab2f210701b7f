//! The networks, each written once for training and for performing, and each with its training task.

pub mod efficientnet;
mod half;
pub mod image_gan;
pub mod melody_rnn;
pub mod style_transfer;
pub mod vgg;
