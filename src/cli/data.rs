//! `oneiro data`: material to train on, made and looked at.

use anyhow::{Context, Result, bail};
use clap::{Subcommand, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use oneiro::train::pictures::classes::lay_out;
use oneiro::train::pictures::decode;
use oneiro::train::pictures::procedural::Family;
use oneiro::train::pictures::procedural::gallery::{MANIFEST, Plan, paint_folder};
use oneiro::train::pictures::scan::{Report, Spread, scan};
use oneiro::train::pictures::sheet::{Layout, save_png, sheet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arguments of `oneiro data`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  oneiro data procedural --out paintings --count 1000 --size 256 --seed 1
  oneiro data procedural --out discs --count 20 --families discs,marbling --sheet discs.png
  oneiro data classes --paintings paintings --abstract abstract --out classes
  oneiro data scan my-pictures --sheet overview.png")]
pub struct Args {
    #[command(subcommand)]
    task: Task,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Paint abstract pictures: the same seed gives the same pictures
    Procedural {
        /// Folder for the pictures and their list, manifest.json
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// How many
        #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=1_000_000))]
        count: u32,
        /// Side in pixels
        #[arg(long, default_value_t = 256, value_parser = value_parser!(u32).range(32..=2048))]
        size: u32,
        /// What all of them follow from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Ways of painting, taken in turn; all without this
        #[arg(long, value_delimiter = ',', value_enum)]
        families: Vec<Family>,
        /// Write a contact sheet of the first 256 there
        #[arg(long, value_name = "FILE.png")]
        sheet: Option<PathBuf>,
    },
    /// Lay out a museum's paintings and abstract pictures as folders by class, for `oneiro train art-classifier`: classical,
    /// modern, abstract
    Classes {
        /// Folder of paintings with the museum's objects.json
        #[arg(long, value_name = "DIR")]
        paintings: PathBuf,
        /// Folder of abstract pictures
        #[arg(long = "abstract", value_name = "DIR")]
        abstracts: PathBuf,
        /// Paintings finished before this year are classical, the others modern
        #[arg(long, default_value_t = 1850)]
        year: i64,
        /// The folder to make
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Say what a folder of pictures holds, what is of no use and why, and what looks the same
    Scan {
        /// The folder; its subfolders too
        folder: PathBuf,
        /// Write a contact sheet of the first 1024 there
        #[arg(long, value_name = "FILE.png")]
        sheet: Option<PathBuf>,
    },
}

/// Runs `oneiro data`.
pub fn run(args: Args) -> Result<()> {
    match args.task {
        Task::Procedural { out, count, size, seed, families, sheet } => {
            let plan = Plan { count: count as usize, size, seed, families };
            procedural(&plan, &out, sheet.as_deref(), args.json)
        }
        Task::Classes { paintings, abstracts, year, out } => classes(&paintings, &abstracts, year, &out, args.json),
        Task::Scan { folder, sheet } => scan_folder(&folder, sheet.as_deref(), args.json),
    }
}

fn procedural(plan: &Plan, out: &Path, page: Option<&Path>, as_json: bool) -> Result<()> {
    let stopped = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stopped);
    ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
    let bar = progress(plan.count as u64, "pictures");
    let painted = || {
        bar.inc(1);
        !stopped.load(Ordering::Relaxed)
    };
    let manifest = paint_folder(plan, out, &painted).with_context(|| format!("cannot write to {}", out.display()))?;
    bar.finish_and_clear();
    let Some(manifest) = manifest else {
        bail!("stopped: {} is not complete and has no {MANIFEST}", out.display());
    };
    if let Some(file) = page {
        let first = manifest.pictures.iter().take(256).map(|entry| {
            let path = out.join(&entry.file);
            decode::read(&path).and_then(|bytes| decode::decode(&bytes)).with_context(|| path.display().to_string())
        });
        let first = first.collect::<Result<Vec<_>>>()?;
        save(&sheet(&first, Layout::for_count(first.len(), plan.size.min(192))), file)?;
    }
    if as_json {
        let answer = serde_json::json!({ "folder": out, "pictures": manifest.pictures.len(), "size": plan.size,
            "seed": plan.seed, "manifest": out.join(MANIFEST), "sheet": page });
        return say(&serde_json::to_string_pretty(&answer)?);
    }
    say(&format!("{} pictures of {}² in {}", manifest.pictures.len(), plan.size, out.display()))
}

fn classes(paintings: &Path, abstracts: &Path, year: i64, out: &Path, as_json: bool) -> Result<()> {
    let laid = lay_out(paintings, abstracts, year, out)?;
    if as_json {
        return say(&serde_json::to_string_pretty(&laid)?);
    }
    let parts: Vec<String> = laid.classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
    say(&format!("{}: {}; {} paintings are not in the catalogue", out.display(), parts.join(", "), laid.unknown))
}

fn scan_folder(folder: &Path, page: Option<&Path>, as_json: bool) -> Result<()> {
    let bar = progress(0, "files");
    let thumbnails = if page.is_some() { (96, 1024) } else { (1, 0) };
    let report = scan(folder, thumbnails, &|| bar.inc(1))?;
    bar.finish_and_clear();
    if let Some(file) = page {
        if report.thumbnails.is_empty() {
            bail!("no pictures in {}: no sheet written", folder.display());
        }
        save(&sheet(&report.thumbnails, Layout::for_count(report.thumbnails.len(), 96)), file)?;
    }
    if as_json { say(&serde_json::to_string_pretty(&report)?) } else { say(&describe(&report)?) }
}

fn describe(report: &Report) -> Result<String> {
    let mut text = format!("{}: {} pictures in {} files", report.folder.display(), report.pictures, report.files);
    let spread = |s: Spread| format!("{} … {} (middle {})", s.min, s.max, s.median);
    if let (Some(width), Some(height)) = (report.width, report.height) {
        write!(text, "\n  width  {}\n  height {}", spread(width), spread(height))?;
    }
    for (reason, count) in &report.skipped_by_reason {
        write!(text, "\n  not used, {reason}: {count}")?;
    }
    for skipped in report.skipped.iter().take(10) {
        write!(text, "\n    {}: {}", skipped.path.display(), skipped.reason)?;
    }
    if report.skipped.len() > 10 {
        write!(text, "\n    and {} more (--json lists all)", report.skipped.len() - 10)?;
    }
    if !report.duplicates.is_empty() {
        write!(text, "\n  looking the same: {} groups", report.duplicates.len())?;
    }
    for group in report.duplicates.iter().take(10) {
        let names: Vec<_> = group.iter().map(|path| path.display().to_string()).collect();
        write!(text, "\n    {}", names.join("  "))?;
    }
    Ok(text)
}

fn progress(total: u64, what: &'static str) -> ProgressBar {
    if total == 0 {
        let bar = ProgressBar::new_spinner();
        return bar.with_style(style(&format!("{{spinner}} {{pos}} {what}  {{elapsed}}")));
    }
    ProgressBar::new(total).with_style(style(&format!("{{bar:32}} {{pos}}/{{len}} {what}  {{per_sec}}  {{eta}} left")))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn save(picture: &image::RgbImage, file: &Path) -> Result<()> {
    save_png(picture, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Writes an answer to standard output without a panic when nobody reads it.
fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
