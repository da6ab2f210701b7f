//! `oneiro bench train`: training steps of every kind.

use super::super::{Usage, answer};
use super::torch::Torch;
use anyhow::Result;
use oneiro::train::bench::{Clock, Rival, SUBJECTS, Speed, Subject, measure};
use oneiro::train::program::Device;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `oneiro bench train`.
#[derive(clap::Args)]
pub struct Args {
    /// Kind to measure; may be given several times [default: all]
    #[arg(long)]
    kind: Vec<String>,
    /// Threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Steps that are timed
    #[arg(long, default_value_t = 9)]
    steps: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Compare with PyTorch, run by this Python, in turns
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, default_missing_value = "python3")]
    against_torch: Option<PathBuf>,
}

/// Runs `oneiro bench train`.
pub fn run(args: &Args) -> Result<()> {
    let known = |kind: &String| SUBJECTS.iter().any(|s| s.kind == kind);
    if let Some(kind) = args.kind.iter().find(|k| !known(k)) {
        let all: Vec<&str> = SUBJECTS.iter().map(|s| s.kind).collect();
        return Err(Usage(format!("--kind {kind}: one of {} can be measured", all.join(", "))).into());
    }
    let chosen = |s: &&Subject| args.kind.is_empty() || args.kind.iter().any(|k| k == s.kind);
    let threads = args.threads.max(1);
    let mut torch = args.against_torch.as_deref().and_then(|python| Torch::start(&python.to_string_lossy(), threads));
    let folder = tempfile::tempdir()?;
    let mut speeds = Vec::new();
    for subject in SUBJECTS.iter().filter(chosen) {
        let rival = torch.as_mut().map(|t| t as &mut dyn Rival);
        speeds.push(measure(subject, folder.path(), Device::Cpu { threads }, args.steps, rival)?);
    }
    let text = if args.json {
        serde_json::to_string_pretty(&json!({"threads": threads, "kinds": speeds}))?
    } else {
        table(threads, &speeds)?
    };
    answer(&text)
}

fn table(threads: usize, speeds: &[Speed]) -> Result<String> {
    let mut text = format!(
        "threads: {threads}; medians of {} time, in turns with matrix products\n",
        if Clock::for_threads(threads) == Clock::Thread { "processor" } else { "wall" }
    );
    write!(
        text,
        "{:<18}{:>9}{:>12}{:>9}{:>9}{:>12}{:>9}{:>8}",
        "kind", "ms/step", "examples/s", "GFLOP", "of peak", "PyTorch ms", "GFLOP", "ratio"
    )?;
    let or_dash = |v: Option<f64>, digits| v.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for s in speeds {
        write!(
            text,
            "\n{:<18}{:>9.1}{:>12.1}{:>9.2}{:>8.0}%{:>12}{:>9}{:>8}",
            s.kind,
            s.milliseconds,
            s.examples_per_second,
            s.giga_operations,
            100.0 * s.share_of_peak,
            or_dash(s.other_milliseconds, 1),
            or_dash(s.other_giga_operations, 2),
            or_dash(s.ratio, 2)
        )?;
    }
    Ok(text)
}
