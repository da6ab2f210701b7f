//! A recorded session on the virtual clock: the notes that sounded, at their samples, with no composer and no chance.

use super::arrangement::{Arrangement, Exchange, TEMPO_RANGE};
use super::perform::Recording;
use super::playback::Playback;
use super::voicing::Voicing;
use super::wav::Listener;
use super::{RenderError, Watch};
use crate::bridge::{Part, Plan, ShowEvent};
use crate::compose::Phrase;
use crate::live::{PlayedNote, PlayerEvent, PlayerKind};
use crate::music::{Note, PitchClassWeights, estimate_key};
use crate::take::{Event, Take};
use crate::time::{Beats, Bpm, MetreChange, MetreMap, SampleRate, TempoChange, TempoMap, Transport};
use std::collections::BTreeMap;

/// From here on time runs like this.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    sample: u64,
    transport: Transport,
    /// Where the stretch begins in the file, in which time never stops or jumps.
    at: Beats,
}

/// Positions of a take: samples, the transport, and the file's beats.
struct Line {
    rate: f64,
    stretches: Vec<Stretch>,
}

impl Line {
    /// `sample_of` leads from the take's samples to those of the rendering.
    fn new(take: &Take, rate: SampleRate, sample_of: impl Fn(u64) -> u64) -> Self {
        let mut line = Self { rate: f64::from(rate.0), stretches: Vec::new() };
        for moment in &take.moments {
            let Event::Transport(mut transport) = moment.event else { continue };
            transport.tempo = Bpm(transport.tempo.0.clamp(TEMPO_RANGE.0, TEMPO_RANGE.1));
            let sample = sample_of(moment.sample);
            // The file begins with the first stretch, however late that was told.
            let at = if line.stretches.is_empty() { Beats::ZERO } else { line.beats_at(sample) };
            let sample = if line.stretches.is_empty() { 0 } else { sample };
            line.stretches.retain(|s| s.sample != sample);
            line.stretches.push(Stretch { sample, transport, at });
        }
        if line.stretches.is_empty() {
            let (tempo, time_signature) = (Bpm(120.0), crate::time::TimeSignature::COMMON);
            let transport = Transport { playing: true, pos_beats: Beats::ZERO, tempo, time_signature };
            line.stretches.push(Stretch { sample: 0, transport, at: Beats::ZERO });
        }
        line
    }

    fn stretch(&self, sample: u64) -> Stretch {
        let next = self.stretches.partition_point(|s| s.sample <= sample);
        self.stretches[next.saturating_sub(1)]
    }

    fn since(&self, stretch: &Stretch, sample: u64) -> Beats {
        let seconds = sample.saturating_sub(stretch.sample) as f64 / self.rate;
        Beats(seconds / stretch.transport.tempo.seconds_per_beat())
    }

    /// Where a sample lies in the file.
    fn beats_at(&self, sample: u64) -> Beats {
        let stretch = self.stretch(sample);
        stretch.at + self.since(&stretch, sample)
    }

    fn transport(&self, sample: u64) -> Transport {
        let stretch = self.stretch(sample);
        let moved = if stretch.transport.playing { self.since(&stretch, sample) } else { Beats::ZERO };
        Transport { pos_beats: stretch.transport.pos_beats + moved, ..stretch.transport }
    }

    fn tempo(&self) -> TempoMap {
        let change = |s: &Stretch| TempoChange { at: s.at, tempo: s.transport.tempo };
        TempoMap::new(self.stretches.iter().map(change).collect()).unwrap_or_default()
    }

    fn metres(&self) -> MetreMap {
        let mut changes: Vec<MetreChange> = Vec::new();
        for stretch in &self.stretches {
            let metre = stretch.transport.time_signature;
            if changes.last().is_none_or(|last| last.metre != metre) {
                changes.push(MetreChange { at: stretch.at, metre });
            }
        }
        MetreMap::new(changes).unwrap_or_default()
    }
}

/// The notes of a take in the file's beats, and how it is laid out.
pub(super) fn arrangement(take: &Take, rate: SampleRate, sample_of: impl Fn(u64) -> u64 + Copy) -> Arrangement {
    let line = Line::new(take, rate, sample_of);
    let end = line.beats_at(sample_of(take.length));
    let mut notes: [Vec<Note>; Part::ALL.len()] = Default::default();
    let mut open: BTreeMap<(Part, u8), Note> = BTreeMap::new();
    let mut close = |note: Option<Note>, part: Part, at: Beats| {
        if let Some(note) = note {
            let duration = (at - note.onset).max(Beats(1e-3));
            notes[part.index()].push(Note { duration, ..note });
        }
    };
    let mut exchanges = Vec::new();
    let mut last = Beats::ZERO;
    for moment in &take.moments {
        let sample = sample_of(moment.sample);
        let at = line.beats_at(sample);
        match &moment.event {
            Event::On(part, pitch, velocity) => {
                close(open.remove(&(*part, *pitch)), *part, at);
                let note = Note { onset: at, duration: Beats::ZERO, pitch: *pitch, velocity: *velocity };
                open.insert((*part, *pitch), note);
            }
            Event::Off(part, pitch) => close(open.remove(&(*part, *pitch)), *part, at),
            Event::Phrase(phrase) => {
                let from = (at + (phrase.at - line.transport(sample).pos_beats)).max(last);
                let to = from + phrase.duration.max(Beats::ZERO);
                exchanges.push(Exchange { call: (last, from), answer: (from, to), harmony: Vec::new() });
                last = to;
            }
            _ => {}
        }
    }
    for ((part, _), note) in open {
        close(Some(note), part, end);
    }
    let [call, answer, backing] = notes.map(|mut notes| {
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
        notes
    });
    let all: Vec<Note> = call.iter().chain(&answer).copied().collect();
    let key = estimate_key(&PitchClassWeights::of_notes(&all)).map(|e| e.key);
    let (tempo, metres) = (line.tempo(), line.metres());
    // The answers are no part of the score: they are performed. See `replay`.
    Arrangement { call, backing, exchanges, chords: Vec::new(), tempo, metres, end, key }
}

/// Plays a take again: `samples` samples, in blocks of at most `block`.
///
/// # Errors
/// [`RenderError::Interrupted`], and what the listener says.
pub(super) fn replay(
    take: &Take,
    voicing: Voicing,
    sample_of: impl Fn(u64) -> u64 + Copy,
    (samples, block): (u64, usize),
    listener: &mut dyn Listener,
    watch: &mut dyn Watch,
) -> Result<Recording, RenderError> {
    let block = block.clamp(1, 1 << 20);
    let line = Line::new(take, voicing.rate, sample_of);
    let (mut playback, mut composer) = Playback::new(voicing, (samples, block), take.moments.len(), listener);
    for (part, patch) in Part::ALL.into_iter().zip(take.header.patches) {
        playback.performer.set_patch(part, patch);
    }
    let mut recording = Recording::default();
    let mut answers: Vec<Note> = Vec::new();
    let mut moments = take.moments.iter().map(|m| (sample_of(m.sample), &m.event)).peekable();
    let patched = take.moments.iter().filter(|m| matches!(m.event, Event::Patch(..))).map(|m| sample_of(m.sample));
    let mut changes: Vec<u64> = line.stretches.iter().map(|s| s.sample).chain(patched).collect();
    changes.sort_unstable();
    let mut events: Vec<PlayerEvent> = Vec::new();
    watch.begin("playing", samples);
    let mut now = 0_u64;
    while now < samples {
        if watch.cancelled() {
            return Err(RenderError::Interrupted);
        }
        let change = changes[changes.partition_point(|at| *at <= now)..].first().copied().unwrap_or(u64::MAX);
        let end = (now + block as u64).min(samples).min(change);
        events.clear();
        while let Some((sample, event)) = moments.next_if(|(sample, _)| *sample < end) {
            let sample_offset = sample.saturating_sub(now) as u32;
            match *event {
                Event::On(part, pitch, velocity) => {
                    events.push(PlayerEvent { sample_offset, kind: PlayerKind::Begin { part, pitch, velocity } });
                }
                Event::Off(part, pitch) => {
                    events.push(PlayerEvent { sample_offset, kind: PlayerKind::End { part, pitch } });
                }
                // Blocks begin where an instrument changes.
                Event::Patch(part, patch) => playback.performer.set_patch(part, patch),
                Event::Phrase(ref phrase) => {
                    let (epoch, at, duration) = (playback.performer.epoch(), phrase.at, phrase.duration);
                    let _full = composer.plan(Plan::Phrase { epoch, at, part: Part::Answer, duration });
                }
                _ => {}
            }
        }
        let transport = line.transport(now);
        let moved = line.beats_at(now) - transport.pos_beats;
        let mut on_note = |note: PlayedNote| {
            let at = line.beats_at(now + u64::from(note.sample_offset));
            if note.part == Part::Answer && note.velocity > 0 {
                let (pitch, velocity) = (note.pitch, note.velocity);
                answers.push(Note { onset: at, duration: Beats::ZERO, pitch, velocity });
            } else if note.part == Part::Answer
                && let Some(open) =
                    answers.iter_mut().rev().find(|n| n.pitch == note.pitch && n.duration == Beats::ZERO)
            {
                open.duration = (at - open.onset).max(Beats(1e-3));
            }
        };
        playback.play(now..end, |performer, left, right| {
            performer.process_with(&transport, &events, left, right, &mut on_note);
        })?;
        while composer.heard.receive().is_some() {}
        recording.show.extend(playback.show().map(|event| ShowEvent { pos_beats: event.pos_beats + moved, ..event }));
        watch.done(end - now);
        now = end;
    }
    let end = line.beats_at(samples);
    for note in answers.iter_mut().filter(|n| n.duration == Beats::ZERO) {
        note.duration = (end - note.onset).max(Beats(1e-3));
    }
    // The phrases of a take lie where it says, and may have begun before.
    recording.lost = playback.lost();
    recording.phrases = vec![Phrase { notes: answers, ..Phrase::default() }];
    Ok(recording)
}
