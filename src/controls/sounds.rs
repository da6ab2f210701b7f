//! Sounds by name: which instrument calls, which answers, which accompanies.

use crate::bridge::Part;
use crate::live::Patch;

/// Names of the presets.
pub const NAMES: &[&str] = &["house", "dream", "music-box", "duo", "woodshop", "strings", "harp", "organ"];

/// The instruments of each, in the order of [`Part::ALL`].
const PATCHES: [[Patch; Part::ALL.len()]; NAMES.len()] = [
    [Patch::Keys, Patch::Lead, Patch::Keys],
    [Patch::Keys, Patch::Pad, Patch::Pad],
    [Patch::Bells, Patch::Bells, Patch::Keys],
    [Patch::Lead, Patch::Lead, Patch::Pad],
    [Patch::Marimba, Patch::Marimba, Patch::Keys],
    [Patch::Strings, Patch::Strings, Patch::Pad],
    [Patch::Pluck, Patch::Bells, Patch::Pad],
    [Patch::Organ, Patch::Keys, Patch::Organ],
];

/// The instruments of a preset; those of the first for a number that is none.
pub fn patches(preset: usize) -> [Patch; Part::ALL.len()] {
    PATCHES.get(preset).copied().unwrap_or(PATCHES[0])
}
