use super::{PitchClass, PitchClassSet};

/// A scale by its steps above a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Lower case, as a user types it.
    pub name: &'static str,
    /// Semitones above the root: bit 0 is the root.
    pub steps: PitchClassSet,
}

macro_rules! scales {
    ($($(#[$doc:meta])* $id:ident $name:literal [$($step:literal)*],)*) => {
        impl Scale {
            $($(#[$doc])* pub const $id: Self = Self { name: $name, steps: PitchClassSet::from_semitones(&[$($step),*]) };)*

            /// Every named scale.
            pub const NAMED: &'static [Self] = &[$(Self::$id),*];
        }
    };
}

scales! {
    /// The major scale, also called Ionian.
    MAJOR "major" [0 2 4 5 7 9 11],
    /// The natural minor scale, also called Aeolian.
    MINOR "minor" [0 2 3 5 7 8 10],
    /// Minor with a raised seventh.
    HARMONIC_MINOR "harmonic minor" [0 2 3 5 7 8 11],
    /// Minor with raised sixth and seventh.
    MELODIC_MINOR "melodic minor" [0 2 3 5 7 9 11],
    /// Minor with a raised sixth.
    DORIAN "dorian" [0 2 3 5 7 9 10],
    /// Minor with a lowered second.
    PHRYGIAN "phrygian" [0 1 3 5 7 8 10],
    /// Major with a raised fourth.
    LYDIAN "lydian" [0 2 4 6 7 9 11],
    /// Major with a lowered seventh.
    MIXOLYDIAN "mixolydian" [0 2 4 5 7 9 10],
    /// Minor with lowered second and fifth.
    LOCRIAN "locrian" [0 1 3 5 6 8 10],
    /// Five tones of major, without fourth and seventh.
    MAJOR_PENTATONIC "major pentatonic" [0 2 4 7 9],
    /// Five tones of minor, without second and sixth.
    MINOR_PENTATONIC "minor pentatonic" [0 3 5 7 10],
    /// Minor pentatonic with the blue note.
    BLUES "blues" [0 3 5 6 7 10],
    /// Six whole tones.
    WHOLE_TONE "whole tone" [0 2 4 6 8 10],
    /// Whole and half tones in turn.
    OCTATONIC "octatonic" [0 2 3 5 6 8 9 11],
    /// All twelve.
    CHROMATIC "chromatic" [0 1 2 3 4 5 6 7 8 9 10 11],
}

impl Scale {
    /// The scale of that name; case does not matter.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|s| s.name.eq_ignore_ascii_case(name.trim())).copied()
    }

    /// Its tones on a root.
    pub const fn on(self, root: PitchClass) -> PitchClassSet {
        self.steps.transposed(root.semitone() as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_rotations_of_the_major_scale() {
        let white_keys = Scale::MAJOR.on(PitchClass::C);
        for (root, name) in
            [(2, "dorian"), (4, "phrygian"), (5, "Lydian"), (7, "mixolydian"), (9, "minor"), (11, "locrian")]
        {
            assert_eq!(Scale::by_name(name).unwrap().on(PitchClass::of(root)), white_keys, "{name}");
        }
    }

    #[test]
    fn every_name_is_found_and_no_two_are_alike() {
        for (i, scale) in Scale::NAMED.iter().enumerate() {
            assert_eq!(Scale::by_name(scale.name), Some(*scale));
            assert!(Scale::NAMED[..i].iter().all(|other| other.steps != scale.steps && other.name != scale.name));
            assert!(scale.steps.contains(PitchClass::C));
        }
        assert_eq!(Scale::by_name("nonsense"), None);
    }
}
