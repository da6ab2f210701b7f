//! Subcommands of `oneiro`. Each has a file; this one parses the line and reports errors.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "oneiro", version, about = "An instrument for performing with neural networks")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {}

/// Runs the command line: exit status 0 on success, 1 where the work failed, 2 for a wrong command line.
pub fn run() -> ExitCode {
    match Cli::parse().command {}
}
