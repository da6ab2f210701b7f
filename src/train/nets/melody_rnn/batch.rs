//! From tunes to the tensors of a batch.

use crate::music::encoding::{END, EncodedTune, PHASES, POSITIONS, bar_steps, metre_class, phases};
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

impl Tune {
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
