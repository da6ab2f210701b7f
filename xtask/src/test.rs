//! `cargo xtask test`: format, tidiness, lints, all tests and doc tests; ends in a count.

use crate::{SetupArgs, cargo, setup, system, tidy};
use anyhow::{Context, Result, bail};
use std::env;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// Tests counted from what cargo prints.
#[derive(Default, Debug, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        for part in result.split(['.', ';']) {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }
}

/// Sets up, then checks everything. The first thing that is wrong ends it, but all tests run even if one fails.
pub fn run(args: SetupArgs) -> Result<()> {
    let ready = setup::run(args)?;
    // With JACK everything is tested that there is; without it, what is on by default.
    let with_jack = ready.features.is_empty() && system::jack(!args.no_system);
    system::display(!args.no_system);
    system::browser(!args.no_system);
    system::daw(!args.no_system);
    let features = if with_jack { &["--features", "oneiro/jack"] } else { ready.features };
    step("format", &["fmt", "--all", "--check"], "run `cargo fmt --all`")?;
    tidy::run()?;
    let lints = [&["clippy", "--workspace", "--all-targets"], features, &["--", "-D", "warnings"]].concat();
    step("lints", &lints, "mend the warnings above")?;

    eprintln!("tests: cargo test --workspace {}", features.join(" "));
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(features).stdin(Stdio::null()).stdout(Stdio::piped());
    let others = env::var_os("PYTHONPATH");
    let paths = ready.packages.into_iter().chain(others.iter().flat_map(env::split_paths));
    command.env("PYTHONPATH", env::join_paths(paths)?);
    let mut child = command.spawn().context("cargo could not be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut count = Count::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("the output of the tests cannot be read")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        count.add(&line);
    }
    let status = child.wait().context("cargo was lost")?;
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
    if !status.success() {
        bail!("the tests failed");
    }
    if count.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn step(name: &str, arguments: &[&str], remedy: &str) -> Result<()> {
    eprintln!("{name}: cargo {}", arguments.join(" "));
    let status = cargo().args(arguments).stdin(Stdio::null()).status().context("cargo could not be started")?;
    if status.success() { Ok(()) } else { bail!("{name}: not as it should be; {remedy}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut count = Count::default();
        count.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.1s");
        count.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s");
        count.add("test music::reads ... ok");
        assert_eq!(count, Count { passed: 7, failed: 2, skipped: 1 });
    }
}
