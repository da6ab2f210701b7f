//! `oneiro bench layers`: the forms of single convolutions' derivatives.

use super::super::answer;
use super::torch::Torch;
use anyhow::Result;
use oneiro::train::bench::Rival;
use oneiro::train::bench::layers::{Form, LAYERS, LayerSpeed, measure};
use std::path::PathBuf;

/// Arguments of `oneiro bench layers`.
#[derive(clap::Args)]
pub struct Args {
    /// Times that each form is timed
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Compare with PyTorch, run by this Python, in turns
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, default_missing_value = "python3")]
    against_torch: Option<PathBuf>,
}

/// Runs `oneiro bench layers`.
pub fn run(args: &Args) -> Result<()> {
    let mut torch = args.against_torch.as_deref().and_then(|python| Torch::start(&python.to_string_lossy(), 1));
    let measured = LAYERS.iter().map(|&layer| {
        let rival = torch.as_mut().map(|t| t as &mut dyn Rival);
        measure(layer, args.rounds, rival)
    });
    let measured = measured.collect::<Result<Vec<_>, _>>()?;
    answer(&if args.json { serde_json::to_string_pretty(&measured)? } else { table(&measured) })
}

/// A line for each layer: the form that is used first, then the others.
fn table(measured: &[LayerSpeed]) -> String {
    let mut text = "milliseconds, medians in turns; * is used\n".to_owned();
    for m in measured {
        let forms = |list: &[Form]| {
            let form = |f: &Form| format!("{}{} {:.2}", f.form, if f.used { "*" } else { "" }, f.milliseconds);
            list.iter().map(form).collect::<Vec<_>>().join("  ")
        };
        let [kernel, pictures] = m.elsewhere.map_or_else(Default::default, |t| t.map(|t| format!("  PyTorch {t:.2}")));
        text += &format!("{}\n  by the kernel: {}{kernel}\n", m.layer, forms(&m.by_kernel));
        text += &format!("  by the pictures: {}{pictures}\n", forms(&m.by_pictures));
    }
    text.trim_end().to_owned()
}
