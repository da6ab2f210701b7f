//! The command `oneiro`.

mod cli;

/// In a debug build the audio callback of `oneiro play` may not allocate: the program aborts where it does.
#[cfg(all(feature = "play", debug_assertions))]
#[global_allocator]
static GUARD: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

fn main() -> std::process::ExitCode {
    cli::run()
}
