//! Which part of a score carries the tune.

use super::STEPS_PER_BEAT;
use super::midi::{Part, Score};
use std::collections::BTreeSet;

/// The index of the part that is most likely the melody, or `None` where there are only drums or nothing.
///
/// A rule of thumb, in the order of its weights: a tune is one voice, lies where people sing (around G4), moves with
/// one to six notes a second, uses several pitches in small steps, goes on for much of the piece, and is often named as
/// what it is. Drums never win. Of parts that are alike the first one wins.
pub fn select_melody_part(score: &Score) -> Option<usize> {
    let seconds = score.duration_seconds();
    let mut best: Option<(f64, usize)> = None;
    for (index, part) in score.parts.iter().enumerate().filter(|(_, p)| !p.is_drums && !p.notes.is_empty()) {
        let points = melody_points(part, seconds, score.end().0);
        if best.is_none_or(|(most, _)| points > most) {
            best = Some((points, index));
        }
    }
    best.map(|(_, index)| index)
}

fn melody_points(part: &Part, seconds: f64, beats: f64) -> f64 {
    let notes = &part.notes;
    let count = notes.len() as f64;
    let alone = notes_alone(part) as f64;
    let mean_pitch = notes.iter().map(|n| f64::from(n.pitch)).sum::<f64>() / count;
    let register = (1.0 - (mean_pitch - 69.0).abs() / 24.0).clamp(-1.0, 1.0);
    let per_second = count / seconds.max(1.0);
    let density = (per_second / 1.5).min(1.0) * (6.0 / per_second.max(6.0));
    let pitches = notes.iter().map(|n| n.pitch).collect::<BTreeSet<_>>().len() as f64;
    let small_steps = notes.windows(2).filter(|w| (1..=4).contains(&w[0].pitch.abs_diff(w[1].pitch))).count() as f64;
    let covered = notes.iter().map(|n| n.duration.0).sum::<f64>() / beats.max(1.0);
    3.0 * alone / count
        + 2.0 * register
        + 1.5 * density
        + 1.0 * (pitches / 8.0).min(1.0)
        + 1.0 * small_steps / count
        + 1.0 * covered.min(1.0)
        + 2.0 * name_points(&part.name)
        + program_points(part.program)
}

/// Notes during which no other sounds, but for the overlap of a legato at either end.
fn notes_alone(part: &Part) -> usize {
    let legato = 3.0 / f64::from(STEPS_PER_BEAT);
    let notes = &part.notes;
    let mut end_before = f64::NEG_INFINITY;
    let mut alone = 0;
    for (i, note) in notes.iter().enumerate() {
        let starts_clear = note.onset.0 >= end_before - legato;
        let ends_clear = notes
            .get(i + 1)
            .is_none_or(|next| next.onset.0 > note.onset.0 + 1e-9 && next.onset.0 >= note.end().0 - legato);
        alone += usize::from(starts_clear && ends_clear);
        end_before = end_before.max(note.end().0);
    }
    alone
}

fn name_points(name: &str) -> f64 {
    const TUNE: [&str; 9] = ["melod", "lead", "vocal", "voice", "tune", "sing", "solo", "soprano", "theme"];
    const NOT_TUNE: [&str; 9] = ["bass", "chord", "pad", "drum", "perc", "accomp", "rhythm", "left", "comp"];
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
    f64::from(u8::from(has(&TUNE))) - f64::from(u8::from(has(&NOT_TUNE)))
}

/// General MIDI: basses and pads seldom sing.
fn program_points(program: u8) -> f64 {
    match program {
        32..=39 => -2.0,
        88..=103 | 112..=127 => -1.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Note;
    use crate::time::Beats;

    fn part(name: &str, channel: u8, program: u8, notes: &[(f64, f64, u8)]) -> Part {
        let note = |&(o, d, pitch): &(f64, f64, u8)| Note { onset: Beats(o), duration: Beats(d), pitch, velocity: 80 };
        Part::new(name, channel, program, notes.iter().map(note).collect())
    }

    fn tune() -> Vec<(f64, f64, u8)> {
        [67, 69, 71, 72, 71, 69, 67, 64, 65, 67, 69, 67, 65, 64, 62, 60]
            .iter()
            .enumerate()
            .map(|(i, &p)| (i as f64, 1.0, p))
            .collect()
    }

    fn chords() -> Vec<(f64, f64, u8)> {
        (0..8).flat_map(|i| [48, 60, 64, 67].map(|p| (2.0 * f64::from(i), 2.0, p))).collect()
    }

    fn bass() -> Vec<(f64, f64, u8)> {
        (0..16).map(|i| (f64::from(i), 1.0, if i % 2 == 0 { 36 } else { 43 })).collect()
    }

    #[test]
    fn the_tune_is_found_among_chords_bass_and_drums_wherever_it_stands() {
        let parts =
            [part("", 0, 0, &chords()), part("", 1, 33, &bass()), part("", 9, 0, &tune()), part("", 2, 73, &tune())];
        for turn in 0..4 {
            let mut parts = parts.to_vec();
            parts.rotate_left(turn);
            let score = Score { parts, ..Score::default() };
            let chosen = &score.parts[select_melody_part(&score).unwrap()];
            assert_eq!(chosen.channel, 2);
        }
    }

    #[test]
    fn of_two_equal_voices_the_named_one_wins() {
        let score =
            Score { parts: vec![part("Flute 2", 0, 73, &tune()), part("Vocals", 1, 73, &tune())], ..Score::default() };
        assert_eq!(select_melody_part(&score), Some(1));
    }

    #[test]
    fn drums_alone_and_nothing_have_no_tune() {
        assert_eq!(select_melody_part(&Score::default()), None);
        let drums = Score { parts: vec![part("lead", 9, 0, &tune())], ..Score::default() };
        assert_eq!(select_melody_part(&drums), None);
    }
}
