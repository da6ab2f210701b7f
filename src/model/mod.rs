//! What a model is: an ONNX file that describes itself, and the sessions that run it.

pub mod onnx;
pub mod runtime;
pub mod spec;
