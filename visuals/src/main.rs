//! Oneiro on stage.
fn main() {}
