//! How many instructions the audio callback takes, counted by valgrind: the same on a busy machine and on an idle one,
//! so that a regression shows.

use super::super::{Usage, answer};
use anyhow::{Context as _, Result, bail};
use oneiro::bench::Rig;
use oneiro::live::Patch;
use serde_json::json;
use std::hint::black_box;
use std::process::{Command, Stdio};

/// Instructions of a block of 64 samples with sixteen voices and more, in thousands: optimised, x86-64, Rust 1.95. To be
/// written anew when sounds change on purpose.
const KNOWN: [(&str, Option<Patch>, f64); 9] = [
    ("house", None, 185.7),
    ("keys", Some(Patch::Keys), 139.9),
    ("bells", Some(Patch::Bells), 161.1),
    ("lead", Some(Patch::Lead), 231.0),
    ("pad", Some(Patch::Pad), 258.9),
    ("marimba", Some(Patch::Marimba), 146.5),
    ("strings", Some(Patch::Strings), 251.1),
    ("pluck", Some(Patch::Pluck), 216.4),
    ("organ", Some(Patch::Organ), 206.3),
];

/// So much more than what is known is a regression.
const TOLERANCE: f64 = 0.05;

/// Blocks that are played in the two runs whose difference counts: what comes before the first block falls out.
const BLOCKS: [usize; 2] = [1600, 2600];
/// Quarter notes that are planned before the first block: more than those blocks last.
const BEATS: f64 = 10.0;

/// Plays so many blocks, and nothing else.
pub fn play(sound: &str, blocks: usize) -> Result<()> {
    let known = KNOWN.iter().find(|(name, ..)| *name == sound);
    let (_, patch, _) = known.ok_or_else(|| Usage(format!("--sound {sound}: there is no such sound")))?;
    let (mut rig, mut hands) = Rig::new(*patch);
    hands.plan(BEATS);
    black_box(rig.blocks(blocks));
    Ok(())
}

/// Counts for every sound, and compares.
pub fn run(as_json: bool) -> Result<()> {
    let comparable = !cfg!(debug_assertions) && cfg!(target_arch = "x86_64");
    let mut lines = Vec::new();
    let mut worse = Vec::new();
    for (name, _, known) in KNOWN {
        let [few, many] = BLOCKS.map(|blocks| count(name, blocks));
        let thousands = (many? - few?) / (BLOCKS[1] - BLOCKS[0]) as f64 / 1e3;
        let change = (comparable && known > 0.0).then(|| thousands / known - 1.0);
        if change.is_some_and(|change| change > TOLERANCE) {
            worse.push(name);
        }
        lines.push((name, thousands, known, change));
    }
    if as_json {
        let sounds = lines.iter().map(|(name, thousands, known, change)| {
            json!({"sound": name, "instructions": thousands * 1e3, "known": known * 1e3, "change": change})
        });
        answer(&serde_json::to_string_pretty(&json!({"sounds": sounds.collect::<Vec<_>>()}))?)?;
    } else {
        let mut text = "thousands of instructions of a block of 64 samples, 16 voices\n".to_owned();
        if !comparable {
            text += "not compared: what is known is that of optimised programs on x86-64\n";
        }
        for (name, thousands, known, change) in &lines {
            let change = change.map_or(String::new(), |change| format!("{:>+9.1} % of {known:.1}", 100.0 * change));
            text += &format!("{name:<10}{thousands:>9.1}{change}\n");
        }
        answer(text.trim_end())?;
    }
    if worse.is_empty() { Ok(()) } else { bail!("more instructions than known: {}", worse.join(", ")) }
}

/// All instructions of this program while it plays so many blocks.
fn count(sound: &str, blocks: usize) -> Result<f64> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    command.args(["bench", "live", "--sound", sound, "--play-blocks", &blocks.to_string()]);
    let output = command.stdin(Stdio::null()).output();
    let output = output.context("valgrind cannot be started (it is Debian's package `valgrind`)")?;
    let told = String::from_utf8_lossy(&output.stderr);
    let counted = told.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match counted {
        Some(counted) if output.status.success() => Ok(counted),
        _ => bail!("valgrind has counted nothing: {}", told.lines().last().unwrap_or("it says nothing").trim()),
    }
}
