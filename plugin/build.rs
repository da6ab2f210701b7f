//! Marks the plugin's file as one that stays loaded (ELF's `DF_1_NODELETE`).
//!
//! ONNX Runtime cannot be unloaded, and a process has one environment of it: it belongs to statics of this file. A host that
//! unloads the plugin and loads it again gets the same copy with the same statics, and not another one that begins anew while
//! the first one's memory is lost. A thread that is about to end when the host unloads ends in code that is still there.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
