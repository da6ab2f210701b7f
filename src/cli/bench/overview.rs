//! `oneiro bench` by itself: the shortest form of every measurement, each figure beside what it was measured against in the same
//! run.

use super::answer;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use oneiro::model::spec::Kind;
use oneiro::model::{library, runtime};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Arguments of `oneiro bench` without a part.
#[derive(clap::Args)]
pub struct Overview {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Compare training steps with PyTorch, run by this Python, in turns
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, default_missing_value = "python3")]
    against_torch: Option<PathBuf>,
    /// Only these parts: train, live, picture, render, melody
    #[arg(long, value_delimiter = ',', value_parser = ["train", "live", "picture", "render", "melody"])]
    only: Vec<String>,
}

/// A figure and its baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Figure {
    part: &'static str,
    what: String,
    value: f64,
    unit: &'static str,
    /// What was measured beside it.
    baseline: &'static str,
    baseline_value: f64,
    /// The figure over its baseline.
    ratio: f64,
    /// What the ratio is to be at most, or where `more` is set at least.
    aim: Option<f64>,
    /// Whether more is better.
    more: bool,
}

impl Figure {
    /// Less is better. `None` where a number is missing.
    fn new(
        part: &'static str,
        what: String,
        unit: &'static str,
        value: &Value,
        baseline: (&'static str, f64),
    ) -> Option<Self> {
        let (value, (baseline, baseline_value)) = (value.as_f64()?, baseline);
        let ratio = value / baseline_value;
        let sound = baseline_value.is_finite() && ratio.is_finite();
        sound.then_some(Self { part, what, value, unit, baseline, baseline_value, ratio, aim: None, more: false })
    }

    fn more(self) -> Self {
        Self { more: true, ..self }
    }

    fn aim(self, ratio: f64) -> Self {
        Self { aim: Some(ratio), ..self }
    }
}

/// A part of the measurements: a command of this program, and what its answer says.
struct Part {
    name: &'static str,
    arguments: Vec<String>,
    read: fn(&Value) -> Vec<Option<Figure>>,
}

/// Runs `oneiro bench`.
pub fn run(args: &Overview) -> Result<()> {
    let chosen: Vec<Part> = parts(args)
        .into_iter()
        .filter(|part| args.only.is_empty() || args.only.iter().any(|o| o == part.name))
        .collect();
    let bar = ProgressBar::new(chosen.len() as u64);
    let style = ProgressStyle::with_template("{spinner} {msg:<10} [{bar:24}] {pos} of {len}, {elapsed}")?;
    bar.set_style(style.progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(200));
    let (mut figures, mut left_out) = (Vec::new(), Vec::new());
    for part in chosen {
        bar.set_message(part.name);
        // In a process of its own: what one leaves in memory and caches is not another's.
        match ask(&part.arguments) {
            Ok(told) => figures.extend((part.read)(&told).into_iter().flatten()),
            Err(e) => left_out.push(format!("{}: {e:#}", part.name)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if figures.is_empty() && !left_out.is_empty() {
        bail!("nothing could be measured: {}", left_out.join("; "));
    }
    let report = json!({"optimised": !cfg!(debug_assertions), "figures": figures, "left_out": left_out});
    answer(&if args.json { serde_json::to_string_pretty(&report)? } else { table(&figures, &left_out) })
}

fn parts(args: &Overview) -> Vec<Part> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut train = words("bench train --json --steps 5");
    if let Some(python) = &args.against_torch {
        train.extend(["--against-torch".into(), python.display().to_string()]);
    }
    let mut melody = words("eval --baselines --json --data");
    let data = runtime::cache_folder().map(|cache| cache.join("data").join("melodies"));
    melody.push(data.unwrap_or_default().display().to_string());
    if let Ok(model) = library::find(&library::folders(None), Kind::MelodyRnn, None) {
        melody.push(model.origin.display().to_string());
    }
    vec![
        Part { name: "train", arguments: train, read: of_training },
        Part { name: "live", arguments: words("bench live --json --seconds 10 --calls 10"), read: of_playing },
        Part {
            name: "picture",
            arguments: words("bench picture --json --rounds 15 --sides 256 --threads 1"),
            read: of_pictures,
        },
        Part { name: "render", arguments: words("bench render --json --minutes 2 --seconds 10"), read: of_rendering },
        Part { name: "melody", arguments: melody, read: of_melodies },
    ]
}

/// The JSON that this program answers with.
fn ask(arguments: &[String]) -> Result<Value> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("{}", told.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed").trim());
    }
    serde_json::from_slice(&output.stdout).context("the answer is no JSON")
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn name(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

fn number(of: &Value) -> f64 {
    of.as_f64().unwrap_or(f64::NAN)
}

fn of_training(told: &Value) -> Vec<Option<Figure>> {
    let kind = |s: &Value| {
        let step = |what: &str| format!("{}, {what}", name(&s["kind"]));
        // The same operations at the rate of the products.
        let least = number(&s["giga_operations"]) / number(&s["peak"]) * 1e3;
        let torch = number(&s["other_milliseconds"]);
        [
            Figure::new("train", step("a step"), "ms", &s["milliseconds"], ("as much in matrix products", least)),
            Figure::new("train", step("a step"), "ms", &s["milliseconds"], ("PyTorch", torch)).map(|f| f.aim(1.2)),
        ]
    };
    list(&told["kinds"]).flat_map(kind).collect()
}

fn of_playing(told: &Value) -> Vec<Option<Figure>> {
    let (callback, wrapper) = (&told["callback"], &told["wrapper"]);
    let block = number(&callback["block_ms"]);
    let share = |spread: &Value| number(&spread["p99"]) * block;
    let [idle, busy] = ["idle", "busy"].map(|condition| share(&callback[condition]["callback"]));
    let deadline = "the block itself";
    vec![
        Figure::new("live", "audio callback, p99, workers busy".into(), "ms", &json!(busy), (deadline, block))
            .map(|f| f.aim(0.1)),
        Figure::new("live", "audio callback, p99, workers busy".into(), "ms", &json!(busy), ("workers at rest", idle)),
        Figure::new(
            "live",
            "a step of the melody network".into(),
            "µs",
            &wrapper["wrapped_us"],
            ("the runtime's bare call", number(&wrapper["bare_us"])),
        )
        .map(|f| f.aim(1.05)),
    ]
}

fn of_pictures(told: &Value) -> Vec<Option<Figure>> {
    let model = |s: &Value| {
        let what = |work: &str| format!("{} {}², {work}", name(&s["model"]), s["side"]);
        let bare = number(&s["bare_milliseconds"]);
        let least = bare * number(&s["share_of_peak"]);
        [
            Figure::new(
                "picture",
                what("through our session"),
                "ms",
                &s["session_milliseconds"],
                ("the runtime's bare call", bare),
            )
            .map(|f| f.aim(1.05)),
            Figure::new(
                "picture",
                what("the bare call"),
                "ms",
                &s["bare_milliseconds"],
                ("as much in matrix products", least),
            ),
        ]
    };
    let style = |s: &Value| {
        let what = format!("style transfer {}²", s["side"]);
        Figure::new(
            "picture",
            what,
            "ms",
            &s["milliseconds"],
            ("the published network", number(&s["published_milliseconds"])),
        )
        .map(|f| f.aim(1.0))
    };
    list(&told["models"]).flat_map(model).chain(list(&told["published"]).map(style)).collect()
}

fn of_rendering(told: &Value) -> Vec<Option<Figure>> {
    let aims = [50.0, 1.0];
    let speed = |(s, aim): (&Value, f64)| {
        let what = format!("{}, seconds rendered", name(&s["what"]));
        Figure::new("render", what, "s", &s["seconds"], ("the seconds it took", number(&s["took"])))
            .map(|f| f.more().aim(aim))
    };
    list(told).zip(aims).map(speed).collect()
}

fn of_melodies(told: &Value) -> Vec<Option<Figure>> {
    let reading = |(key, what): (&str, &str)| {
        let what = format!("melody network, {what}");
        let counted = |how: &str| number(&told["baselines"][key][how]["bits_per_note"]);
        [("long_term", "PPM, learnt before"), ("mixed", "PPM, and the tune's own counts")].map(|(how, name)| {
            let bits = &told[key]["bits_per_note"];
            Figure::new("melody", what.clone(), "bits", bits, (name, counted(how))).map(|f| f.aim(1.0))
        })
    };
    [("played", "a note, repeats played"), ("once", "a note, repeats once")].into_iter().flat_map(reading).collect()
}

fn table(figures: &[Figure], left_out: &[String]) -> String {
    let mut text = String::new();
    if cfg!(debug_assertions) {
        text += "unoptimised build: these figures are not what a player gets\n";
    }
    text += &format!("{:<46}{:>12}   {:<28}{:>12}{:>9}  {}\n", "", "figure", "against", "", "ratio", "aim");
    let mut part = "";
    for f in figures {
        if f.part != part {
            part = f.part;
            text += &format!("{part}\n");
        }
        let aim = f.aim.map_or(String::new(), |aim| {
            let reached = if f.more { f.ratio >= aim } else { f.ratio <= aim };
            format!("{} {aim}{}", if f.more { "≥" } else { "≤" }, if reached { "" } else { ", missed" })
        });
        text += &format!(
            "  {:<44}{:>9.3} {:<5}{:<28}{:>9.3}{:>12.2}  {aim}\n",
            f.what, f.value, f.unit, f.baseline, f.baseline_value, f.ratio
        );
    }
    for line in left_out {
        text += &format!("left out: {line}\n");
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_beside_their_baselines_and_what_is_missing_is_left_out() {
        let told = json!({"kinds": [
            {"kind": "upscaler", "milliseconds": 100.0, "giga_operations": 5.0, "peak": 100.0, "other_milliseconds": 80.0},
            {"kind": "image-gan", "milliseconds": 100.0, "giga_operations": 5.0, "peak": 100.0, "other_milliseconds": null},
        ]});
        let found: Vec<Figure> = of_training(&told).into_iter().flatten().collect();
        let ratios: Vec<f64> = found.iter().map(|f| f.ratio).collect();
        assert_eq!(ratios, [2.0, 1.25, 2.0]);
        let text = table(&found, &["melody: no tunes".into()]);
        assert!(text.contains("PyTorch") && text.contains("1.25  ≤ 1.2, missed"), "{text}");
        assert!(text.ends_with("left out: melody: no tunes"), "{text}");

        let rendered = json!([{"what": "melody and sound", "seconds": 120.0, "took": 1.0}, {"what": "pictures"}]);
        let found: Vec<Figure> = of_rendering(&rendered).into_iter().flatten().collect();
        assert_eq!((found.len(), found[0].ratio), (1, 120.0));
        assert!(table(&found, &[]).contains("≥ 50"), "{}", table(&found, &[]));
    }
}
