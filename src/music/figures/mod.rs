//! What answers are like, in figures: whether they are in key and on the grid, how they stand to their calls, how much they
//! repeat, where they end, and what they have in common with other music.

mod histogram;
mod repetition;
mod stretch;

pub use histogram::{Histograms, overlap};
pub use repetition::{Move, factors, longest_loop, moves, repeated};
pub use stretch::{GridNote, Stretch};

use super::{Key, PitchClass, PitchClassSet, STEPS_PER_BEAT};
use crate::time::TimeSignature;
use serde::Serialize;

/// A sixteenth and a third of a quarter, in steps: what is on neither falls between the lines.
const LINES: [i64; 2] = [STEPS_PER_BEAT as i64 / 4, STEPS_PER_BEAT as i64 / 3];
/// More semitones than this are a leap.
const LEAP: u8 = 7;

/// A call and what answered it. Bars are counted from beat 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What was played.
    pub call: Stretch,
    /// What came of it.
    pub answer: Stretch,
    /// The metre.
    pub metre: TimeSignature,
    /// The key of the whole tune that the call is from.
    pub key: Option<Key>,
    /// The tones at home in that tune.
    pub home: PitchClassSet,
    /// Tones and lengths of that tune.
    pub tune: Histograms,
}

/// Figures of many exchanges. Shares lie between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Answers.
    pub answers: usize,
    /// Of these, those in which nothing sounds; they count in nothing else.
    pub silent: usize,
    /// Notes.
    pub notes: usize,
    /// Share of notes whose tones are at home in the tune of the call.
    pub in_key: f64,
    /// Share of notes that begin on a sixteenth or on a triplet's eighth.
    pub on_grid: f64,
    /// Share of the metre's pulses on which a note begins.
    pub on_pulse: f64,
    /// Share of the answer's bars whose rhythm one of the call's bars has.
    pub rhythm_taken_up: f64,
    /// Share of the answer's figures (four notes: three intervals with lengths) that the call has.
    pub figures_taken_up: f64,
    /// Share of its figures that the answer itself had before.
    pub figures_repeated: f64,
    /// Share of an answer that its longest loop takes, in the mean.
    pub longest_loop: f64,
    /// Share of answers more than half of which is one loop.
    pub looping: f64,
    /// Pieces a note that an answer falls into: the more, the less it repeats itself.
    pub pieces_a_note: f64,
    /// The same where pieces may come from the call: the more, the farther it wanders from it.
    pub pieces_a_note_after_call: f64,
    /// Notes a quarter note.
    pub density: f64,
    /// Correlation of the density with the call's, over exchanges.
    pub density_correlation: f64,
    /// Semitones from the lowest to the highest note, in the mean.
    pub range: f64,
    /// Correlation of it with the call's.
    pub range_correlation: f64,
    /// Correlation of the mean pitch with the call's.
    pub register_correlation: f64,
    /// How far the mean pitch lies from the call's, in semitones.
    pub register_distance: f64,
    /// Mean interval, in semitones.
    pub interval: f64,
    /// Share of intervals larger than a fifth.
    pub leaps: f64,
    /// Share of notes that repeat the pitch before them.
    pub repeated_pitches: f64,
    /// Share of the time in which nothing sounds.
    pub rests: f64,
    /// Share of answers whose last note belongs to the tonic's triad.
    pub ends_stable: f64,
    /// Share whose last note is the tonic.
    pub ends_on_tonic: f64,
    /// Share whose last note lasts a pulse or longer.
    pub ends_long: f64,
    /// Share in whose last bar the longest note belongs to the tonic's triad: a pick-up to what follows does not count.
    pub rests_stable: f64,
    /// What the tones of all answers have in common with the corpus.
    pub tones_as_corpus: f64,
    /// The same of lengths.
    pub lengths_as_corpus: f64,
    /// What an answer's tones have in common with the whole tune of its call, in the mean.
    pub tones_as_tune: f64,
    /// The same of lengths.
    pub lengths_as_tune: f64,
}

impl Figures {
    /// Of exchanges, beside a corpus.
    pub fn of(exchanges: &[Exchange], corpus: &Histograms) -> Self {
        let sounding: Vec<&Exchange> = exchanges.iter().filter(|e| !e.answer.notes.is_empty()).collect();
        let each = |of: &dyn Fn(&Exchange) -> f64| mean(sounding.iter().map(|e| of(e)));
        let notes = |of: &dyn Fn(&Exchange, &GridNote) -> bool| {
            let all = sounding.iter().flat_map(|e| e.answer.notes.iter().map(move |n| of(e, n)));
            mean(all.map(|yes| f64::from(u8::from(yes))))
        };
        let paired = |of: &dyn Fn(&Stretch) -> f64| {
            let pairs = sounding.iter().filter(|e| !e.call.notes.is_empty()).map(|e| (of(&e.call), of(&e.answer)));
            correlation(&pairs.collect::<Vec<_>>())
        };
        let intervals: Vec<u8> =
            sounding.iter().flat_map(|e| e.answer.notes.windows(2).map(|w| w[1].pitch.abs_diff(w[0].pitch))).collect();
        let interval = |of: &dyn Fn(u8) -> f64| mean(intervals.iter().map(|&i| of(i)));
        let pooled = |of: &dyn Fn(&Exchange) -> (usize, usize)| {
            let (part, whole) = sounding.iter().map(|e| of(e)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            part as f64 / whole.max(1) as f64
        };
        let pieces = |known: bool| {
            pooled(&|e| {
                let (call, answer) = (moves(&e.call.notes), moves(&e.answer.notes));
                (factors(if known { &call } else { &[] }, &answer), answer.len())
            })
        };
        let mut all = Histograms::default();
        sounding.iter().for_each(|e| all.add(&e.answer.notes, e.key.map(|key| key.tonic)));
        let [tones_as_corpus, lengths_as_corpus] = all.overlaps(corpus);
        let as_tune = |which: usize| {
            each(&|e| {
                let mut own = Histograms::default();
                own.add(&e.answer.notes, e.key.map(|key| key.tonic));
                own.overlaps(&e.tune)[which]
            })
        };
        let yes = |yes: bool| f64::from(u8::from(yes));
        let last = |e: &Exchange| e.answer.notes.last().copied();
        let looped = |e: &Exchange| longest_loop(&moves(&e.answer.notes));
        Self {
            answers: exchanges.len(),
            silent: exchanges.len() - sounding.len(),
            notes: sounding.iter().map(|e| e.answer.notes.len()).sum(),
            in_key: notes(&|e, n| e.home.contains_pitch(n.pitch)),
            on_grid: notes(&|e, n| {
                let into = n.step.rem_euclid(bar_steps(e.metre));
                LINES.iter().any(|line| into % line == 0)
            }),
            on_pulse: pooled(&on_pulse),
            rhythm_taken_up: pooled(&|e| {
                let [call, answer] = [&e.call, &e.answer].map(|s| s.rhythms(bar_steps(e.metre)));
                (answer.iter().filter(|bar| call.contains(bar)).count(), answer.len())
            }),
            figures_taken_up: pooled(&|e| repeated(&moves(&e.answer.notes), Some(&moves(&e.call.notes)))),
            figures_repeated: pooled(&|e| repeated(&moves(&e.answer.notes), None)),
            longest_loop: each(&looped),
            looping: each(&|e| yes(looped(e) > 0.5)),
            pieces_a_note: pieces(false),
            pieces_a_note_after_call: pieces(true),
            density: each(&|e| e.answer.density()),
            density_correlation: paired(&Stretch::density),
            range: each(&|e| e.answer.reach()),
            range_correlation: paired(&Stretch::reach),
            register_correlation: paired(&Stretch::mean_pitch),
            register_distance: each(&|e| (e.answer.mean_pitch() - e.call.mean_pitch()).abs()),
            interval: interval(&f64::from),
            leaps: interval(&|i| yes(i > LEAP)),
            repeated_pitches: interval(&|i| yes(i == 0)),
            rests: each(&|e| {
                let sounds: f64 = e.answer.notes.iter().map(|n| f64::from(n.steps)).sum();
                (1.0 - sounds / f64::from(STEPS_PER_BEAT) / e.answer.beats().max(1e-9)).max(0.0)
            }),
            ends_stable: each(&|e| yes(last(e).is_some_and(|n| is_stable(e.key, n.pitch)))),
            ends_on_tonic: each(&|e| yes(last(e).zip(e.key).is_some_and(|(n, k)| PitchClass::of(n.pitch) == k.tonic))),
            ends_long: each(&|e| yes(last(e).is_some_and(|n| i64::from(n.steps) >= pulse_steps(e.metre)))),
            rests_stable: each(&|e| {
                let bar = bar_steps(e.metre);
                let closing = e.answer.notes.iter().filter(|n| n.step >= e.answer.span.1 - bar);
                // Of equally long ones the last.
                let longest = closing.max_by_key(|n| n.steps).copied().or(last(e));
                yes(longest.is_some_and(|n| is_stable(e.key, n.pitch)))
            }),
            tones_as_corpus,
            lengths_as_corpus,
            tones_as_tune: as_tune(0),
            lengths_as_tune: as_tune(1),
        }
    }
}

/// Pulses on which a note begins, of all.
fn on_pulse(e: &Exchange) -> (usize, usize) {
    let (bar, pulse) = (bar_steps(e.metre), pulse_steps(e.metre));
    let is_pulse = |step: &i64| step.rem_euclid(bar) % pulse == 0;
    let pulses = (e.answer.span.0..e.answer.span.1).filter(is_pulse).count();
    (e.answer.notes.iter().filter(|n| is_pulse(&n.step)).count(), pulses)
}

fn bar_steps(metre: TimeSignature) -> i64 {
    metre.bar_beats().nearest_step(STEPS_PER_BEAT).max(1)
}

fn pulse_steps(metre: TimeSignature) -> i64 {
    metre.pulse_beats().nearest_step(STEPS_PER_BEAT).max(1)
}

/// Whether a pitch belongs to the tonic's triad.
fn is_stable(key: Option<Key>, pitch: u8) -> bool {
    key.is_some_and(|key| key.tonic_triad().tones().contains_pitch(pitch))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), x| (sum + x, count + 1));
    sum / count.max(1) as f64
}

/// Pearson's r of pairs; 0 where either side does not vary.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (x, y) = (mean(pairs.iter().map(|p| p.0)), mean(pairs.iter().map(|p| p.1)));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - x, p.1 - y)).sum::<f64>();
    let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    if scale > 1e-12 { sum(&|a, b| a * b) / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Mode;

    fn exchange(up: u8, answer: &[(i64, u32, u8)]) -> Exchange {
        let stretch = |notes: &[(i64, u32, u8)], span| Stretch {
            notes: notes.iter().map(|&(step, steps, p)| GridNote { step, steps, pitch: p + up }).collect(),
            span,
        };
        let call = [(0, 24, 60), (24, 24, 64), (48, 24, 67), (72, 24, 65), (96, 48, 62), (144, 48, 60)];
        let key = Key { tonic: PitchClass::of(up), mode: Mode::Major };
        let mut tune = Histograms::default();
        tune.add(&stretch(&call, (0, 192)).notes, Some(key.tonic));
        Exchange {
            call: stretch(&call, (0, 192)),
            answer: stretch(answer, (192, 384)),
            metre: TimeSignature::COMMON,
            key: Some(key),
            home: key.tones(),
            tune,
        }
    }

    #[test]
    fn an_answer_that_is_its_call_again_takes_all_of_it_up() {
        let again = [(192, 24, 60), (216, 24, 64), (240, 24, 67), (264, 24, 65), (288, 48, 62), (336, 48, 60)];
        let exchanges = [exchange(0, &again), exchange(5, &again)];
        let corpus = exchanges[0].tune.clone();
        let f = Figures::of(&exchanges, &corpus);
        assert_eq!((f.answers, f.silent, f.notes), (2, 0, 12));
        assert_eq!((f.in_key, f.on_grid, f.rhythm_taken_up, f.figures_taken_up), (1.0, 1.0, 1.0, 1.0));
        let common = [f.tones_as_corpus, f.lengths_as_corpus, f.tones_as_tune, f.lengths_as_tune];
        assert!(common.iter().all(|share| (share - 1.0).abs() < 1e-9), "{common:?}");
        assert!((f.register_correlation - 1.0).abs() < 1e-9 && f.register_distance == 0.0);
        assert_eq!((f.ends_stable, f.ends_on_tonic, f.ends_long, f.rests), (1.0, 1.0, 1.0, 0.0));
        assert_eq!((f.figures_repeated, f.longest_loop), (0.0, 0.0));
        assert!(f.pieces_a_note_after_call < f.pieces_a_note);
        assert_eq!(f.on_pulse, 6.0 / 8.0);
    }

    #[test]
    fn chaos_and_dullness_show() {
        let wild = [(193, 7, 61), (205, 11, 75), (221, 60, 58), (301, 5, 66)];
        let dull: Vec<(i64, u32, u8)> = (0..16).map(|i| (192 + 12 * i, 12, 60)).collect();
        let [wild, dull, silent] = [&wild[..], &dull, &[]].map(|answer| exchange(0, answer));
        let f = Figures::of(&[wild, silent], &Histograms::default());
        assert_eq!((f.silent, f.notes, f.in_key, f.on_grid), (1, 4, 0.0, 0.0));
        assert!(f.leaps > 0.9 && f.ends_stable == 0.0 && f.rests > 0.5, "{f:?}");
        let f = Figures::of(&[dull], &Histograms::default());
        assert_eq!((f.longest_loop, f.looping, f.repeated_pitches), (1.0, 1.0, 1.0));
        assert!(f.figures_repeated > 0.9 && f.figures_taken_up == 0.0 && f.pieces_a_note < 0.2, "{f:?}");
    }
}
