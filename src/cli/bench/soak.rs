//! `oneiro bench soak`: the instrument under random hands, faster than time.

use super::super::{answer, progress};
use anyhow::{Result, bail};
use oneiro::compose::{MelodyModel, PhraseModel};
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::play::{Memory, SoakReport, soak};
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `oneiro bench soak`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Minutes of music
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Seed of the hands
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A further folder with models, searched first
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `oneiro bench soak`; a promise that was broken is an error, after the table.
pub(super) fn run(args: &Args) -> Result<()> {
    let (folders, options) = (library::folders(args.models.as_deref()), SessionOptions::default());
    let melody = library::find(&folders, Kind::MelodyRnn, None)?;
    let melody = MelodyModel::new(Session::from_inspected(melody, &options)?)?;
    let phrases = PhraseModel::new(library::find(&folders, Kind::MelodyVae, None)?, &options)?;
    let seconds = 60.0 * args.minutes.max(0.0);
    let bar = progress(seconds as u64, "s of music");
    let began = Instant::now();
    let report = soak(args.seed, seconds, melody, Some(phrases), &mut |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let took = began.elapsed().as_secs_f64();
    answer(&if args.json { serde_json::to_string_pretty(&report)? } else { table(&report, took) })?;
    if !report.is_sound() {
        bail!("it did not hold");
    }
    Ok(())
}

fn table(report: &SoakReport, took: f64) -> String {
    let SoakReport { counters, notes: [call, answer, _], music_seconds, .. } = report;
    let mut lines = vec![
        ("seed", report.seed.to_string()),
        ("music", format!("{:.1} minutes in {:.1}", music_seconds / 60.0, took / 60.0)),
        ("acts of hands", report.acts.to_string()),
        ("notes played", call.to_string()),
        ("notes answered", format!("{answer} in {} phrases", report.phrases)),
        ("looks after a stop", report.looks.to_string()),
        ("broken promises", report.faults.to_string()),
        ("errors", report.errors.to_string()),
        ("late notes", (counters.late_dropped.get() + counters.late_moved.get()).to_string()),
        ("stale plans", counters.stale.get().to_string()),
        ("voices stolen", counters.voices_stolen.get().to_string()),
        ("phrase network refused", report.refusals.to_string()),
        ("plans refused", (counters.plans_refused.get() + counters.queue_full.get()).to_string()),
        ("messages lost", lost(report).to_string()),
    ];
    if let Some(Memory { warm, most, end }) = report.memory {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let text = format!("{:.1} MiB when warm, {:.1} at most, {:.1} at the end", mib(warm), mib(most), mib(end));
        lines.push(("memory", text));
    }
    let told = report.told.iter().map(|line| format!("\n  {line}"));
    let lines = lines.iter().map(|(name, value)| format!("{name:<24}{value}"));
    lines.collect::<Vec<_>>().join("\n") + &told.collect::<String>()
}

fn lost(report: &SoakReport) -> u64 {
    let c = &report.counters;
    [&c.heard_dropped, &c.show_dropped, &c.orders_dropped, &c.reports_dropped].iter().map(|count| count.get()).sum()
}
