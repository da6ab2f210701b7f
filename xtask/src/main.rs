//! The project's own chores: `cargo xtask setup`, `test`, `tidy`, `demo`, `bundle`, `install`, `bench-plugin`, `data`.
//!
//! Quick to compile and independent of the other crates, so that it can set up what they need.

mod bundle;
mod cache;
mod data;
mod demo;
mod package;
mod python;
mod runtime;
mod setup;
mod system;
mod test;
mod tidy;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The project's own chores",
    after_help = "\
Examples:
  cargo xtask demo            set up what is missing and render the example performance to out/
  cargo xtask test            set up what is missing and check everything
  cargo xtask data melodies   bring the tunes for training into your cache"
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what Oneiro needs: ONNX Runtime, ffmpeg, ALSA's headers, the ONNX checker, a driver that draws, hosts for the plugin. Quick when it is there already
    Setup(SetupArgs),
    /// Check format, tidiness, lints, all tests and doc tests; ends in a count
    Test(SetupArgs),
    /// Hold the sources against what ARCHITECTURE.md promises of them; takes no building
    Tidy,
    /// Render the example performance to out/
    Demo(SetupArgs),
    /// Build the plugin and lay out one folder with CLAP, VST3, models and ONNX Runtime
    Bundle,
    /// Bundle, and put the plugin where hosts look for yours
    Install,
    /// Bundle, and measure what the plugin costs: time, memory, shares of a core
    BenchPlugin,
    /// Bring data for training into your cache: melodies, paintings, features, vgg, style-baseline; all without a name
    Data {
        /// Names of the sets
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

/// How far set-up may go.
#[derive(Args, Clone, Copy)]
struct SetupArgs {
    /// Install missing system packages where that needs no password (the default)
    #[arg(long, overrides_with = "no_system")]
    system: bool,
    /// Leave system packages alone and only say what is missing
    #[arg(long, overrides_with = "system")]
    no_system: bool,
}

fn main() -> ExitCode {
    let result = match Cli::parse().chore {
        Chore::Setup(args) => setup::run(args).map(|_| ()),
        Chore::Test(args) => test::run(args),
        Chore::Tidy => tidy::run(),
        Chore::Demo(args) => demo::run(args),
        Chore::Bundle => bundle::bundle().map(drop),
        Chore::Install => bundle::install(),
        Chore::BenchPlugin => bundle::bench(),
        Chore::Data { names } => data::run(&names),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// The project's folder. As it is now: where several checkouts share a target folder, this program may have been built in another.
fn root() -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built, PathBuf::from);
    manifest.parent().unwrap_or(&manifest).to_owned()
}

/// The cargo that runs us.
fn cargo() -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
