//! The form of a performance: who plays when, and which stretch of the score lies under it.
//!
//! A tune that leaves room (a bar or more of silence after each call, as in `evening-walk.mid`) keeps its own form, and
//! the answers fill the room. Any other tune is cut into phrases of N bars, and after each the answer is put in, so that
//! the performance is longer than the tune; the accompaniment of the call goes on under its answer.

use super::form::{Piece, Span, cut, leaves_room, straight};
use crate::compose::HarmonySpan;
use crate::music::midi::Score;
use crate::music::{
    Key, Note, PitchClassSet, PitchClassWeights, chord_between, estimate_key, extract_melody, select_melody_part,
};
use crate::time::{Beats, Bpm, MetreChange, MetreMap, TempoChange, TempoMap};

/// How a performance is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form {
    /// Bars of a call; `None` follows the room that the tune leaves, or takes four.
    pub bars: Option<u32>,
    /// Bars of an answer; `None` takes as many as the call has, or as there is room for.
    pub answer_bars: Option<u32>,
}

/// A call and its answer, in the performance's own time.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// From where to where the tune plays.
    pub call: (Beats, Beats),
    /// From where to where it is answered.
    pub answer: (Beats, Beats),
    /// Chords under the answer.
    pub harmony: Vec<HarmonySpan>,
}

/// Everything that is known of a performance before anything is composed.
#[derive(Debug, Clone)]
pub struct Arrangement {
    /// The tune, where the performance plays it.
    pub call: Vec<Note>,
    /// The other parts, drums left out.
    pub backing: Vec<Note>,
    /// Calls and answers in order; none where the tune plays straight through.
    pub exchanges: Vec<Exchange>,
    /// Chords through the whole performance, for the pictures.
    pub chords: Vec<HarmonySpan>,
    /// Tempo throughout.
    pub tempo: TempoMap,
    /// Metre throughout.
    pub metres: MetreMap,
    /// Where the music ends.
    pub end: Beats,
    /// The key of the whole tune.
    pub key: Option<Key>,
}

/// Why a score cannot be performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArrangementError {
    /// Drums only, or nothing.
    #[error("there is no tune in it, only drums")]
    NoTune,
    /// Its metres cannot be counted.
    #[error("its bars cannot be laid out")]
    Metres,
    /// Its tempi are out of range.
    #[error("its tempi cannot be laid out")]
    Tempi,
}

/// Slowest and fastest tempo that is performed; the audio side follows no other.
pub(super) const TEMPO_RANGE: (f64, f64) = (4.0, 2000.0);

impl Arrangement {
    /// Lays out a score.
    ///
    /// # Errors
    /// [`ArrangementError`].
    pub fn new(score: &Score, form: Form) -> Result<Self, ArrangementError> {
        Self::lay_out(score, |line, metres, begin, end| match form.bars {
            None if let Some(found) = leaves_room(line, metres, begin, end, form.answer_bars) => found,
            bars => cut(line, metres, begin, end, bars.unwrap_or(4), form.answer_bars),
        })
    }

    /// How many plans it makes before anything is composed.
    pub(super) fn plans(&self) -> usize {
        self.call.len() + self.backing.len() + self.exchanges.len() + self.chords.len()
    }

    /// Lays out a score that plays straight through, with some bars after it.
    ///
    /// # Errors
    /// [`ArrangementError`].
    pub fn straight(score: &Score, bars_after: u32) -> Result<Self, ArrangementError> {
        Self::lay_out(score, |_, metres, begin, end| (straight(metres, begin, end, bars_after), Vec::new()))
    }

    /// `form` takes the tune, its metres and from where to where there is music.
    fn lay_out(
        score: &Score,
        form: impl FnOnce(&[Note], &MetreMap, Beats, Beats) -> (Vec<Piece>, Vec<Span>),
    ) -> Result<Self, ArrangementError> {
        let part = &score.parts[select_melody_part(score).ok_or(ArrangementError::NoTune)?];
        let placed = extract_melody(part, &score.metres).ok_or(ArrangementError::NoTune)?;
        let line = placed.notes(80);
        let others = || score.parts.iter().filter(|p| !p.is_drums && !std::ptr::eq(*p, part)).flat_map(|p| &p.notes);
        let first = others().map(|n| n.onset).fold(placed.start, Beats::min);
        let begin = score.metres.bar_at(first).start;
        let end = others().map(Note::end).fold(placed.end(), Beats::max);
        let (pieces, spans) = form(&line, &score.metres, begin, end);
        let tempo = tempo_of(&pieces, &score.tempo).ok_or(ArrangementError::Tempi)?;
        let metres = metres_of(&pieces, &score.metres).ok_or(ArrangementError::Metres)?;
        let call: Vec<Note> = pieces.iter().filter(|p| p.tune).flat_map(|p| p.carry(&part.notes)).collect();
        let backing: Vec<Note> = others().copied().collect();
        let backing: Vec<Note> = pieces.iter().flat_map(|p| p.carry(&backing)).collect();
        let key = estimate_key(&PitchClassWeights::of_notes(&part.notes)).map(|e| e.key);
        let last = spans.last().map_or(end, |s| s.answer.1);
        let end = pieces.last().map_or(end, |p| p.out.1).max(last);
        let harmony = if backing.is_empty() { &call } else { &backing };
        let chords = chords_of(harmony, &metres, (Beats::ZERO, end), key);
        let with_harmony = !backing.is_empty();
        let exchange = |Span { call, answer }: Span| {
            let under = |s: &&HarmonySpan| with_harmony && s.to > answer.0 && s.from < answer.1;
            Exchange { call, answer, harmony: chords.iter().filter(under).copied().collect() }
        };
        let exchanges = spans.into_iter().map(exchange).collect();
        Ok(Self { call, backing, exchanges, chords, tempo, metres, end, key })
    }
}

/// A chord for each half of a bar (for the whole of a bar with three beats or fewer) between two positions; none where
/// nothing fits.
pub(super) fn chords_of(
    notes: &[Note],
    metres: &MetreMap,
    (begin, end): (Beats, Beats),
    key: Option<Key>,
) -> Vec<HarmonySpan> {
    let mut spans: Vec<HarmonySpan> = Vec::new();
    let mut notes = notes.to_vec();
    notes.sort_by(|a, b| a.onset.total_cmp(&b.onset));
    let longest = notes.iter().map(|n| n.duration).fold(Beats::ZERO, Beats::max);
    for bar in metres.bars(begin, end) {
        let parts = if bar.metre.numerator.is_multiple_of(2) && bar.length() >= Beats(3.0) { 2 } else { 1 };
        let length = bar.length() / f64::from(parts);
        for part in 0..parts {
            let from = bar.start + length * f64::from(part);
            let to = if part + 1 == parts { bar.end } else { from + length };
            let (from, to) = (from.max(begin), to.min(end.max(bar.start)));
            if from >= to {
                continue;
            }
            let near = near(&notes, from, to, longest);
            if let Some(chord) = chord_between(&near, from, to, key) {
                let tones: PitchClassSet = chord.tones();
                spans.push(HarmonySpan { from, to, tones, root: chord.root });
            }
        }
    }
    spans
}

/// The notes, sorted by onset, that may sound between two positions.
fn near(notes: &[Note], from: Beats, to: Beats, longest: Beats) -> Vec<Note> {
    let first = notes.partition_point(|n| n.onset < from - longest);
    let last = notes.partition_point(|n| n.onset < to);
    notes[first..last.max(first)].iter().filter(|n| n.end() > from).copied().collect()
}

fn tempo_of(pieces: &[Piece], tempo: &TempoMap) -> Option<TempoMap> {
    let clamp = |tempo: Bpm| Bpm(tempo.0.clamp(TEMPO_RANGE.0, TEMPO_RANGE.1));
    let mut changes = Vec::new();
    for piece in pieces {
        changes.push(TempoChange { at: piece.out.0, tempo: clamp(tempo.tempo_at(piece.from)) });
        for change in tempo.changes().filter(|c| c.at > piece.from && c.at < piece.from + piece.length()) {
            changes.push(TempoChange { at: piece.to_out(change.at), tempo: clamp(change.tempo) });
        }
    }
    TempoMap::new(changes).ok()
}

fn metres_of(pieces: &[Piece], metres: &MetreMap) -> Option<MetreMap> {
    let mut changes: Vec<MetreChange> = Vec::new();
    for piece in pieces {
        for bar in metres.bars(piece.from, piece.from + piece.length()) {
            // A bar that began before the piece did is the end of the piece before; the first piece begins with one.
            if bar.start >= piece.from - Beats(1e-9) {
                let at = piece.to_out(bar.start).max(Beats::ZERO);
                if changes.last().is_none_or(|last| last.metre != bar.metre) {
                    changes.push(MetreChange { at, metre: bar.metre });
                }
            }
        }
    }
    if changes.is_empty() {
        changes.push(MetreChange { at: Beats::ZERO, metre: metres.metre_at(pieces.first()?.from) });
    }
    MetreMap::new(changes).ok()
}
