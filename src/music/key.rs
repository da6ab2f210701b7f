use super::{Chord, ChordQuality, Melody, Note, PitchClass, PitchClassSet, Scale};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Major or minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Mode {
    Major,
    Minor,
}

/// A tonic and a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The tone of rest.
    pub tonic: PitchClass,
    /// Major or minor.
    pub mode: Mode,
}

impl Key {
    /// All 24, major before minor on each tonic.
    pub fn all() -> impl Iterator<Item = Self> {
        PitchClass::all().flat_map(|tonic| [Mode::Major, Mode::Minor].map(|mode| Self { tonic, mode }))
    }

    /// The major or the natural minor scale.
    pub fn scale(self) -> Scale {
        match self.mode {
            Mode::Major => Scale::MAJOR,
            Mode::Minor => Scale::MINOR,
        }
    }

    /// The seven tones of its scale.
    pub fn tones(self) -> PitchClassSet {
        self.scale().on(self.tonic)
    }

    /// The tones that sound at home: those of its scale and, in minor, the raised sixth and seventh of its cadences.
    pub fn tones_with_variants(self) -> PitchClassSet {
        match self.mode {
            Mode::Major => self.tones(),
            Mode::Minor => self.tones().union(Scale::MELODIC_MINOR.on(self.tonic)),
        }
    }

    /// The triad on the tonic.
    pub fn tonic_triad(self) -> Chord {
        let quality = match self.mode {
            Mode::Major => ChordQuality::Major,
            Mode::Minor => ChordQuality::Minor,
        };
        Chord { root: self.tonic, quality }
    }

    /// The key that many semitones higher.
    pub fn transposed(self, semitones: i32) -> Self {
        Self { tonic: self.tonic.up(semitones), ..self }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Spelled as the key signature with fewer signs has it.
        let names = match self.mode {
            Mode::Major => ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"],
            Mode::Minor => ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"],
        };
        let mode = if self.mode == Mode::Major { "major" } else { "minor" };
        write!(f, "{} {mode}", names[usize::from(self.tonic.semitone())])
    }
}

/// How long each pitch class sounds, in any unit, from C.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PitchClassWeights(pub [f64; 12]);

impl PitchClassWeights {
    /// Durations in quarter notes.
    pub fn of_notes(notes: &[Note]) -> Self {
        let mut weights = [0.0; 12];
        for note in notes {
            weights[usize::from(note.pitch % 12)] += note.duration.0;
        }
        Self(weights)
    }

    /// Durations in grid steps.
    pub fn of_melody(melody: &Melody) -> Self {
        let mut weights = [0.0; 12];
        for event in &melody.events {
            if let Some(pitch) = event.pitch {
                weights[usize::from(pitch % 12)] += f64::from(event.steps);
            }
        }
        Self(weights)
    }
}

/// A key and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyEstimate {
    /// The key that fits best.
    pub key: Key,
    /// Correlation with its profile, -1 to 1.
    pub correlation: f64,
    /// How much better it fits than the next key.
    pub margin: f64,
}

/// Probe-tone ratings of the twelve classes above the tonic: C. L. Krumhansl and E. J. Kessler, "Tracing the dynamic
/// changes in perceived tonal organization in a spatial representation of musical keys", Psychological Review 89
/// (1982); used for finding keys as in C. L. Krumhansl, Cognitive Foundations of Musical Pitch (1990), chapter 4.
const MAJOR_PROFILE: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR_PROFILE: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// The key whose profile correlates best with the durations of the pitch classes.
///
/// `None` where nothing sounds or all classes sound equally long, as then no key is better than another.
pub fn estimate_key(weights: &PitchClassWeights) -> Option<KeyEstimate> {
    let mut ranked: Vec<(f64, Key)> = Key::all()
        .filter_map(|key| {
            let profile = if key.mode == Mode::Major { MAJOR_PROFILE } else { MINOR_PROFILE };
            let heard: [f64; 12] = std::array::from_fn(|i| weights.0[usize::from(key.tonic.up(i as i32).semitone())]);
            Some((correlation(&heard, &profile)?, key))
        })
        .collect();
    // A stable sort: of equals the first in the order of keys wins, on every machine.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (&(correlation, key), next) = (ranked.first()?, ranked.get(1)?);
    Some(KeyEstimate { key, correlation, margin: correlation - next.0 })
}

/// Pearson's r; `None` where either has no variance.
fn correlation(a: &[f64; 12], b: &[f64; 12]) -> Option<f64> {
    let mean = |x: &[f64; 12]| x.iter().sum::<f64>() / 12.0;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let scale = (aa * bb).sqrt();
    (scale > 1e-12 && scale.is_finite()).then(|| ab / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Beats;

    fn key_of(pitches: &[(u8, f64)]) -> String {
        let notes: Vec<_> = pitches
            .iter()
            .map(|&(pitch, d)| Note { onset: Beats::ZERO, duration: Beats(d), pitch, velocity: 80 })
            .collect();
        estimate_key(&PitchClassWeights::of_notes(&notes)).map_or("none".into(), |e| e.key.to_string())
    }

    /// Brother John: do re mi do, mi fa sol.
    const TUNE: [(u8, f64); 14] = [
        (60, 1.0),
        (62, 1.0),
        (64, 1.0),
        (60, 1.0),
        (64, 1.0),
        (65, 1.0),
        (67, 2.0),
        (67, 0.5),
        (69, 0.5),
        (67, 0.5),
        (65, 0.5),
        (64, 1.0),
        (60, 1.0),
        (55, 1.0),
    ];

    #[test]
    fn a_tune_keeps_its_key_through_all_transpositions() {
        for by in 0..12u8 {
            let moved: Vec<_> = TUNE.iter().map(|&(p, d)| (p + by, d)).collect();
            let home = Key { tonic: PitchClass::of(by), mode: Mode::Major };
            assert_eq!(key_of(&moved), home.to_string());
        }
    }

    #[test]
    fn minor_tunes_with_a_leading_tone_are_minor() {
        let scale = [(57, 2.0), (59, 1.0), (60, 2.0), (62, 1.0), (64, 2.0), (65, 0.5), (68, 1.0), (69, 2.0)];
        assert_eq!(key_of(&scale), "A minor");
    }

    #[test]
    fn silence_and_all_tones_alike_have_no_key() {
        assert_eq!(key_of(&[]), "none");
        assert_eq!(key_of(&(60..72).map(|p| (p, 1.0)).collect::<Vec<_>>()), "none");
    }

    #[test]
    fn chords_and_variants_of_keys() {
        let d_minor = Key { tonic: PitchClass::of(2), mode: Mode::Minor };
        let g_major = Key { tonic: PitchClass::of(7), mode: Mode::Major };
        assert!(d_minor.tones_with_variants().contains(PitchClass::of(1)));
        for (key, name) in [(d_minor, "Dm"), (g_major, "G")] {
            assert_eq!(key.tonic_triad().to_string(), name);
            assert!(key.tonic_triad().tones().is_subset(key.tones()));
        }
    }
}
