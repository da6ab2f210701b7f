//! `oneiro show`: starts the visualizer, a program of its own that is found beside this one.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The program's name, without what the system adds to it.
const NAME: &str = "oneiro-visuals";

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
    let program = find().with_context(|| {
        let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        format!(
            "`{file}` is not beside this program: in a checkout `cargo build --release -p {NAME}` makes it, and `cargo install --path visuals` \
             installs it; `oneiro render` makes pictures without it"
        )
    })?;
    let status = Command::new(&program).args(&args.options).status();
    let status = status.with_context(|| format!("{} could not be started", program.display()))?;
    match status.code() {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(1))),
        None => bail!("{} was ended from outside", program.display()),
    }
}

/// The visualizer beside this program; in a checkout's tests programs lie one folder up.
fn find() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let folders = own.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(&file)).find(|path| path.is_file())
}
