//! Sound and notes: the performer on a virtual clock, and the composer answering in time because time waits for it.

use super::arrangement::{Arrangement, chords_of};
use super::automation::Automation;
use super::playback::Playback;
use super::voicing::Voicing;
use super::wav::Listener;
use super::{RenderError, Watch};
use crate::bridge::{Part, Plan, Scheduled, ShowEvent};
use crate::compose::{Composer, Cue, HarmonySpan, MelodyModel, Phrase};
use crate::music::Note;
use crate::time::{Beats, SampleRate, Transport};

/// Seconds that the last sounds have to die away.
pub const TAIL_SECONDS: f64 = 3.5;

/// What was played; its sound went to a [`Listener`].
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The answers in order.
    pub phrases: Vec<Phrase>,
    /// Everything worth seeing.
    pub show: Vec<ShowEvent>,
    /// What went wrong on the audio side: notes that came too late, rings that were full. 0 in a sound performance.
    pub lost: u64,
}

impl Recording {
    /// The notes of all answers.
    pub fn answer(&self) -> Vec<Note> {
        self.phrases.iter().flat_map(|phrase| &phrase.notes).copied().collect()
    }
}

/// What a performance is played from.
pub struct Piece<'a> {
    /// Who plays when.
    pub arrangement: &'a Arrangement,
    /// How the composer answers.
    pub automation: &'a Automation,
    /// Length in samples.
    pub samples: u64,
    /// Samples that are played in one go, at most. What is played does not depend on it.
    pub block: usize,
}

/// Plays an arrangement.
///
/// # Errors
/// [`RenderError::Compose`], [`RenderError::Interrupted`], and what the listener says.
pub fn perform(
    piece: &Piece<'_>,
    model: MelodyModel,
    voicing: Voicing,
    listener: &mut dyn Listener,
    watch: &mut dyn Watch,
) -> Result<Recording, RenderError> {
    let Piece { arrangement, automation, samples, .. } = *piece;
    let block = piece.block.clamp(1, 1 << 20);
    let clock = Clock::new(arrangement, voicing.rate);
    let (mut playback, composer) = Playback::new(voicing, (samples, block), arrangement.plans(), listener);
    let mut composer = Composer::new(model, composer);
    let epoch = playback.performer.epoch();
    playback.schedule(known_plans(arrangement, epoch));
    let mut recording = Recording::default();
    let mut cues = cues(arrangement, epoch).map(|cue| (clock.sample_at(cue.call.1), cue)).peekable();
    watch.begin("playing", samples);
    let mut now = 0_u64;
    while now < samples {
        if watch.cancelled() {
            return Err(RenderError::Interrupted);
        }
        // The call is over at this sample: the composer has its ring full of it, and time stands still for the answer.
        while let Some((_, cue)) = cues.next_if(|(at, _)| *at <= now) {
            let window = cue.answer;
            composer.set_controls(automation.controls_at(window.0, &arrangement.metres, &arrangement.tempo))?;
            let phrase = composer.answer(&cue)?;
            if arrangement.backing.is_empty() {
                // Nobody else tells the pictures which chords the answer has.
                let chords = chords_of(&phrase.notes, &arrangement.metres, window, arrangement.key);
                playback.schedule(chord_plans(&chords, epoch));
            }
            recording.phrases.push(phrase);
        }
        let cue = cues.peek().map_or(u64::MAX, |(at, _)| *at);
        let end = (now + block as u64).min(samples).min(clock.change_after(now)).min(cue);
        playback.play(now..end, |performer, left, right| {
            performer.process(&clock.transport(now), &[], left, right);
        })?;
        recording.show.extend(playback.show());
        watch.done(end - now);
        now = end;
    }
    recording.lost = playback.lost() + playback.late();
    Ok(recording)
}

/// What is known before anything is composed: the tune, what accompanies it, its phrases, the chords.
pub(super) fn known_plans(arrangement: &Arrangement, epoch: u32) -> impl Iterator<Item = Plan> + '_ {
    let notes = move |notes: &'_ [Note], part: Part| {
        let plan = move |n: &Note| {
            let note = Scheduled { at: n.onset, duration: n.duration, part, pitch: n.pitch, velocity: n.velocity };
            Plan::Note { epoch, note }
        };
        notes.iter().map(plan).collect::<Vec<_>>()
    };
    let phrases = arrangement.exchanges.iter().map(move |e| {
        let (at, end) = e.call;
        Plan::Phrase { epoch, at, part: Part::Call, duration: end - at }
    });
    let chords = chord_plans(&arrangement.chords, epoch);
    let [call, backing] =
        [(&arrangement.call, Part::Call), (&arrangement.backing, Part::Backing)].map(|(n, p)| notes(n, p));
    call.into_iter().chain(backing).chain(phrases).chain(chords)
}

fn chord_plans(chords: &[HarmonySpan], epoch: u32) -> impl Iterator<Item = Plan> + '_ {
    chords.iter().map(move |span| {
        let (root, pitch_classes) = (span.root.semitone(), span.tones.mask());
        Plan::Chord { epoch, at: span.from, root, pitch_classes }
    })
}

fn cues(arrangement: &Arrangement, epoch: u32) -> impl Iterator<Item = Cue> + '_ {
    let last = arrangement.exchanges.len().saturating_sub(1);
    arrangement.exchanges.iter().enumerate().map(move |(i, exchange)| Cue {
        index: i as u32,
        epoch,
        call: exchange.call,
        answer: exchange.answer,
        last: i == last,
        harmony: exchange.harmony.clone(),
    })
}

/// The virtual clock: what a host would report at each sample.
pub(super) struct Clock<'a> {
    arrangement: &'a Arrangement,
    rate: SampleRate,
    /// Samples at which tempo or metre change, in order.
    changes: Vec<u64>,
}

impl<'a> Clock<'a> {
    pub fn new(arrangement: &'a Arrangement, rate: SampleRate) -> Self {
        let mut clock = Self { arrangement, rate, changes: Vec::new() };
        let tempi = arrangement.tempo.changes().map(|c| c.at);
        let metres = arrangement.metres.changes().map(|c| c.at);
        let mut changes: Vec<u64> = tempi.chain(metres).map(|at| clock.sample_at(at)).collect();
        changes.sort_unstable();
        clock.changes = changes;
        clock
    }

    /// The first sample at or after a position.
    pub fn sample_at(&self, at: Beats) -> u64 {
        let exact = self.arrangement.tempo.seconds_at(at) * f64::from(self.rate.0);
        (exact - 1e-6).ceil().max(0.0) as u64
    }

    pub fn change_after(&self, sample: u64) -> u64 {
        let next = self.changes.partition_point(|&at| at <= sample);
        self.changes.get(next).copied().unwrap_or(u64::MAX)
    }

    pub fn transport(&self, sample: u64) -> Transport {
        let pos_beats = self.arrangement.tempo.beats_at_sample(sample as i64, self.rate);
        // A change belongs to the first sample at or after it, which rounding may have put a hair before.
        let here = pos_beats + Beats(1e-7);
        Transport {
            playing: true,
            pos_beats,
            tempo: self.arrangement.tempo.tempo_at(here),
            time_signature: self.arrangement.metres.metre_at(here),
        }
    }
}
