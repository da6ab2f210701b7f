//! Which tones are at home in what was heard.

use crate::music::{Key, Note, PitchClass, PitchClassSet, PitchClassWeights, estimate_key};
use crate::time::Beats;

/// A class that sounds for less than this share of the time is passing colour, not home.
const AT_HOME: f64 = 0.03;

/// The tones that sound over a stretch of music.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HarmonySpan {
    /// Where it begins.
    pub from: Beats,
    /// Where it ends.
    pub to: Beats,
    /// The root of the chord.
    pub root: PitchClass,
    /// The chord's tones.
    pub tones: PitchClassSet,
}

/// The key of what was heard, and the tones that an answer may use: those of the key, bent to the mode that the tune
/// really has (a D dorian tune keeps its B natural and gets no B flat), and other tones that it dwells on.
///
/// `None` for the key where nothing has one; all tones are at home then.
pub fn home_tones(notes: &[Note]) -> (Option<Key>, PitchClassSet) {
    let weights = PitchClassWeights::of_notes(notes);
    let Some(estimate) = estimate_key(&weights) else { return (None, PitchClassSet::ALL) };
    let key = estimate.key;
    let total: f64 = weights.0.iter().sum();
    let share = |class: PitchClass| weights.0[usize::from(class.semitone())] / total;
    let heard = |class: PitchClass| share(class) >= AT_HOME;
    // A tone of the key that was never heard yields to a neighbour outside the scale that was.
    let replaced = |class: PitchClass| {
        let neighbours = [class.up(1), class.up(-1)];
        share(class) == 0.0 && neighbours.into_iter().any(|n| heard(n) && !key.tones().contains(n))
    };
    let own = key.tones().iter().filter(|&class| !replaced(class));
    let variants = key.tones_with_variants().iter().filter(|&class| share(class) > 0.0);
    let dwelt_on = PitchClass::all().filter(|&class| heard(class));
    (Some(key), own.chain(variants).chain(dwelt_on).collect())
}

/// Tones that do not go with a chord: those that never do, and those that may only pass.
///
/// Outside both the scale and the chord nothing belongs. Where the chord bends a tone of the scale (the F sharp of D7 in
/// C major), the bent tone's neighbours in the scale clash with it. A tone of the scale a semitone above one of the
/// chord's (F over C, C over Em7) is what harmony books call an avoid note: it passes, and does not stay.
pub fn avoid_notes(chord: PitchClassSet, scale: PitchClassSet) -> (PitchClassSet, PitchClassSet) {
    if chord.is_empty() {
        return (PitchClassSet::EMPTY, PitchClassSet::EMPTY);
    }
    let (mut never, mut passing) = (PitchClassSet::ALL.difference(scale.union(chord)), PitchClassSet::EMPTY);
    let rest = scale.difference(chord);
    for tone in chord.iter() {
        let above = tone.up(1);
        if rest.contains(above) {
            passing.insert(above);
        }
        if !scale.contains(tone) {
            [above, tone.up(-1)].into_iter().filter(|&t| rest.contains(t)).for_each(|t| never.insert(t));
        }
    }
    (never, passing.difference(never))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avoid_notes_are_those_of_the_books() {
        let white = PitchClassSet::from_semitones(&[0, 2, 4, 5, 7, 9, 11]);
        let black = PitchClassSet::ALL.difference(white);
        let avoid = |chord: &[u8]| avoid_notes(PitchClassSet::from_semitones(chord), white);
        assert_eq!(avoid(&[0, 4, 7, 11]), (black, PitchClassSet::from_semitones(&[5])), "F over Cmaj7");
        assert_eq!(avoid(&[2, 5, 9, 0]), (black, PitchClassSet::EMPTY), "none over Dm7");
        assert_eq!(avoid(&[4, 7, 11, 2]), (black, PitchClassSet::from_semitones(&[0, 5])), "C and F over Em7");
        let (never, passing) = avoid(&[2, 6, 9, 0]);
        assert!(never.contains_pitch(5) && never.contains_pitch(7) && !never.contains_pitch(6), "{never:?} over D7");
        assert!(passing.is_empty());
        assert_eq!(avoid(&[]), (PitchClassSet::EMPTY, PitchClassSet::EMPTY));
    }

    fn tones(pitches: &[u8]) -> (String, PitchClassSet) {
        let note = |&pitch: &u8| Note { onset: Beats::ZERO, duration: Beats(1.0), pitch, velocity: 80 };
        let notes: Vec<_> = pitches.iter().map(note).collect();
        let (key, tones) = home_tones(&notes);
        (key.map_or("none".into(), |k| k.to_string()), tones)
    }

    #[test]
    fn a_major_tune_stays_in_its_scale() {
        let (key, tones) = tones(&[67, 69, 71, 74, 71, 67, 62, 67, 66, 67, 72, 76]);
        assert_eq!((key.as_str(), tones), ("G major", PitchClassSet::from_semitones(&[7, 9, 11, 0, 2, 4, 6])));
    }

    #[test]
    fn a_dorian_tune_keeps_its_sixth() {
        let (key, tones) = tones(&[62, 64, 65, 67, 69, 62, 69, 62, 71, 69, 65, 62, 60, 62]);
        assert_eq!(key, "D minor");
        assert!(tones.contains_pitch(71) && !tones.contains_pitch(70), "{:012b}", tones.mask());
        assert!(!tones.contains_pitch(61), "the leading tone was not heard");
    }

    #[test]
    fn silence_has_no_key_and_every_tone() {
        assert_eq!(tones(&[]), ("none".into(), PitchClassSet::ALL));
    }
}
