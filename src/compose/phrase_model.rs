//! The melody VAE as a performer uses it: phrases to points of its latent space, and points to phrases.

use super::contract::{check_coding, has, numbers, width};
use super::{ComposeError, Expectation};
use crate::model::inspect::Inspected;
use crate::model::session::{Input, Session, SessionError, SessionOptions};
use crate::model::spec::{Kind, ModelSpec, TensorSpec};
use crate::music::encoding::{DURATIONS, PITCH_CLASSES, POSITIONS, Token, bar_steps, metre_class};
use crate::music::phrase::{CODING, CodedPhrase, FEATURES, Form, NO_DURATION, NO_PITCH};
use std::collections::VecDeque;
use std::path::PathBuf;

/// D: duration classes.
const D: usize = DURATIONS.len();
/// P: pitch classes, with the rest.
const P: usize = PITCH_CLASSES;
/// Largest phrase, state and point that a model may ask for; far above any that performs in time.
const LARGEST: usize = 1 << 12;

/// Phrases whose places are remembered: some more than there are corners.
const READ: usize = 8;

/// Outputs of the reading half and of the writing half.
const READING: [&str; 2] = ["mu", "logvar"];
const WRITING: [&str; 3] = ["log_duration", "log_pitch", "state_next"];

/// Where a phrase lies in the latent space: a normal distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentPoint {
    /// Mean: the point that writes the phrase again.
    pub mu: Vec<f32>,
    /// Logarithm of the variance around it that the network holds for the same phrase.
    pub logvar: Vec<f32>,
}

/// A melody VAE. Both of its halves have a session of their own.
#[derive(Debug)]
pub struct PhraseModel {
    reader: Session,
    writer: Session,
    origin: PathBuf,
    sizes: Sizes,
    /// What was read last: the same phrases are asked for again and again.
    read: VecDeque<(CodedPhrase, LatentPoint)>,
}

impl PhraseModel {
    /// Opens both halves of a model of kind `melody-vae`.
    ///
    /// # Errors
    /// [`ComposeError::Model`] where the model codes music otherwise or lacks a tensor, [`ComposeError::Session`] where
    /// it cannot be opened.
    pub fn new(model: Inspected, options: &SessionOptions) -> Result<Self, ComposeError> {
        let model = model.expect_kind(Kind::MelodyVae).map_err(SessionError::from)?;
        let origin = model.origin.clone();
        let refuse = |reason: String| ComposeError::Model { origin: origin.clone(), reason };
        let sizes = Sizes::of(&model.spec).map_err(refuse)?;
        let half = |outputs: &[&str]| Session::from_inspected(model.part(outputs), options);
        let (reader, writer) = (half(&READING)?, half(&WRITING)?);
        Ok(Self { reader, writer, origin, sizes, read: VecDeque::new() })
    }

    /// Bars of a phrase.
    pub fn bars(&self) -> u32 {
        self.sizes.bars
    }

    /// L: numbers in a latent point.
    pub fn latent(&self) -> usize {
        self.sizes.latent
    }

    /// Most events of a phrase that can be read.
    pub fn rows(&self) -> usize {
        self.sizes.rows
    }

    /// The phrase's place in the latent space.
    ///
    /// # Errors
    /// [`ComposeError::Model`] for a phrase of another number of bars, or with more events than the model reads;
    /// [`ComposeError::Session`] where the run fails.
    pub fn encode(&mut self, phrase: &CodedPhrase) -> Result<LatentPoint, ComposeError> {
        let Sizes { bars, rows, latent, .. } = self.sizes;
        let refuse = |reason: String| Err(ComposeError::Model { origin: self.origin.clone(), reason });
        if let Some((_, point)) = self.read.iter().find(|(read, _)| read == phrase) {
            return Ok(point.clone());
        }
        let events = phrase.tokens.len();
        if phrase.form.bars != bars {
            return refuse(format!("a phrase of {} bars was given to a model of {bars} bars", phrase.form.bars));
        }
        if events == 0 || events > rows {
            return refuse(format!("a phrase of {events} events; 1 to {rows} can be read"));
        }
        let mut classes =
            [vec![i64::from(NO_DURATION); rows], vec![i64::from(NO_PITCH); rows], vec![0; rows], vec![0; rows]];
        let (mut features, mut last) = (vec![0.0; rows * FEATURES], vec![0.0; rows]);
        for (i, (token, at)) in phrase.tokens.iter().zip(phrase.positions()).enumerate() {
            let place = Place::new(phrase.form, at);
            let values = [i64::from(token.duration), i64::from(token.pitch), place.position, place.metre];
            classes.iter_mut().zip(values).for_each(|(row, value)| row[i] = value);
            features[i * FEATURES..(i + 1) * FEATURES].copy_from_slice(&place.features);
        }
        last[events - 1] = 1.0;
        let shape = [1, rows];
        let [duration, pitch, position, metre] = classes.each_ref().map(|c| Input::I64(&shape, c));
        let outputs = self.reader.run(&[
            ("phrase_duration", duration),
            ("phrase_pitch", pitch),
            ("phrase_position", position),
            ("phrase_metre", metre),
            ("phrase_features", Input::F32(&[1, rows, FEATURES], &features)),
            ("phrase_last", Input::F32(&shape, &last)),
        ])?;
        let [mu, logvar] = READING.map(|name| outputs.f32(name).map(<[f32]>::to_vec));
        let point = LatentPoint {
            mu: numbers(mu?, "mu", latent, &self.origin)?,
            logvar: numbers(logvar?, "logvar", latent, &self.origin)?,
        };
        if self.read.len() == READ {
            self.read.pop_front();
        }
        self.read.push_back((phrase.clone(), point.clone()));
        Ok(point)
    }

    /// Writes a phrase of a form from a point. `choose` gets what the network expects and how many steps are left, and
    /// gives the next event: [`likeliest`], a draw under rules ([`super::choose`]), or an event that is known. An event
    /// longer than what is left is cut down to it.
    ///
    /// # Errors
    /// [`ComposeError::Model`] for a point of another size, or where `choose` finds nothing;
    /// [`ComposeError::Session`] where a run fails.
    pub fn decode(
        &mut self,
        z: &[f32],
        form: Form,
        choose: &mut dyn FnMut(&Expectation, u32) -> Option<Token>,
    ) -> Result<CodedPhrase, ComposeError> {
        let Sizes { latent, hidden, .. } = self.sizes;
        let refuse = |reason: String| ComposeError::Model { origin: self.origin.clone(), reason };
        if z.len() != latent {
            return Err(refuse(format!("a point of {} numbers was given; it has {latent}", z.len())));
        }
        let (mut tokens, mut at) = (Vec::new(), 0);
        let mut state = vec![0.0; hidden];
        while at < form.steps() {
            let last: Option<&Token> = tokens.last();
            let duration = [last.map_or(i64::from(NO_DURATION), |t| i64::from(t.duration))];
            let pitch = [last.map_or(i64::from(NO_PITCH), |t| i64::from(t.pitch))];
            let first = [if last.is_none() { 1.0 } else { 0.0 }];
            let place = Place::new(form, at);
            let (one, position, metre) = ([1, 1], [place.position], [place.metre]);
            let outputs = self.writer.run(&[
                ("z", Input::F32(&[1, latent], z)),
                ("state", Input::F32(&[1, hidden], &state)),
                ("first", Input::F32(&one, &first)),
                ("duration", Input::I64(&one, &duration)),
                ("pitch", Input::I64(&one, &pitch)),
                ("position", Input::I64(&one, &position)),
                ("metre", Input::I64(&one, &metre)),
                ("features", Input::F32(&[1, 1, FEATURES], &place.features)),
            ])?;
            let take = |name: &str, length| numbers(outputs.f32(name)?.to_vec(), name, length, &self.origin);
            let expectation = Expectation {
                log_duration: take("log_duration", D)?,
                log_pitch: take("log_pitch", D * P)?,
                ..Expectation::default()
            };
            state = take("state_next", hidden)?;
            let left = form.steps() - at;
            let Some(mut token) = choose(&expectation, left).filter(|t| usize::from(t.duration) < D) else {
                return Err(refuse(format!("no event may stand {left} steps before the end of the phrase")));
            };
            let fitting = DURATIONS.partition_point(|&d| u32::from(d) <= left).saturating_sub(1);
            token.duration = token.duration.min(fitting as u8);
            at += u32::from(DURATIONS[usize::from(token.duration)]);
            tokens.push(token);
        }
        Ok(CodedPhrase { form, tokens })
    }
}

/// The likeliest duration that fits into what is left, and its likeliest pitch.
pub fn likeliest(expectation: &Expectation, left: u32) -> Option<Token> {
    let best = |scores: &[f32]| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a)));
    let fitting = DURATIONS.partition_point(|&d| u32::from(d) <= left).min(expectation.log_duration.len());
    let duration = best(&expectation.log_duration[..fitting])?;
    let pitch = best(expectation.log_pitch.get(duration * P..(duration + 1) * P)?)?;
    Some(Token { duration: duration as u8, pitch: pitch as u8 })
}

/// The point between others, each with a weight of at least zero: their mean, as far from the origin as they are in the
/// mean. Alone among zeros, a point is met exactly. All points are equally long.
pub fn blend(points: &[&[f32]], weights: &[f32]) -> Vec<f32> {
    let length = points.iter().map(|p| p.len()).min().unwrap_or(0);
    let total: f32 = weights.iter().take(points.len()).sum();
    let mut mean = vec![0.0; length];
    let mut norm = 0.0;
    for (point, &weight) in points.iter().zip(weights) {
        let share = if total > 0.0 { weight / total } else { 1.0 / points.len() as f32 };
        mean.iter_mut().zip(*point).for_each(|(m, x)| *m += share * x);
        norm += share * point.iter().map(|x| x * x).sum::<f32>().sqrt();
    }
    let found = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
    // Points that face each other leave no direction to go on in.
    if found > 0.05 * norm {
        mean.iter_mut().for_each(|x| *x *= norm / found);
    }
    mean
}

/// Where an event stands, as the network is told.
struct Place {
    position: i64,
    metre: i64,
    features: [f32; FEATURES],
}

impl Place {
    fn new(form: Form, at: u32) -> Self {
        let position = (at % bar_steps(form.metre)).min(POSITIONS as u32 - 1);
        Self { position: i64::from(position), metre: i64::from(metre_class(form.metre)), features: form.features(at) }
    }
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    bars: u32,
    rows: usize,
    latent: usize,
    hidden: usize,
}

impl Sizes {
    /// Checks that a description is that of the network this file can feed, and takes its sizes.
    fn of(spec: &ModelSpec) -> Result<Self, String> {
        check_coding(spec, "phrases", CODING)?;
        let bars = spec.settings.get("bars").copied().filter(|b| (1.0..=16.0).contains(b) && b.fract() == 0.0);
        let bars = bars.ok_or("it does not say how many bars its phrases have (1 to 16)")? as u32;
        let width = |name| width(&spec.inputs, name, 1, LARGEST);
        let (rows, latent, hidden) = (width("phrase_duration")?, width("z")?, width("state")?);
        let classes = ["duration", "pitch", "position", "metre"];
        let phrase = classes.map(|name| TensorSpec::i64(&format!("phrase_{name}"), &[1, rows]));
        let event = classes.map(|name| TensorSpec::i64(name, &[1, 1]));
        let floats = [
            TensorSpec::f32("phrase_features", &[1, rows, FEATURES]),
            TensorSpec::f32("phrase_last", &[1, rows]),
            TensorSpec::f32("z", &[1, latent]),
            TensorSpec::f32("state", &[1, hidden]),
            TensorSpec::f32("first", &[1, 1]),
            TensorSpec::f32("features", &[1, 1, FEATURES]),
        ];
        for wanted in phrase.iter().chain(&event).chain(&floats) {
            has("input", &spec.inputs, wanted)?;
        }
        for wanted in [
            TensorSpec::f32("mu", &[1, latent]),
            TensorSpec::f32("logvar", &[1, latent]),
            TensorSpec::f32("log_duration", &[D]),
            TensorSpec::f32("log_pitch", &[D, P]),
            TensorSpec::f32("state_next", &[1, hidden]),
        ] {
            has("output", &spec.outputs, &wanted)?;
        }
        Ok(Self { bars, rows, latent, hidden })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_meets_its_corners_and_stays_as_far_out_between_them() {
        let (a, b) = ([3.0, 0.0, 1.0], [0.0, 4.0, 1.0]);
        assert_eq!(blend(&[&a, &b], &[1.0, 0.0]), a);
        assert_eq!(blend(&[&a, &b], &[0.0, 2.0]), b);
        let middle = blend(&[&a, &b], &[1.0, 1.0]);
        let norm = |x: &[f32]| x.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!((norm(&middle) - (norm(&a) + norm(&b)) / 2.0).abs() < 1e-5);
        let opposite = blend(&[&[1.0, 0.0], &[-1.0, 0.0]], &[1.0, 1.0]);
        assert_eq!(opposite, [0.0, 0.0], "no direction is made up");
    }
}
