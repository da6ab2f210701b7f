//! Who is when: waits for the player, listens for some bars, then has the composer answer.
//!
//! The seam to the composer is one [`Cue`] at a time. It is given a little before the call ends, so that the answer is
//! ready in time; what is played in that last moment belongs to the answer's time already.

use crate::bridge::ClockReading;
use crate::compose::Cue;
use crate::time::{Beats, TimeSignature};

/// Who has the word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn {
    /// Nobody: the next note opens a call.
    Waiting,
    /// The player, up to there.
    Listening {
        /// From where on.
        from: Beats,
        /// Up to where.
        until: Beats,
    },
    /// The answer, up to there.
    Answering {
        /// Up to where.
        until: Beats,
    },
}

/// Makes cues from bars and notes; knows no clock but the one that it is told.
#[derive(Debug, Clone)]
pub(super) struct Conductor {
    turn: Turn,
    /// Bars of a call and of an answer.
    bars: (u32, u32),
    /// Where the present bar begins, and its metre.
    bar: (Beats, TimeSignature),
    epoch: u32,
    index: u32,
    answers: bool,
}

impl Default for Conductor {
    fn default() -> Self {
        Self {
            turn: Turn::Waiting,
            bars: (2, 2),
            bar: (Beats::ZERO, TimeSignature::COMMON),
            epoch: 0,
            index: 0,
            answers: true,
        }
    }
}

impl Conductor {
    /// Who has the word.
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// Bars of the calls and answers to come, each at least one.
    pub fn set_bars(&mut self, call: u32, answer: u32) {
        self.bars = (call.max(1), answer.max(1));
    }

    /// Whether calls are answered.
    pub fn set_answers(&mut self, answers: bool) {
        self.answers = answers;
        if !answers {
            self.turn = Turn::Waiting;
        }
    }

    /// A bar begins.
    pub fn bar(&mut self, at: Beats, metre: TimeSignature) {
        self.bar = (at, metre);
    }

    /// The player has begun a note. It opens a call where nobody has the word; in the second half of a bar as its
    /// pick-up. In the last beat of an answer it is the pick-up of the next call.
    pub fn note(&mut self, at: Beats) {
        if !self.answers {
            return;
        }
        let pick_up = match self.turn {
            Turn::Listening { .. } => return,
            Turn::Answering { until } if at < until - self.bar.1.beat_beats() => return,
            Turn::Answering { until } => Some(until),
            Turn::Waiting => None,
        };
        let (mut bar, length) = (self.bar.0, self.bar.1.bar_beats());
        // The bar may have been told a moment after the note.
        while at >= bar + length {
            bar += length;
        }
        let late = at - bar >= length * 0.5;
        let first = pick_up.unwrap_or(if late { bar + length } else { bar });
        let from = if first > at { at } else { first };
        self.turn = Turn::Listening { from, until: first + length * f64::from(self.bars.0) };
    }

    /// Time has come so far: gives a cue when it is time for one, `lead` before the call ends.
    pub fn tick(&mut self, clock: &ClockReading, lead: Beats) -> Option<Cue> {
        if clock.epoch != self.epoch || !clock.playing {
            // What was begun in a stretch of time ends with it.
            (self.epoch, self.turn) = (clock.epoch, Turn::Waiting);
            return None;
        }
        match self.turn {
            Turn::Waiting => None,
            Turn::Answering { until } => {
                if clock.pos_beats >= until {
                    self.turn = Turn::Waiting;
                }
                None
            }
            Turn::Listening { from, until } => {
                if clock.pos_beats < until - lead {
                    return None;
                }
                let to = until + self.bar.1.bar_beats() * f64::from(self.bars.1);
                self.turn = Turn::Answering { until: to };
                self.index += 1;
                let (call, answer) = ((from, until), (until, to));
                let (index, epoch) = (self.index - 1, clock.epoch);
                Some(Cue { index, epoch, call, answer, last: false, harmony: Vec::new() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(pos: f64) -> ClockReading {
        ClockReading { pos_beats: Beats(pos), playing: true, ..ClockReading::default() }
    }

    /// Goes through time bar by bar in small steps, and gives the cues with the position at which they came.
    fn conduct(conductor: &mut Conductor, notes: &[f64], to: f64) -> Vec<(f64, Cue)> {
        let mut cues = Vec::new();
        let (mut pos, mut notes) = (0.0, notes.iter().peekable());
        while pos < to {
            if pos % 4.0 == 0.0 {
                conductor.bar(Beats(pos), TimeSignature::COMMON);
            }
            while let Some(at) = notes.next_if(|at| **at <= pos) {
                conductor.note(Beats(*at));
            }
            cues.extend(conductor.tick(&clock(pos), Beats(0.25)).map(|cue| (pos, cue)));
            pos += 0.125;
        }
        cues
    }

    #[test]
    fn a_call_begins_with_the_players_first_note_and_is_answered_once() {
        let mut conductor = Conductor::default();
        let cues = conduct(&mut conductor, &[5.0, 6.0, 9.0, 13.0, 14.0], 40.0);
        assert_eq!(cues.len(), 1);
        let (at, cue) = &cues[0];
        assert_eq!((*at, cue.call, cue.answer), (11.75, (Beats(4.0), Beats(12.0)), (Beats(12.0), Beats(20.0))));
        assert_eq!(conductor.turn(), Turn::Waiting);
    }

    #[test]
    fn pick_ups_belong_to_the_next_bar_and_answers_follow_one_another() {
        let mut conductor = Conductor::default();
        conductor.set_bars(1, 1);
        let cues = conduct(&mut conductor, &[3.0, 4.0, 5.0, 11.5, 12.0], 24.0);
        let spans: Vec<_> = cues.iter().map(|(_, cue)| (cue.index, cue.call, cue.answer)).collect();
        let span = |a: f64, b: f64, c: f64| ((Beats(a), Beats(b)), (Beats(b), Beats(c)));
        let expected = [span(3.0, 8.0, 12.0), span(11.5, 16.0, 20.0)];
        assert_eq!(spans, [(0, expected[0].0, expected[0].1), (1, expected[1].0, expected[1].1)]);
    }

    #[test]
    fn a_stop_or_a_jump_ends_the_turn() {
        let mut conductor = Conductor::default();
        conductor.bar(Beats(0.0), TimeSignature::COMMON);
        conductor.note(Beats(1.0));
        assert_eq!(conductor.tick(&ClockReading { epoch: 1, ..clock(2.0) }, Beats(0.1)), None);
        assert_eq!(conductor.turn(), Turn::Waiting);
        conductor.note(Beats(2.0));
        assert_eq!(conductor.tick(&ClockReading { playing: false, epoch: 1, ..clock(20.0) }, Beats(0.1)), None);
        assert_eq!(conductor.turn(), Turn::Waiting);
    }
}
