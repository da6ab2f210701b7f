//! `oneiro show`: starts the visualizer, a program of its own that is found beside this one.

use anyhow::{Context, Result, bail};
use oneiro::render::visualizer;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// Arguments of `oneiro show`.
#[derive(clap::Args)]
#[command(
    disable_help_flag = true,
    after_help = "\
Examples:
  oneiro show                        a window; F1 shows what keys do
  oneiro show --sheet all.png        every scene, side by side
  oneiro show --frames out/ --at 1,5,9 --midi song.mid
  oneiro show --help                 everything that it can"
)]
pub struct Args {
    /// Passed on to the visualizer; `--help` names what it knows
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Runs `oneiro show`; its exit status is the visualizer's.
pub fn run(args: Args) -> Result<ExitCode> {
    let program = visualizer()?;
    let status = Command::new(&program).args(&args.options).status();
    let status = status.with_context(|| format!("{} could not be started", program.display()))?;
    match status.code() {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(1))),
        None => bail!("{} was ended from outside", program.display()),
    }
}
