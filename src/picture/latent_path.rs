//! Where the walk is: a pure function of (events, beats, seed).

use super::vectors::{Use, random, slerp, sum, with_length};
use crate::bridge::{Part, ShowEvent, ShowKind};
use crate::time::Beats;

/// How a bar's keyframe is mixed: the part's own region, and chance.
const HOME: (f32, f32) = (0.5, 0.87);
/// How far a note pushes, as a share of the radius, by part.
const PUSH: [f32; 3] = [0.34, 0.38, 0.07];
/// Quarter notes in which a push rises, and the time constant in which it falls.
const PUSH_TIMES: (f64, f64) = (0.07, 0.8);
/// Quarter notes after which a push is over.
const PUSH_END: f64 = 8.0;
/// Share of the way of a beat that is made in a surge at its beginning.
const SURGE: f64 = 0.72;
/// How much farther the first beat of a bar leads than another one.
const DOWNBEAT: f64 = 1.7;
/// Quarter notes over which density is counted, both ways.
const DENSITY_REACH: f64 = 3.0;
/// Notes a quarter note at which a performance counts as dense.
const DENSE: f64 = 2.5;
/// How far truncation moves with density, both ways.
const PSI_SWING: f32 = 0.14;

/// What a picture is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The latent point: about as long as a point drawn from the normal distribution.
    pub z: Vec<f32>,
    /// Truncation, 0 to 1.
    pub psi: f32,
    /// How much of the last beat's accent is left, 0 to 1.
    pub accent: f32,
    /// How much is going on, 0 to 1.
    pub activity: f32,
}

/// The walk of a whole performance.
#[derive(Debug, Clone)]
pub struct LatentPath {
    radius: f32,
    psi: f32,
    bars: Vec<Bar>,
    /// A keyframe at the start of each bar (or half bar), and one at the end of the last.
    keyframes: Vec<Vec<f32>>,
    notes: Vec<Impulse>,
    directions: Vec<Vec<f32>>,
}

/// A bar, or half of a long one.
#[derive(Debug, Clone, Copy)]
struct Bar {
    start: f64,
    /// Beats of its metre.
    beats: u8,
    /// Length of one in quarter notes.
    beat: f64,
}

#[derive(Debug, Clone, Copy)]
struct Impulse {
    at: f64,
    class: usize,
    weight: f32,
    part: Part,
}

impl LatentPath {
    /// The walk that `events`, in their order, ask for, in a space of `size` numbers; `psi` is the truncation around
    /// which density moves.
    pub fn new(events: &[ShowEvent], seed: u64, size: usize, psi: f32) -> Self {
        let radius = (size as f32).sqrt();
        let bars = bars_of(events);
        let notes: Vec<Impulse> = events.iter().filter_map(impulse).collect();
        let keyframes = keyframes(events, &bars, &notes, seed, size, radius);
        let direction = |class: u32| with_length(random(seed, Use::Direction(class), size), 1.0);
        Self { radius, psi: psi.clamp(0.0, 1.0), bars, keyframes, notes, directions: (0..12).map(direction).collect() }
    }

    /// The look at a position. Continuous: close positions look alike.
    pub fn at(&self, at: Beats) -> Look {
        let at = if at.is_finite() { at.0 } else { 0.0 };
        let index = self.bars.partition_point(|bar| bar.start <= at).saturating_sub(1);
        let bar = &self.bars[index];
        let way = bar.way((at - bar.start).max(0.0)) as f32;
        let base = slerp(&self.keyframes[index], &self.keyframes[index + 1], way);
        let mut z = base;
        for note in self.near(at - PUSH_END, at) {
            let push = note.weight * PUSH[note.part.index()] * self.radius * push_left(at - note.at);
            for (x, d) in z.iter_mut().zip(&self.directions[note.class]) {
                *x += push * d;
            }
        }
        let activity = (density(self.near(at - DENSITY_REACH, at + DENSITY_REACH), at) / DENSE).min(1.0) as f32;
        let psi = (self.psi + PSI_SWING * (2.0 * activity - 1.0)).clamp(0.0, 1.0);
        Look { z: with_length(z, self.radius), psi, accent: bar.accent(at - bar.start) as f32, activity }
    }

    fn near(&self, from: f64, to: f64) -> &[Impulse] {
        let first = self.notes.partition_point(|n| n.at < from);
        let last = self.notes.partition_point(|n| n.at <= to);
        &self.notes[first..last.max(first)]
    }
}

impl Bar {
    fn length(&self) -> f64 {
        f64::from(self.beats) * self.beat
    }

    /// How much of the bar's way is behind one `into` quarter notes: 0 to 1. It surges at each beat and never stands.
    fn way(&self, into: f64) -> f64 {
        let beat = into / self.beat;
        let number = beat.floor().min(f64::from(self.beats) - 1.0);
        let x = (beat - number).min(1.0);
        let eased = SURGE * (1.0 - (1.0 - x).powi(3)) + (1.0 - SURGE) * x;
        let before = if number > 0.0 { DOWNBEAT + number - 1.0 } else { 0.0 };
        let step = if number > 0.0 { 1.0 } else { DOWNBEAT };
        (before + step * eased) / (DOWNBEAT + f64::from(self.beats) - 1.0)
    }

    /// The accent that is left of the beats up to one `into` quarter notes; each rises quickly and fades.
    fn accent(&self, into: f64) -> f64 {
        let beat = into / self.beat;
        let number = beat.floor();
        let strength = |n: f64| if n.rem_euclid(f64::from(self.beats)) == 0.0 { 1.0 } else { 0.5 };
        let fade = |since: f64| (-3.0 * since * self.beat.max(0.5)).exp();
        let x = beat - number;
        // The beat before has not quite faded: take over from where it is.
        let left = strength(number + f64::from(self.beats) - 1.0) * fade(1.0 + x);
        let rise = (x * self.beat / 0.08).min(1.0);
        let rise = rise * rise * (3.0 - 2.0 * rise);
        let new = strength(number) * fade(x);
        left.min(1.0) * (1.0 - rise) + new.max(left) * rise
    }
}

fn bars_of(events: &[ShowEvent]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for event in events {
        if let ShowKind::Bar { time_signature, .. } = event.kind {
            let (start, beat) = (event.pos_beats.0, time_signature.beat_beats().0);
            // A jump back begins the walk anew from there: bars stay in order.
            bars.retain(|bar| bar.start < start);
            let (beats, halves) = halved(time_signature.numerator.max(1), beat);
            let length = f64::from(beats) * beat;
            bars.extend((0..halves).map(|i| Bar { start: start + length * f64::from(i), beats, beat }));
        }
    }
    if bars.is_empty() {
        bars.push(Bar { start: 0.0, beats: 4, beat: 1.0 });
    }
    bars
}

/// Beats to a keyframe, and keyframes to a bar: long bars have one in the middle.
fn halved(beats: u8, beat: f64) -> (u8, u8) {
    if beats >= 4 && beats.is_multiple_of(2) && f64::from(beats) * beat >= 3.0 { (beats / 2, 2) } else { (beats, 1) }
}

fn impulse(event: &ShowEvent) -> Option<Impulse> {
    let ShowKind::NoteOn { part, pitch, velocity } = event.kind else { return None };
    let weight = f32::from(velocity) / 127.0;
    Some(Impulse { at: event.pos_beats.0, class: usize::from(pitch % 12), weight, part })
}

/// How much of a push is left after a time: rises smoothly, then decays, and ends at exactly nothing.
fn push_left(since: f64) -> f32 {
    let (rise, fall) = PUSH_TIMES;
    let x = (since / rise).clamp(0.0, 1.0);
    let window = (1.0 - since / PUSH_END).max(0.0);
    (x * x * (3.0 - 2.0 * x) * (-(since - rise).max(0.0) / fall).exp() * window) as f32
}

/// Notes a quarter note around a position, near ones counting more; the accompaniment counts little.
fn density(notes: &[Impulse], at: f64) -> f64 {
    let weight = |n: &Impulse| if n.part == Part::Backing { 0.15 } else { 1.0 };
    let near = |n: &Impulse| weight(n) * (1.0 - (n.at - at).abs() / DENSITY_REACH).max(0.0);
    notes.iter().map(near).sum::<f64>() / DENSITY_REACH
}

/// The keyframes. Each lies in the region of the part whose phrase it is, and the livelier its bar, the farther it lies
/// from the one before.
fn keyframes(
    events: &[ShowEvent],
    bars: &[Bar],
    notes: &[Impulse],
    seed: u64,
    size: usize,
    radius: f32,
) -> Vec<Vec<f32>> {
    let homes = Part::ALL.map(|part| random(seed, Use::Home(part.index() as u32), size));
    let mut phrases = events.iter().filter_map(|e| match e.kind {
        ShowKind::Phrase { part, .. } => Some((e.pos_beats.0, part)),
        _ => None,
    });
    let energies: Vec<(f64, f64)> = events.iter().filter_map(energy).collect();
    let mut next = phrases.next();
    let mut part = Part::Call;
    let mut frames: Vec<Vec<f32>> = Vec::with_capacity(bars.len() + 1);
    let last = bars[bars.len() - 1];
    let ends = bars.iter().map(|bar| (bar.start, bar.length())).chain([(last.start + last.length(), last.length())]);
    for (number, (start, length)) in ends.enumerate() {
        // A phrase that begins in the second half of a bar is a pick-up: its place is the bar after it.
        while let Some((_, whose)) = next.filter(|(at, _)| *at <= start + 0.5 * length) {
            (part, next) = (whose, phrases.next());
        }
        let chance = random(seed, Use::Keyframe(number as u32), size);
        let target = sum(&[(HOME.0, &homes[part.index()]), (HOME.1, &chance)]);
        let target = with_length(target, radius);
        let lively = (density_in(notes, start, start + length) / DENSE).min(1.0);
        let loud = mean_energy(&energies, start, start + length);
        let speed = (0.5 + 0.3 * lively + 0.2 * loud) as f32;
        let frame = match frames.last() {
            Some(before) => with_length(slerp(before, &target, speed), radius),
            None => target,
        };
        frames.push(frame);
    }
    frames
}

fn energy(event: &ShowEvent) -> Option<(f64, f64)> {
    let ShowKind::Energy { level } = event.kind else { return None };
    Some((event.pos_beats.0, f64::from(level)))
}

fn density_in(notes: &[Impulse], from: f64, to: f64) -> f64 {
    let count = notes.iter().filter(|n| n.part != Part::Backing && n.at >= from && n.at < to).count();
    count as f64 / (to - from).max(0.25)
}

fn mean_energy(energies: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let within = || energies.iter().filter(|(at, _)| *at > from && *at <= to).map(|(_, level)| level);
    let count = within().count();
    if count == 0 { 0.0 } else { within().sum::<f64>() / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::norm;
    use super::*;
    use crate::time::TimeSignature;

    fn events() -> Vec<ShowEvent> {
        let mut events = Vec::new();
        for bar in 0..8 {
            let start = 4.0 * f64::from(bar);
            let at = |pos: f64, kind| ShowEvent { pos_beats: Beats(pos), kind };
            if bar % 4 == 0 {
                let part = if bar == 0 { Part::Call } else { Part::Answer };
                events.push(at(start, ShowKind::Phrase { part, duration: Beats(16.0) }));
            }
            events.push(at(start, ShowKind::Bar { bar, time_signature: TimeSignature::COMMON }));
            for i in 0..4_u8 {
                let beat = start + f64::from(i);
                events.push(at(beat, ShowKind::Energy { level: 0.7 }));
                events.push(at(beat, ShowKind::Beat { in_bar: i }));
                events.push(at(beat, ShowKind::NoteOn { part: Part::Call, pitch: 60 + 2 * i, velocity: 90 }));
                events.push(at(beat + 0.5, ShowKind::NoteOff { part: Part::Call, pitch: 60 + 2 * i }));
            }
        }
        events
    }

    fn distance(a: &Look, b: &Look) -> f32 {
        norm(&sum(&[(1.0, &a.z), (-1.0, &b.z)]))
    }

    #[test]
    fn the_walk_is_a_pure_function_of_events_beats_and_seed() {
        let path = LatentPath::new(&events(), 7, 128, 0.7);
        let again = LatentPath::new(&events(), 7, 128, 0.7);
        let other = LatentPath::new(&events(), 8, 128, 0.7);
        // Asked in another order, it says the same.
        let there: Vec<Look> = (0..64).map(|i| path.at(Beats(f64::from(i) * 0.5))).collect();
        let back: Vec<Look> = (0..64).rev().map(|i| again.at(Beats(f64::from(i) * 0.5))).collect();
        assert!(there.iter().eq(back.iter().rev()));
        assert!(distance(&path.at(Beats(3.0)), &other.at(Beats(3.0))) > 5.0);
    }

    #[test]
    fn close_positions_look_alike_even_across_beats_bars_and_notes() {
        let path = LatentPath::new(&events(), 3, 128, 0.7);
        let step = 1e-4;
        for i in -2_000..40_000 {
            let at = f64::from(i) * 1e-3;
            let (a, b) = (path.at(Beats(at - step)), path.at(Beats(at + step)));
            assert!(distance(&a, &b) < 0.05, "the walk jumps by {} at {at}", distance(&a, &b));
            assert!((a.psi - b.psi).abs() < 1e-3 && (a.accent - b.accent).abs() < 0.02, "at {at}: {a:?} {b:?}");
        }
    }

    #[test]
    fn it_moves_most_just_after_a_beat() {
        let path = LatentPath::new(&events(), 11, 128, 0.7);
        let moved = |from: f64| -> f32 {
            (0..28)
                .map(|beat| {
                    distance(&path.at(Beats(f64::from(beat) + from)), &path.at(Beats(f64::from(beat) + from + 0.1)))
                })
                .sum()
        };
        assert!(moved(0.0) > 2.0 * moved(0.8), "{} against {}", moved(0.0), moved(0.8));
    }

    #[test]
    fn every_look_is_in_range_with_or_without_events() {
        for events in [events(), Vec::new()] {
            let path = LatentPath::new(&events, 1, 64, 0.95);
            for at in [-8.0, 0.0, 0.3, 31.9, 400.0, f64::NAN, f64::INFINITY] {
                let look = path.at(Beats(at));
                assert!((norm(&look.z) - 8.0).abs() < 1e-2, "{at}");
                assert!((0.0..=1.0).contains(&look.psi) && (0.0..=1.0).contains(&look.accent), "{at}: {look:?}");
            }
        }
    }
}
