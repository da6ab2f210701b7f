//! The program `oneiro-visuals`: Oneiro on stage. `oneiro show` starts it.

mod cli;

fn main() -> std::process::ExitCode {
    oneiro::model::telemetry::decline();
    cli::run()
}
