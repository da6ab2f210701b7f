//! The notes of a performance, or of a part of it, as a MIDI file and as a piano roll.

use super::RenderError;
use super::arrangement::Arrangement;
use super::span::Span;
use super::target::Partial;
use crate::music::Note;
use crate::music::midi::{Part, Score, TICKS_PER_BEAT, write_midi};
use crate::music::piano_roll::{ANSWER_COLOUR, BACKING_COLOUR, CALL_COLOUR, RollView, RollVoice, write_piano_roll};
use crate::time::{Beats, MetreChange, MetreMap, TempoChange, TempoMap};

/// General MIDI programs of tune, answer and accompaniment: near to what the synth plays.
const PROGRAMS: [u8; 3] = [4, 81, 5];

/// The notes that begin within a span, counted from its beginning.
pub(super) struct Written {
    voices: [Vec<Note>; 3],
    tempo: TempoMap,
    metres: MetreMap,
}

impl Written {
    /// Of tune, answers and accompaniment. Notes move by whole ticks of the file, so that they stay at the ticks that they
    /// have in the whole performance.
    pub fn new(arrangement: &Arrangement, answer: &[Note], span: &Span) -> Self {
        let tick = |at: f64| (at * f64::from(TICKS_PER_BEAT)).round();
        let begin = Beats(tick(span.begin().0) / f64::from(TICKS_PER_BEAT));
        let (first, end) = (tick(span.beats.start), tick(span.beats.end));
        let cut = |notes: &[Note]| {
            let inside = |n: &&Note| (first..end).contains(&tick(n.onset.0));
            let mut notes: Vec<Note> =
                notes.iter().filter(inside).map(|n| Note { onset: n.onset - begin, ..*n }).collect();
            notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.pitch.cmp(&b.pitch)));
            notes
        };
        let voices = [&arrangement.call[..], answer, &arrangement.backing].map(cut);
        if begin == Beats::ZERO {
            return Self { voices, tempo: arrangement.tempo.clone(), metres: arrangement.metres.clone() };
        }
        let tempo = [TempoChange { at: Beats::ZERO, tempo: arrangement.tempo.tempo_at(begin) }]
            .into_iter()
            .chain(arrangement.tempo.changes().filter(|c| c.at > begin).map(|c| TempoChange { at: c.at - begin, ..c }));
        // The first bar is what is left of the one that it begins in.
        let metre = arrangement.metres.metre_at(begin);
        let bar = arrangement.metres.bar_at(begin);
        let rest = (begin > bar.start)
            .then_some(MetreChange { at: bar.end - begin, metre: arrangement.metres.metre_at(bar.end) });
        let later = arrangement.metres.changes().filter(|c| c.at > bar.end.max(begin));
        let metres = [MetreChange { at: Beats::ZERO, metre }].into_iter().chain(rest);
        let metres = metres.chain(later.map(|c| MetreChange { at: c.at - begin, ..c }));
        Self {
            voices,
            tempo: TempoMap::new(tempo.collect()).unwrap_or_default(),
            metres: MetreMap::new(metres.collect()).unwrap_or_default(),
        }
    }

    /// Writes them as a MIDI file.
    pub fn write(&self, partial: &Partial) -> Result<(), RenderError> {
        let part = |name: &str, channel: u8| {
            let place = usize::from(channel);
            Part::new(name, channel, PROGRAMS[place], self.voices[place].clone())
        };
        let mut parts = vec![part("Call", 0), part("Answer", 1)];
        if !self.voices[2].is_empty() {
            parts.push(part("Backing", 2));
        }
        let score = Score { parts, tempo: self.tempo.clone(), metres: self.metres.clone(), warnings: Vec::new() };
        let bytes = write_midi(&score).map_err(|e| partial.fail(e))?;
        std::fs::write(partial.path(), bytes).map_err(|e| partial.fail(e))
    }

    /// Draws the piano roll.
    pub fn draw(&self, partial: &Partial) -> Result<(), RenderError> {
        let [call, answer, backing] = &self.voices;
        let voices = [
            RollVoice { notes: backing, colour: BACKING_COLOUR },
            RollVoice { notes: call, colour: CALL_COLOUR },
            RollVoice { notes: answer, colour: ANSWER_COLOUR },
        ];
        write_piano_roll(partial.path(), &voices, &self.metres, RollView::default()).map_err(|e| partial.fail(e))
    }
}
