//! What makes ONNX Runtime quiet by itself.

/// Variables at which it tells its makers nothing: without them a program is as it is for users.
pub const HUSHES: [&str; 4] = [oneiro::model::telemetry::VARIABLE, "CI", "GITHUB_ACTIONS", "TF_BUILD"];
