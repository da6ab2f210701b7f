//! How phrases turn into one another: figures of a path of phrases between two ends, and simple paths to compare with.

use super::evaluate::{notes, share};
use crate::music::encoding::{REACH, REST, Token, duration_classes};
use crate::music::phrase::CodedPhrase;
use serde::Serialize;
use std::collections::BTreeSet;

/// Semitones above the tonic of a signature's major scale.
pub(super) const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// The pitch class that sounds at each step; through a rest the one before goes on, and before the first note it is there
/// already. Empty where nothing sounds.
fn contour(phrase: &CodedPhrase) -> Vec<f64> {
    let placed = notes(phrase);
    let Some(mut pitch) = placed.first().map(|n| n.pitch) else { return Vec::new() };
    let mut next = placed.iter().peekable();
    let step = |at: u32| {
        while let Some(note) = next.next_if(|n| n.onset <= at) {
            pitch = note.pitch;
        }
        f64::from(pitch)
    };
    (0..phrase.form.steps()).map(step).collect()
}

/// Mean distance of two phrases' contours in semitones; an octave where one of them is silent.
pub fn pitch_distance(a: &CodedPhrase, b: &CodedPhrase) -> f64 {
    let (a, b) = (contour(a), contour(b));
    let count = a.len().min(b.len());
    if count == 0 {
        return if a.len() == b.len() { 0.0 } else { 12.0 };
    }
    a.iter().zip(&b).map(|(x, y)| (x - y).abs()).sum::<f64>() / count as f64
}

/// 1 less the harmonic mean of precision and recall of onsets: 0 for the same rhythm, 1 where no onset is shared.
pub fn rhythm_distance(a: &CodedPhrase, b: &CodedPhrase) -> f64 {
    let onsets = |p: &CodedPhrase| notes(p).iter().map(|n| n.onset).collect::<BTreeSet<_>>();
    let (a, b) = (onsets(a), onsets(b));
    if a.is_empty() && b.is_empty() { 0.0 } else { 1.0 - share(2 * a.intersection(&b).count(), a.len() + b.len()) }
}

/// Figures of one distance along paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Gradual {
    /// The largest step's share of the distance between the ends: 1 where all changes at once.
    pub largest_step: f64,
    /// Share of steps that do not go back: from one to the next, the phrase does not come nearer to the first end than
    /// to the last.
    pub forward: f64,
    /// How much nearer the middle is to one end than to the other, in parts of their distance: 0 for halfway, 1 for a
    /// copy of an end.
    pub imbalance: f64,
    /// How much longer the way over the middle is than the distance of the ends: 1 for no detour.
    pub detour: f64,
}

/// Figures of paths from one phrase to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct WalkFigures {
    /// Of pitch contours.
    pub pitch: Gradual,
    /// Of rhythms.
    pub rhythm: Gradual,
    /// Different phrases on a path, its ends counted.
    pub distinct: f64,
    /// Share of notes between the ends that lie in the scale of the reference.
    pub in_scale: f64,
    /// Notes a bar between the ends.
    pub notes_a_bar: f64,
    /// Paths.
    pub paths: usize,
}

fn gradual(path: &[CodedPhrase], distance: fn(&CodedPhrase, &CodedPhrase) -> f64) -> Option<Gradual> {
    let (first, last) = (path.first()?, path.last()?);
    let whole = distance(first, last);
    if whole <= 0.0 || path.len() < 3 {
        return None;
    }
    let steps = path.windows(2).map(|w| distance(&w[0], &w[1])).fold(0.0, f64::max);
    let place = path.iter().map(|p| distance(first, p) - distance(p, last)).collect::<Vec<_>>();
    let forward = place.windows(2).filter(|w| w[1] >= w[0] - 1e-9).count();
    let middle = &path[path.len() / 2];
    let (from, to) = (distance(first, middle), distance(middle, last));
    Some(Gradual {
        largest_step: steps / whole,
        forward: share(forward, path.len() - 1),
        imbalance: (from - to).abs() / whole,
        detour: (from + to) / whole,
    })
}

fn mean(parts: &[Gradual]) -> Gradual {
    let of = |figure: fn(&Gradual) -> f64| parts.iter().map(figure).sum::<f64>() / parts.len().max(1) as f64;
    Gradual {
        largest_step: of(|g| g.largest_step),
        forward: of(|g| g.forward),
        imbalance: of(|g| g.imbalance),
        detour: of(|g| g.detour),
    }
}

/// Whether a pitch class lies in the scale of the reference.
pub fn in_scale(pitch: u8) -> bool {
    pitch != REST && SCALE.contains(&(i32::from(pitch) - REACH - 1).rem_euclid(12))
}

/// Figures of `paths`, each from its first to its last phrase; means over all paths whose ends differ.
pub fn figures(paths: &[Vec<CodedPhrase>]) -> WalkFigures {
    let of = |distance| mean(&paths.iter().filter_map(|p| gradual(p, distance)).collect::<Vec<_>>());
    let between = paths.iter().flat_map(|p| p.get(1..p.len().saturating_sub(1)).unwrap_or_default());
    let (mut sounding, mut inside, mut bars) = (0, 0, 0);
    for phrase in between {
        let placed = notes(phrase);
        sounding += placed.len();
        inside += placed.iter().filter(|n| in_scale(n.pitch)).count();
        bars += phrase.form.bars as usize;
    }
    let distinct = paths.iter().map(|p| p.iter().collect::<std::collections::HashSet<_>>().len()).sum();
    WalkFigures {
        pitch: of(pitch_distance),
        rhythm: of(rhythm_distance),
        distinct: share(distinct, paths.len()),
        in_scale: share(inside, sounding),
        notes_a_bar: share(sounding, bars),
        paths: paths.len(),
    }
}

/// One end, then at the middle the other: copying.
pub fn switched(a: &CodedPhrase, b: &CodedPhrase, steps: usize) -> Vec<CodedPhrase> {
    (0..steps).map(|i| if 2 * i < steps { a.clone() } else { b.clone() }).collect()
}

/// The beginning of one end, more and more of it, and then the other from there on: splicing.
pub fn spliced(a: &CodedPhrase, b: &CodedPhrase, steps: usize) -> Vec<CodedPhrase> {
    let whole = a.form.steps();
    let at = |i: usize| {
        let cut = (whole as usize * i / steps.saturating_sub(1).max(1)) as u32;
        from_steps(a, |step| if step < cut { (b, step) } else { (a, step) }, cut)
    };
    (0..steps).map(at).collect()
}

/// The rhythm of the nearer end, with each note's pitch the mean of both contours there: averaging.
pub fn averaged(a: &CodedPhrase, b: &CodedPhrase, steps: usize) -> Vec<CodedPhrase> {
    let (from, to) = (contour(a), contour(b));
    let at = |i: usize| {
        let share = i as f64 / steps.saturating_sub(1).max(1) as f64;
        let mut phrase = if 2 * i < steps { a.clone() } else { b.clone() };
        let positions = phrase.positions();
        for (token, step) in phrase.tokens.iter_mut().zip(positions) {
            if token.pitch != REST
                && let (Some(x), Some(y)) = (from.get(step as usize), to.get(step as usize))
            {
                token.pitch = (x + (y - x) * share).round() as u8;
            }
        }
        phrase
    };
    (0..steps).map(at).collect()
}

/// A phrase whose every step comes from where `source` says; a note that sounds over `cut` ends there.
fn from_steps<'a>(form_of: &CodedPhrase, source: impl Fn(u32) -> (&'a CodedPhrase, u32), cut: u32) -> CodedPhrase {
    let sounding = |step: u32| {
        let (phrase, step) = source(step);
        let after = phrase.positions().partition_point(|&p| p <= step);
        (std::ptr::from_ref(phrase), after, phrase.tokens[after.saturating_sub(1).min(phrase.tokens.len() - 1)].pitch)
    };
    let mut tokens = Vec::new();
    let whole = form_of.form.steps();
    let mut start = 0;
    for step in 1..=whole {
        if step == whole || step == cut || sounding(step) != sounding(start) {
            let (_, _, mut pitch) = sounding(start);
            for duration in duration_classes((step - start) as u16) {
                tokens.push(Token { duration, pitch });
                pitch = REST;
            }
            start = step;
        }
    }
    CodedPhrase { form: form_of.form, tokens }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::phrase::Form;
    use crate::time::TimeSignature;

    fn phrase(events: &[(u16, u8)]) -> CodedPhrase {
        let form = Form { metre: TimeSignature::COMMON, bars: 1 };
        let token = |&(steps, pitch): &(u16, u8)| Token { duration: duration_classes(steps).next().unwrap(), pitch };
        CodedPhrase { form, tokens: events.iter().map(token).collect() }
    }

    #[test]
    fn distances_are_nil_for_the_same_and_grow_with_the_difference() {
        let a = phrase(&[(48, 37), (48, 41)]);
        let b = phrase(&[(24, 37), (24, 38), (48, 41)]);
        assert_eq!((pitch_distance(&a, &a), rhythm_distance(&a, &a)), (0.0, 0.0));
        assert_eq!(pitch_distance(&a, &b), 0.25);
        assert!((rhythm_distance(&a, &b) - 0.2).abs() < 1e-12);
        assert_eq!(rhythm_distance(&a, &phrase(&[(96, 37)])), 1.0 - 2.0 / 3.0);
    }

    #[test]
    fn copying_is_told_from_a_gradual_path() {
        let ends = [phrase(&[(24, 37); 4]), phrase(&[(48, 49), (48, 49)])];
        let switched = figures(&[switched(&ends[0], &ends[1], 9)]);
        assert_eq!((switched.pitch.largest_step, switched.pitch.imbalance, switched.distinct), (1.0, 1.0, 2.0));
        let spliced = spliced(&ends[0], &ends[1], 9);
        assert_eq!((&spliced[0], &spliced[8]), (&ends[0], &ends[1]));
        assert!(spliced.iter().all(|p| p.positions().last() == Some(&96)));
        let spliced = figures(&[spliced]);
        assert!(spliced.pitch.largest_step < 0.2 && spliced.pitch.imbalance < 0.01, "{spliced:?}");
        let averaged = figures(&[averaged(&ends[0], &ends[1], 9)]);
        assert!(averaged.pitch.largest_step < 0.2 && averaged.rhythm.largest_step == 1.0, "{averaged:?}");
        assert!(averaged.in_scale < 0.9, "averages leave the scale");
    }
}
