//! Training inside ONNX Runtime.
//!
//! A network is written once, as calls on a [`graph::Graph`]. The graph differentiates itself in reverse mode
//! into standard ONNX operators; [`step`] adds the optimizer, so that one training step is one ordinary ONNX
//! model, which a [`program::Program`] runs. The exported model is the same graph with its weights inside.

pub mod bench;
pub mod checkpoint;
pub mod corpus;
pub mod fingerprint;
pub mod graph;
mod half;
pub mod health;
pub mod history;
pub mod learner;
pub mod listing;
pub mod nets;
pub mod ops;
pub mod pictures;
pub mod ppm;
pub mod program;
mod random;
pub mod report;
pub mod run;
pub mod step;
pub mod tensor;
pub mod tunes;
pub mod weights;
