//! How an answer is played: accents of the metre, an arch over the phrase, a breath at its end.

use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};

/// Share of its length that a note is held.
const GATE: f64 = 0.95;

/// An answer's note before it has expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BareNote {
    /// Steps since the answer began.
    pub step: u32,
    pub steps: u32,
    pub pitch: u8,
}

/// The notes as they are played from `start` on, about as loud as `loudness` (the call's mean velocity).
pub(super) fn express(notes: &[BareNote], start: Beats, length: u32, loudness: f64, metres: &MetreMap) -> Vec<Note> {
    let (low, high) = notes.iter().fold((127, 0), |(low, high), n| (n.pitch.min(low), n.pitch.max(high)));
    let place = |note: &BareNote| {
        let onset = start + Beats::from_steps(i64::from(note.step), STEPS_PER_BEAT);
        let at = metres.position(onset);
        let metre = metres.metre_at(onset);
        let pulse = (f64::from(at.beat) * metre.beat_beats().0) % metre.pulse_beats().0;
        let accent = match (at.offset.0.abs() < 1e-6, at.beat) {
            (true, 0) => 7.0,
            (true, _) if pulse.abs() < 1e-6 => 3.0,
            _ => 0.0,
        };
        // Louder towards the middle of the phrase and towards its top.
        let along = f64::from(note.step) / f64::from(length.max(1));
        let arch = 8.0 * (std::f64::consts::PI * along).sin() - 4.0;
        let height = 6.0 * (f64::from(note.pitch - low) / f64::from((high - low).max(1)) - 0.5);
        let velocity = (loudness + accent + arch + height).round().clamp(30.0, 118.0) as u8;
        let duration = Beats::from_steps(i64::from(note.steps), STEPS_PER_BEAT) * GATE;
        Note { onset, duration, pitch: note.pitch, velocity }
    };
    notes.iter().map(place).collect()
}
