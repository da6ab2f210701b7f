//! `oneiro bench live`: how fast the instrument is while it plays.

use super::super::answer;
use super::instructions;
use anyhow::Result;
use oneiro::bench::{
    AnswerSpeed, CallbackSpeed, Memory, Models, Spread, VOICES, load_average, measure_answers, measure_callback,
    measure_wrapper,
};
use oneiro::model::overhead::Overhead;
use oneiro::model::{library, runtime};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `oneiro bench live`.
#[derive(clap::Args)]
#[command(after_help = "\
Shares are of the length of a block of 64 samples at 48 kHz, 1.333 ms. Other work on the machine shows in all figures but
the processor's time; the arithmetic beside the callback says how much.

Examples:
  oneiro bench live --json
  oneiro bench live --seconds 60 --calls 200    the figures of docs/live.md
  oneiro bench live --callgrind                 instructions of a block, against those that are known")]
pub struct Args {
    /// Seconds that the callback is measured, with resting workers and with busy ones
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Calls that each mode answers
    #[arg(long, default_value_t = 60)]
    calls: usize,
    /// Runs of the melody network, by the runtime alone and through our sessions
    #[arg(long, default_value_t = 2000)]
    rounds: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Count the instructions of a block instead, under valgrind; exit status 1 where they have become more
    #[arg(long)]
    callgrind: bool,
    /// Play so many blocks and nothing else: what runs under valgrind
    #[arg(long, hide = true)]
    play_blocks: Option<usize>,
    /// With this sound
    #[arg(long, hide = true, default_value = "house")]
    sound: String,
}

/// Runs `oneiro bench live`.
pub fn run(args: &Args) -> Result<()> {
    if let Some(blocks) = args.play_blocks {
        return instructions::play(&args.sound, blocks);
    }
    if args.callgrind {
        return instructions::run(args.json);
    }
    let mut memory = Memory::default();
    memory.note("the program");
    let load = load_average();
    runtime::load()?;
    memory.note("ONNX Runtime");
    let models = Models::find(&library::folders(args.models.as_deref()))?;
    memory.note("three models' bytes");
    let callback = measure_callback(&models, args.seconds.clamp(0.1, 3600.0), &mut memory)?;
    let answers = measure_answers(&models, args.calls)?;
    let wrapper = measure_wrapper(&models, args.rounds)?;
    let loads = [load, load_average()];
    answer(&if args.json {
        let memory: Vec<_> =
            memory.steps.iter().map(|(what, bytes)| json!({"after": what, "resident": bytes})).collect();
        serde_json::to_string_pretty(&json!({
            "load_average": loads,
            "callback": callback,
            "answers": answers,
            "wrapper": wrapper,
            "memory": memory,
            "optimised": !cfg!(debug_assertions),
        }))?
    } else {
        table(loads, &callback, &answers, &wrapper, &memory)?
    })
}

fn table(
    loads: [Option<f64>; 2],
    callback: &CallbackSpeed,
    answers: &[AnswerSpeed],
    wrapper: &Overhead,
    memory: &Memory,
) -> Result<String> {
    let mut text = String::new();
    if cfg!(debug_assertions) {
        text += "unoptimised build: these figures are not what a player gets\n";
    }
    if let [Some(before), Some(after)] = loads {
        writeln!(text, "load average before and after: {before:.1}, {after:.1}")?;
    }
    callback_table(&mut text, callback)?;
    writeln!(
        text,
        "\nlast note heard to all notes of its answer scheduled, ms; surprised: it is struck in the step of the decision"
    )?;
    writeln!(text, "{:<12}{:<22}{:>8}{:>9}{:>9}{:>9}{:>10}", "mode", "", "answers", "p50", "p99", "worst", "notes")?;
    for speed in answers {
        let AnswerSpeed { through_threads, alone, surprised, surprised_alone, ahead, .. } = speed;
        for (what, spread) in [
            ("through threads", through_threads),
            ("the director alone", alone),
            ("threads, surprised", surprised),
            ("alone, surprised", surprised_alone),
            ("thought ahead", ahead),
        ] {
            let Spread { count, p50, p99, worst, .. } = *spread;
            let (mode, notes) = match what {
                "through threads" => (speed.mode, format!("{:.1}", speed.notes)),
                _ => ("", String::new()),
            };
            writeln!(text, "{mode:<12}{what:<22}{count:>8}{p50:>9.3}{p99:>9.3}{worst:>9.3}{notes:>10}")?;
        }
    }
    let Overhead { rounds, bare_us, wrapped_us, overhead_us } = wrapper;
    writeln!(text, "\na step of the melody network, medians of {rounds} in turns, processor's time")?;
    writeln!(text, "by the runtime {bare_us:.1} µs, through our session {wrapped_us:.1} µs: {overhead_us:.1} µs more")?;
    writeln!(text, "\nmemory, resident, MiB, after each of")?;
    for (what, bytes) in &memory.steps {
        writeln!(text, "{:>8.1} {what}", *bytes as f64 / f64::from(1 << 20))?;
    }
    if memory.steps.is_empty() {
        writeln!(text, "this system does not say")?;
    }
    Ok(text.trim_end().to_owned())
}

fn callback_table(text: &mut String, callback: &CallbackSpeed) -> Result<()> {
    let CallbackSpeed { rate, block, block_ms, voices: (least, mean), lost, not_real_time, .. } = callback;
    writeln!(
        text,
        "\naudio callback: {block} samples at {rate} Hz, {block_ms:.3} ms; {least} voices and more (of {VOICES} \
        lines), {mean:.1} on the average; {lost} messages lost"
    )?;
    match not_real_time {
        None => writeln!(text, "the audio thread has real-time priority")?,
        Some(why) => writeln!(text, "the audio thread has no real-time priority: {why}")?,
    }
    writeln!(text, "{:<32}{:>8}{:>8}{:>8}{:>8}   % of the block", "", "p50", "p99", "p99.9", "worst")?;
    for (name, c) in [("workers rest", &callback.idle), ("both workers at full load", &callback.busy)] {
        let mut line = |what: &str, s: &Spread| {
            let [p50, p99, p999, worst] = [s.p50, s.p99, s.p999, s.worst].map(|share| 100.0 * share);
            writeln!(text, "{what:<32}{p50:>8.2}{p99:>8.2}{p999:>8.2}{worst:>8.2}")
        };
        line(name, &c.callback)?;
        line("  fixed arithmetic beside it", &c.arithmetic)?;
        line("  woken too late", &c.woken_late)?;
        writeln!(
            text,
            "  {} of {} blocks not in time; {:.1} phrases and {:.1} pictures a second",
            c.missed, c.callback.count, c.phrases, c.pictures
        )?;
    }
    Ok(())
}
