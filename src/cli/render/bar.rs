//! What a person sees of a rendering while it goes on.

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use oneiro::render::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A progress bar with the time left, and the flag that Ctrl-C sets.
pub struct Bar {
    bar: ProgressBar,
    quiet: bool,
    stop: Arc<AtomicBool>,
}

impl Bar {
    /// Nothing is shown where it is to be quiet.
    pub fn new(quiet: bool) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be watched")?;
        Ok(Self { bar: ProgressBar::hidden(), quiet, stop })
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn begin(&mut self, what: &'static str, parts: u64) {
        if !self.quiet {
            let style = ProgressStyle::with_template("{msg:9} {wide_bar:.cyan/dim} {percent:>3} %  {eta} left");
            self.bar.finish_and_clear();
            self.bar = ProgressBar::new(parts).with_message(what);
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
    }

    fn done(&mut self, parts: u64) {
        self.bar.inc(parts);
    }

    fn tell(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("note: {message}"));
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
