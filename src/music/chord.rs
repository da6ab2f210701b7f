use super::{PitchClass, PitchClassSet};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is built on the root of a [`Chord`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the names say it; `QUALITIES` has the tones
pub enum ChordQuality {
    Major,
    Minor,
    Diminished,
    Augmented,
    Dominant7,
    Major7,
    Minor7,
    MinorMajor7,
    HalfDiminished7,
    Diminished7,
    Sus4,
    Sus2,
    Dominant7Sus4,
    Fifth,
}

/// Quality, what is written after the root, semitones above the root. In order of preference: of two readings of the
/// same tones the earlier one is taken where the bass does not decide.
const QUALITIES: [(ChordQuality, &str, PitchClassSet); 14] = [
    (ChordQuality::Major, "", PitchClassSet::from_semitones(&[0, 4, 7])),
    (ChordQuality::Minor, "m", PitchClassSet::from_semitones(&[0, 3, 7])),
    (ChordQuality::Dominant7, "7", PitchClassSet::from_semitones(&[0, 4, 7, 10])),
    (ChordQuality::Minor7, "m7", PitchClassSet::from_semitones(&[0, 3, 7, 10])),
    (ChordQuality::Major7, "maj7", PitchClassSet::from_semitones(&[0, 4, 7, 11])),
    (ChordQuality::HalfDiminished7, "m7b5", PitchClassSet::from_semitones(&[0, 3, 6, 10])),
    (ChordQuality::Diminished7, "dim7", PitchClassSet::from_semitones(&[0, 3, 6, 9])),
    (ChordQuality::MinorMajor7, "mMaj7", PitchClassSet::from_semitones(&[0, 3, 7, 11])),
    (ChordQuality::Diminished, "dim", PitchClassSet::from_semitones(&[0, 3, 6])),
    (ChordQuality::Augmented, "aug", PitchClassSet::from_semitones(&[0, 4, 8])),
    (ChordQuality::Sus4, "sus4", PitchClassSet::from_semitones(&[0, 5, 7])),
    (ChordQuality::Sus2, "sus2", PitchClassSet::from_semitones(&[0, 2, 7])),
    (ChordQuality::Dominant7Sus4, "7sus4", PitchClassSet::from_semitones(&[0, 5, 7, 10])),
    (ChordQuality::Fifth, "5", PitchClassSet::from_semitones(&[0, 7])),
];

/// A chord by root and quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chord {
    /// The tone it is named after.
    pub root: PitchClass,
    /// What is built on it.
    pub quality: ChordQuality,
}

impl Chord {
    /// Its pitch classes.
    pub fn tones(self) -> PitchClassSet {
        let steps = QUALITIES.iter().find(|q| q.0 == self.quality).map_or(PitchClassSet::EMPTY, |q| q.2);
        steps.transposed(i32::from(self.root.semitone()))
    }

    /// The chord that the sounding classes make, or `None` where they make none that has a name here.
    ///
    /// First a chord of exactly these tones; then a seventh chord without its fifth; then the largest chord that all
    /// but one of at least four tones belong to (an added ninth, say). Where several readings fit (C6 and Am7, augmented
    /// and diminished chords, suspensions), the one on `bass` wins.
    pub fn recognise(sounding: PitchClassSet, bass: Option<PitchClass>) -> Option<Self> {
        let all = || QUALITIES.iter().flat_map(|q| PitchClass::all().map(|root| Self { root, quality: q.0 }));
        let best = |fits: &dyn Fn(PitchClassSet) -> bool| {
            // `min_by_key` keeps the first of equals, so the order of the table decides where the bass does not.
            all().filter(|c| fits(c.tones())).min_by_key(|c| (usize::MAX - c.tones().len(), Some(c.root) != bass))
        };
        best(&|tones| tones == sounding)
            .or_else(|| {
                (sounding.len() == 3).then_some(())?;
                let lacks_fifth = |c: &Self| {
                    c.tones().difference(sounding) == PitchClassSet::from_iter([c.root.up(7)])
                        && sounding.is_subset(c.tones())
                };
                all().filter(lacks_fifth).min_by_key(|c| Some(c.root) != bass)
            })
            .or_else(|| {
                (sounding.len() >= 4).then_some(())?;
                best(&|tones| tones.is_subset(sounding) && tones.len() >= 3 && tones.len() + 1 >= sounding.len())
            })
    }

    /// [`Chord::recognise`] on MIDI keys, the lowest of which is the bass.
    pub fn of_pitches(pitches: &[u8]) -> Option<Self> {
        let bass = pitches.iter().min().map(|&p| PitchClass::of(p));
        Self::recognise(pitches.iter().map(|&p| PitchClass::of(p)).collect(), bass)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = QUALITIES.iter().find(|q| q.0 == self.quality).map_or("", |q| q.1);
        write!(f, "{}{suffix}", self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pitches: &[u8]) -> String {
        Chord::of_pitches(pitches).map_or("none".into(), |c| c.to_string())
    }

    #[test]
    fn every_chord_is_recognised_in_root_position_on_every_root() {
        for (quality, ..) in QUALITIES {
            for root in PitchClass::all() {
                let chord = Chord { root, quality };
                assert_eq!(Chord::recognise(chord.tones(), Some(root)), Some(chord), "{chord}");
            }
        }
    }

    #[test]
    fn inversions_keep_their_root() {
        assert_eq!(name(&[64, 67, 72]), "C");
        assert_eq!(name(&[53, 59, 62, 67]), "G7");
        assert_eq!(name(&[60, 64, 69]), "Am");
    }

    #[test]
    fn the_bass_decides_between_readings_of_the_same_tones() {
        assert_eq!(name(&[60, 65, 67]), "Csus4");
        assert_eq!(name(&[65, 67, 72]), "Fsus2");
        assert_eq!(name(&[59, 62, 65, 68]), "Bdim7");
        assert_eq!(name(&[62, 65, 68, 71]), "Ddim7");
    }

    #[test]
    fn missing_fifths_and_added_tones_do_not_confuse() {
        assert_eq!(name(&[55, 59, 65]), "G7");
        assert_eq!(name(&[48, 64, 67, 74]), "C"); // added ninth
        assert_eq!(name(&[48, 64, 67, 70, 74]), "C7"); // ninth chord
    }

    #[test]
    fn single_tones_and_clusters_are_no_chords() {
        assert_eq!(name(&[]), "none");
        assert_eq!(name(&[60, 72]), "none");
        assert_eq!(name(&[60, 61, 62, 63, 64, 65]), "none");
    }
}
