//! Whatever a host or a file hands over is taken or refused: see `tests/fuzz_readers.rs`.

#[path = "../../tests/support/mutation.rs"]
mod mutation;
#[path = "support/readers.rs"]
mod readers;

use mutation::try_hostile;

#[test]
fn states_of_projects() {
    try_hostile("state", 600, readers::state, readers::state_seeds());
}

#[test]
fn files_of_presets() {
    try_hostile("presets", 400, readers::presets, readers::preset_seeds());
}
