//! The networks, each written once for training and for performing, and each with its training task.

pub mod art_classifier;
pub mod efficientnet;
pub mod frozen;
pub mod image_autoencoder;
pub mod image_gan;
pub mod melody_rnn;
pub mod melody_vae;
pub mod style_transfer;
pub mod upscaler;
pub mod vgg;
mod vocabulary;
