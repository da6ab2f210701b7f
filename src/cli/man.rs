//! `oneiro man`: the manual's pages, made from the same words as `--help`.

use super::answer;
use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;
use oneiro::files::write_whole;
use std::path::{Path, PathBuf};

/// Arguments of `oneiro man`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  oneiro man ~/.local/share/man/man1 && man oneiro-render")]
pub struct Args {
    /// The folder; made where it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs `oneiro man` for `command`, the whole command line.
pub fn run(args: Args, mut command: Command) -> Result<()> {
    std::fs::create_dir_all(&args.folder).with_context(|| format!("{} cannot be made", args.folder.display()))?;
    command.build();
    let name = command.get_name().to_owned();
    let count = write(&command, &name, &args.folder)?;
    answer(&format!("{count} pages in {}", args.folder.display()))
}

/// Writes the page of a command and those of its subcommands: how many.
fn write(command: &Command, name: &str, folder: &Path) -> Result<usize> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.to_owned()).render(&mut page)?;
    let path = folder.join(format!("{name}.1"));
    write_whole(&path, &page).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut count = 1;
    // The page of `help` would be this one again.
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        count += write(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(count)
}
