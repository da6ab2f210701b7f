//! See `tests/support/readers.rs`.
#![no_main]

#[path = "../../tests/support/readers.rs"]
#[allow(dead_code)]
mod readers;

// The reader of SoundFonts catches the panics of a library, at which fuzzing would end: only one that nobody catches counts.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| readers::font(bytes));
