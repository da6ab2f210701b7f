//! Hearing a phrase and answering it.

use super::controls::Controls;
use super::ear::Ear;
use super::expression::{Voice, express};
use super::facts::{Close, Facts};
use super::harmony::HarmonySpan;
use super::line::Line;
use super::pen::{Choice, Pen, Task, steps_between};
use super::{ComposeError, MelodyModel};
use crate::bridge::{ComposerSide, Part, Plan, Scheduled, Teacher};
use crate::model::session::Session;
use crate::music::{Key, Note, PitchClassSet};
use crate::time::Beats;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random sources are for.
const NOTES: u64 = 0;
const EXPRESSION: u64 = 1;

/// An order to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// Number of the phrase, from 0: choices depend on it.
    pub index: u32,
    /// The stretch of time that plans belong to; see [`crate::bridge::HeardKind::Transport`].
    pub epoch: u32,
    /// From where to where the call was.
    pub call: (Beats, Beats),
    /// From where to where the answer is; on the grid.
    pub answer: (Beats, Beats),
    /// Whether this answer ends the performance: it then closes on the tonic with a long note.
    pub last: bool,
    /// Chords that will sound under the answer, in order, where they are known.
    pub harmony: Vec<HarmonySpan>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Phrase {
    /// Its notes, in order.
    pub notes: Vec<Note>,
    /// The key it is in.
    pub key: Option<Key>,
    /// The tones it may use.
    pub tones: PitchClassSet,
    /// The lowest and the highest pitch it may use.
    pub range: (u8, u8),
}

/// Hears the player and answers. Belongs to one thread.
#[derive(Debug)]
pub struct Composer {
    controls: Controls,
    line: Line,
    side: ComposerSide,
    ear: Ear,
    /// Who learns from what is played, where somebody does.
    learner: Option<Teacher<Session>>,
}

impl Composer {
    /// A composer that has heard nothing.
    pub fn new(model: MelodyModel, side: ComposerSide) -> Self {
        Self { controls: Controls::default(), line: Line::new(model), side, ear: Ear::default(), learner: None }
    }

    /// Tells each call to a learner, and goes on with what it has learnt from the next call on. Which model answers a
    /// call then depends on how fast the learner is.
    #[must_use]
    pub fn with_learner(self, learner: Teacher<Session>) -> Self {
        Self { learner: Some(learner), ..self }
    }

    /// Changes the controls from the next phrase on.
    ///
    /// # Errors
    /// [`ComposeError::Control`] where one is out of range; all stay as they were then.
    pub fn set_controls(&mut self, controls: Controls) -> Result<(), ComposeError> {
        controls.check()?;
        self.controls = controls;
        Ok(())
    }

    /// Takes in everything that waits in the ring.
    pub fn listen(&mut self) {
        while let Some(heard) = self.side.heard.receive() {
            self.ear.hear(heard);
        }
    }

    /// Hears everything up to the end of the call, composes the answer and sends it to the audio side. Nothing is
    /// answered before the first note was heard.
    ///
    /// # Errors
    /// [`ComposeError`].
    pub fn answer(&mut self, cue: &Cue) -> Result<Phrase, ComposeError> {
        self.listen();
        if let Some(session) = self.learner.as_ref().and_then(Teacher::newest) {
            self.line.adopt(session)?;
        }
        let call = self.line.hear(&self.ear.until(cue.call.1), self.ear.metres(), cue.call)?;
        if let Some(learner) = self.learner.as_ref().filter(|_| !call.is_empty()) {
            // A learner that is behind misses a phrase.
            let _room = learner.phrase(call);
        }
        let Some(facts) = Facts::of(&self.ear, &self.line, cue.call) else { return Ok(Phrase::default()) };
        let metres = self.ear.metres();
        let close = if cue.last { Close::Final } else { Close::Rest };
        let rules = facts.rules(&self.controls, cue.answer, metres, close, &cue.harmony);
        let (tones, range) = (rules.tones, rules.range);
        let mut pen = Pen::new(Task {
            rules,
            controls: &self.controls,
            window: cue.answer,
            metres,
            harmony: &cue.harmony,
            strict: None,
            standing: Vec::new(),
            wanted: facts.wanted(&self.controls),
            choice: Choice::Draw(self.controls.freedom, Box::new(self.random(NOTES, cue.index))),
        });
        self.line.write(&mut pen, facts.echo_length())?;
        let (bare, _) = pen.finish();
        let voice = Voice {
            expression: self.controls.expression,
            loudness: facts.loudness,
            transpose: self.controls.transpose,
        };
        let mut rng = self.random(EXPRESSION, cue.index);
        let notes = express(&bare, (cue.answer.0, steps_between(cue.answer)), &voice, metres, &mut rng);
        self.send(cue, &notes)?;
        Ok(Phrase::new(notes, facts.key, tones, range, self.controls.transpose))
    }

    /// A random source for a purpose in a phrase.
    fn random(&self, purpose: u64, phrase: u32) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.controls.seed);
        rng.set_stream(purpose << 32 | u64::from(phrase));
        rng
    }

    fn send(&mut self, cue: &Cue, notes: &[Note]) -> Result<(), ComposeError> {
        let full = |_| ComposeError::TooManyNotes { phrase: cue.index };
        let (at, epoch, part) = (cue.answer.0, cue.epoch, Part::Answer);
        self.side.plan(Plan::Phrase { epoch, at, part, duration: cue.answer.1 - at }).map_err(full)?;
        for note in notes {
            let Note { onset: at, duration, pitch, velocity } = *note;
            let note = Scheduled { at, duration, part, pitch, velocity };
            self.side.plan(Plan::Note { epoch, note }).map_err(full)?;
        }
        Ok(())
    }
}

impl Phrase {
    /// Notes that are transposed already, and the key, tones and range they were written in.
    pub(super) fn new(
        notes: Vec<Note>,
        key: Option<Key>,
        tones: PitchClassSet,
        range: (u8, u8),
        transpose: i32,
    ) -> Self {
        // Ranges keep pitches within 0 to 127.
        let moved = |pitch: u8| (i32::from(pitch) + transpose).clamp(0, 127) as u8;
        let key = key.map(|key| key.transposed(transpose));
        Self { notes, key, tones: tones.transposed(transpose), range: (moved(range.0), moved(range.1)) }
    }
}
