//! Which chord lies under a stretch of music, arpeggios and passing notes included.

use super::{Chord, ChordQuality, Key, Note, PitchClass, PitchClassSet};
use crate::time::Beats;

/// Below this share of the sounding time in its tones, no chord is named.
const LEAST_SHARE: f64 = 0.6;

/// The qualities that a stretch of broken chords is read as.
const COMMON: [ChordQuality; 7] = [
    ChordQuality::Major,
    ChordQuality::Minor,
    ChordQuality::Dominant7,
    ChordQuality::Minor7,
    ChordQuality::Major7,
    ChordQuality::Diminished,
    ChordQuality::HalfDiminished7,
];

/// The chord that explains best what sounds between two positions, or `None` where nothing does or nothing fits.
///
/// Unlike [`Chord::recognise`], which names tones that sound together, this weighs every note by how long it sounds in
/// the stretch. A chord gains by the share of the time that lies in its tones, by the lowest note being its root, and
/// by belonging to `key`; each tone that it needs and nobody plays, and each tone above three, costs a little.
pub fn chord_between(notes: &[Note], from: Beats, to: Beats, key: Option<Key>) -> Option<Chord> {
    let mut weights = [0.0; 12];
    let mut bass: Option<(u8, f64)> = None;
    for note in notes {
        let sounding = (note.end().min(to) - note.onset.max(from)).0;
        if sounding <= 0.0 {
            continue;
        }
        weights[usize::from(note.pitch % 12)] += sounding;
        // The lowest note; of two equally low ones the earlier.
        if bass.is_none_or(|(pitch, onset)| (note.pitch, note.onset.0) < (pitch, onset)) {
            bass = Some((note.pitch, note.onset.0));
        }
    }
    let total: f64 = weights.iter().sum();
    let bass = PitchClass::of(bass?.0);
    let heard: PitchClassSet = PitchClass::all().filter(|c| weights[usize::from(c.semitone())] > 0.0).collect();
    let mut best: Option<(f64, Chord)> = None;
    for quality in COMMON {
        for root in PitchClass::all() {
            let chord = Chord { root, quality };
            let tones = chord.tones();
            let share = tones.iter().map(|c| weights[usize::from(c.semitone())]).sum::<f64>() / total;
            if share < LEAST_SHARE || tones.intersection(heard).len() < 2 {
                continue;
            }
            let points = share
                + 0.15 * f64::from(u8::from(root == bass))
                + 0.10 * f64::from(u8::from(key.is_some_and(|k| tones.is_subset(k.tones_with_variants()))))
                - 0.20 * tones.difference(heard).len() as f64
                - 0.08 * (tones.len() - 3) as f64;
            // Only a clearly better one replaces an earlier one: rounding must not choose between equals.
            if best.is_none_or(|(most, _)| points > most + 1e-9) {
                best = Some((points, chord));
            }
        }
    }
    best.map(|(_, chord)| chord)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Mode;

    fn name(notes: &[(f64, f64, u8)], key: Option<Key>) -> String {
        let note = |&(o, d, pitch): &(f64, f64, u8)| Note { onset: Beats(o), duration: Beats(d), pitch, velocity: 80 };
        let notes: Vec<_> = notes.iter().map(note).collect();
        chord_between(&notes, Beats(0.0), Beats(4.0), key).map_or("none".into(), |c| c.to_string())
    }

    #[test]
    fn a_broken_chord_with_passing_notes_keeps_its_name() {
        let arpeggio = [(0.0, 2.0, 43), (0.0, 0.5, 55), (0.5, 0.5, 59), (1.0, 0.5, 62), (1.5, 0.5, 60), (2.0, 2.0, 59)];
        assert_eq!(name(&arpeggio, None), "G");
        let g_major = Key { tonic: PitchClass::of(7), mode: Mode::Major };
        assert_eq!(name(&arpeggio, Some(g_major)), "G");
    }

    #[test]
    fn only_what_sounds_in_the_stretch_counts() {
        let notes = [(-4.0, 4.0, 41), (0.0, 4.0, 45), (0.0, 4.0, 60), (0.0, 4.0, 64), (4.0, 4.0, 65)];
        assert_eq!(name(&notes, None), "Am");
    }

    #[test]
    fn sevenths_are_named_when_they_last() {
        assert_eq!(name(&[(0.0, 4.0, 38), (0.0, 4.0, 54), (0.0, 4.0, 57), (0.0, 4.0, 60)], None), "D7");
        assert_eq!(name(&[(0.0, 4.0, 38), (0.0, 4.0, 54), (0.0, 4.0, 57), (0.0, 0.25, 60)], None), "D");
    }

    #[test]
    fn silence_one_tone_and_clusters_have_none() {
        assert_eq!(name(&[], None), "none");
        assert_eq!(name(&[(0.0, 4.0, 60)], None), "none");
        assert_eq!(name(&(60..72).map(|p| (0.0, 4.0, p)).collect::<Vec<_>>(), None), "none");
    }
}
