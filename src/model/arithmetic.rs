//! How much arithmetic a model asks for: counted from the shapes that pass through the runtime in one run.

use super::inspect::Inspected;
use super::overhead::Fed;
use super::runtime;
use super::session::SessionError;
use crate::complaint::one_line;
use ort::session::SessionInputValue;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::DynValue;
use serde_json::Value;

/// Floating-point operations of the convolutions and matrix products of one run, a multiplication and its addition counted as
/// two; everything else (activations, sums, copies, recurrent layers) is left out. Pictures that may have any size are given
/// `side` pixels across and down.
///
/// # Errors
/// [`SessionError::Run`] where it cannot be run, or the runtime's account of it cannot be written or read.
pub fn operations(model: &Inspected, side: usize) -> Result<u64, SessionError> {
    let fail = |message: String| SessionError::Run { origin: model.origin.clone(), message };
    let folder = tempfile::tempdir().map_err(|e| fail(e.to_string()))?;
    let account = profile(model, side, &folder.path().join("run")).map_err(|e| fail(one_line(&e)))?;
    let text = std::fs::read_to_string(&account).map_err(|e| fail(format!("{account}: {e}")))?;
    let events: Vec<Value> = serde_json::from_str(&text).map_err(|e| fail(format!("{account}: {e}")))?;
    Ok(events.iter().map(operations_of).sum())
}

/// Runs it once and gives the name of the file with the runtime's account.
fn profile(model: &Inspected, side: usize, prefix: &std::path::Path) -> ort::Result<String> {
    let loaded = runtime::load().map_err(|e| ort::Error::new(e.to_string()))?;
    // No further than to constants: what the processor's own forms of an operator are called does not matter then.
    let mut session = ort::session::Session::builder(loaded.environment())?
        .with_optimization_level(GraphOptimizationLevel::Level1)?
        .with_intra_threads(1)?
        .with_profiling(prefix)?
        .commit_from_memory(&model.bytes)?;
    let fed = model.spec.inputs.iter().map(|tensor| Fed::new(tensor, side));
    let values =
        fed.map(|fed| Ok((fed.name.clone(), fed.value()?))).collect::<ort::Result<Vec<(String, DynValue)>>>()?;
    let inputs: Vec<(&str, SessionInputValue<'_>)> = values.iter().map(|(n, v)| (n.as_str(), v.into())).collect();
    session.run(inputs)?;
    session.end_profiling()
}

/// Of one line of the account.
fn operations_of(event: &Value) -> u64 {
    let of = |list: &str, place: usize| shape(&event["args"][list][place]);
    let done = event["name"].as_str().is_some_and(|name| name.ends_with("_kernel_time"));
    let size = |shape: &[u64]| shape.iter().product::<u64>();
    let (given, kernel, made) = (of("input_type_shape", 0), of("input_type_shape", 1), of("output_type_shape", 0));
    let (Some(given), Some(made), true) = (given, made, done) else { return 0 };
    let products = match (event["args"]["op_name"].as_str(), kernel) {
        // Each output is a sum over the kernel of its channel.
        (Some("Conv" | "FusedConv"), Some(kernel)) => size(&made) * size(&kernel[1..]),
        // Each input is spread over the kernel of its channel.
        (Some("ConvTranspose"), Some(kernel)) => size(&given) * size(&kernel[1..]),
        // The second factor may have been packed away: the first and the result say as much.
        (Some("Gemm" | "FusedGemm"), _) => size(&given) * made.last().copied().unwrap_or(1),
        (Some("MatMul" | "FusedMatMul"), _) => size(&made) * given.last().copied().unwrap_or(1),
        _ => 0,
    };
    2 * products
}

/// `{"float": [1, 3, 64, 64]}`; `None` for what is no tensor of at least one axis.
fn shape(of: &Value) -> Option<Vec<u64>> {
    let list = of.as_object()?.values().next()?.as_array()?;
    let shape: Vec<u64> = list.iter().filter_map(Value::as_u64).collect();
    (!shape.is_empty() && shape.len() == list.len()).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inspect::inspect;

    /// The shipped upscaler, counted by hand from its settings: see `train::nets::upscaler`.
    #[test]
    fn an_upscaler_does_what_its_layers_say() {
        let model = inspect(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/upscaler.onnx")).unwrap();
        let [channels, blocks] = ["channels", "blocks"].map(|name| model.spec.settings[name] as u64);
        let trunk = 3 * 25 * channels + blocks * 2 * 9 * channels * channels;
        // For each of the pixels that one becomes: the detail, the interpolation, and its lowest and highest value.
        let heads = 3 * (4 + 16) * (9 * channels + 25 + 2);
        for side in [16, 40] {
            assert_eq!(operations(&model, side).unwrap(), 2 * (trunk + heads) * (side * side) as u64);
        }
    }
}
