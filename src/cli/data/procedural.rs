use super::{answer, progress, save};
use anyhow::{Context, Result, bail};
use oneiro::train::pictures::decode;
use oneiro::train::pictures::procedural::gallery::{MANIFEST, Plan, paint_folder};
use oneiro::train::pictures::sheet::{Layout, sheet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Paints a folder of pictures.
pub fn run(plan: &Plan, out: &Path, page: Option<&Path>, as_json: bool) -> Result<()> {
    let stopped = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stopped);
    ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
    let bar = progress(plan.count as u64, "pictures  {per_sec}");
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
        let told = serde_json::json!({ "folder": out, "pictures": manifest.pictures.len(), "size": plan.size,
            "seed": plan.seed, "manifest": out.join(MANIFEST), "sheet": page });
        return answer(&serde_json::to_string_pretty(&told)?);
    }
    answer(&format!("{} pictures of {}² in {}", manifest.pictures.len(), plan.size, out.display()))
}
