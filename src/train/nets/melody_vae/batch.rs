//! From phrases to the tensors of a batch.

use crate::music::encoding::{POSITIONS, REST, bar_steps, metre_class};
use crate::music::phrase::{CodedPhrase, FEATURES, NO_DURATION, NO_PITCH};
use crate::train::program::{Feed, Feeds};
use crate::train::tensor::Tensor;

/// A phrase, and where its events stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// The phrase.
    pub coded: CodedPhrase,
    /// Steps from its start to each event and to its end.
    pub at: Vec<u32>,
    /// Notes that sound.
    pub notes: usize,
}

impl From<CodedPhrase> for Phrase {
    fn from(coded: CodedPhrase) -> Self {
        Self { at: coded.positions(), notes: coded.notes(), coded }
    }
}

impl Phrase {
    /// Events.
    pub fn rows(&self) -> usize {
        self.coded.tokens.len()
    }
}

/// A shape of batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// T: events of a phrase; shorter ones are filled up and not counted.
    pub rows: usize,
    /// B: phrases.
    pub phrases: usize,
}

impl Bucket {
    /// The tensors of `phrases`, at most as many as the bucket holds and none longer than its rows. Where
    /// `hidden(phrase, event)` is true the writer does not see that event when it writes the next one.
    pub fn feeds(&self, phrases: &[&Phrase], mut hidden: impl FnMut(usize, usize) -> bool) -> Feeds {
        let (b, t) = (self.phrases, self.rows);
        let classes = |none: u8| vec![i64::from(none); b * t];
        let mut heard = [classes(NO_DURATION), classes(NO_PITCH)];
        let mut before = heard.clone();
        let mut targets = [vec![0_i64; b * t], vec![0_i64; b * t]];
        let mut place = [vec![0_i64; b * t], vec![0_i64; b * t]];
        let mut features = vec![0.0_f32; b * t * FEATURES];
        let (mut weight, mut last) = (vec![0.0_f32; b * t], vec![0.0_f32; b * t]);
        for (i, phrase) in phrases.iter().take(b).enumerate() {
            let form = phrase.coded.form;
            let (bar, metre) = (bar_steps(form.metre), i64::from(metre_class(form.metre)));
            let rows = phrase.rows().min(t);
            for (row, token) in phrase.coded.tokens.iter().take(rows).enumerate() {
                let at = i * t + row;
                let classes = [i64::from(token.duration), i64::from(token.pitch)];
                (heard[0][at], heard[1][at]) = (classes[0], classes[1]);
                (targets[0][at], targets[1][at]) = (classes[0], classes[1]);
                if row + 1 < t && !hidden(i, row) {
                    (before[0][at + 1], before[1][at + 1]) = (classes[0], classes[1]);
                }
                place[0][at] = i64::from((phrase.at[row] % bar).min(POSITIONS as u32 - 1));
                place[1][at] = metre;
                features[at * FEATURES..(at + 1) * FEATURES].copy_from_slice(&form.features(phrase.at[row]));
                weight[at] = 1.0;
            }
            if rows > 0 {
                last[i * t + rows - 1] = 1.0;
            }
        }
        let mut feeds = Feeds::new();
        let names = ["duration", "pitch", "before_duration", "before_pitch", "target_duration", "target_pitch"];
        for (name, data) in names.into_iter().zip(heard.into_iter().chain(before).chain(targets)) {
            feeds.insert(name.into(), Feed::Indices(vec![b, t], data));
        }
        for (name, data) in ["position", "metre"].into_iter().zip(place) {
            feeds.insert(name.into(), Feed::Indices(vec![b, t], data));
        }
        for (name, data) in [("weight", weight), ("last", last)] {
            feeds.insert(name.into(), Feed::Floats(Tensor::new(&[b, t], data)));
        }
        feeds.insert("features".into(), Feed::Floats(Tensor::new(&[b, t, FEATURES], features)));
        feeds
    }
}

/// How many guesses (duration and pitch classes of each row) are right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Notes that sound.
    pub notes: usize,
    /// … whose pitch was right.
    pub pitch: usize,
    /// … whose duration was right.
    pub duration: usize,
    /// … of which both were right.
    pub both: usize,
}

impl Hits {
    /// Counts the guesses of one phrase; each slice has at least as many numbers as the phrase has events.
    pub fn count(&mut self, phrase: &Phrase, durations: &[f32], pitches: &[f32]) {
        for ((token, &d), &p) in phrase.coded.tokens.iter().zip(durations).zip(pitches) {
            if token.pitch == REST {
                continue;
            }
            let (duration, pitch) = (d == f32::from(token.duration), p == f32::from(token.pitch));
            self.notes += 1;
            self.pitch += usize::from(pitch);
            self.duration += usize::from(duration);
            self.both += usize::from(pitch && duration);
        }
    }
}
