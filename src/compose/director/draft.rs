//! How a phrase came to be, so that it can be written again, or another in its place.

use super::super::controls::Controls;
use super::super::expression::{BareNote, Voice, express};
use super::super::facts::{Close, Facts, open_rules, set_density};
use super::super::harmony::HarmonySpan;
use super::super::line::{Line, Recollection};
use super::super::pen::{Choice, Pen, Standing, Task, steps_between};
use super::super::{ComposeError, LatentPoint, Phrase, PhraseModel};
use super::Mode;
use crate::music::phrase::Form;
use crate::music::{Chord, Key, Note, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;

/// What random sources are for.
const NOTES: u64 = 2;
const EXPRESSION: u64 = 3;
const VARIATION: u64 = 4;
/// Shortest note that is left of one that something else cuts.
const SHORTEST: Beats = Beats(1e-3);

/// Everything that a phrase follows from, but the controls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub mode: Mode,
    /// From where to where it was first played; on the grid.
    pub window: (Beats, Beats),
    pub metres: MetreMap,
    pub source: Source,
    /// Mean velocity.
    pub loudness: f64,
}

/// What tells which events to expect.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// The melody network, as it was before the phrase.
    Line {
        before: Arc<Recollection>,
        facts: Box<Facts>,
        /// Chords over which the phrase runs; they bind it where `strict`.
        harmony: Vec<HarmonySpan>,
        strict: bool,
    },
    /// The phrase network at a point, which may lie in the neighbourhood of a phrase. Pitches count from a reference; the
    /// phrase closes in a key, where there is one.
    Latent {
        place: LatentPlace,
        form: Form,
        reference: u8,
        key: Option<Key>,
        /// Which phrase network it was, counted from 0.
        network: u32,
    },
}

/// A place in the space of phrases.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LatentPlace {
    /// This point.
    At(Vec<f32>),
    /// Near a phrase, as far as the control says.
    Near(LatentPoint),
}

/// A phrase that was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub draft: Arc<Draft>,
    /// 0 for the first that came of a draft, then 1, 2, …
    pub take: u32,
    /// On the grid, before transposition.
    pub bare: Vec<BareNote>,
    /// As played in the draft's window.
    pub phrase: Phrase,
}

impl Written {
    pub fn length(&self) -> Beats {
        self.draft.window.1 - self.draft.window.0
    }

    /// The notes on the grid, before transposition, in the draft's window.
    pub fn on_grid(&self) -> Vec<Note> {
        let onset = |step| self.draft.window.0 + Beats::from_steps(i64::from(step), STEPS_PER_BEAT);
        let note = |n: &BareNote| {
            let duration = Beats::from_steps(i64::from(n.steps), STEPS_PER_BEAT);
            Note { onset: onset(n.step), duration, pitch: n.pitch, velocity: 80 }
        };
        self.bare.iter().map(note).collect()
    }

    /// The part of it that begins from one step to another, as something that stands.
    pub fn standing(&self, from: u32, to: u32) -> Standing {
        let inside = |n: &BareNote| (from..to).contains(&n.step);
        let pairs = self.bare.iter().zip(&self.phrase.notes);
        let notes: Vec<_> = pairs.filter(|(bare, _)| inside(bare)).map(|(b, n)| (*b, *n)).collect();
        let end = notes.last().map_or(to, |(n, _)| to.max(n.step + n.steps));
        Standing { from, to: end, notes }
    }

    /// The bars that are locked, as things that stand.
    pub fn locked(&self, locked: u16) -> Vec<Standing> {
        let (start, end) = self.draft.window;
        let bars = self.draft.metres.bars(start, end);
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for (_, bar) in bars.enumerate().take(16).filter(|(i, _)| locked >> i & 1 == 1) {
            let (from, to) = (steps_between((start, bar.start.max(start))), steps_between((start, bar.end.min(end))));
            match spans.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => spans.push((from, to)),
            }
        }
        let mut standing: Vec<Standing> = spans.into_iter().map(|(from, to)| self.standing(from, to)).collect();
        // A note that lasts into the next locked bar but one is its own bar's.
        for i in 1..standing.len() {
            standing[i].from = standing[i].from.max(standing[i - 1].to);
        }
        standing.retain(|s| s.from < s.to);
        standing
    }
}

/// Who writes.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub line: &'a mut Line,
    pub phrases: Option<&'a mut PhraseModel>,
    pub controls: &'a Controls,
    pub vary: f64,
}

impl Desk<'_> {
    /// Writes a phrase by its draft, around what stands already. The line has then heard it.
    ///
    /// # Errors
    /// [`ComposeError`] of the networks.
    pub fn write(&mut self, draft: &Arc<Draft>, take: u32, standing: Vec<Standing>) -> Result<Written, ComposeError> {
        let (controls, window, length) = (self.controls, draft.window, steps_between(draft.window));
        // What stands at the start tells apart phrases that are written in part again.
        let begun = standing.first().filter(|s| s.from == 0).map_or(0, |s| s.to);
        let random = |purpose| random(controls.seed, purpose, window.0, take, begun);
        let up = controls.transpose;
        let (bare, kept, key, tones, range) = match &draft.source {
            Source::Line { before, facts, harmony, strict } => {
                self.line.recall(before)?;
                let (mut facts, mut harmony) = (Facts::clone(facts), harmony.clone());
                let scale = strict.then(|| {
                    // Chords are those that sound: what is transposed later must fit them then.
                    let scale = controls.scale.map_or(facts.home, |s| s.tones).transposed(-up);
                    for span in &mut harmony {
                        facts.home = facts.home.union(span.tones);
                        span.tones = span.tones.transposed(-up);
                    }
                    facts.home = facts.home.transposed(-up);
                    facts.key = facts.key.map(|key| key.transposed(-up));
                    facts.range = (facts.range.0 - up, facts.range.1 - up);
                    scale
                });
                // Who answers leaves the floor to the player; who goes on goes on.
                let close = if draft.mode == Mode::Answer { Close::Rest } else { Close::Open };
                let rules = facts.rules(controls, window, &draft.metres, close, &harmony);
                let (tones, range) = (rules.tones, rules.range);
                let mut pen = Pen::new(Task {
                    rules,
                    controls,
                    window,
                    metres: &draft.metres,
                    harmony: &harmony,
                    strict: scale,
                    standing,
                    wanted: facts.wanted(controls),
                    choice: Choice::Draw(controls.freedom, Box::new(random(NOTES))),
                });
                self.line.write(&mut pen, facts.echo_length())?;
                let (bare, kept) = pen.finish();
                (bare, kept, facts.key, tones, range)
            }
            Source::Latent { place, form, reference, key, .. } => {
                let Some(phrases) = self.phrases.as_deref_mut() else { return Err(ComposeError::NoPhrases) };
                let z = match place {
                    LatentPlace::At(z) => z.clone(),
                    LatentPlace::Near(point) => nearby(point, self.vary, &mut random(VARIATION)),
                };
                // Where it stands, a phrase is as it was captured; elsewhere it comes to rest.
                let away = matches!(place, LatentPlace::At(_)) || self.vary > 0.0;
                let close = key.filter(|_| away).map(|key| key.transposed(-up));
                let rules = open_rules(controls, *reference, length, close);
                let (tones, range) = (rules.tones, rules.range);
                // A blend has one likeliest phrase; others are drawn. A variation has others near by.
                let draws = take > 0 && matches!(place, LatentPlace::At(_));
                let choice =
                    if draws { Choice::Draw(controls.freedom, Box::new(random(NOTES))) } else { Choice::Likeliest };
                let mut pen = Pen::new(Task {
                    rules,
                    controls,
                    window,
                    metres: &draft.metres,
                    harmony: &[],
                    strict: None,
                    standing,
                    wanted: set_density(controls),
                    choice,
                });
                phrases.decode(&z, *form, &mut |expectation, _| Some(pen.next(expectation, &[])))?;
                let (bare, kept) = pen.finish();
                (bare, kept, None, tones, range)
            }
        };
        let voice = Voice { expression: controls.expression, loudness: draft.loudness, transpose: up };
        let mut notes = express(&bare, (window.0, length), &voice, &draft.metres, &mut random(EXPRESSION));
        keep(&mut notes, &kept);
        let phrase = Phrase::new(notes, key, tones, range, up);
        Ok(Written { draft: Arc::clone(draft), take, bare, phrase })
    }
}

/// Puts notes that stand back as they were played, and ends their neighbours there.
fn keep(notes: &mut [Note], kept: &[Option<Note>]) {
    for (note, kept) in notes.iter_mut().zip(kept) {
        if let Some(kept) = kept {
            *note = *kept;
        }
    }
    let is_kept = |i: usize| kept.get(i).is_some_and(Option::is_some);
    for i in 1..notes.len() {
        let (before, note) = (notes[i - 1], notes[i]);
        if is_kept(i) && !is_kept(i - 1) {
            notes[i - 1].onset = before.onset.min(note.onset - SHORTEST);
            notes[i - 1].duration = before.duration.min(note.onset - notes[i - 1].onset);
        } else if is_kept(i - 1) && !is_kept(i) {
            notes[i].onset = note.onset.max(before.end());
            notes[i].duration = (note.end() - notes[i].onset).max(SHORTEST);
        }
    }
}

/// A random source for a purpose, by where a phrase began, which take of it this is, and how much of it stood.
fn random(seed: u64, purpose: u64, at: Beats, take: u32, begun: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ u64::from(begun).rotate_right(20));
    let step = at.nearest_step(STEPS_PER_BEAT) as u64 & 0xff_ffff_ffff;
    rng.set_stream(purpose << 56 | (u64::from(take) & 0xffff) << 40 | step);
    rng
}

/// A point at a distance from a phrase. At 0 it is the phrase's mean. On the way to 1 the mean's share falls to a half,
/// and noise comes in whose scale goes, unit by unit, from that of the posterior to that of the prior, which is 1:
/// z = (1 − a/2)·μ + a·σ^(1−a)·ε, where a is the root of the distance: a phrase is the same all around its mean, and the
/// first part of the knob would do nothing. The same ε serves every distance, so that turning the knob moves along a line.
pub(super) fn nearby(point: &LatentPoint, distance: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let a = distance.clamp(0.0, 1.0).sqrt() as f32;
    let near = |(mu, logvar): (&f32, &f32)| {
        let noise: f32 = StandardNormal.sample(rng);
        (1.0 - 0.5 * a) * mu + a * (0.5 * logvar * (1.0 - a)).exp() * noise
    };
    point.mu.iter().zip(&point.logvar).map(near).collect()
}

/// A chord over a stretch of time.
pub(super) fn harmony_span((from, to): (Beats, Beats), chord: Chord) -> HarmonySpan {
    HarmonySpan { from, to, root: chord.root, tones: chord.tones() }
}
