//! What a model is: an ONNX file that describes itself, and the sessions that run it.
//!
//! The way of a model from a file to the stage: [`library`] finds it, [`inspect`] reads it as untrusted input,
//! its [`spec`] says what it is, [`runtime`] loads ONNX Runtime, and a [`session::Session`] runs it.

pub mod arithmetic;
mod cut;
pub mod devices;
pub mod inspect;
pub mod library;
pub mod onnx;
pub mod overhead;
pub mod runtime;
pub mod session;
pub mod spec;
pub mod telemetry;
mod turn;
mod watchdog;
