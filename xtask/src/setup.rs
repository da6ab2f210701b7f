//! `cargo xtask setup`: everything that Oneiro needs and cargo does not bring. Each part is looked at first, so a
//! second run is over at once.

use crate::{SetupArgs, python, runtime, system};
use anyhow::Result;
use std::path::PathBuf;

/// What is there after set-up.
pub struct Ready {
    /// Whether videos can be written.
    pub ffmpeg: bool,
    /// Arguments with which cargo builds as much as can be built here.
    pub features: &'static [&'static str],
    /// Folders with Python packages that tests need: the checker of ONNX files, and hosts for the plugin; those that could
    /// be had.
    pub packages: Vec<PathBuf>,
}

/// Sets up what is missing.
pub fn run(args: SetupArgs) -> Result<Ready> {
    let library = runtime::install()?;
    eprintln!("ONNX Runtime: {}", library.display());
    let mut packages = Vec::new();
    for (found, test) in
        [(python::checker(), "the test with the ONNX checker"), (python::hosts(), "tests in real hosts")]
    {
        match found {
            Ok(folder) => packages.push(folder),
            // Where every test must run, that is an error.
            Err(e) if std::env::var_os("CI").is_some() => return Err(e),
            Err(e) => eprintln!("{test} will be skipped: {e:#}"),
        }
    }
    let ffmpeg = system::ffmpeg(!args.no_system);
    system::drawing(!args.no_system);
    let features: &[&str] = if system::alsa(!args.no_system) { &[] } else { &["--no-default-features"] };
    Ok(Ready { ffmpeg, features, packages })
}
