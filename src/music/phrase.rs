//! Phrases of whole bars as the symbols that the melody VAE codes.
//!
//! A phrase is a window of one, two or four bars of a melody. Its events are the [`Token`]s of
//! [`super::encoding`], but its pitches are counted from a reference that several phrases can share: the tonic, by
//! the signature. So phrases of one piece, morphed into one another, stay in its scale, and the same phrase in another
//! key is the same sequence.

use super::encoding::{DURATIONS, PITCH_CLASSES, REST, Token, bar_steps, duration_classes, pitch_class, pitch_of};
use super::{Melody, MelodyEvent, Mode, PitchClassWeights, STEPS_PER_BEAT, estimate_key};
use crate::time::TimeSignature;
use serde::{Deserialize, Serialize};

/// Name and version of this coding, as a model's vocabulary says it.
pub const CODING: (&str, u32) = ("duration-pitch-above-tonic", 1);
/// Stands for no duration: before the first event, and after the last.
pub const NO_DURATION: u8 = DURATIONS.len() as u8;
/// Stands for no pitch: before the first event, and after the last.
pub const NO_PITCH: u8 = PITCH_CLASSES as u8;
/// Numbers that tell a network where in a phrase an event stands.
pub const FEATURES: usize = 16;
/// Periods of [`features`] in bars.
const BAR_PERIODS: [f32; 3] = [1.0, 2.0, 4.0];
/// Periods of [`features`] in grid steps: an eighth of a triplet, an eighth, a quarter.
const STEP_PERIODS: [u32; 3] = [8, 12, 24];

/// Metre and length of a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Form {
    /// Metre.
    pub metre: TimeSignature,
    /// Bars; above zero.
    pub bars: u32,
}

impl Form {
    /// Grid steps in the phrase.
    pub fn steps(self) -> u32 {
        bar_steps(self.metre) * self.bars
    }

    /// Where an event that starts `at` steps after the start of the phrase stands: cosines and sines of its place in
    /// periods of 1, 2 and 4 bars and of 8, 12 and 24 steps, then the share of the phrase that is left, its quarter
    /// notes divided by 8, and a bar's quarter notes divided by 4, and a one.
    pub fn features(self, at: u32) -> [f32; FEATURES] {
        let (bar, whole) = (bar_steps(self.metre) as f32, self.steps());
        let left = whole.saturating_sub(at) as f32;
        let turns = BAR_PERIODS.map(|p| at as f32 / (p * bar));
        let fine = STEP_PERIODS.map(|p| (at % p) as f32 / p as f32);
        let mut out = [1.0; FEATURES];
        for (i, turn) in turns.into_iter().chain(fine).enumerate() {
            let angle = std::f32::consts::TAU * turn.fract();
            (out[2 * i], out[2 * i + 1]) = (angle.cos(), angle.sin());
        }
        let quarter = STEPS_PER_BEAT as f32;
        out[12] = left / whole.max(1) as f32;
        out[13] = left / quarter / 8.0;
        out[14] = bar / quarter / 4.0;
        out
    }
}

/// A coded phrase: its events fill its bars.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodedPhrase {
    /// Metre and length.
    pub form: Form,
    /// Events in order. Pitches are classes of [`super::encoding`] above and below the reference.
    pub tokens: Vec<Token>,
}

impl CodedPhrase {
    /// Codes the first `bars` bars of a melody, which begin with the bar that its first event stands in: what is missing
    /// at either end is silence, what sounds on after the end is cut. `None` where nothing sounds.
    ///
    /// A length without a class is filled up with rests, so that nothing moves; a pitch farther from the reference than
    /// the classes reach is folded by octaves.
    pub fn new(melody: &Melody, bars: u32, reference: u8) -> Option<Self> {
        let form = Form { metre: melody.metre, bars };
        let whole = form.steps();
        let mut tokens: Vec<Token> = Vec::new();
        let mut at = 0;
        let silence = MelodyEvent { pitch: None, steps: u16::try_from(melody.start_step).ok()? };
        let rest = MelodyEvent { pitch: None, steps: u16::try_from(whole).ok()? };
        for event in std::iter::once(&silence).chain(&melody.events).chain(std::iter::once(&rest)) {
            let steps = u32::from(event.steps).min(whole - at);
            let mut pitch = event.pitch.map_or(REST, |p| pitch_class(p, reference));
            for duration in duration_classes(steps as u16) {
                tokens.push(Token { duration, pitch });
                pitch = REST;
            }
            at += steps;
        }
        tokens.iter().any(|t| t.pitch != REST).then_some(Self { form, tokens })
    }

    /// The melody that was coded, from the start of its first bar; a pitch that leaves the MIDI keys becomes a rest.
    pub fn decode(&self, title: &str, reference: u8) -> Melody {
        let event = |t: &Token| MelodyEvent {
            pitch: pitch_of(t.pitch, reference),
            steps: DURATIONS[usize::from(t.duration).min(DURATIONS.len() - 1)],
        };
        let events = self.tokens.iter().map(event).collect();
        Melody { title: title.to_owned(), metre: self.form.metre, start_step: 0, events }
    }

    /// Steps from the start of the phrase to each event, and to the end of the last.
    pub fn positions(&self) -> Vec<u32> {
        let mut at = 0;
        let mut positions = vec![0];
        for token in &self.tokens {
            at += u32::from(DURATIONS[usize::from(token.duration)]);
            positions.push(at);
        }
        positions
    }

    /// The same phrase, counted from a reference that lies `semitones` lower: its pitches seem higher.
    pub fn shifted(&self, semitones: i32) -> Self {
        let shift = |t: &Token| {
            let pitch = pitch_of(t.pitch, MIDDLE).map(|p| i32::from(p) + semitones);
            let pitch = pitch.map_or(REST, |p| pitch_class(p.clamp(0, 127) as u8, MIDDLE));
            Token { pitch, ..*t }
        };
        Self { form: self.form, tokens: self.tokens.iter().map(shift).collect() }
    }

    /// Notes that sound.
    pub fn notes(&self) -> usize {
        self.tokens.iter().filter(|t| t.pitch != REST).count()
    }
}

/// A reference in the middle of the MIDI keys: every class above and below it is a key.
const MIDDLE: u8 = 63;

/// The reference of a melody: the tonic of the major key that has its signature, at most an octave below the mean of
/// its pitches. `None` where nothing sounds.
pub fn reference_pitch(melody: &Melody) -> Option<u8> {
    let sounding = || melody.events.iter().filter_map(|e| Some((f64::from(e.pitch?), f64::from(e.steps))));
    let total: f64 = sounding().map(|(_, steps)| steps).sum();
    if total <= 0.0 {
        return None;
    }
    let mean = sounding().map(|(pitch, steps)| pitch * steps).sum::<f64>() / total;
    let key = estimate_key(&PitchClassWeights::of_melody(melody)).map(|e| e.key);
    let tonic = key.map_or(0, |key| {
        let relative = if key.mode == Mode::Minor { 3 } else { 0 };
        key.tonic.up(relative).semitone()
    });
    let mean = mean.floor() as i32;
    let above = (mean - i32::from(tonic)).rem_euclid(12);
    u8::try_from(mean - above).ok().filter(|&p| p < 128).or(Some(tonic))
}

/// Windows of `bars` bars from every bar line of a melody on, as melodies of their own; a note that sounds over a bar
/// line where a window begins or ends is cut there. The last window ends with the last whole bar.
pub fn windows(melody: &Melody, bars: u32) -> Vec<Melody> {
    let bar = u64::from(bar_steps(melody.metre));
    let (start, end) = (u64::from(melody.start_step), u64::from(melody.start_step) + melody.steps());
    let length = bar * u64::from(bars);
    let first = start.div_ceil(bar);
    let mut windows = Vec::new();
    for from in (first..).map(|n| n * bar).take_while(|from| from + length <= end) {
        let mut at = start;
        let mut events = Vec::new();
        for event in &melody.events {
            let next = at + u64::from(event.steps);
            let steps = next.min(from + length).saturating_sub(at.max(from));
            if steps > 0 {
                events.push(MelodyEvent { steps: steps as u16, ..*event });
            }
            at = next;
        }
        windows.push(Melody { title: melody.title.clone(), metre: melody.metre, start_step: 0, events });
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn melody(start_step: u32, events: &[(Option<u8>, u16)]) -> Melody {
        let events = events.iter().map(|&(pitch, steps)| MelodyEvent { pitch, steps }).collect();
        Melody { title: "t".into(), metre: TimeSignature::new(3, 4).unwrap(), start_step, events }
    }

    #[test]
    fn windows_begin_at_bar_lines_and_fill_their_bars() {
        let tune = melody(48, &[(Some(60), 24), (Some(62), 48), (Some(64), 48), (Some(65), 48), (Some(67), 72)]);
        let windows = windows(&tune, 2);
        let steps: Vec<Vec<u16>> = windows.iter().map(|w| w.events.iter().map(|e| e.steps).collect()).collect();
        assert_eq!(steps, [vec![48, 48, 48], vec![24, 48, 72]]);
        assert!(windows.iter().all(|w| CodedPhrase::new(w, 2, 60).unwrap().positions().last() == Some(&144)));
    }

    #[test]
    fn coding_fills_the_form_and_decoding_gives_the_notes_back() {
        let tune = melody(12, &[(Some(62), 60), (None, 24), (Some(74), 48), (Some(76), 96)]);
        let coded = CodedPhrase::new(&tune, 2, 62).unwrap();
        assert_eq!(coded.positions(), [0, 12, 72, 96, 144]);
        let back = coded.decode("t", 62);
        assert_eq!(back.events.iter().map(|e| e.pitch).collect::<Vec<_>>(), [None, Some(62), None, Some(74)]);
        assert_eq!(coded.shifted(12).decode("", 62), coded.decode("", 74));
        assert!(CodedPhrase::new(&melody(0, &[(None, 24)]), 2, 60).is_none());
    }

    #[test]
    fn a_tune_and_its_relative_minor_share_a_reference_that_follows_transposition() {
        let scale = [60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60].map(|p| (Some(p), 24));
        let major = melody(0, &scale);
        let minor = melody(0, &[57, 60, 64, 69, 67, 65, 64, 62, 60, 59, 57].map(|p| (Some(p), 24)));
        assert_eq!([&major, &minor].map(|m| reference_pitch(m).unwrap() % 12), [0, 0]);
        for by in -20..20 {
            let moved = major.transposed(by).unwrap();
            assert_eq!(reference_pitch(&moved).map(i32::from), Some(60 + by));
        }
    }

    #[test]
    fn features_tell_places_apart_and_repeat_with_their_periods() {
        let form = Form { metre: TimeSignature::new(6, 8).unwrap(), bars: 2 };
        let all: Vec<_> = (0..form.steps()).map(|at| form.features(at)).collect();
        assert!(all.iter().flatten().all(|x| x.is_finite() && x.abs() <= 1.5));
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "step {i}");
        }
        assert!((all[0][0] - all[72][0]).abs() < 1e-5, "the phase of the bar comes back");
    }
}
