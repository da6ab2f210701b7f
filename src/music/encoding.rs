//! Melodies as the symbols that networks and statistical models code.
//!
//! An event is a duration class, then a pitch class. Durations come from a table of lengths on the grid; one more
//! class ends a tune. Pitch class 0 is a rest; the others are pitches relative to the first sounding note, so that a
//! tune and its transpositions are the same sequence.

use super::{Melody, MelodyEvent};
use crate::time::TimeSignature;

/// Lengths with a class of their own, in grid steps, rising.
pub const DURATIONS: [u16; 50] = [
    1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 21, 24, 27, 28, 30, 32, 33, 36, 40, 42, 45, 48, 54, 56, 60, 64, 66,
    72, 78, 80, 84, 90, 96, 102, 108, 114, 120, 128, 132, 144, 156, 160, 168, 180, 186, 192,
];
/// Duration class that ends a tune.
pub const END: u8 = DURATIONS.len() as u8;
/// Duration classes, with the end.
pub const DURATION_CLASSES: usize = DURATIONS.len() + 1;
/// Pitch class of a rest.
pub const REST: u8 = 0;
/// Farthest pitch from the first note that has a class, in semitones; farther ones are folded by octaves.
pub const REACH: i32 = 36;
/// Pitch classes, with the rest.
pub const PITCH_CLASSES: usize = 2 * REACH as usize + 2;
/// Bits charged once a tune for the absolute pitch of its first note, to which all others are relative: one of 64.
pub const FIRST_PITCH_BITS: f64 = 6.0;
/// Classes of metres; the last stands for all that are not listed.
pub const METRE_CLASSES: usize = METRES.len() + 1;
/// Periods in bars whose phases tell a network where in a larger form an event stands.
pub const PHASE_BARS: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// Numbers in a phase vector: a cosine and a sine for each period.
pub const PHASES: usize = 2 * PHASE_BARS.len();
/// Positions in a bar that are told apart, in grid steps.
pub const POSITIONS: usize = 192;
/// Name and version of this coding, as a model's vocabulary says it.
pub const CODING: (&str, u32) = ("duration-relative-pitch", 1);
const METRES: [(u8, u8); 10] = [(4, 4), (2, 4), (3, 4), (6, 8), (9, 8), (12, 8), (3, 8), (2, 2), (3, 2), (6, 4)];

/// One coded event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Index into [`DURATIONS`].
    pub duration: u8,
    /// [`REST`], or 1 + [`REACH`] + semitones above the first note.
    pub pitch: u8,
}

/// A coded event with its place, as it is heard in a performance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedToken {
    /// The event.
    pub token: Token,
    /// Grid steps since the start of its bar.
    pub position: u32,
    /// Class of its metre: see [`metre_class`].
    pub metre: u8,
    /// Bars since the start of the first bar that was heard.
    pub bars: f32,
}

/// A coded tune; its end is implied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EncodedTune {
    /// Events in order.
    pub tokens: Vec<Token>,
    /// Metre.
    pub metre: TimeSignature,
    /// Position of the first event in its bar, in grid steps.
    pub start_step: u32,
    /// Pitch that the others are relative to.
    pub first_pitch: u8,
}

/// Class of a metre: below [`METRE_CLASSES`].
pub fn metre_class(metre: TimeSignature) -> u8 {
    let listed = METRES.iter().position(|&m| m == (metre.numerator, metre.denominator));
    listed.unwrap_or(METRES.len()) as u8
}

/// Phases of a position in bars: cosines of 2π·bars/period, then sines.
pub fn phases(bars: f32) -> [f32; PHASES] {
    let mut phases = [0.0; PHASES];
    for (i, period) in PHASE_BARS.into_iter().enumerate() {
        let angle = std::f32::consts::TAU * (bars / period as f32).fract();
        phases[i] = angle.cos();
        phases[i + PHASE_BARS.len()] = angle.sin();
    }
    phases
}

/// Class of a pitch relative to `first`, folded by octaves into reach.
pub fn pitch_class(pitch: u8, first: u8) -> u8 {
    let mut interval = i32::from(pitch) - i32::from(first);
    while interval > REACH {
        interval -= 12;
    }
    while interval < -REACH {
        interval += 12;
    }
    (interval + REACH + 1) as u8
}

/// The pitch of a class, or `None` for a rest or where it leaves the MIDI range.
pub fn pitch_of(class: u8, first: u8) -> Option<u8> {
    if class == REST {
        return None;
    }
    u8::try_from(i32::from(first) + i32::from(class) - REACH - 1).ok().filter(|&p| p < 128)
}

/// Classes of a length: the longest that fits, then the rest of it, until nothing is left.
pub fn duration_classes(mut steps: u16) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let class = DURATIONS.partition_point(|&d| d <= steps).checked_sub(1)?;
        steps -= DURATIONS[class];
        Some(class as u8)
    })
}

impl EncodedTune {
    /// Codes a melody. A length without a class is cut to the next shorter one, and rests fill it up, so that nothing
    /// after it moves. `None` where no note sounds.
    pub fn new(melody: &Melody) -> Option<Self> {
        let first = melody.events.iter().position(|e| e.pitch.is_some())?;
        let first_pitch = melody.events[first].pitch?;
        let silence: u32 = melody.events[..first].iter().map(|e| u32::from(e.steps)).sum();
        let last = melody.events.iter().rposition(|e| e.pitch.is_some())?;
        let mut tokens = Vec::with_capacity(melody.events.len());
        for event in &melody.events[first..=last] {
            let mut pitch = event.pitch.map_or(REST, |p| pitch_class(p, first_pitch));
            for duration in duration_classes(event.steps) {
                tokens.push(Token { duration, pitch });
                pitch = REST;
            }
        }
        let bar = bar_steps(melody.metre);
        Some(Self { tokens, metre: melody.metre, start_step: (melody.start_step + silence) % bar, first_pitch })
    }

    /// The melody that was coded.
    pub fn decode(&self, title: &str) -> Melody {
        let events = self.tokens.iter().map(|t| MelodyEvent {
            pitch: pitch_of(t.pitch, self.first_pitch),
            steps: DURATIONS[usize::from(t.duration)],
        });
        Melody { title: title.to_owned(), metre: self.metre, start_step: self.start_step, events: events.collect() }
    }

    /// Steps from the start of the first bar to each event and to the end.
    pub fn positions(&self) -> Vec<u32> {
        let mut at = self.start_step;
        let mut positions = vec![at];
        for token in &self.tokens {
            at += u32::from(DURATIONS[usize::from(token.duration)]);
            positions.push(at);
        }
        positions
    }

    /// Notes that sound.
    pub fn notes(&self) -> usize {
        self.tokens.iter().filter(|t| t.pitch != REST).count()
    }
}

/// Grid steps in a bar.
pub fn bar_steps(metre: TimeSignature) -> u32 {
    (metre.bar_beats().0 * f64::from(super::STEPS_PER_BEAT)).round().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn melody(events: &[(Option<u8>, u16)]) -> Melody {
        let events = events.iter().map(|&(pitch, steps)| MelodyEvent { pitch, steps }).collect();
        Melody { title: "t".into(), metre: TimeSignature::COMMON, start_step: 72, events }
    }

    #[test]
    fn coding_and_decoding_gives_the_melody_back() {
        let tune = melody(&[(Some(62), 24), (None, 12), (Some(74), 8), (Some(50), 192)]);
        assert_eq!(EncodedTune::new(&tune).unwrap().decode("t"), tune);
    }

    #[test]
    fn a_transposed_tune_has_the_same_tokens() {
        let low = EncodedTune::new(&melody(&[(Some(60), 24), (Some(64), 24)])).unwrap();
        let high = EncodedTune::new(&melody(&[(Some(67), 24), (Some(71), 24)])).unwrap();
        assert_eq!(low.tokens, high.tokens);
    }

    #[test]
    fn a_length_without_a_class_keeps_what_follows_in_place() {
        let tune = EncodedTune::new(&melody(&[(Some(60), 215), (Some(61), 24)])).unwrap();
        assert_eq!(tune.tokens.len(), 4, "192 + 21 + 2 + the next note");
        assert_eq!(tune.positions(), [72, 264, 285, 287, 311]);
    }

    #[test]
    fn silence_before_the_first_note_moves_the_start() {
        let tune = EncodedTune::new(&melody(&[(None, 36), (Some(60), 24)])).unwrap();
        assert_eq!((tune.tokens.len(), tune.start_step), (1, 12));
        assert!(EncodedTune::new(&melody(&[(None, 36)])).is_none());
    }
}
