//! The command `oneiro`.

mod cli;

/// In a debug build the audio callback of `oneiro play` may not allocate: the program aborts where it does.
#[cfg(all(feature = "play", debug_assertions))]
#[global_allocator]
static GUARD: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

fn main() -> std::process::ExitCode {
    oneiro::model::telemetry::decline();
    oneiro::caught::caught(cli::run).unwrap_or_else(|reason| {
        eprintln!("error: a fault of this program ({reason}); with RUST_BACKTRACE=1 it says where that came from");
        std::process::ExitCode::FAILURE
    })
}
