//! `oneiro doctor`: what works on this machine, and what to do about the rest.

use super::answer;
use anyhow::Result;
use oneiro::model::{inspect, library, runtime, telemetry};
use serde::Serialize;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Arguments of `oneiro doctor`.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status 1 means that something needed is missing: the lines marked with ✗ say what to do.

Examples:
  oneiro doctor
  ORT_DYLIB_PATH=/opt/onnxruntime/lib/libonnxruntime.so oneiro doctor")]
pub struct Args {
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Grade {
    /// As it should be.
    Good,
    /// Something is less than it could be.
    Note,
    /// Oneiro cannot perform without it.
    Bad,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    grade: Grade,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(what: &'static str, found: String) -> Self {
        Self { what, grade: Grade::Good, found, remedy: None }
    }

    fn note(what: &'static str, found: String, remedy: &str) -> Self {
        Self { what, grade: Grade::Note, found, remedy: Some(remedy.to_owned()) }
    }

    fn bad(what: &'static str, found: String, remedy: &str) -> Self {
        Self { grade: Grade::Bad, ..Self::note(what, found, remedy) }
    }
}

/// Runs `oneiro doctor`.
pub fn run(args: Args) -> Result<()> {
    let mut findings = runtime_findings();
    findings.extend(model_findings(args.models));
    findings.push(ffmpeg());
    findings.extend(play_findings());
    findings.push(processor());
    findings.push(cache());
    if args.json {
        answer(&serde_json::to_string_pretty(&findings)?)?;
    } else {
        for f in &findings {
            let mark = match f.grade {
                Grade::Good => "✓",
                Grade::Note => "·",
                Grade::Bad => "✗",
            };
            answer(&format!("{mark} {:13} {}", f.what, f.found))?;
            if let Some(remedy) = &f.remedy {
                answer(&format!("                → {remedy}"))?;
            }
        }
    }
    let missing: Vec<&str> = findings.iter().filter(|f| f.grade == Grade::Bad).map(|f| f.what).collect();
    if missing.is_empty() { Ok(()) } else { anyhow::bail!("not ready to perform: {}", missing.join(", ")) }
}

fn runtime_findings() -> Vec<Finding> {
    let loaded = match runtime::load() {
        Ok(loaded) => loaded,
        Err(e) => {
            let remedy = "run `cargo xtask setup`, or set ORT_DYLIB_PATH to the library";
            return vec![Finding::bad("ONNX Runtime", e.to_string(), remedy)];
        }
    };
    let library = Finding::good("ONNX Runtime", format!("{}, {}", loaded.path().display(), loaded.source()));
    let providers = loaded.providers();
    let gpus: Vec<&str> = providers.iter().map(String::as_str).filter(|name| *name != "CPUExecutionProvider").collect();
    let gpu = if gpus.is_empty() {
        Finding::note(
            "graphics card",
            "no provider for one; everything runs on the processor".into(),
            "nothing to do for performing; training on NVIDIA cards needs `--features cuda` and onnxruntime-gpu",
        )
    } else {
        Finding::good("graphics card", gpus.join(", "))
    };
    vec![library, told(), gpu]
}

/// What ONNX Runtime tells its makers.
fn told() -> Finding {
    match telemetry::left_to() {
        None => Finding::good("telemetry", "off: ONNX Runtime sends nothing, and gives this computer no number".into()),
        Some(said) => Finding::note(
            "telemetry",
            format!("ONNX Runtime may tell its makers about this computer: {} is set to `{said}`", telemetry::VARIABLE),
            "unset ORT_DISABLE_TELEMETRY, and it is off",
        ),
    }
}

/// What `oneiro play` would use.
#[cfg(feature = "play")]
fn play_findings() -> Vec<Finding> {
    use oneiro::devices::{midi, sound};
    let sound = match sound::probe(&sound::SoundChoice::default()) {
        Ok(device) => Finding::good("sound", format!("{}, {} Hz", device.name, device.rate.0)),
        Err(e) => Finding::note("sound", e.to_string(), "`oneiro play --no-sound` plays by MIDI alone"),
    };
    let midi = match midi::list() {
        Ok([inputs, outputs]) => Finding::good("MIDI", format!("{} inputs, {} outputs", inputs.len(), outputs.len())),
        Err(e) => Finding::note("MIDI", e.to_string(), "`oneiro play` takes the computer's keys"),
    };
    vec![sound, midi]
}

#[cfg(not(feature = "play"))]
fn play_findings() -> Vec<Finding> {
    let remedy = "build it with the feature `play`, which is on by default";
    vec![Finding::note("play", "this `oneiro` was built without it".into(), remedy)]
}

fn model_findings(given: Option<PathBuf>) -> Vec<Finding> {
    let folders = library::folders(given.as_deref());
    let mut findings = Vec::new();
    let mut sound = 0;
    for folder in folders.iter().filter(|folder| folder.path.is_dir()) {
        let files = library::files(std::slice::from_ref(folder));
        let (good, refused): (Vec<_>, Vec<_>) =
            files.iter().map(|file| inspect::inspect(file)).partition(Result::is_ok);
        sound += good.len();
        findings.push(Finding::good("models", format!("{}: {} ({})", folder.path.display(), good.len(), folder.why)));
        for e in refused.into_iter().filter_map(Result::err) {
            findings.push(Finding::note("models", e.to_string(), "move the file away, or replace it"));
        }
    }
    if sound == 0 {
        let searched: Vec<String> = folders.iter().map(|folder| folder.path.display().to_string()).collect();
        findings.push(Finding::bad(
            "models",
            format!("none in {}", searched.join(", ")),
            "copy the project's folder `models` to one of these, or name it with --models or ONEIRO_MODELS",
        ));
    }
    findings
}

fn ffmpeg() -> Finding {
    let output = Command::new("ffmpeg").arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Finding::good("ffmpeg", text.lines().next().unwrap_or_default().chars().take(60).collect())
        }
        _ => Finding::note(
            "ffmpeg",
            "not found: videos cannot be written, folders of pictures can".into(),
            "run `cargo xtask setup`, or install ffmpeg with your system's package manager",
        ),
    }
}

fn processor() -> Finding {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let wide = vector_units();
    Finding::good("processor", format!("{}, {threads} threads{wide}", std::env::consts::ARCH))
}

#[cfg(target_arch = "x86_64")]
fn vector_units() -> &'static str {
    if is_x86_feature_detected!("avx512f") {
        ", AVX-512"
    } else if is_x86_feature_detected!("avx2") {
        ", AVX2"
    } else {
        ", no AVX2: networks will be slow"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vector_units() -> &'static str {
    ""
}

fn cache() -> Finding {
    match runtime::cache_folder() {
        Some(folder) if folder.is_dir() => Finding::good("cache", folder.display().to_string()),
        Some(folder) => Finding::note(
            "cache",
            format!("{} is not there yet", folder.display()),
            "nothing to do; `cargo xtask setup` makes it",
        ),
        None => Finding::note("cache", "this system names no folder for caches".into(), "set ONEIRO_CACHE to one"),
    }
}
