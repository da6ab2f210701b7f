//! Phrases in the space of the phrase network: captured, varied, morphed.

use super::super::harmony::home_tones;
use super::super::{ComposeError, PhraseModel, blend};
use super::draft::{Draft, LatentPlace, Source};
use super::{Corner, Director, Turn, position};
use crate::music::encoding::{POSITIONS, bar_steps};
use crate::music::phrase::{CodedPhrase, Form, reference_pitch};
use crate::music::{Key, Melody, MelodyEvent, PitchClassWeights, STEPS_PER_BEAT, estimate_key, meant, melody_between};
use crate::time::{Beats, TimeSignature};

/// Velocity of a phrase that was not played.
const USUAL_VELOCITY: f64 = 80.0;
/// Bars of a captured phrase where no network says how many.
const USUAL_BARS: u32 = 2;

/// Why a phrase does not fit the phrase network. The melody network goes on instead.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such network.
    #[error("there is no phrase network")]
    NoNetwork,
    /// Nothing was captured yet.
    #[error("no phrase has been captured")]
    NoCapture,
    /// Nothing sounds in the bars.
    #[error("nothing was played in the {bars} bars that end at beat {end}")]
    Silence {
        /// Bars.
        bars: u32,
        /// Where they end.
        end: f64,
    },
    /// The metre changes inside the phrase, or a captured phrase has another one than the music now.
    #[error("a phrase in {phrase} does not fit music in {music}")]
    Metre {
        /// The phrase's.
        phrase: TimeSignature,
        /// That of the music.
        music: TimeSignature,
    },
    /// The phrase that another one is wanted of was written by a network that has been replaced.
    #[error("the phrase is of another phrase network")]
    OtherNetwork,
    /// The bars are longer than the network tells places apart.
    #[error("a bar of {metre} is too long for the phrase network")]
    LongBar {
        /// The metre.
        metre: TimeSignature,
    },
    /// More notes and rests than the network reads.
    #[error("the phrase has {events} events; the phrase network reads {most}")]
    Events {
        /// So many.
        events: usize,
        /// The most.
        most: usize,
    },
}

/// A phrase that was captured.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    /// From its first bar line on.
    pub melody: Melody,
    /// Mean velocity.
    pub loudness: f64,
}

impl From<Melody> for Captured {
    fn from(melody: Melody) -> Self {
        Self { melody, loudness: USUAL_VELOCITY }
    }
}

impl Captured {
    fn form(&self, bars: u32) -> Form {
        Form { metre: self.melody.metre, bars }
    }

    /// Codes the phrase for a network, if it fits.
    fn code(&self, phrases: &PhraseModel, reference: u8) -> Result<CodedPhrase, Refusal> {
        let metre = self.melody.metre;
        if bar_steps(metre) > POSITIONS as u32 {
            return Err(Refusal::LongBar { metre });
        }
        let bars = phrases.bars();
        let silence = Refusal::Silence { bars, end: self.melody.length().0 };
        let coded = CodedPhrase::new(&self.melody, bars, reference).ok_or(silence)?;
        let (events, most) = (coded.tokens.len(), phrases.rows());
        if events > most { Err(Refusal::Events { events, most }) } else { Ok(coded) }
    }
}

/// The weights of A, B, C and D at a place between them.
fn corner_weights([x, y]: [f64; 2]) -> [f64; 4] {
    [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y]
}

/// Where a phrase is to be written, and how it is to be played.
#[derive(Debug)]
pub(super) struct Located {
    place: LatentPlace,
    form: Form,
    /// The pitch that others are counted from.
    reference: u8,
    /// The key to close in; `None` closes as the network likes.
    key: Option<Key>,
    loudness: f64,
}

/// Something of the phrase network, or why it has no such thing; what the network itself says is another matter.
type Fitting<T> = Result<Result<T, Refusal>, ComposeError>;

impl Director {
    /// Counts a refusal, and tells it.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refused += 1;
        self.refusal = Some(refusal);
    }

    /// As [`Director::refuse`]; the same again is not news.
    fn refuse_once(&mut self, refusal: Refusal) {
        if self.refusal.as_ref() != Some(&refusal) {
            self.refuse(refusal);
        }
    }

    fn phrase_bars(&self) -> u32 {
        self.phrases.as_ref().map_or(USUAL_BARS, PhraseModel::bars)
    }

    /// Notes which bars are to be captured: those up to the end of the bar in which the player began his last note.
    pub(super) fn order_capture(&mut self, at: Beats, corner: Corner) {
        let bars = self.phrase_bars();
        match self.ear.newest().map(|note| note.onset) {
            Some(onset) => {
                let end = self.bar_line(onset, 1);
                self.capturing.push((corner, (self.bar_line(onset, 1 - i64::from(bars)), end)));
            }
            None => self.refuse(Refusal::Silence { bars, end: at.0 }),
        }
    }

    /// Captures what is over.
    pub(super) fn capture(&mut self, at: Beats) {
        let (due, later) = std::mem::take(&mut self.capturing).into_iter().partition(|(_, (_, end))| *end <= at);
        self.capturing = later;
        let due: Vec<(Corner, (Beats, Beats))> = due;
        for (corner, window) in due {
            match self.heard_phrase(window) {
                Ok(captured) => self.captured[corner as usize] = Some(captured),
                Err(refusal) => self.refuse(refusal),
            }
        }
    }

    /// What was played in some bars, as it was meant.
    pub(super) fn heard_phrase(&self, window: (Beats, Beats)) -> Result<Captured, Refusal> {
        let metres = self.ear.metres();
        let start = window.0.nearest_step(STEPS_PER_BEAT);
        let middle = |at: Beats| at + Beats(0.5 / f64::from(STEPS_PER_BEAT));
        let metre = metres.metre_at(middle(window.0));
        let mut bars = metres.bars(middle(window.0), window.1 - Beats(0.5 / f64::from(STEPS_PER_BEAT)));
        if let Some(other) = bars.find(|bar| bar.metre != metre) {
            return Err(Refusal::Metre { phrase: metre, music: other.metre });
        }
        let line = melody_between(&self.ear.until(window.1), metres, window.0, window.1);
        let events: Vec<MelodyEvent> = meant(&line.melody.events, start);
        if events.iter().all(|event| event.pitch.is_none()) {
            return Err(Refusal::Silence { bars: self.phrase_bars(), end: window.1.0 });
        }
        let velocities: Vec<f64> = self.ear.within(window).map(|note| f64::from(note.velocity)).collect();
        let loudness = velocities.iter().sum::<f64>() / velocities.len().max(1) as f64;
        let melody = Melody { title: String::new(), metre, start_step: 0, events };
        Ok(Captured { melody, loudness: if velocities.is_empty() { USUAL_VELOCITY } else { loudness } })
    }

    /// Where a phrase lies in the space of the network; the inner error is a refusal.
    pub(super) fn locate(&mut self, phrase: &Captured, at: Beats) -> Fitting<Located> {
        let music = self.ear.metres().metre_at(at);
        let Some(phrases) = self.phrases.as_mut() else { return Ok(Err(Refusal::NoNetwork)) };
        let form = phrase.form(phrases.bars());
        if form.metre != music {
            return Ok(Err(Refusal::Metre { phrase: form.metre, music }));
        }
        let reference = reference_pitch(&phrase.melody).unwrap_or(60);
        match phrase.code(phrases, reference) {
            Ok(coded) => {
                let place = LatentPlace::Near(phrases.encode(&coded)?);
                let key = home_tones(&self.ear.until(at)).0;
                Ok(Ok(Located { place, form, reference, key, loudness: phrase.loudness }))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Plans a phrase of the phrase network.
    pub(super) fn compose_latent(&mut self, at: Beats, located: Located) -> Result<(), ComposeError> {
        let Located { place, form, reference, key, loudness } = located;
        self.refusal = None;
        let window = (at, at + Beats::from_steps(i64::from(form.steps()), STEPS_PER_BEAT));
        let source = Source::Latent { place, form, reference, key, network: self.phrase_network };
        self.compose(Draft { mode: self.mode, window, metres: self.ear.metres().clone(), source, loudness })
    }

    /// Plays phrases between those that were captured, one after the other. While that cannot be, calls are answered.
    pub(super) fn morph(&mut self, step: i64, then: i64) -> Result<(), ComposeError> {
        let lacks = match &self.phrases {
            None => Some(Refusal::NoNetwork),
            Some(_) => self.captured.iter().all(Option::is_none).then_some(Refusal::NoCapture),
        };
        if let Some(refusal) = lacks {
            self.refuse_once(refusal);
            return self.exchange(step, then);
        }
        let ready = match self.turn {
            Turn::Waiting => self.is_bar(then),
            Turn::Playing { .. } => self.ends_at(then),
            Turn::Listening { .. } => false,
        };
        if ready {
            match self.between(position(then))? {
                Ok(located) => return self.compose_latent(position(then), located),
                Err(refusal) => self.refuse_once(refusal),
            }
        }
        if self.refusal.is_some() { self.exchange(step, then) } else { Ok(()) }
    }

    /// The point between the captured phrases; the inner error is a refusal.
    fn between(&mut self, at: Beats) -> Fitting<Located> {
        let music = self.ear.metres().metre_at(at);
        let Some(phrases) = self.phrases.as_mut() else { return Ok(Err(Refusal::NoNetwork)) };
        let weights = corner_weights(self.settings.direction.morph);
        let corners: Vec<(&Captured, f64)> =
            self.captured.iter().zip(weights).filter_map(|(c, weight)| Some((c.as_ref()?, weight))).collect();
        let Some((first, _)) = corners.first() else { return Ok(Err(Refusal::NoCapture)) };
        if let Some((other, _)) = corners.iter().find(|(c, _)| c.melody.metre != music) {
            return Ok(Err(Refusal::Metre { phrase: other.melody.metre, music }));
        }
        // One tonic for all, so that what lies between is in their scale.
        let events = corners.iter().flat_map(|(c, _)| c.melody.events.clone()).collect();
        let all = Melody { events, ..first.melody.clone() };
        let reference = reference_pitch(&all).unwrap_or(60);
        // At a corner stands the corner's own phrase.
        let alone = corners.len() == 1 || corners.iter().any(|(_, weight)| *weight >= 1.0);
        let estimate = estimate_key(&PitchClassWeights::of_melody(&all)).filter(|_| !alone);
        let key = estimate.map(|estimate| estimate.key);
        let form = first.form(phrases.bars());
        let (mut points, mut loudness, mut total) = (Vec::new(), 0.0, 0.0);
        for (corner, weight) in &corners {
            match corner.code(phrases, reference) {
                Ok(coded) => points.push(phrases.encode(&coded)?.mu),
                Err(refusal) => return Ok(Err(refusal)),
            }
            loudness += weight * corner.loudness;
            total += weight;
        }
        let loudness = if total > 0.0 { loudness / total } else { USUAL_VELOCITY };
        let points: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let weights: Vec<f32> = corners.iter().map(|(_, weight)| *weight as f32).collect();
        let place = LatentPlace::At(blend(&points, &weights));
        Ok(Ok(Located { place, form, reference, key, loudness }))
    }
}
