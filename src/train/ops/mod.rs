//! Operators: each method appends a forward node to the graph and gives it its derivative.
//!
//! Notation in the comments: `y` is the output, `dy` the loss's derivative by it, `dx` that by the input.

mod activation;
mod conv;
mod conv_kernel;
mod elementwise;
mod loss;
mod matmul;
mod norm;
mod pool;
mod recurrent;
mod reduce;
mod resize;
mod shape;

pub use conv::{Conv, InputForm};
pub use conv_kernel::KernelForm;
pub use norm::{BatchStatistics, RUNNING_SHARE};
pub use shape::Dealt;
