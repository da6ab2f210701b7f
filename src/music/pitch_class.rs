use serde::{Deserialize, Serialize};
use std::fmt;

/// A pitch without its octave: 0 is C, 1 is C sharp or D flat, … 11 is B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct PitchClass(u8);

impl PitchClass {
    /// C.
    pub const C: Self = Self(0);

    /// The class of a MIDI key number, or of any number of semitones above a C.
    pub const fn of(pitch: u8) -> Self {
        Self(pitch % 12)
    }

    /// 0 to 11, from C upwards.
    pub const fn semitone(self) -> u8 {
        self.0
    }

    /// The class so many semitones above, or below where negative.
    pub const fn up(self, semitones: i32) -> Self {
        Self((self.0 as i32 + semitones.rem_euclid(12)).rem_euclid(12) as u8)
    }

    /// Semitones upwards from here to another class, 0 to 11.
    pub const fn distance_up_to(self, other: Self) -> u8 {
        (other.0 + 12 - self.0) % 12
    }

    /// All twelve, from C.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..12).map(Self)
    }
}

impl From<u8> for PitchClass {
    fn from(semitone: u8) -> Self {
        Self::of(semitone)
    }
}

impl From<PitchClass> for u8 {
    fn from(class: PitchClass) -> u8 {
        class.0
    }
}

impl fmt::Display for PitchClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"][usize::from(self.0)])
    }
}

/// A set of pitch classes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct PitchClassSet(u16);

impl PitchClassSet {
    /// None.
    pub const EMPTY: Self = Self(0);
    /// All twelve.
    pub const ALL: Self = Self(0xfff);

    /// From a mask: bit 0 is C (or the root, in a scale), bit 11 B; higher bits are ignored.
    pub const fn from_mask(mask: u16) -> Self {
        Self(mask & 0xfff)
    }

    /// From semitones above C, or above the root in a scale.
    pub const fn from_semitones(semitones: &[u8]) -> Self {
        let mut mask = 0;
        let mut i = 0;
        while i < semitones.len() {
            mask |= 1 << (semitones[i] % 12);
            i += 1;
        }
        Self(mask)
    }

    /// Bit 0 is C, bit 11 B.
    pub const fn mask(self) -> u16 {
        self.0
    }

    /// Adds a class.
    pub fn insert(&mut self, class: PitchClass) {
        self.0 |= 1 << class.0;
    }

    /// Whether a class is in it.
    pub const fn contains(self, class: PitchClass) -> bool {
        self.0 >> class.0 & 1 == 1
    }

    /// Whether a MIDI key's class is in it.
    pub const fn contains_pitch(self, pitch: u8) -> bool {
        self.contains(PitchClass::of(pitch))
    }

    /// How many classes.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this one only.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of it is in the other.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Every class so many semitones higher.
    pub const fn transposed(self, semitones: i32) -> Self {
        let by = semitones.rem_euclid(12) as u16;
        Self((self.0 << by | self.0 >> (12 - by)) & 0xfff)
    }

    /// The MIDI key nearest to `pitch` (0 to 127) whose class is in the set, the lower of two equally near ones; `None`
    /// for the empty set.
    pub fn nearest_pitch(self, pitch: u8) -> Option<u8> {
        let candidates = (0..=6u8).flat_map(|d| [pitch.checked_sub(d), pitch.checked_add(d)]).flatten();
        let near = candidates.into_iter().find(|&p| p < 128 && self.contains_pitch(p));
        // Near the ends of the keyboard all candidates on one side may be missing.
        near.or_else(|| (0..128u8).filter(|&p| self.contains_pitch(p)).min_by_key(|p| p.abs_diff(pitch)))
    }

    /// The classes in it, from C upwards.
    pub fn iter(self) -> impl Iterator<Item = PitchClass> {
        PitchClass::all().filter(move |&c| self.contains(c))
    }
}

impl FromIterator<PitchClass> for PitchClassSet {
    fn from_iter<I: IntoIterator<Item = PitchClass>>(classes: I) -> Self {
        let mut set = Self::EMPTY;
        classes.into_iter().for_each(|c| set.insert(c));
        set
    }
}

impl From<u16> for PitchClassSet {
    fn from(mask: u16) -> Self {
        Self::from_mask(mask)
    }
}

impl From<PitchClassSet> for u16 {
    fn from(set: PitchClassSet) -> u16 {
        set.0
    }
}

impl fmt::Debug for PitchClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, class) in self.iter().enumerate() {
            write!(f, "{}{class}", if i > 0 { " " } else { "" })?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposition_goes_round_the_octave_both_ways() {
        let c_major_triad = PitchClassSet::from_semitones(&[0, 4, 7]);
        assert_eq!(format!("{:?}", c_major_triad.transposed(-1)), "{Eb F# B}");
        for by in -30..30 {
            assert_eq!(c_major_triad.transposed(by).transposed(-by), c_major_triad);
            assert_eq!(PitchClass::of(0).up(by).distance_up_to(PitchClass::C), (-by).rem_euclid(12) as u8);
        }
    }

    #[test]
    fn the_nearest_pitch_is_near_in_the_set_and_on_the_keyboard() {
        let only_d = PitchClassSet::from_semitones(&[2]);
        assert_eq!(only_d.nearest_pitch(60), Some(62));
        assert_eq!(only_d.nearest_pitch(127), Some(122));
        assert_eq!(PitchClassSet::from_semitones(&[11]).nearest_pitch(0), Some(11));
        assert_eq!(PitchClassSet::from_semitones(&[0, 2]).nearest_pitch(61), Some(60));
        assert_eq!(PitchClassSet::EMPTY.nearest_pitch(60), None);
    }
}
