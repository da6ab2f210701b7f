//! ONNX Runtime tells nobody about its users.
//!
//! From 1.29 on, the library that its makers publish for Linux and macOS gives each computer a lasting number, writes down what
//! kind of machine it runs on and which program loads it, and sends that to its makers as soon as an environment is made. The
//! switch among its functions comes too late: it asks for an environment. Only a variable that is set before keeps it from all of
//! this (<https://github.com/microsoft/onnxruntime/pull/27379>). On Windows the library has nothing to send with: it tells the
//! system's event tracing, which that switch turns off after one first event.
#![allow(unsafe_code)] // one variable of the environment

use std::env;

/// The variable that ONNX Runtime reads.
pub const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Sets [`VARIABLE`] to `1`, unless somebody has set it: what the user says stays.
///
/// Whoever loads the library calls this before. Programs call it as the first of all, while they have one thread.
pub fn decline() {
    if env::var_os(VARIABLE).is_none() {
        // SAFETY: a program does this before it begins a thread. In a plugin the threads are the host's: Windows, macOS and glibc
        // from 2.41 on let them read the environment meanwhile. An older glibc does too, but for one that is in the middle of
        // reading at the very moment when an array of variables is given back that an earlier change has made. So it is done
        // only where the variable is missing, which is once in a process.
        unsafe { env::set_var(VARIABLE, "1") };
    }
}

/// What somebody else has set [`VARIABLE`] to, if not to `1`: what ONNX Runtime sends is theirs to say then.
pub fn left_to() -> Option<String> {
    let said = env::var_os(VARIABLE)?.to_string_lossy().into_owned();
    (said != "1").then_some(said)
}
