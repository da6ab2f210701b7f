//! Sounds by name: which instrument calls, which answers, which accompanies.

use crate::bridge::Part;
use crate::live::Patch;

/// Names of the presets.
pub const NAMES: &[&str] = &["house", "dream", "music-box", "duo", "woodshop", "strings", "harp", "organ", "soundfont"];

/// How many of them are built in. The one after them has the instruments of a SoundFont, which the player chooses.
pub const BUILT_IN: usize = PATCHES.len();

/// The instruments of the others, in the order of [`Part::ALL`].
const PATCHES: [[Patch; Part::ALL.len()]; NAMES.len() - 1] = [
    [Patch::Keys, Patch::Lead, Patch::Keys],
    [Patch::Keys, Patch::Pad, Patch::Pad],
    [Patch::Bells, Patch::Bells, Patch::Keys],
    [Patch::Lead, Patch::Lead, Patch::Pad],
    [Patch::Marimba, Patch::Marimba, Patch::Keys],
    [Patch::Strings, Patch::Strings, Patch::Pad],
    [Patch::Pluck, Patch::Bells, Patch::Pad],
    [Patch::Organ, Patch::Keys, Patch::Organ],
];

/// The instruments of a preset, with the programs that a SoundFont has for the parts; the first preset for a number that
/// is none.
pub fn patches(preset: usize, programs: [u8; Part::ALL.len()]) -> [Patch; Part::ALL.len()] {
    if preset == BUILT_IN {
        return programs.map(Patch::Sampled);
    }
    PATCHES.get(preset).copied().unwrap_or(PATCHES[0])
}
