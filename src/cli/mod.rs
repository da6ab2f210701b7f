//! Subcommands of `oneiro`. Each has a file with its arguments and a function `run`; this one parses the line and
//! reports errors.
//!
//! To add one: a file with `pub struct Args` (clap) and `pub fn run(args: Args) -> anyhow::Result<()>`, a variant of
//! [`Command`], and its line in [`run`].

mod bench;
mod completions;
mod data;
mod doctor;
mod eval;
mod man;
mod models;
mod pictures;
#[cfg(feature = "play")]
mod play;
mod render;
mod show;
mod train;

use clap::{CommandFactory, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "oneiro",
    version,
    about = "An instrument for performing with neural networks",
    after_help = "\
Examples:
  oneiro play                   play, and be answered
  oneiro render song.mid -o song.mp4
  oneiro show                   scenes over moving pictures, locked to the music
  oneiro doctor                 what works on this machine, and what to do about the rest
  oneiro models list            the models there are
  oneiro models explain FILE    what a model is and how it was made"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play with it, live: it answers
    #[cfg(feature = "play")]
    Play(Box<play::Args>),
    /// Perform a tune, and write melody, sound and pictures
    Render(Box<render::Args>),
    /// Show scenes over moving pictures, locked to the music, in a window or as frames
    Show(show::Args),
    /// Paint and look at pictures to train on
    Data(data::Args),
    /// List, check and explain models
    Models(models::Args),
    /// Train a model from data
    Train(train::Args),
    /// Measure a model on data it was not trained on
    Eval(eval::Args),
    /// Time training steps, the instrument while it plays, and picture models on this machine
    Bench(bench::Args),
    /// Say what works on this machine, and what to do about the rest
    Doctor(doctor::Args),
    /// Write what a shell needs to complete these words
    Completions(completions::Args),
    /// Write the manual's pages into a folder
    Man(man::Args),
}

/// A wrong use of the command that only shows after parsing; leads to exit status 2.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs the command line: exit status 0 on success, 1 where the work failed, 2 for a wrong command line.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        #[cfg(feature = "play")]
        Command::Play(args) => play::run(*args),
        Command::Render(args) => render::run(*args),
        Command::Show(args) => match show::run(args) {
            Ok(status) => return status,
            Err(e) => Err(e),
        },
        Command::Data(args) => data::run(args),
        Command::Models(args) => models::run(args),
        Command::Train(args) => train::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions(args) => completions::run(args, Cli::command()),
        Command::Man(args) => man::run(args, Cli::command()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) if is_closed_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", one_line(&e));
            if e.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// An error and its causes on one line; a cause that its effect has already told is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    oneiro::complaint::one_line(&line)
}

/// The reader of our output has seen enough (`oneiro models list | head -1`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Writes an answer to standard output; unlike `println!` it does not panic when nobody reads it.
pub fn answer(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(())
}

/// A bar for work of so many steps; `what` they are may hold further fields of a template.
pub fn progress(length: u64, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {what}  {{eta}} left"));
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
