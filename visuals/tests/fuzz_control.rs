//! Whatever comes over a network or out of a file is taken or refused: see `tests/fuzz_readers.rs`.

#[path = "../../tests/support/mutation.rs"]
mod mutation;
#[path = "support/readers.rs"]
mod readers;

use mutation::try_hostile;

#[test]
fn packets_of_osc() {
    try_hostile("packet", 600, readers::packet, readers::packet_seeds());
}

#[test]
fn what_pages_say() {
    try_hostile("ask", 600, readers::ask, readers::ask_seeds());
}

#[test]
fn lists_of_cues() {
    try_hostile("cues", 400, readers::cues, readers::cue_seeds());
}

#[test]
fn files_of_scenes() {
    try_hostile("scenes", 400, readers::scenes, readers::scene_seeds());
}
