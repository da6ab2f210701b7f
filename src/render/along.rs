//! A tune in a mode: it plays straight through, and the instrument plays along as it would on a stage. The notes are those that it
//! would play live to the same music with the same settings.

use super::arrangement::Arrangement;
use super::perform::{Clock, Piece, Recording, known_plans};
use super::place::Place;
use super::playback::Playback;
use super::voicing::Voicing;
use super::wav::Listener;
use super::{RenderError, Watch};
use crate::bridge::{Heard, HeardKind, Part, ShowEvent, ShowKind};
use crate::compose::{Corner, Director, MelodyModel, Mode, Order, Phrase, PhraseModel, lead_time, stride};
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::Beats;
use std::collections::BTreeMap;

/// What the instrument is told while it plays along with a tune.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Along {
    /// From which bar line on it is in which mode. Before the first it is in [`Mode::Answer`].
    pub modes: Vec<(Place, Mode)>,
    /// Where the phrase that was played just before is kept, and in which corner of the morph.
    pub captures: Vec<(Place, Corner)>,
}

/// The networks of an instrument that plays along.
#[derive(Debug)]
pub struct Composers {
    /// Goes on where something ends.
    pub melody: MelodyModel,
    /// Turns phrases into each other; without it the first does what it can.
    pub phrases: Option<PhraseModel>,
}

impl Along {
    /// Bars that the instrument has to itself after the tune, for an answer to its end: as many as a phrase has, and none where it
    /// plays with the tune and not after it.
    pub(super) fn bars_after(&self, phrase: u32) -> u32 {
        let with = |(_, mode): &(Place, Mode)| matches!(mode, Mode::Improvise | Mode::Harmonise);
        if self.modes.last().is_some_and(with) { 0 } else { phrase }
    }
}

impl From<MelodyModel> for Composers {
    fn from(melody: MelodyModel) -> Self {
        Self { melody, phrases: None }
    }
}

/// Half a step of the director's: an order that is to count at a step is given so long before it.
const HALF_A_STEP: Beats = Beats(0.5 / STEPS_PER_BEAT as f64);

/// Orders with their positions, in order.
fn orders(along: &Along, piece: &Piece<'_>) -> Result<Vec<(Beats, Order)>, RenderError> {
    let Piece { arrangement, automation, .. } = *piece;
    let Arrangement { metres, tempo, end, .. } = arrangement;
    let place = |place: &Place| place.beats(metres, tempo).map_err(RenderError::Excerpt);
    // What is decided at a position begins a lead later.
    let before = |at: Beats| at - lead_time(tempo.tempo_at(at - Beats(1.0))) - HALF_A_STEP;
    let mut orders = Vec::new();
    let mut last = None;
    // Settings are looked at on every beat, and where an answer may begin in time for it.
    let beats = (0..=end.0.ceil() as i64).map(|beat| Beats(beat as f64));
    for at in beats {
        let settings = automation.settings_at(at, metres, tempo);
        if last.as_ref() != Some(&settings) {
            orders.push((before(at), Order::Settings(Box::new(settings.clone()))));
            last = Some(settings);
        }
    }
    for (at, mode) in &along.modes {
        orders.push((before(place(at)?), Order::Mode(*mode)));
    }
    for (at, corner) in &along.captures {
        orders.push((place(at)?, Order::Capture(*corner)));
    }
    // The music is over.
    let mut silent = last.unwrap_or_default();
    silent.direction.answers = false;
    orders.retain(|(at, _)| *at < before(*end));
    orders.push((before(*end), Order::Settings(Box::new(silent))));
    orders.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    Ok(orders)
}

/// What is heard of the accompaniment: its chords, while the instrument improvises over them.
fn overheard(along: &Along, arrangement: &Arrangement) -> Result<Vec<Heard>, RenderError> {
    let Arrangement { metres, tempo, .. } = arrangement;
    let mut modes = Vec::new();
    for (at, mode) in &along.modes {
        modes.push((at.beats(metres, tempo).map_err(RenderError::Excerpt)?, *mode));
    }
    modes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let improvises = |at: Beats| {
        let mode = modes.iter().rev().find(|(from, _)| *from <= at);
        mode.is_some_and(|(_, mode)| *mode == Mode::Improvise)
    };
    let notes = arrangement.backing.iter().filter(|note| improvises(note.onset));
    let mut heard: Vec<Heard> = notes
        .flat_map(|note| {
            let Note { pitch, velocity, .. } = *note;
            [(note.onset, HeardKind::NoteOn { pitch, velocity }), (note.end(), HeardKind::NoteOff { pitch })]
        })
        .map(|(pos_beats, kind)| Heard { pos_beats, kind })
        .collect();
    // A key is let go before it is struck again.
    heard.sort_by(|a, b| a.pos_beats.total_cmp(&b.pos_beats).then(is_on(a).cmp(&is_on(b))));
    Ok(heard)
}

fn is_on(heard: &Heard) -> bool {
    matches!(heard.kind, HeardKind::NoteOn { .. })
}

/// Plays a tune with the instrument.
///
/// # Errors
/// As [`perform`](super::perform()).
pub(super) fn play_along(
    along: &Along,
    piece: &Piece<'_>,
    composers: Composers,
    voicing: Voicing,
    listener: &mut dyn Listener,
    watch: &mut dyn Watch,
) -> Result<Recording, RenderError> {
    let Piece { arrangement, samples, block, .. } = *piece;
    let block = block.clamp(1, 1 << 20) as u64;
    let rate = voicing.rate;
    let clock = Clock::new(arrangement, rate);
    let (mut playback, composer) = Playback::new(voicing, (samples, block as usize), arrangement.plans(), listener);
    let mut director = Director::new(composers.melody, composers.phrases, composer);
    playback.schedule(known_plans(arrangement, playback.performer.epoch()));
    let mut orders = orders(along, piece)?.into_iter().peekable();
    let mut overheard =
        overheard(along, arrangement)?.into_iter().map(|h| (clock.sample_at(h.pos_beats), h)).peekable();
    let mut answers = Answers::default();
    let mut recording = Recording::default();
    watch.begin("playing", samples);
    let mut now = 0_u64;
    while now < samples {
        if watch.cancelled() {
            return Err(RenderError::Interrupted);
        }
        let transport = clock.transport(now);
        // The first piece is one sample: what is heard before time runs does not count.
        let longest = if now == 0 { 1 } else { block.min(samples - now).min(clock.change_after(now) - now) };
        let next = overheard.peek().map_or(u64::MAX, |(at, _)| at.saturating_sub(now).max(1));
        let end = now + stride(&transport, rate, longest.min(next) as usize) as u64;
        let until = clock.transport(end).pos_beats;
        while let Some((at, order)) = orders.next_if(|(at, _)| *at < until) {
            director.order(at, order)?;
        }
        playback.play(now..end, |performer, left, right| {
            performer.process(&transport, &[], left, right);
        })?;
        for event in playback.show() {
            answers.take(&event);
            recording.show.push(event);
        }
        director.follow(playback.clock())?;
        while let Some((_, heard)) = overheard.next_if(|(at, _)| *at <= end) {
            director.hear(heard);
        }
        answers.windows.extend(director.take_phrases().map(|phrase| phrase.window));
        watch.done(end - now);
        now = end;
    }
    recording.phrases = answers.phrases(arrangement.end);
    recording.lost = playback.lost() + playback.late();
    Ok(recording)
}

/// What the instrument has played.
#[derive(Default)]
struct Answers {
    notes: Vec<Note>,
    /// Places of those that sound.
    sounding: BTreeMap<u8, usize>,
    /// From where to where a phrase was planned.
    windows: Vec<(Beats, Beats)>,
}

impl Answers {
    fn take(&mut self, event: &ShowEvent) {
        let at = event.pos_beats;
        match event.kind {
            ShowKind::NoteOn { part: Part::Answer, pitch, velocity } => {
                self.sounding.insert(pitch, self.notes.len());
                self.notes.push(Note { onset: at, duration: Beats::ZERO, pitch, velocity });
            }
            ShowKind::NoteOff { part: Part::Answer, pitch } => {
                if let Some(place) = self.sounding.remove(&pitch) {
                    let note = &mut self.notes[place];
                    note.duration = (at - note.onset).max(Beats(1e-3));
                }
            }
            _ => {}
        }
    }

    /// The notes by the phrases in which they begin; those of no phrase, such as a second voice's, are one of their own.
    fn phrases(mut self, end: Beats) -> Vec<Phrase> {
        for note in self.notes.iter_mut().filter(|note| note.duration == Beats::ZERO) {
            note.duration = (end - note.onset).max(Beats(1e-3));
        }
        let mut phrases = BTreeMap::<Option<usize>, Phrase>::new();
        for note in self.notes {
            let of = self.windows.iter().rposition(|(from, to)| (*from..*to).contains(&note.onset));
            phrases.entry(of).or_default().notes.push(note);
        }
        phrases.into_values().collect()
    }
}
