//! The command `oneiro`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
