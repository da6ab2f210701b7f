//! The director and the performer, as in a performance, with time that does not wait.

use super::material::Call;
use anyhow::{Result, ensure};
use oneiro::bridge::{Part, Plan, Scheduled, ShowKind, Stage as Ends, StageSizes, WatcherSide};
use oneiro::compose::{Corner, Director, MelodyModel, Mode, Order, PhraseModel, Settings};
use oneiro::live::{Performer, Setup};
use oneiro::music::Note;
use oneiro::time::{Beats, Bpm, SampleRate, Transport};
use oneiro::train::bench::Clock;

/// The lowest that sound is made at: only notes matter.
const RATE: u32 = 8_000;
/// Samples in a block: three quarters of a grid step.
const BLOCK: usize = 128;
/// Quarter notes a minute.
const TEMPO: f64 = 120.0;

/// What came of a call.
#[derive(Default)]
pub struct Performed {
    /// What was answered, and from where to where it is measured.
    pub answer: Vec<Note>,
    pub span: (Beats, Beats),
    /// What the player played that is shown, and measured against: in some modes more than the call.
    pub heard: Vec<Note>,
    /// Whether the phrase network could not be asked.
    pub refused: bool,
    /// Notes that came too late, or were lost.
    pub lost: u64,
    /// Chords that the pictures were told of.
    pub chords: usize,
    /// Milliseconds of the processor that phrases took to be heard and written.
    pub took: Vec<f64>,
}

/// A director in one mode with its audio side.
pub struct Stage {
    mode: Mode,
    director: Director,
    performer: Performer,
    watcher: WatcherSide,
}

impl Stage {
    pub fn new(mode: Mode, melody: MelodyModel, phrases: PhraseModel) -> Result<Self> {
        let Ends { audio, composer, watcher } = Ends::new(StageSizes::default());
        let mut director = Director::new(melody, Some(phrases), composer);
        director.order(Beats::ZERO, Order::Mode(mode))?;
        let performer = Performer::prepare(Setup::new(SampleRate(RATE)), audio);
        Ok(Self { mode, director, performer, watcher })
    }

    /// Plays a call; morphs go from it to another.
    pub fn perform(&mut self, call: &Call, other: &Call, settings: &Settings) -> Result<Performed> {
        self.director.order(Beats::ZERO, Order::Settings(Box::new(settings.clone())))?;
        let mut heard = call.notes.clone();
        let mut played = heard.clone();
        let (span, end) = match self.mode {
            Mode::Answer | Mode::Continue | Mode::Vary => (call.answered(), call.answered().1),
            Mode::Improvise => {
                played.extend(call.chords());
                (call.answered(), call.answered().1)
            }
            Mode::Morph => {
                played.clear();
                let other = other.in_key_of(call);
                self.director.order(Beats::ZERO, Order::Keep(Corner::A, Some(call.melody())))?;
                self.director.order(Beats::ZERO, Order::Keep(Corner::B, Some(other.melody())))?;
                heard.extend(other.notes.iter().map(|n| n.shifted(call.span().1 - call.span().0)));
                (call.span(), call.span().1)
            }
            Mode::Harmonise => (call.span(), call.span().1),
        };
        let run = self.run(call, &played, end)?;
        let span = match self.mode {
            // It waits until the player has stopped.
            Mode::Continue => (run.began.unwrap_or(span.0).max(span.0), span.1),
            _ => span,
        };
        Ok(Performed { span, heard, ..run.performed })
    }

    /// Plays notes up to a position and collects what is answered.
    fn run(&mut self, call: &Call, played: &[Note], end: Beats) -> Result<Run> {
        let counters = std::sync::Arc::clone(&self.watcher.counters);
        let lost = || {
            let counts =
                [&counters.late_dropped, &counters.malformed, &counters.heard_dropped, &counters.plans_refused];
            counts.iter().map(|count| count.get()).sum::<u64>()
        };
        let (before, refused) = (lost(), self.director.status().refused);
        let mut out = [vec![0.0; BLOCK], vec![0.0; BLOCK]];
        let beats = |sample: u64| Beats(sample as f64 * TEMPO / 60.0 / f64::from(RATE));
        let (mut sample, mut queued) = (0, false);
        let (mut answer, mut open): (Vec<Note>, Vec<Note>) = Default::default();
        let mut run = Run { began: None, performed: Performed::default() };
        while beats(sample) < end {
            let transport =
                Transport { playing: true, pos_beats: beats(sample), tempo: Bpm(TEMPO), time_signature: call.metre };
            let [left, right] = &mut out;
            if queued {
                let on_note = &mut |note: oneiro::live::PlayedNote| {
                    let at = beats(sample + u64::from(note.sample_offset));
                    if note.part != Part::Answer {
                        return;
                    }
                    if note.velocity > 0 {
                        open.push(Note {
                            onset: at,
                            duration: Beats::ZERO,
                            pitch: note.pitch,
                            velocity: note.velocity,
                        });
                    } else if let Some(i) = open.iter().position(|n| n.pitch == note.pitch) {
                        let note = open.swap_remove(i);
                        answer.push(Note { duration: at - note.onset, ..note });
                    }
                };
                self.performer.process_with(&transport, &[], left, right, on_note);
                sample += BLOCK as u64;
            } else {
                // The first block, of no length, is the jump to the start: what was queued before it is forgotten.
                self.performer.process(&transport, &[], &mut [], &mut []);
                self.queue(played)?;
                queued = true;
            }
            let (took, thought) = Clock::for_threads(1).time(|| self.director.run_to(beats(sample)));
            thought?;
            for phrase in self.director.take_phrases() {
                run.performed.took.push(took);
                if phrase.window.0 >= call.span().1 {
                    run.began.get_or_insert(phrase.window.0);
                }
            }
            while let Some(event) = self.watcher.show.receive() {
                run.performed.chords += usize::from(matches!(event.kind, ShowKind::Chord { .. }));
            }
        }
        answer.extend(open.into_iter().map(|n| Note { duration: end - n.onset, ..n }));
        answer.retain(|n| n.duration > Beats::ZERO);
        answer.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
        run.performed.answer = answer;
        run.performed.lost = lost() - before;
        run.performed.refused = self.director.status().refused > refused;
        Ok(run)
    }

    fn queue(&mut self, notes: &[Note]) -> Result<()> {
        let epoch = self.performer.epoch();
        for &Note { onset: at, duration, pitch, velocity } in notes {
            let note = Scheduled { at, duration, part: Part::Call, pitch, velocity };
            ensure!(self.performer.schedule(Plan::Note { epoch, note }).is_ok(), "too many notes at once");
        }
        Ok(())
    }
}

struct Run {
    performed: Performed,
    /// Where the first phrase began after the call.
    began: Option<Beats>,
}
