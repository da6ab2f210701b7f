//! How an answer is played: accents of the metre, an arch over the phrase, a breath at its end; swing, and a hand that is
//! no machine.

use super::controls::Expression;
use crate::music::{Note, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// An answer's note before it has expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BareNote {
    /// Steps since the answer began.
    pub step: u32,
    pub steps: u32,
    pub pitch: u8,
}

/// Who plays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice {
    pub expression: Expression,
    /// Mean velocity.
    pub loudness: f64,
    /// Semitones.
    pub transpose: i32,
}

/// The notes as they are played in a phrase that begins at a position and has so many steps.
pub(super) fn express(
    notes: &[BareNote],
    (start, length): (Beats, u32),
    voice: &Voice,
    metres: &MetreMap,
    rng: &mut ChaCha8Rng,
) -> Vec<Note> {
    let Expression { swing, timing, dynamics, velocity_curve, gate } = voice.expression;
    let (low, high) = notes.iter().fold((127, 0), |(low, high), n| (n.pitch.min(low), n.pitch.max(high)));
    let at = |step: u32| swung(start + Beats::from_steps(i64::from(step), STEPS_PER_BEAT), swing, metres);
    let place = |note: &BareNote| {
        let (onset, end) = (at(note.step), at(note.step + note.steps));
        let accent = accent(start + Beats::from_steps(i64::from(note.step), STEPS_PER_BEAT), metres);
        // Louder towards the middle of the phrase and towards its top.
        let along = f64::from(note.step) / f64::from(length.max(1));
        let arch = 8.0 * (std::f64::consts::PI * along).sin() - 4.0;
        let height = 6.0 * (f64::from(note.pitch - low) / f64::from((high - low).max(1)) - 0.5);
        let stray = [rng.random_range(-1.0..=1.0), rng.random_range(-1.0..=1.0)];
        let loudness = voice.loudness + accent + arch + height + dynamics * stray[0];
        let curved = 127.0 * (loudness.clamp(1.0, 127.0) / 127.0).powf(velocity_curve);
        let velocity = curved.round().clamp(20.0, 122.0) as u8;
        // A note never begins before its phrase, where the player may still sound.
        let onset = (onset + timing * stray[1]).max(start);
        let pitch = (i32::from(note.pitch) + voice.transpose).clamp(0, 127) as u8;
        Note { onset, duration: (end - onset) * gate, pitch, velocity }
    };
    let mut played: Vec<Note> = notes.iter().map(place).collect();
    one_at_a_time(&mut played);
    played
}

/// Where a position comes to lie when the second eighth of a quarter note falls at `swing` of it.
fn swung(at: Beats, swing: f64, metres: &MetreMap) -> Beats {
    let bar = metres.bar_at(at);
    if swing <= 0.5 || bar.metre.is_compound() {
        return at;
    }
    let into = (at - bar.start).0;
    let (quarter, within) = (into.floor(), into.fract());
    let moved = if within < 0.5 { within / 0.5 * swing } else { swing + (within - 0.5) / 0.5 * (1.0 - swing) };
    bar.start + Beats(quarter + moved)
}

fn accent(at: Beats, metres: &MetreMap) -> f64 {
    let place = metres.position(at);
    let metre = metres.metre_at(at);
    let pulse = (f64::from(place.beat) * metre.beat_beats().0) % metre.pulse_beats().0;
    match (place.offset.0.abs() < 1e-6, place.beat) {
        (true, 0) => 7.0,
        (true, _) if pulse.abs() < 1e-6 => 3.0,
        _ => 0.0,
    }
}

/// Ends every note before the next begins: straying onsets may have crossed.
pub(super) fn one_at_a_time(notes: &mut [Note]) {
    const SHORTEST: f64 = 1e-3;
    for i in 1..notes.len() {
        let before = notes[i - 1];
        notes[i].onset = notes[i].onset.max(before.onset + Beats(SHORTEST));
        notes[i - 1].duration = before.duration.min(notes[i].onset - before.onset);
    }
    for note in notes {
        note.duration = note.duration.max(Beats(SHORTEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MetreChange, TimeSignature};
    use rand_chacha::rand_core::SeedableRng;

    fn play(expression: Expression, metres: &MetreMap) -> Vec<Note> {
        let notes: Vec<_> = (0..32).map(|i| BareNote { step: 12 * i, steps: 12, pitch: 60 + (i % 5) as u8 }).collect();
        let voice = Voice { expression, loudness: 80.0, transpose: 0 };
        express(&notes, (Beats(4.0), 384), &voice, metres, &mut ChaCha8Rng::seed_from_u64(3))
    }

    #[test]
    fn swing_moves_the_second_eighth_and_leaves_compound_metres() {
        let expression = Expression { swing: 2.0 / 3.0, ..Expression::default() };
        let notes = play(expression, &MetreMap::default());
        for (i, note) in notes.iter().enumerate() {
            let quarter = 4.0 + (i / 2) as f64;
            let expected = quarter + if i % 2 == 1 { 2.0 / 3.0 } else { 0.0 };
            assert!((note.onset.0 - expected).abs() < 1e-9, "{note:?}");
        }
        let metre = TimeSignature::new(6, 8).unwrap();
        let jig = MetreMap::new(vec![MetreChange { at: Beats(0.0), metre }]).unwrap();
        assert_eq!(play(expression, &jig), play(Expression::default(), &jig));
    }

    #[test]
    fn a_straying_hand_stays_within_its_bounds_and_plays_one_note_at_a_time() {
        let straight = play(Expression::default(), &MetreMap::default());
        let expression = Expression { timing: Beats(0.05), dynamics: 10.0, ..Expression::default() };
        let human = play(expression, &MetreMap::default());
        assert_ne!(human, straight);
        for (a, b) in human.iter().zip(&straight) {
            assert!((a.onset.0 - b.onset.0).abs() <= 0.05 && a.onset.0 >= 4.0, "{a:?} {b:?}");
            assert!(a.velocity.abs_diff(b.velocity) <= 10, "{a:?} {b:?}");
        }
        assert!(human.windows(2).all(|w| w[0].end() <= w[1].onset && w[0].duration.0 > 0.0));
    }

    #[test]
    fn a_curve_below_one_is_louder() {
        let sum = |curve| {
            let expression = Expression { velocity_curve: curve, ..Expression::default() };
            play(expression, &MetreMap::default()).iter().map(|n| u32::from(n.velocity)).sum::<u32>()
        };
        assert!(sum(0.5) > sum(1.0) && sum(1.0) > sum(2.0));
    }
}
