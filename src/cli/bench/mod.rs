//! `oneiro bench`: how fast this machine trains, plays and paints, and whether the instrument holds.

mod instructions;
mod link;
mod live;
mod overview;
mod picture;
mod render;
#[cfg(feature = "play")]
mod soak;

use super::{Usage, answer};
use anyhow::Result;
use clap::{Args as ClapArgs, Subcommand};
use oneiro::train::bench::layers::{self, Form, LAYERS, LayerSpeed};
use oneiro::train::bench::{Clock, Rival, SUBJECTS, Speed, Subject, measure};
use oneiro::train::program::Device;
use oneiro::train::run::RunError;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Arguments of `oneiro bench`.
#[derive(ClapArgs)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Without a part it measures all of them in short, each figure beside a baseline of the same run: the bare runtime call, products of
large matrices, PyTorch, a published network, counting. Takes some minutes; the parts by themselves measure longer and tell more.

Examples:
  oneiro bench                          everything, as a table
  oneiro bench --json --only live,picture
  oneiro bench --against-torch python3  training beside PyTorch
  oneiro bench live --callgrind         instructions of the audio callback, against those that are known"
)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    overview: overview::Overview,
}

#[derive(Subcommand)]
enum What {
    /// Time training steps of every kind
    Train(TrainArgs),
    /// Time the audio callback beside busy networks, answers, sessions; and measure memory
    Live(live::Args),
    /// Time the way of notes to a visualizer: from their audio time to the frame that shows them
    Link(link::Args),
    /// Time the forms of single convolutions' derivatives, one thread
    Layers(LayersArgs),
    /// Play the instrument with random hands, faster than time, and see whether it holds
    #[cfg(feature = "play")]
    Soak(soak::Args),
    /// Time the models that paint, and what is ours around the runtime
    Picture(picture::Args),
    /// Time the rendering of a performance to files
    Render(render::Args),
}

/// Arguments of `oneiro bench layers`.
#[derive(ClapArgs)]
struct LayersArgs {
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

/// Arguments of `oneiro bench train`.
#[derive(ClapArgs)]
struct TrainArgs {
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

/// Runs `oneiro bench`.
pub fn run(args: Args) -> Result<()> {
    let Some(what) = args.what else { return overview::run(&args.overview) };
    match what {
        What::Train(args) => run_train(args),
        What::Live(args) => live::run(&args),
        What::Link(args) => link::run(&args),
        What::Layers(args) => run_layers(&args),
        #[cfg(feature = "play")]
        What::Soak(args) => soak::run(&args),
        What::Picture(args) => picture::run(&args),
        What::Render(args) => render::run(&args),
    }
}

fn run_layers(args: &LayersArgs) -> Result<()> {
    let mut torch = args.against_torch.as_deref().and_then(|python| Torch::start(&python.to_string_lossy(), 1));
    let measured = LAYERS.iter().map(|&layer| {
        let rival = torch.as_mut().map(|t| t as &mut dyn Rival);
        layers::measure(layer, args.rounds, rival)
    });
    let measured = measured.collect::<Result<Vec<_>, _>>()?;
    answer(&if args.json { serde_json::to_string_pretty(&measured)? } else { layer_table(&measured) })
}

/// A line for each layer: the form that is used first, then the others.
fn layer_table(measured: &[LayerSpeed]) -> String {
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

fn run_train(args: TrainArgs) -> Result<()> {
    let known = |kind: &String| SUBJECTS.iter().any(|s| s.kind == kind);
    if let Some(kind) = args.kind.iter().find(|k| !known(k)) {
        let all: Vec<&str> = SUBJECTS.iter().map(|s| s.kind).collect();
        return Err(Usage(format!("--kind {kind}: one of {} can be measured", all.join(", "))).into());
    }
    let chosen = |s: &&Subject| args.kind.is_empty() || args.kind.iter().any(|k| k == s.kind);
    let threads = args.threads.max(1);
    let mut torch = args.against_torch.as_deref().and_then(|python| Torch::start(&python.to_string_lossy(), threads));
    let folder = Folder::new("train")?;
    let mut speeds = Vec::new();
    for subject in SUBJECTS.iter().filter(chosen) {
        let rival = torch.as_mut().map(|t| t as &mut dyn Rival);
        speeds.push(measure(subject, &folder.0, Device::Cpu { threads }, args.steps, rival)?);
    }
    let text = if args.json {
        serde_json::to_string_pretty(&json!({"threads": threads, "kinds": speeds}))?
    } else {
        table(threads, &speeds)?
    };
    answer(&text)
}

/// A folder that goes when it is no longer needed.
struct Folder(PathBuf);

impl Folder {
    fn new(what: &str) -> Result<Self> {
        let folder = Self(std::env::temp_dir().join(format!("oneiro-bench-{what}-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
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

/// The same nets in PyTorch: a process that takes a line and answers with a line.
struct Torch {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

const SCRIPT: &str = include_str!("../../../tests/reference/torch_steps.py");

impl Torch {
    /// Starts it; where it is missing, says so.
    fn start(python: &str, threads: usize) -> Option<Self> {
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT, &threads.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.stderr(Stdio::null()).spawn().ok().and_then(|mut process| {
            let (to, from) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
            Some(Self { process, to, from })
        });
        let ready = started.and_then(|mut torch| {
            let mut line = String::new();
            torch.from.read_line(&mut line).ok()?;
            (line.trim() == "ready").then_some(torch)
        });
        if ready.is_none() {
            eprintln!("{python} has no PyTorch: nothing to compare with");
        }
        ready
    }

    fn ask(&mut self, question: &Value) -> Result<Value, RunError> {
        let lost = |e: &dyn std::fmt::Display| RunError::Data(format!("PyTorch does not answer: {e}"));
        writeln!(self.to, "{question}").and_then(|()| self.to.flush()).map_err(|e| lost(&e))?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|e| lost(&e))?;
        serde_json::from_str(&line).map_err(|e| lost(&e))
    }
}

impl Rival for Torch {
    fn prepare(&mut self, kind: &str, sizes: &Value) -> Result<Option<f64>, RunError> {
        Ok(self.ask(&json!({"prepare": kind, "sizes": sizes}))?.as_f64())
    }

    fn step(&mut self) -> Result<f64, RunError> {
        let answer = self.ask(&json!("step"))?;
        answer.as_f64().ok_or_else(|| RunError::Data(format!("PyTorch says {answer} in place of a time")))
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
