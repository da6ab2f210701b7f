//! Calls from tunes: a few bars, how the tune really goes on, and what goes with them in some modes.

use oneiro::compose::home_tones;
use oneiro::music::encoding::{EncodedTune, bar_steps};
use oneiro::music::figures::{Histograms, Stretch};
use oneiro::music::{Key, Melody, Note, PitchClass, PitchClassSet, STEPS_PER_BEAT, chord_between, melody_between};
use oneiro::time::{Beats, MetreMap, TimeSignature};
use oneiro::train::corpus::CorpusTune;

/// Velocity of what is played.
const VELOCITY: u8 = 90;
/// Lowest root of the chords that are held.
const LOWEST_ROOT: u8 = 45;

/// A place in a tune. It is played from bar 1 on, its pick-up in bar 0.
#[derive(Clone)]
pub struct Call {
    pub metre: TimeSignature,
    /// Bars of the call.
    pub bars: u32,
    /// The call, with its pick-up.
    pub notes: Vec<Note>,
    /// How the tune goes on, for as many bars.
    pub follows: Vec<Note>,
    pub key: Option<Key>,
    pub home: PitchClassSet,
    /// Tones and lengths of the whole tune.
    pub tune: Histograms,
}

impl Call {
    /// Every call of a tune: from its first bar on, and every so many bars after.
    pub fn all(tune: &CorpusTune, bars: u32) -> Vec<Self> {
        let melody = tune.once.decode("");
        let bar = i64::from(bar_steps(melody.metre));
        let start = i64::from(melody.start_step);
        // A tune that begins in the first half of a bar has no pick-up.
        let first = if 2 * start >= bar { start } else { start + bar };
        let whole = melody.notes_at(Beats::from_steps(first, STEPS_PER_BEAT), VELOCITY);
        let length = i64::from(bars) * bar;
        let end = whole.iter().map(Note::end).fold(Beats::ZERO, Beats::max).nearest_step(STEPS_PER_BEAT);
        let (key, home) = home_tones(&whole);
        let mut histograms = Histograms::default();
        let all = Stretch::new(&whole, (Beats::ZERO, Beats::from_steps(end, STEPS_PER_BEAT)));
        histograms.add(&all.notes, key.map(|key| key.tonic));
        let skipped = (0..).map(|n| n * length).take_while(|skip| skip + bar + 2 * length <= end + bar / 2);
        let call = |skip: i64| {
            let shifted: Vec<Note> =
                whole.iter().map(|n| n.shifted(Beats::from_steps(-skip, STEPS_PER_BEAT))).collect();
            let at = |steps: i64| Beats::from_steps(steps, STEPS_PER_BEAT);
            // Only a pick-up comes before bar 1.
            let from = if skip == 0 { at(0) } else { at(bar) };
            Self {
                metre: melody.metre,
                bars,
                notes: between(&shifted, from, at(bar + length)),
                follows: between(&shifted, at(bar + length), at(bar + 2 * length)),
                key,
                home,
                tune: histograms.clone(),
            }
        };
        let sounds = |call: &Self| !call.follows.is_empty() && call.played().notes.len() > 2;
        skipped.map(call).filter(sounds).collect()
    }

    /// Where a bar begins.
    pub fn bar(&self, number: u32) -> Beats {
        self.metre.bar_beats() * f64::from(number)
    }

    /// From where to where it is played, its pick-up left out.
    pub fn span(&self) -> (Beats, Beats) {
        (self.bar(1), self.bar(1 + self.bars))
    }

    /// From where to where it is answered.
    pub fn answered(&self) -> (Beats, Beats) {
        (self.bar(1 + self.bars), self.bar(1 + 2 * self.bars))
    }

    pub fn played(&self) -> Stretch {
        Stretch::new(&self.notes, self.span())
    }

    /// As the melody that a corner keeps, from its first bar line.
    pub fn melody(&self) -> Melody {
        let metres = MetreMap::constant(self.metre).unwrap_or_default();
        melody_between(&self.notes, &metres, self.span().0, self.span().1).melody
    }

    /// With its pick-up, as symbols.
    pub fn opening(&self) -> Option<EncodedTune> {
        let metres = MetreMap::constant(self.metre).unwrap_or_default();
        let first = self.notes.first()?.onset;
        EncodedTune::new(&melody_between(&self.notes, &metres, first, self.span().1).melody)
    }

    /// In the key of another, moved as little as that takes.
    pub fn in_key_of(&self, other: &Self) -> Self {
        let tonic = |call: &Self| call.key.map_or(PitchClass::C, |key| key.tonic);
        let up = i32::from(tonic(self).distance_up_to(tonic(other)));
        let by = if up > 6 { up - 12 } else { up };
        let moved = |notes: &[Note]| notes.iter().filter_map(|n| n.transposed(by)).collect();
        Self { notes: moved(&self.notes), follows: moved(&self.follows), key: other.key, ..self.clone() }
    }

    /// A chord for each bar that follows, such as a player would hold: what the tune really has there.
    pub fn chords(&self) -> Vec<Note> {
        let mut chords = Vec::new();
        let tonic = self.key.map(Key::tonic_triad);
        let mut last = tonic;
        for bar in 0..self.bars {
            let (from, to) = (self.bar(1 + self.bars + bar), self.bar(2 + self.bars + bar));
            last = chord_between(&self.follows, from, to, self.key).or(last);
            let Some(chord) = last else { continue };
            let root = (LOWEST_ROOT..).find(|&pitch| PitchClass::of(pitch) == chord.root).unwrap_or(LOWEST_ROOT);
            let duration = (to - from) * 0.96;
            for tone in chord.tones().iter() {
                let pitch = root + chord.root.distance_up_to(tone);
                chords.push(Note { onset: from, duration, pitch, velocity: VELOCITY - 20 });
            }
        }
        chords
    }
}

/// The notes that begin between two positions, cut at the end.
fn between(notes: &[Note], from: Beats, to: Beats) -> Vec<Note> {
    let half = Beats::from_steps(1, 2 * STEPS_PER_BEAT);
    let inside = notes.iter().filter(|n| n.onset >= from - half && n.onset < to - half);
    inside.map(|n| Note { duration: n.duration.min(to - n.onset), ..*n }).collect()
}
