//! The art classifier: which of the classes that a folder's subfolders name a picture belongs to, with a probability for each.
//!
//! A small convolutional network of our own. While it learns, a second head must tell what EfficientNet-Lite0 sees in the same place of the
//! same picture (knowledge distillation: Hinton et al. 2015; of features: Romero et al. 2015), which gives it more to go by
//! than a few hundred labels; that head and the teacher stay behind.
//!
//! Legend of shapes: `N` pictures in a batch, `K` classes, `(N, 3, S, S)` pictures in −1 … 1.

mod augment;
pub mod collection;
pub mod evaluate;
pub mod export;
mod network;
pub mod ridge;
mod task;
pub mod teacher;

pub use network::SIDE;
pub use task::{Settings, Task};

#[cfg(test)]
mod tests;
