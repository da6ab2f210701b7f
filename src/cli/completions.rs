//! `oneiro completions`: what a shell needs to complete the command's words.

use anyhow::Result;
use clap::Command;
use clap_complete::{Shell, generate};
use std::io::Write as _;

/// Arguments of `oneiro completions`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  oneiro completions bash > ~/.local/share/bash-completion/completions/oneiro
  oneiro completions zsh > ~/.zfunc/_oneiro       with ~/.zfunc in fpath
  oneiro completions fish > ~/.config/fish/completions/oneiro.fish")]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs `oneiro completions` for `command`, the whole command line.
pub fn run(args: Args, mut command: Command) -> Result<()> {
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics where nobody reads it.
    let mut script = Vec::new();
    generate(args.shell, &mut command, name, &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
