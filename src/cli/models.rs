//! `oneiro models`: the models there are, whether they are sound, and what they are.

use super::answer;
use anyhow::{Result, bail};
use clap::Subcommand;
use oneiro::files;
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::{Dim, Kind, ModelSpec, TensorSpec};
use oneiro::train::nets::{image_gan, melody_rnn};
use prost::Message as _;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Arguments of `oneiro models`.
#[derive(clap::Args)]
#[command(after_help = "\
Models are looked for in: the folder of --models, those in ONEIRO_MODELS, `models` beside the program, `models` in
a checkout of the project, and your own folder (`oneiro doctor` shows them).

Examples:
  oneiro models list --json
  oneiro models check my-model.onnx && cp my-model.onnx models/")]
pub struct Args {
    #[command(subcommand)]
    task: Task,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR", global = true)]
    models: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// List the models on the search path
    List {
        /// Only models of this kind
        #[arg(long, value_parser = parse_kind)]
        kind: Option<Kind>,
    },
    /// Check that models are sound and that ONNX Runtime takes them
    Check {
        /// The models; all on the search path without a name
        files: Vec<PathBuf>,
    },
    /// Write the graph of a melody network or of an image-gan anew, as this version makes it, with the same weights and
    /// description: for files of earlier versions, whose graphs were slower
    Renew {
        /// The model
        file: PathBuf,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Say what a model is, what it reads and writes, and how it was made
    Explain {
        /// The model
        file: PathBuf,
    },
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|e: oneiro::model::spec::SpecError| e.to_string())
}

/// Runs `oneiro models`.
pub fn run(args: Args) -> Result<()> {
    let found = || library::files(&library::folders(args.models.as_deref()));
    match args.task {
        Task::List { kind } => list(&found(), kind, args.json),
        Task::Check { files } if files.is_empty() => check(&found(), args.json),
        Task::Check { files } => check(&files, args.json),
        Task::Renew { file, out } => renew(&file, &out),
        Task::Explain { file } => explain(&file, args.json),
    }
}

fn list(files: &[PathBuf], kind: Option<Kind>, as_json: bool) -> Result<()> {
    let models: Vec<(&PathBuf, Result<Inspected, _>)> = files.iter().map(|file| (file, inspect(file))).collect();
    let wanted = |spec: &ModelSpec| kind.is_none_or(|k| k == spec.kind);
    if as_json {
        let rows: Vec<_> = models
            .iter()
            .filter_map(|(file, model)| match model {
                Ok(m) if wanted(&m.spec) => Some(json!({ "file": file, "kind": m.spec.kind, "name": m.spec.name,
                    "parameters": m.facts.parameters, "bytes": m.bytes.len() })),
                Ok(_) => None,
                Err(e) => Some(json!({ "file": file, "error": e.to_string() })),
            })
            .collect();
        return answer(&serde_json::to_string_pretty(&rows)?);
    }
    let mut text = String::new();
    for (file, model) in &models {
        match model {
            Ok(m) if wanted(&m.spec) => {
                let size = megabytes(m.bytes.len());
                writeln!(text, "{:18} {:24} {size:>9}  {}", m.spec.kind, m.spec.name, file.display())?;
            }
            Ok(_) => {}
            Err(e) => writeln!(text, "{:18} {e}", "(refused)")?,
        }
    }
    if text.is_empty() {
        text = "no models found; `oneiro doctor` shows where they are looked for".into();
    }
    answer(text.trim_end())
}

fn check(files: &[PathBuf], as_json: bool) -> Result<()> {
    if files.is_empty() {
        bail!("there is no model to check; `oneiro doctor` shows where models are looked for");
    }
    let mut rows = Vec::new();
    let mut refused = 0;
    for file in files {
        let result = inspect(file)
            .map_err(anyhow::Error::from)
            .and_then(|model| Ok(Session::from_inspected(model, &SessionOptions::default())?));
        let reason = result.err().map(|e| super::one_line(&e));
        refused += usize::from(reason.is_some());
        match (as_json, &reason) {
            (true, _) => rows.push(json!({ "file": file, "ok": reason.is_none(), "error": reason })),
            (false, None) => answer(&format!("{}: sound", file.display()))?,
            (false, Some(_)) if files.len() == 1 => {} // the error at the end says it
            (false, Some(reason)) => answer(reason)?,
        }
        if let (1, false, Some(reason)) = (files.len(), as_json, reason) {
            bail!("{reason}");
        }
    }
    if as_json {
        answer(&serde_json::to_string_pretty(&rows)?)?;
    }
    if refused > 0 {
        bail!("{refused} of {} models are refused", files.len());
    }
    Ok(())
}

fn renew(file: &Path, out: &Path) -> Result<()> {
    let model = inspect(file)?;
    let lacks = |reason: String| anyhow::anyhow!("{}: {reason}", file.display());
    let mut spec = model.spec.clone();
    let (mut proto, inputs, outputs) = match spec.kind {
        Kind::MelodyRnn => {
            let (config, weights) = melody_rnn::read_model(&model).map_err(lacks)?;
            let (proto, made) = melody_rnn::performing_model(config, &weights, &spec.name);
            melody_rnn::open_memory(&mut spec.inputs);
            (proto, made.inputs, made.outputs)
        }
        Kind::ImageGan => {
            let (shape, weights) = image_gan::export::read_model(&model).map_err(lacks)?;
            let made = image_gan::export::description(&spec.name, &shape);
            (image_gan::export::network(&shape, &weights, 1), made.inputs, made.outputs)
        }
        other => bail!("{}: graphs of kind {other} are what they were", file.display()),
    };
    if (&inputs, &outputs) != (&spec.inputs, &spec.outputs) {
        bail!("{}: its network reads and writes other things than this version's", file.display());
    }
    spec.store(&mut proto)?;
    files::write_whole(out, &proto.encode_to_vec())?;
    answer(&format!("{}: {} operators", out.display(), inspect(out)?.facts.nodes))
}

fn explain(file: &Path, as_json: bool) -> Result<()> {
    let model = inspect(file)?;
    let (spec, facts) = (&model.spec, model.facts);
    if as_json {
        let row = json!({ "file": file, "bytes": model.bytes.len(), "nodes": facts.nodes,
            "tensors": facts.tensors, "parameters": facts.parameters, "spec": spec });
        return answer(&serde_json::to_string_pretty(&row)?);
    }
    let mut text = format!("{}: {}, {}\n", spec.name, spec.kind, spec.kind.job());
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            let _infallible = writeln!(text, "  {label:11} {value}");
        }
    };
    line(
        "size",
        format!("{}, {} parameters, {} operators", megabytes(model.bytes.len()), facts.parameters, facts.nodes),
    );
    spec.inputs.iter().for_each(|tensor| line("reads", describe(tensor)));
    spec.outputs.iter().for_each(|tensor| line("writes", describe(tensor)));
    if let Some(v) = &spec.vocabulary {
        line(
            "events",
            format!(
                "{} {}: pitches {} to {}, {} durations, {} steps a quarter",
                v.coding,
                v.version,
                v.lowest_pitch,
                v.highest_pitch,
                v.durations.len(),
                v.steps_per_quarter
            ),
        );
    }
    if let Some(p) = &spec.picture {
        line("pictures", format!("{} × {}, {} channels", p.width, p.height, p.channels));
    }
    if let Some(latent) = &spec.latent {
        line("latent", format!("{} numbers", latent.size));
    }
    for data in &spec.data {
        line("trained on", format!("{} ({}; {})", data.name, data.origin, data.licence));
    }
    for (name, value) in &spec.metrics {
        line("measured", format!("{name} = {value}"));
    }
    line(
        "made by",
        if spec.command.is_empty() { String::new() } else { format!("{}, seed {}", spec.command, spec.seed) },
    );
    line("written by", spec.created_by.clone());
    line("licence", spec.licence.clone());
    answer(text.trim_end())
}

fn describe(tensor: &TensorSpec) -> String {
    let shape: Vec<String> = tensor
        .shape
        .iter()
        .map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Named(name) => name.clone(),
        })
        .collect();
    format!("{} ({}) of {:?}", tensor.name, shape.join(", "), tensor.element).to_lowercase()
}

fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
