//! Hearing a phrase and answering it.

use super::controls::{Controls, ScaleControl};
use super::expression::{BareNote, Voice, express};
use super::harmony::{HarmonySpan, home_tones};
use super::sampler::{Moment, Pace, Rules, choose, closable};
use super::{ComposeError, MelodyModel, Place};
use crate::bridge::{ComposerSide, HeardKind, Part, Plan, Scheduled, Teacher};
use crate::model::session::Session;
use crate::music::encoding::{
    DURATIONS, PlacedToken, REACH, REST, Token, duration_classes, metre_class, pitch_class, pitch_of,
};
use crate::music::{Key, Mode, Note, PitchClassSet, STEPS_PER_BEAT, meant, melody_between};
use crate::time::{Beats, MetreChange, MetreMap};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Longest silence that is pushed through the network, in quarter notes; a longer one is passed over.
const LONGEST_SILENCE: f64 = 32.0;
/// Notes of this many steps are short enough for any answer, an eighth in length.
const LONGEST_SHORTEST: u32 = 12;
/// How far beyond the range that was heard an answer may go, in semitones.
const STRETCH: u8 = 3;
/// Share of the call's events after which a literal echo becomes costly, and how many events at least.
const ECHO: (f64, usize) = (0.4, 5);
/// Nats that a further echoing event loses.
const ECHO_COST: f64 = 3.0;
/// Nats that a tone of the chord gains on a pulse, and elsewhere.
const CHORD_BONUS: [f64; 2] = [1.2, 0.4];

/// Nats that rests gain or lose at either end of their control.
const REST_NATS: f64 = 6.0;
/// Nats lost at twice or half the density: the one that is set, and the call's.
const PACE_COST: (f64, f64) = (24.0, 1.0);
/// What random sources are for.
const NOTES: u64 = 0;
const EXPRESSION: u64 = 1;

/// An order to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// Number of the phrase, from 0: choices depend on it.
    pub index: u32,
    /// The stretch of time that plans belong to; see [`HeardKind::Transport`].
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
    model: MelodyModel,
    side: ComposerSide,
    /// What was heard of the call; a note that still sounds ends at infinity.
    notes: Vec<Note>,
    metres: Vec<MetreChange>,
    /// Up to where the network has heard everything.
    until: Option<Beats>,
    first: Option<First>,
    /// The shortest note that was heard, in steps.
    shortest: u32,
    /// Who learns from what is played, where somebody does.
    learner: Option<Teacher<Session>>,
}

/// The first sounding note, which all others are relative to.
#[derive(Debug, Clone, Copy)]
struct First {
    pitch: u8,
    bar: i64,
}

impl Composer {
    /// A composer that has heard nothing.
    pub fn new(model: MelodyModel, side: ComposerSide) -> Self {
        Self {
            controls: Controls::default(),
            model,
            side,
            notes: Vec::new(),
            metres: Vec::new(),
            until: None,
            first: None,
            shortest: LONGEST_SHORTEST,
            learner: None,
        }
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
            let at = heard.pos_beats;
            match heard.kind {
                HeardKind::NoteOn { pitch, velocity } => {
                    self.end_note(pitch, at);
                    self.notes.push(Note { onset: at, duration: Beats(f64::INFINITY), pitch, velocity });
                }
                HeardKind::NoteOff { pitch } => self.end_note(pitch, at),
                HeardKind::Bar { time_signature: metre, .. } => {
                    let same = self.metres.last().is_some_and(|change| change.metre == metre);
                    if !same && at.0 >= 0.0 {
                        self.metres.push(MetreChange { at, metre });
                    }
                }
                HeardKind::Transport { .. } => {}
            }
        }
    }

    fn end_note(&mut self, pitch: u8, at: Beats) {
        let open = self.notes.iter_mut().rev().find(|n| n.pitch == pitch && n.duration.0.is_infinite());
        if let Some(note) = open {
            note.duration = (at - note.onset).max(Beats(1e-3));
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
            self.model.adopt(session)?;
        }
        let metres = self.metre_map();
        let call = self.push_call(cue, &metres)?;
        if let Some(learner) = self.learner.as_ref().filter(|_| !call.is_empty()) {
            // A learner that is behind misses a phrase.
            let _room = learner.phrase(call);
        }
        let Some(first) = self.first else { return Ok(Phrase::default()) };
        let (key, rules) = self.rules(cue, first, &metres);
        let bare = self.compose(cue, &rules, first, &metres)?;
        self.until = Some(cue.answer.1);
        let length = steps_between(cue.answer);
        let voice = Voice {
            expression: self.controls.expression,
            loudness: self.loudness(cue),
            transpose: self.controls.transpose,
        };
        let mut rng = self.random(EXPRESSION, cue.index);
        let notes = express(&bare, (cue.answer.0, length), &voice, &metres, &mut rng);
        self.send(cue, &notes)?;
        let up = self.controls.transpose;
        let key = key.map(|key| Key { tonic: key.tonic.up(up), ..key });
        let range = (moved(rules.range.0, up), moved(rules.range.1, up));
        Ok(Phrase { notes, key, tones: rules.tones.transposed(up), range })
    }

    fn metre_map(&self) -> MetreMap {
        // The audio side only tells metres that can be counted.
        MetreMap::new(self.metres.clone()).unwrap_or_default()
    }

    /// What was heard, with notes that still sound cut at `end`.
    fn heard_until(&self, end: Beats) -> impl Iterator<Item = Note> + '_ {
        let cut = move |note: &Note| Note { duration: note.duration.min(end - note.onset), ..*note };
        self.notes.iter().filter(move |note| note.onset < end).map(cut)
    }

    fn place(&self, at: Beats, first: First, metres: &MetreMap) -> Place {
        let bar = metres.bar_at(at);
        let into = (at - bar.start).nearest_step(STEPS_PER_BEAT).max(0) as u32;
        let bars = (bar.index - first.bar) as f64 + (at - bar.start) / bar.metre.bar_beats();
        Place { position: into, metre: metre_class(bar.metre), bars: bars.max(0.0) as f32 }
    }

    /// Lets the network hear the call: what it heard.
    fn push_call(&mut self, cue: &Cue, metres: &MetreMap) -> Result<Vec<PlacedToken>, ComposeError> {
        let mut call = Vec::new();
        let (begin, end) = cue.call;
        let from =
            self.until.filter(|&until| until <= begin && begin - until <= Beats(LONGEST_SILENCE)).unwrap_or(begin);
        let heard: Vec<Note> = self.heard_until(end).collect();
        let line = melody_between(&heard, metres, from, end);
        let mut at = line.start;
        for event in meant(&line.melody.events, at.nearest_step(STEPS_PER_BEAT)) {
            if event.pitch.is_some() {
                self.shortest = self.shortest.min(u32::from(event.steps));
            }
            if self.first.is_none() {
                self.first = event.pitch.map(|pitch| First { pitch, bar: metres.bar_at(at).index });
            }
            if let Some(first) = self.first {
                let mut step = 0;
                let mut class = event.pitch.map_or(REST, |pitch| pitch_class(pitch, first.pitch));
                for duration in duration_classes(event.steps) {
                    let here = at + Beats::from_steps(step, STEPS_PER_BEAT);
                    let place = self.place(here, first, metres);
                    let expectation = self.model.expect(place)?;
                    let token = Token { duration, pitch: class };
                    self.model.hear(expectation, token);
                    call.push(PlacedToken { token, position: place.position, metre: place.metre, bars: place.bars });
                    class = REST;
                    step += i64::from(DURATIONS[usize::from(duration)]);
                }
            }
            at += Beats::from_steps(i64::from(event.steps), STEPS_PER_BEAT);
        }
        self.until = Some(end);
        Ok(call)
    }

    /// A random source for a purpose in a phrase.
    fn random(&self, purpose: u64, phrase: u32) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.controls.seed);
        rng.set_stream(purpose << 32 | u64::from(phrase));
        rng
    }

    /// The rules of an answer before it is transposed: those of what sounds, moved back.
    fn rules(&self, cue: &Cue, first: First, metres: &MetreMap) -> (Option<Key>, Rules) {
        let heard: Vec<Note> = self.heard_until(cue.call.1).collect();
        let (key, home) = home_tones(&heard);
        let down = -self.controls.transpose;
        let scale = self.controls.scale.map(|ScaleControl { tones, stable }| ScaleControl {
            tones: tones.transposed(down),
            stable: stable.transposed(down),
        });
        let home = home.union(key.map(|key| key.tonic).into_iter().collect());
        let tones = scale.map_or(home, |scale| scale.tones);
        let pitches = || heard.iter().map(|n| i32::from(n.pitch));
        let (low, high) = (pitches().min().unwrap_or(60), pitches().max().unwrap_or(72));
        let within = |pitch: i32| {
            pitch.clamp((i32::from(first.pitch) - REACH).max(0), (i32::from(first.pitch) + REACH).min(127))
        };
        // At least an octave, so that every tone of the key has a place.
        let air = (12 - (high - low)).max(0) / 2 + i32::from(STRETCH);
        let (low, high) = match self.controls.range {
            Some((low, high)) => (i32::from(low) + down, i32::from(high) + down),
            None => (low - air, high + air),
        };
        let range = (within(low) as u8, within(high) as u8);
        let closing_tones = match scale {
            Some(scale) => scale.closing_tones(),
            None => closing_tones(key, tones, cue),
        };
        let metre = metres.metre_at(cue.answer.0);
        let pulse = steps(metre.pulse_beats());
        // Short notes were heard, or are needed, some of half the mean length, for as many as are wanted.
        let shortest = match self.controls.density {
            Some(notes) => self.shortest.min((0.5 * f64::from(STEPS_PER_BEAT) / notes).ceil() as u32),
            None => self.shortest,
        };
        let closing_steps = if cue.last { pulse.max(shortest) } else { (pulse / 2).max(shortest) };
        let grid = self.controls.grid.unwrap_or(1).max(1);
        let closable = closable(steps_between(cue.answer), shortest, closing_steps, grid);
        (key, Rules { first_pitch: first.pitch, tones, range, closing_tones, closing_steps, shortest, grid, closable })
    }

    fn compose(
        &mut self,
        cue: &Cue,
        rules: &Rules,
        first: First,
        metres: &MetreMap,
    ) -> Result<Vec<BareNote>, ComposeError> {
        let mut rng = self.random(NOTES, cue.index);
        let length = steps_between(cue.answer);
        let call_events = self.notes.iter().filter(|n| n.onset >= cue.call.0 && n.onset < cue.call.1).count();
        let wanted = self.density(cue, call_events);
        let echo_length = ((call_events as f64 * ECHO.0) as usize).max(ECHO.1);
        let mut notes: Vec<BareNote> = Vec::new();
        let mut step = 0;
        while step < length {
            let at = cue.answer.0 + Beats::from_steps(i64::from(step), STEPS_PER_BEAT);
            let place = self.place(at, first, metres);
            let expectation = self.model.expect(place)?;
            let echoes: Vec<Token> = self.model.continuations(echo_length).collect();
            let pulse = steps(metres.metre_at(at).pulse_beats());
            let on_pulse = place.position.is_multiple_of(pulse);
            let chord = cue.harmony.iter().find(|span| span.from <= at && at < span.to);
            let moment = Moment {
                left: length - step,
                last_pitch: notes.last().map(|n| n.pitch),
                harmony: chord.map(|span| (span.tones, CHORD_BONUS[usize::from(!on_pulse)])),
                echoes: &echoes,
                echo_cost: ECHO_COST,
                rests: REST_NATS * self.controls.rests,
                pace: wanted.map(|(wanted, cost)| Pace { notes: notes.len() as u32, steps: step, wanted, cost }),
            };
            let event = choose(&expectation, rules, &moment, self.controls.freedom, &mut rng);
            // Without any event that keeps the rules the phrase ends here.
            let Some(event) = event else { break };
            let steps = u32::from(DURATIONS[usize::from(event.duration)]);
            if let Some(pitch) = pitch_of(event.pitch, rules.first_pitch) {
                notes.push(BareNote { step, steps, pitch });
            }
            self.model.hear(expectation, event);
            step += steps;
        }
        Ok(notes)
    }

    /// Notes in a step that are wanted, and how strictly: as set, or about as many as the call had.
    fn density(&self, cue: &Cue, call_events: usize) -> Option<(f64, f64)> {
        let set = self.controls.density.map(|notes| (notes / f64::from(STEPS_PER_BEAT), PACE_COST.0));
        let length = steps_between(cue.call);
        let heard = (call_events > 0 && length > 0).then(|| (call_events as f64 / f64::from(length), PACE_COST.1));
        set.or(heard)
    }

    /// Mean velocity of the call.
    fn loudness(&self, cue: &Cue) -> f64 {
        let call = || self.notes.iter().filter(|n| n.onset >= cue.call.0 && n.onset < cue.call.1);
        let count = call().count();
        if count == 0 { 80.0 } else { call().map(|n| f64::from(n.velocity)).sum::<f64>() / count as f64 }
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

/// A pitch moved by semitones; ranges keep it within 0 to 127.
fn moved(pitch: u8, semitones: i32) -> u8 {
    (i32::from(pitch) + semitones).clamp(0, 127) as u8
}

impl ScaleControl {
    fn closing_tones(self) -> PitchClassSet {
        let stable = self.stable.intersection(self.tones);
        if stable.is_empty() { self.tones } else { stable }
    }
}

/// Tones that an answer may end on: the tonic at the very end, the tonic's chord elsewhere, and of both what the chord
/// that sounds then has, if it has any.
fn closing_tones(key: Option<Key>, tones: PitchClassSet, cue: &Cue) -> PitchClassSet {
    let chord = cue.harmony.iter().rev().find(|span| span.from < cue.answer.1 && span.to >= cue.answer.1);
    let Some(key) = key else { return tones };
    let third = if key.mode == Mode::Major { 4 } else { 3 };
    let stable: PitchClassSet = if cue.last {
        [key.tonic].into_iter().collect()
    } else {
        [key.tonic, key.tonic.up(third), key.tonic.up(7)].into_iter().collect()
    };
    let stable = stable.intersection(tones.union([key.tonic].into_iter().collect()));
    match chord.map(|span| span.tones.intersection(tones)) {
        // A half close: where the harmony has left the tonic, its chord is the place to rest.
        Some(chord) if !cue.last && !chord.is_empty() => {
            let both = stable.intersection(chord);
            if both.is_empty() { chord } else { both }
        }
        _ => stable,
    }
}

fn steps(length: Beats) -> u32 {
    length.nearest_step(STEPS_PER_BEAT).clamp(1, 1 << 20) as u32
}

fn steps_between((from, to): (Beats, Beats)) -> u32 {
    (to.nearest_step(STEPS_PER_BEAT) - from.nearest_step(STEPS_PER_BEAT)).clamp(0, 1 << 20) as u32
}
