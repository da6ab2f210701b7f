//! Subcommands of `oneiro`. Each has a file; this one parses the line and reports errors.

mod data;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "oneiro", version, about = "An instrument for performing with neural networks")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Paint and look at pictures to train on
    Data(data::Args),
}

/// Runs the command line: exit status 0 on success, 1 where the work failed, 2 for a wrong command line.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Data(args) => data::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
