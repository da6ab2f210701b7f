//! `oneiro data scan`: what a folder of pictures, tunes, or both holds.

use super::{answer, progress, save};
use anyhow::{Context, Result, bail};
use oneiro::train::listing::list;
use oneiro::train::pictures::scan::{self as pictures, Report as PictureReport, Spread};
use oneiro::train::pictures::sheet::{Layout, sheet};
use oneiro::train::tunes::{self, MusicReport, Track, is_music, roll_sheet};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Pictures on a contact sheet, and their side in pixels.
const THUMBNAILS: (u32, usize) = (96, 1024);
/// Tunes on a sheet of piano rolls.
const ROLLS: usize = 120;
/// Lines of a list before the rest is only counted.
const LISTED: usize = 10;

/// What was found.
#[derive(Serialize)]
struct Found {
    folder: PathBuf,
    /// Files in it.
    files: usize,
    /// Texts and tables, which are neither pictures nor music.
    other: usize,
    /// What cannot even be opened, with the reason.
    unreadable: Vec<(PathBuf, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pictures: Option<PictureReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    music: Option<MusicReport>,
    /// Sheets that were written.
    sheets: Vec<PathBuf>,
}

/// Looks at a folder.
pub fn run(folder: &Path, track: Track, page: Option<&Path>, as_json: bool) -> Result<()> {
    let listing = list(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files = listing.files.len();
    if files == 0 {
        let first = listing.unreadable.first().map(|(path, why)| format!(" ({}: {why})", path.display()));
        bail!("no files in {}{}", folder.display(), first.unwrap_or_default());
    }
    let (music, rest): (Vec<_>, Vec<_>) = listing.files.into_iter().partition(|file| is_music(file));
    let (texts, could_be) = rest.into_iter().partition::<Vec<_>, _>(|file| is_text(file));
    let bar = progress(files as u64, "files  {per_sec}");
    bar.inc(texts.len() as u64);
    let thumbnails = if page.is_some() { THUMBNAILS } else { (1, 0) };
    let rolls = if page.is_some() { ROLLS } else { 0 };
    let pictures = (!could_be.is_empty()).then(|| pictures::scan(&could_be, thumbnails, &|| bar.inc(1)));
    let music = (!music.is_empty()).then(|| tunes::scan(&music, track, rolls, &|| bar.inc(1)));
    bar.finish_and_clear();
    let sheets = page.map_or(Ok(Vec::new()), |file| write_sheets(file, folder, pictures.as_ref(), music.as_ref()))?;
    let (folder, other, unreadable) = (folder.to_owned(), texts.len(), listing.unreadable);
    let found = Found { folder, files, other, unreadable, pictures, music, sheets };
    if as_json { answer(&serde_json::to_string_pretty(&found)?) } else { answer(&describe(&found)?) }
}

fn is_text(file: &Path) -> bool {
    const TEXTS: [&str; 7] = ["json", "toml", "txt", "md", "csv", "html", "pdf"];
    file.extension().is_some_and(|e| TEXTS.iter().any(|t| e.eq_ignore_ascii_case(t)))
}

fn write_sheets(
    file: &Path,
    folder: &Path,
    pictures: Option<&PictureReport>,
    music: Option<&MusicReport>,
) -> Result<Vec<PathBuf>> {
    let thumbnails = pictures.map_or(&[][..], |report| &report.thumbnails);
    let tunes = music.map_or(&[][..], |report| &report.shown);
    let mut written = Vec::new();
    if !thumbnails.is_empty() {
        save(&sheet(thumbnails, Layout::for_count(thumbnails.len(), THUMBNAILS.0)), file)?;
        written.push(file.to_owned());
    }
    if !tunes.is_empty() {
        let both = file.with_file_name(format!("{}-tunes.png", file.file_stem().unwrap_or_default().to_string_lossy()));
        let file = if written.is_empty() { file.to_owned() } else { both };
        save(&roll_sheet(tunes), &file)?;
        written.push(file);
    }
    if written.is_empty() {
        bail!("no pictures and no tunes in {}: no sheet written", folder.display());
    }
    Ok(written)
}

fn describe(found: &Found) -> Result<String> {
    let mut text = format!("{}: {} files", found.folder.display(), found.files);
    if found.other > 0 {
        write!(text, ", of which {} are texts", found.other)?;
    }
    list_some(
        &mut text,
        "cannot be opened",
        found.unreadable.iter().map(|(p, why)| format!("{}: {why}", p.display())),
    )?;
    if let Some(report) = &found.pictures {
        write!(text, "\n{} pictures among {} files", report.pictures, report.files)?;
        let spread = |s: Spread| format!("{} … {} pixels (middle {})", s.min, s.max, s.median);
        if let (Some(width), Some(height)) = (report.width, report.height) {
            write!(text, "\n  width  {}\n  height {}", spread(width), spread(height))?;
        }
        let skipped = report.skipped.iter().map(|s| format!("{}: {}", s.path.display(), s.reason));
        not_used(&mut text, &report.skipped_by_reason, skipped)?;
        let names = |group: &Vec<PathBuf>| group.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join("  ");
        list_some(&mut text, "look the same", report.duplicates.iter().map(names))?;
    }
    if let Some(report) = &found.music {
        write!(text, "\n{} tunes with {} notes in {} files", report.tunes, report.notes, report.files)?;
        if let Some((low, high)) = report.range {
            write!(text, "; MIDI keys {low} … {high}")?;
        }
        bars(&mut text, "keys", by_count(&report.keys))?;
        bars(&mut text, "metres", by_count(&report.metres))?;
        let lengths = report.bars.iter().map(|(&to, &n)| (range(to), n));
        bars(&mut text, "length in bars", lengths.collect())?;
        let skipped = report.skipped.iter().map(|s| {
            let title = if s.title.is_empty() { String::new() } else { format!(" ({})", s.title) };
            format!("{}{title}: {}", s.path.display(), s.reason)
        });
        not_used(&mut text, &report.skipped_by_reason, skipped)?;
        list_some(&mut text, "are the same, transposition aside", report.duplicates.iter().map(|g| g.join("  ")))?;
    }
    for sheet in &found.sheets {
        write!(text, "\n{}: written", sheet.display())?;
    }
    Ok(text)
}

/// The range of lengths up to a power of two.
fn range(to: u32) -> String {
    if to <= 2 { to.to_string() } else { format!("{} – {to}", to / 2 + 1) }
}

fn by_count(counts: &BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut counts = counts.iter().map(|(name, &n)| (name.clone(), n)).collect::<Vec<_>>();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts
}

/// A bar for each count, the longest 32 blocks wide.
fn bars(text: &mut String, title: &str, counts: Vec<(String, usize)>) -> Result<()> {
    const WIDTH: usize = 32;
    let Some(most) = counts.iter().map(|(_, n)| *n).max() else { return Ok(()) };
    write!(text, "\n  {title}")?;
    let wide = counts.iter().take(24).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, n) in counts.iter().take(24) {
        write!(text, "\n    {name:wide$}  {:WIDTH$} {n}", "█".repeat((n * WIDTH).div_ceil(most)))?;
    }
    Ok(())
}

fn not_used(text: &mut String, reasons: &BTreeMap<String, usize>, skipped: impl Iterator<Item = String>) -> Result<()> {
    let counts = reasons.iter().map(|(reason, n)| format!("{reason}: {n}")).collect::<Vec<_>>();
    list_some(text, &format!("not used ({})", counts.join(", ")), skipped)
}

fn list_some(text: &mut String, title: &str, lines: impl Iterator<Item = String>) -> Result<()> {
    let lines = lines.collect::<Vec<_>>();
    if lines.is_empty() {
        return Ok(());
    }
    write!(text, "\n  {} {title}", lines.len())?;
    lines.iter().take(LISTED).try_for_each(|line| write!(text, "\n    {line}"))?;
    if lines.len() > LISTED {
        write!(text, "\n    and {} more (--json lists all)", lines.len() - LISTED)?;
    }
    Ok(())
}
