//! Where calls end and answers begin.

use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};

/// A stretch of the score and where the performance plays it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    /// From where to where in the performance.
    pub out: (Beats, Beats),
    /// From where in the score.
    pub from: Beats,
    /// Whether the tune plays, or only what accompanies it.
    pub tune: bool,
}

/// A call and its answer, in the performance's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub call: (Beats, Beats),
    pub answer: (Beats, Beats),
}

impl Piece {
    pub fn length(&self) -> Beats {
        self.out.1 - self.out.0
    }

    /// Where a position of the score is played.
    pub fn to_out(self, at: Beats) -> Beats {
        self.out.0 + (at - self.from)
    }

    /// The notes of the score that begin in this stretch, cut at its end.
    pub fn carry<'a>(&'a self, notes: &'a [Note]) -> impl Iterator<Item = Note> + 'a {
        // A note played a little early still belongs to the beat that it was meant for.
        let early = Beats::from_steps(1, 2 * STEPS_PER_BEAT);
        let inside = move |n: &&Note| n.onset >= self.from - early && n.onset < self.from + self.length() - early;
        notes.iter().filter(inside).filter_map(move |note| {
            let onset = self.to_out(note.onset).max(Beats::ZERO);
            let duration = note.duration.min(self.out.1 - onset);
            (duration > Beats(1e-6)).then_some(Note { onset, duration, ..*note })
        })
    }
}

/// Where a phrase that begins with a note at `onset` begins: at its bar, or at the note itself if that is a pick-up
/// (it stands in the second half of its bar).
fn phrase_start(onset: Beats, metres: &MetreMap) -> Beats {
    let bar = metres.bar_at(onset);
    if onset - bar.start >= bar.length() * 0.5 - Beats(1e-9) { onset } else { bar.start }
}

/// The bar line at or after a position; a note that is held a little over it still ends there.
fn bar_line_after(at: Beats, metres: &MetreMap) -> Beats {
    let bar = metres.bar_at(at);
    if at - bar.start <= bar.length() * 0.07 { bar.start } else { bar.end }
}

/// The form of a tune that leaves room: its own, with answers in the gaps of a bar or more. `None` where it leaves
/// none.
pub(super) fn leaves_room(
    line: &[Note],
    metres: &MetreMap,
    begin: Beats,
    end: Beats,
    answer_bars: Option<u32>,
) -> Option<(Vec<Piece>, Vec<Span>)> {
    let mut groups: Vec<(Beats, Beats)> = Vec::new();
    for note in line {
        match groups.last_mut() {
            // Room is a whole bar of silence after the bar line.
            Some(group) if !has_room(group.1, phrase_start(note.onset, metres), metres) => group.1 = note.end(),
            _ => groups.push((note.onset, note.end())),
        }
    }
    let out = |at: Beats| at - begin;
    let close = bar_line_after(end, metres);
    let mut spans = Vec::new();
    let mut room = Beats::ZERO;
    for (i, &(first, last)) in groups.iter().enumerate() {
        let from = bar_line_after(last, metres);
        let limit = groups.get(i + 1).map_or(close, |next| phrase_start(next.0, metres));
        let longest = match answer_bars {
            Some(bars) => metres.metre_at(from).bar_beats() * f64::from(bars.max(1)),
            None => (from - phrase_start(first, metres)).max(metres.metre_at(from).bar_beats() * 4.0),
        };
        let to = limit.min(from + longest);
        if has_room(last, limit, metres) {
            spans.push(Span { call: (out(phrase_start(first, metres)), out(from)), answer: (out(from), out(to)) });
            room += limit - from;
        }
    }
    // One rest is a rest; room is what the tune leaves again and again.
    let enough = spans.len() >= 2 && room >= (close - begin) * 0.2 && spans.len() + 1 >= groups.len();
    let piece = Piece { out: (Beats::ZERO, out(close)), from: begin, tune: true };
    enough.then_some((vec![piece], spans))
}

fn has_room(last: Beats, next: Beats, metres: &MetreMap) -> bool {
    let line = bar_line_after(last, metres);
    next - line >= metres.metre_at(line).bar_beats() - Beats(1e-9)
}

/// The form of a tune that plays straight through, with some bars after it.
pub(super) fn straight(metres: &MetreMap, begin: Beats, end: Beats, bars_after: u32) -> Vec<Piece> {
    let last = metres.bar_at(bar_line_after(end, metres) - Beats(1e-9)).index;
    let end = metres.bar(last + 1 + i64::from(bars_after)).start;
    vec![Piece { out: (Beats::ZERO, end - begin), from: begin, tune: true }]
}

/// The form of a tune that leaves no room: phrases of `bars` bars, each followed by an answer that is put in.
pub(super) fn cut(
    line: &[Note],
    metres: &MetreMap,
    begin: Beats,
    end: Beats,
    bars: u32,
    answer_bars: Option<u32>,
) -> (Vec<Piece>, Vec<Span>) {
    let bars = i64::from(bars.max(1));
    let first = line.first().map_or(begin, |n| n.onset);
    let start = phrase_start(first, metres);
    // The first whole bar, and the pick-up before it, which every phrase then has.
    let first_bar = metres.bar_at(start);
    let (first_bar, pick_up) = if start > first_bar.start {
        (first_bar.index + 1, first_bar.end - start)
    } else {
        (first_bar.index, Beats::ZERO)
    };
    let edge = |bar: i64| metres.bar(bar).start - pick_up;
    let last = line.last().map_or(end, Note::end);
    let mut count = 1;
    while edge(first_bar + count) < last - Beats::from_steps(2, STEPS_PER_BEAT) {
        count += 1;
    }
    // A rest of less than half a phrase joins the phrase before it.
    let mut lengths = vec![bars; (count / bars) as usize];
    let rest = count % bars;
    match lengths.last_mut() {
        Some(length) if 2 * rest < bars => *length += rest,
        _ if rest > 0 => lengths.push(rest),
        _ => {}
    }
    let (mut pieces, mut spans) = (Vec::new(), Vec::new());
    let mut now = start - begin;
    if now > Beats::ZERO {
        pieces.push(Piece { out: (Beats::ZERO, now), from: begin, tune: true });
    }
    let mut bar = first_bar;
    for length in lengths {
        let (from, to) = (edge(bar), edge(bar + length));
        let answer_length = match answer_bars {
            Some(bars) => metres.metre_at(to - Beats(1e-6)).bar_beats() * f64::from(bars.max(1)),
            None => to - from,
        };
        let call = (now, now + (to - from));
        let answer = (call.1, call.1 + answer_length);
        pieces.push(Piece { out: call, from, tune: true });
        // The call's accompaniment goes on under the answer, as often as it takes.
        let mut at = answer.0;
        while at < answer.1 - Beats(1e-9) {
            let until = (at + (to - from)).min(answer.1);
            pieces.push(Piece { out: (at, until), from, tune: false });
            at = until;
        }
        spans.push(Span { call, answer });
        now = answer.1;
        bar += length;
    }
    (pieces, spans)
}
