//! From a note that is heard to its answer being on its way to the audio side.

use super::{BenchError, Models, Spread};
use crate::bridge::{AudioSide, Heard, HeardKind, Plan, Stage, StageSizes};
use crate::compose::{ComposeError, Director, DirectorWorker, Mode, Order};
use crate::music::STEPS_PER_BEAT;
use crate::time::{Beats, Bpm, TimeSignature};
use crate::train::bench::Clock;
use rand::Rng;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// How fast one mode answers. Milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerSpeed {
    /// The mode.
    pub mode: &'static str,
    /// From the moment a note goes into the ring of a director on a thread of its own, and that is told of the time, to
    /// the moment all notes of the answer are in the ring to the audio side; waking the thread and hearing back from it
    /// are in it. The time that passes. Between grid steps the director has had the time to think ahead.
    pub through_threads: Spread,
    /// The director's own part of it, in the time that its thread has the processor (elsewhere than on Unix in time that
    /// passes).
    pub alone: Spread,
    /// As `through_threads`, where the last note is struck in the very grid step at which the answer is decided, so that
    /// what was thought ahead is of no use. Modes that wait for silence do not know this.
    pub surprised: Spread,
    /// As `alone`, surprised.
    pub surprised_alone: Spread,
    /// How long thinking ahead took at a step, where it ended in a phrase: of the time that nobody waits for, in the
    /// thread's time.
    pub ahead: Spread,
    /// Notes of an answer, on the average.
    pub notes: f64,
}

/// Bars of a call, and of an exchange: the call, its answer, and a bar of silence.
const BARS: (i32, i32) = (2, 5);
const BAR: f64 = 4.0;

/// Makes calls up: a walk on the scale of C, in eighths and quarters.
#[derive(Debug)]
pub(super) struct Caller(ChaCha8Rng);

/// A call's notes: onset and length in quarter notes since its start, and pitch.
pub(super) type Call = Vec<(f64, f64, u8)>;

impl Caller {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn call(&mut self) -> Call {
        const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
        let (mut at, mut place, mut notes) = (0.0, 7_i32, Vec::new());
        while at < f64::from(BARS.0) * BAR - 0.25 {
            let length = if self.0.random_bool(0.6) { 0.5 } else { 1.0 };
            let pitch = 60 + 12 * (place / 7 - 1) + i32::from(SCALE[(place % 7) as usize]);
            notes.push((at, 0.9 * length, pitch as u8));
            place = (place + self.0.random_range(-2..=2)).clamp(2, 14);
            at += length;
        }
        notes
    }
}

/// A director, here or on its thread.
#[derive(Debug)]
enum Seat {
    Here(Box<Director>),
    There(DirectorWorker),
}

/// A director with the audio side's ends in our hands.
#[derive(Debug)]
pub(super) struct Desk {
    seat: Seat,
    audio: AudioSide,
    bar: i32,
}

impl Desk {
    /// A director in a mode, with time that runs.
    pub fn new(models: &Models, mode: Mode) -> Result<Self, BenchError> {
        let Stage { mut audio, composer, .. } = Stage::new(StageSizes { plans: 4096, heard: 4096, show: 16 });
        let mut director = Director::new(models.open_melody()?, Some(models.open_phrases()?), composer);
        director.order(Beats(0.0), Order::Mode(mode))?;
        let (tempo, time_signature) = (Bpm(120.0), TimeSignature::COMMON);
        let kind = HeardKind::Transport { playing: true, tempo, time_signature, epoch: 0 };
        // A new ring has room.
        let _room = audio.heard.send(Heard { pos_beats: Beats(0.0), kind });
        Ok(Self { seat: Seat::Here(Box::new(director)), audio, bar: 0 })
    }

    /// With the director on a thread of its own.
    fn on_a_thread(self) -> Self {
        let seat = match self.seat {
            Seat::Here(director) => Seat::There(DirectorWorker::spawn(*director)),
            there @ Seat::There(_) => there,
        };
        Self { seat, ..self }
    }

    /// Has it think ahead; how long it took.
    fn rehearse(&mut self) -> Result<f64, ComposeError> {
        let clock = Clock::for_threads(1);
        match &mut self.seat {
            Seat::Here(director) => Ok(clock.time(|| director.rehearse()).0),
            Seat::There(worker) => worker.rehearse().map(|()| 0.0),
        }
    }

    fn run_to(&mut self, pos: Beats) -> Result<(), ComposeError> {
        match &mut self.seat {
            Seat::Here(director) => {
                director.run_to(pos)?;
                director.take_phrases().for_each(drop);
                Ok(())
            }
            Seat::There(worker) => worker.run_to(pos)?.error.map_or(Ok(()), Err),
        }
    }

    /// Plays a call, and lets time run through its answer, grid step by grid step; where `thinks`, with time to think ahead
    /// between them. Each step is told: how long it took, in milliseconds, how many notes were planned at it, and
    /// how long it was thought ahead then.
    pub fn exchange(
        &mut self,
        call: &Call,
        thinks: bool,
        told: &mut dyn FnMut(f64, usize, f64),
    ) -> Result<(), BenchError> {
        let from = f64::from(self.bar) * BAR;
        let mut events: Vec<(f64, HeardKind)> = Vec::new();
        for bar in self.bar..self.bar + BARS.1 {
            events.push((f64::from(bar) * BAR, HeardKind::Bar { bar, time_signature: TimeSignature::COMMON }));
        }
        for &(at, length, pitch) in call {
            events.push((from + at, HeardKind::NoteOn { pitch, velocity: 80 }));
            events.push((from + at + length, HeardKind::NoteOff { pitch }));
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut events = events.into_iter().peekable();
        let clock = Clock::for_threads(if matches!(self.seat, Seat::Here(_)) { 1 } else { 2 });
        let steps = i64::from(self.bar) * BAR as i64 * i64::from(STEPS_PER_BEAT);
        for step in steps..steps + i64::from(BARS.1) * BAR as i64 * i64::from(STEPS_PER_BEAT) {
            let pos = Beats::from_steps(step, STEPS_PER_BEAT);
            let (took, done) = clock.time(|| {
                while let Some((at, kind)) = events.next_if(|(at, _)| *at < pos.0) {
                    // The ring was emptied a step ago.
                    let _room = self.audio.heard.send(Heard { pos_beats: Beats(at), kind });
                }
                self.run_to(pos)
            });
            done?;
            let plans = std::iter::from_fn(|| self.audio.plans.receive());
            let notes =
                plans.filter(|plan| matches!(plan, Plan::Note { .. } | Plan::Second { tones: Some(_), .. })).count();
            let ahead = if thinks { self.rehearse()? } else { 0.0 };
            told(took, notes, ahead);
        }
        self.bar += BARS.1;
        Ok(())
    }
}

/// Modes that answer notes, and whose answers come from a network but for the last.
const MODES: [Mode; 5] = [Mode::Answer, Mode::Continue, Mode::Improvise, Mode::Vary, Mode::Harmonise];

/// Measures every mode with so many calls.
///
/// # Errors
/// [`BenchError`] of the networks.
pub fn measure(models: &Models, calls: usize) -> Result<Vec<AnswerSpeed>, BenchError> {
    MODES.iter().map(|&mode| measure_mode(models, mode, calls)).collect()
}

/// What was measured of one mode in one way.
#[derive(Debug, Default)]
struct Measured {
    took: Vec<f64>,
    notes: usize,
    ahead: Vec<f64>,
}

/// Thinking ahead for less than this, in milliseconds, has written nothing.
const WRITES: f64 = 0.2;

fn measure_mode(models: &Models, mode: Mode, calls: usize) -> Result<AnswerSpeed, BenchError> {
    let measure = |threads: bool, surprises: bool| -> Result<Measured, BenchError> {
        let desk = Desk::new(models, mode)?;
        let mut desk = if threads { desk.on_a_thread() } else { desk };
        let mut caller = Caller::new(2);
        let mut next = || if surprises { surprising(caller.call()) } else { caller.call() };
        let mut measured = Measured::default();
        // The first warms up.
        desk.exchange(&next(), true, &mut |_, _, _| ())?;
        for _ in 0..calls.max(1) {
            desk.exchange(&next(), true, &mut |milliseconds, notes, ahead| {
                if notes > 0 {
                    measured.took.push(milliseconds);
                    measured.notes += notes;
                }
                if ahead > WRITES {
                    measured.ahead.push(ahead);
                }
            })?;
        }
        Ok(measured)
    };
    let through_threads = measure(true, false)?;
    let alone = measure(false, false)?;
    let notes = alone.notes as f64 / alone.took.len().max(1) as f64;
    Ok(AnswerSpeed {
        mode: mode.name(),
        through_threads: Spread::of(through_threads.took),
        alone: Spread::of(alone.took),
        surprised: Spread::of(measure(true, true)?.took),
        surprised_alone: Spread::of(measure(false, true)?.took),
        ahead: Spread::of(alone.ahead),
        notes,
    })
}

/// A call whose notes are struck just before the grid steps at which is decided what begins on a beat, or half a beat after
/// one; the last of them before its answer is decided.
fn surprising(call: Call) -> Call {
    // The lead is a quarter of a beat at this tempo.
    const SHIFT: f64 = 0.73 - 0.5;
    let end = f64::from(BARS.0) * BAR - 0.5;
    let mut call: Call = call.into_iter().filter(|(at, _, _)| *at < end).collect();
    if let Some(last) = call.last_mut() {
        last.1 = last.1.min(end - last.0 - 0.05);
    }
    let pitch = call.last().map_or(60, |last| last.2);
    call.push((end, 0.45, pitch));
    call.iter_mut().for_each(|note| note.0 += SHIFT);
    call
}
