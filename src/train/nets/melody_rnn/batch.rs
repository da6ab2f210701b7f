//! From tunes to the tensors of a batch.

use crate::music::encoding::{
    DURATIONS, END, EncodedTune, PHASES, PITCH_CLASSES, POSITIONS, PlacedToken, REACH, REST, Token, bar_steps,
    metre_class, phases, pitch_of,
};
use crate::train::program::{Feed, Feeds};
use crate::train::tensor::Tensor;

/// A tune as the network reads it: n events and the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Tune {
    /// Duration classes, the last of which is the end: n + 1.
    pub durations: Vec<u8>,
    /// Pitch classes of the n events.
    pub pitches: Vec<u8>,
    /// Position of each event and of the end in its bar, in grid steps: n + 1.
    pub positions: Vec<u32>,
    /// Bars from the start of the first bar to each event and to the end: n + 1.
    pub bars: Vec<f32>,
    /// Metre class.
    pub metre: u8,
    /// Events that sound.
    pub notes: usize,
}

impl From<&EncodedTune> for Tune {
    fn from(tune: &EncodedTune) -> Self {
        let bar = bar_steps(tune.metre);
        let at = tune.positions();
        Self {
            durations: tune.tokens.iter().map(|t| t.duration).chain([END]).collect(),
            pitches: tune.tokens.iter().map(|t| t.pitch).collect(),
            positions: at.iter().map(|p| p % bar).collect(),
            bars: at.iter().map(|&p| p as f32 / bar as f32).collect(),
            metre: metre_class(tune.metre),
            notes: tune.notes(),
        }
    }
}

/// The tune at half or double speed in the same metre; `None` where a length has no class then.
pub fn stretched(tune: &EncodedTune, by: Stretch) -> Option<EncodedTune> {
    let scaled = |steps: u32| match by {
        Stretch::Double => Some(2 * steps),
        Stretch::Half => steps.is_multiple_of(2).then_some(steps / 2),
    };
    let token = |token: &Token| {
        let steps = scaled(u32::from(DURATIONS[usize::from(token.duration)]))?;
        let class = DURATIONS.binary_search(&u16::try_from(steps).ok()?).ok()?;
        Some(Token { duration: class as u8, ..*token })
    };
    let tokens = tune.tokens.iter().map(token).collect::<Option<Vec<_>>>()?;
    // A pick-up keeps its distance to the bar line, stretched like everything else.
    let bar = bar_steps(tune.metre);
    let before = scaled((bar - tune.start_step % bar) % bar)? % bar;
    Some(EncodedTune { tokens, start_step: (bar - before) % bar, ..tune.clone() })
}

/// The rest of a tune from a sounding event on, as a tune of its own: its pitches are relative to that note. `None`
/// where the event is a rest, or a pitch leaves the reach.
pub fn cropped(tune: &EncodedTune, from: usize) -> Option<EncodedTune> {
    let first = tune.tokens.get(from).filter(|t| t.pitch != REST)?;
    let shift = i32::from(first.pitch) - REACH - 1;
    let moved = |token: &Token| {
        if token.pitch == REST {
            return Some(*token);
        }
        let pitch = u8::try_from(i32::from(token.pitch) - shift).ok()?;
        (1..PITCH_CLASSES).contains(&usize::from(pitch)).then_some(Token { pitch, ..*token })
    };
    let tokens = tune.tokens[from..].iter().map(moved).collect::<Option<Vec<_>>>()?;
    let start_step = tune.positions()[from] % bar_steps(tune.metre);
    let first_pitch = pitch_of(first.pitch, tune.first_pitch)?;
    Some(EncodedTune { tokens, start_step, first_pitch, ..tune.clone() })
}

/// By how much lengths grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// Twice as long.
    Double,
    /// Half as long.
    Half,
}

impl Tune {
    /// A stretch of a performance, which has no end: as many rows as events. `None` where there are none, or where the
    /// metre changes.
    pub fn heard(events: &[PlacedToken]) -> Option<Self> {
        let metre = events.first()?.metre;
        if events.iter().any(|e| e.metre != metre) {
            return None;
        }
        Some(Self {
            durations: events.iter().map(|e| e.token.duration).collect(),
            pitches: events.iter().map(|e| e.token.pitch).collect(),
            positions: events.iter().map(|e| e.position).collect(),
            bars: events.iter().map(|e| e.bars).collect(),
            metre,
            notes: events.iter().filter(|e| e.token.pitch != REST).count(),
        })
    }

    /// Rows of the network: events and the end.
    pub fn rows(&self) -> usize {
        self.durations.len()
    }
}

/// A shape of batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// T: rows of a tune; shorter ones are filled up and not counted.
    pub rows: usize,
    /// B: tunes.
    pub tunes: usize,
}

/// How many events backwards from row t equal those backwards from row j, for all j < t; `same(a, b)` compares events.
fn match_lengths(rows: usize, same: impl Fn(usize, usize) -> bool, into: &mut [f32], width: usize) {
    for t in 1..rows {
        for j in 1..t {
            if same(t - 1, j - 1) {
                into[t * width + j] = into[(t - 1) * width + j - 1] + 1.0;
            }
        }
    }
}

impl Bucket {
    /// The tensors of `tunes`, cut to this bucket's rows; at most as many tunes as it holds.
    pub fn feeds(&self, tunes: &[&Tune], durations: usize, pitches: usize) -> Feeds {
        let (b, t) = (self.tunes, self.rows);
        let mut index = [vec![durations as i64; b * t], vec![pitches as i64; b * t], vec![0; b * t], vec![0; b * t]];
        let mut targets = [vec![0_i64; b * t], vec![0_i64; b * t]];
        let mut weights = [vec![0.0_f32; b * t], vec![0.0_f32; b * t]];
        let mut phase = vec![0.0_f32; b * t * PHASES];
        let mut matches = [vec![0.0_f32; b * t * t], vec![0.0_f32; b * t * t]];
        for (i, tune) in tunes.iter().take(b).enumerate() {
            let rows = tune.rows().min(t);
            for row in 0..rows {
                let at = i * t + row;
                if row > 0 {
                    index[0][at] = i64::from(tune.durations[row - 1]);
                    index[1][at] = i64::from(tune.pitches[row - 1]);
                }
                index[2][at] = i64::from(tune.positions[row].min(POSITIONS as u32 - 1));
                index[3][at] = i64::from(tune.metre);
                phase[at * PHASES..(at + 1) * PHASES].copy_from_slice(&phases(tune.bars[row]));
                targets[0][at] = i64::from(tune.durations[row]);
                weights[0][at] = 1.0;
                if let Some(&pitch) = tune.pitches.get(row) {
                    targets[1][at] = i64::from(pitch);
                    weights[1][at] = 1.0;
                }
            }
            let rhythm = |a: usize, b: usize| tune.durations[a] == tune.durations[b];
            let full = |a: usize, b: usize| rhythm(a, b) && tune.pitches[a] == tune.pitches[b];
            let [into_full, into_rhythm] = &mut matches;
            match_lengths(rows, full, &mut into_full[i * t * t..(i + 1) * t * t], t);
            match_lengths(rows, rhythm, &mut into_rhythm[i * t * t..(i + 1) * t * t], t);
        }
        let mut feeds = Feeds::new();
        for (name, data) in ["duration", "pitch", "position", "metre"].into_iter().zip(index) {
            feeds.insert(name.into(), Feed::Indices(vec![b, t], data));
        }
        for (name, data) in ["target_duration", "target_pitch"].into_iter().zip(targets) {
            feeds.insert(name.into(), Feed::Indices(vec![b, t], data));
        }
        for (name, data) in ["weight_duration", "weight_pitch"].into_iter().zip(weights) {
            feeds.insert(name.into(), Feed::Floats(Tensor::new(&[b, t], data)));
        }
        feeds.insert("phase".into(), Feed::Floats(Tensor::new(&[b, t, PHASES], phase)));
        for (name, data) in ["match_full", "match_rhythm"].into_iter().zip(matches) {
            feeds.insert(name.into(), Feed::Floats(Tensor::new(&[b, t, t], data)));
        }
        feeds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeSignature;

    #[test]
    fn the_rest_of_a_tune_sounds_as_it_did() {
        let token = |pitch: u8| Token { duration: 9, pitch };
        let tokens = vec![token(37), token(44), token(REST), token(40), token(37)];
        let tune = EncodedTune { tokens, metre: TimeSignature::COMMON, start_step: 84, first_pitch: 60 };
        let rest = cropped(&tune, 1).unwrap();
        assert_eq!((rest.start_step, rest.first_pitch), (0, 67));
        assert_eq!(rest.decode("").events, tune.decode("").events[1..]);
        assert_eq!(cropped(&tune, 2), None, "a rest");
        assert_eq!(cropped(&tune, 5), None, "the end");
    }

    #[test]
    fn stretching_keeps_the_bar_line_where_the_tune_had_it() {
        let token = |steps: u16| Token { duration: DURATIONS.binary_search(&steps).unwrap() as u8, pitch: 40 };
        let (tokens, metre) = (vec![token(12), token(24), token(72)], TimeSignature::COMMON);
        let tune = EncodedTune { tokens, metre, start_step: 84, first_pitch: 60 };
        let double = stretched(&tune, Stretch::Double).unwrap();
        assert_eq!(double.tokens, [token(24), token(48), token(144)]);
        assert_eq!((double.start_step, double.positions()[1] % 96), (72, 0));
        assert_eq!(stretched(&double, Stretch::Half), Some(tune.clone()));
        let odd = EncodedTune { tokens: vec![token(9)], ..tune.clone() };
        assert_eq!(stretched(&odd, Stretch::Half), None);
        let long = EncodedTune { tokens: vec![token(186)], ..tune };
        assert_eq!(stretched(&long, Stretch::Double), None, "no class for 372 steps");
    }
}
