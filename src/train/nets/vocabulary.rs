//! What the two melody networks say of the events that they read and write.

use crate::model::spec::Vocabulary;
use crate::music::STEPS_PER_BEAT;
use crate::music::encoding::{DURATIONS, METRE_CLASSES, POSITIONS};
use std::collections::BTreeMap;

/// The vocabulary of a coding (name and version) with so many classes of durations and pitches.
pub(super) fn vocabulary((coding, version): (&str, u32), durations: usize, pitches: usize) -> Vocabulary {
    let sizes = [("durations", durations), ("pitches", pitches), ("positions", POSITIONS), ("metres", METRE_CLASSES)];
    Vocabulary {
        coding: coding.into(),
        version,
        steps_per_quarter: STEPS_PER_BEAT,
        lowest_pitch: 0,
        highest_pitch: 127,
        durations: DURATIONS.iter().map(|&d| u32::from(d)).collect(),
        sizes: BTreeMap::from(sizes.map(|(name, size)| (name.into(), size))),
    }
}
