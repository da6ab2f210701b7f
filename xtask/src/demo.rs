//! `cargo xtask demo`: the example performance, from a tune to melody, sound and pictures.

use crate::{SetupArgs, cargo, root, setup};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::time::Instant;

const TUNE: &str = "tests/fixtures/midi/evening-walk.mid";

/// Renders the example to `out/` and says where everything lies.
pub fn run(args: SetupArgs) -> Result<()> {
    let ready = setup::run(args)?;
    let tune = root().join(TUNE);
    if !tune.is_file() {
        bail!("the example tune {} is missing", tune.display());
    }
    eprintln!("building oneiro …");
    let built = cargo().args(["build", "--release", "--quiet", "--bin", "oneiro"]).args(ready.features).status();
    if !built.context("cargo could not be started")?.success() {
        bail!("oneiro could not be built");
    }
    let out = root().join("out");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let picture = if ready.ffmpeg { "demo.mp4" } else { "demo-frames" };
    let files = ["demo.mid", "demo.wav", picture].map(|name| out.join(name));
    let started = Instant::now();
    let mut render = cargo();
    render.args(["run", "--release", "--quiet", "--bin", "oneiro"]).args(ready.features);
    render.args(["--", "render"]).arg(&tune);
    for file in &files {
        render.arg("-o").arg(file);
    }
    render.args(["--seed", "7"]);
    if !render.status().context("oneiro could not be started")?.success() {
        bail!("the performance could not be rendered");
    }
    println!("rendered in {:.0} s:", started.elapsed().as_secs_f64());
    for file in &files {
        println!("  {}{}", file.display(), size(file)?);
    }
    Ok(())
}

fn size(path: &Path) -> Result<String> {
    let meta = fs::metadata(path).with_context(|| format!("{} was not written", path.display()))?;
    Ok(if meta.is_dir() { String::new() } else { format!("  ({:.1} MB)", meta.len() as f64 / 1e6) })
}
