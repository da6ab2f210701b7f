//! What the music is like at a moment: a pure function of the events up to it.

use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::time::Beats;
use std::collections::VecDeque;

/// Notes that are remembered.
const NOTES: usize = 96;
/// Quarter notes after which a note is forgotten.
const MEMORY: f64 = 8.0;
/// Quarter notes in which a note's flash fades.
const ONSET: f64 = 0.45;
/// Notes a quarter note that count as dense.
const DENSE: f64 = 3.0;
/// Quarter notes in which energy, density and hue follow.
const CALM: f64 = 1.5;

/// A note that was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Struck {
    /// When, in quarter notes.
    pub at: f64,
    /// Pitch class.
    pub class: usize,
    /// 0 to 1.
    pub weight: f32,
}

/// What moves a scene.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals {
    /// Quarter notes.
    pub beats: f64,
    /// What is left of the last beat: 1 on the first of a bar, 0.55 on others, then falling.
    pub beat: f32,
    /// What is left of the last bar's beginning.
    pub bar: f32,
    /// What is left of the last notes.
    pub note: f32,
    /// How loud: 0 to 1.
    pub energy: f32,
    /// How many notes: 0 to 1.
    pub density: f32,
    /// Hue of the chord, 0 to 1 round the circle of fifths.
    pub chord: f32,
}

/// The music up to now.
#[derive(Debug, Clone, PartialEq)]
pub struct Music {
    notes: VecDeque<Struck>,
    bar: f64,
    /// Quarter notes of a bar, and of a beat of its metre.
    metre: (f64, f64),
    energy: Slow,
    density: Slow,
    /// The chord's hue as a point of a circle, so that it has no seam.
    chord: [Slow; 2],
}

/// A value that follows its target with time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Slow {
    from: f64,
    to: f64,
    at: f64,
}

impl Slow {
    fn new(value: f64) -> Self {
        Self { from: value, to: value, at: 0.0 }
    }

    fn get(&self, beats: f64) -> f64 {
        self.to + (self.from - self.to) * (-(beats - self.at).max(0.0) / CALM).exp()
    }

    fn turn_to(&mut self, to: f64, at: f64) {
        *self = Self { from: self.get(at), to, at };
    }
}

impl Default for Music {
    fn default() -> Self {
        Self {
            notes: VecDeque::with_capacity(NOTES),
            bar: 0.0,
            metre: (4.0, 1.0),
            energy: Slow::new(0.35),
            density: Slow::new(0.2),
            chord: [Slow::new(1.0), Slow::new(0.0)],
        }
    }
}

impl Music {
    /// Takes note of an event. Events come in order; after a jump back what lies ahead is forgotten.
    pub fn hear(&mut self, event: &ShowEvent) {
        let at = event.pos_beats.0;
        if !at.is_finite() {
            return;
        }
        match event.kind {
            ShowKind::NoteOn { part, pitch, velocity } => {
                let share = if part == Part::Backing { 0.3 } else { 1.0 };
                let weight = share * f32::from(velocity.min(127)) / 127.0;
                if self.notes.len() == NOTES {
                    self.notes.pop_front();
                }
                self.notes.push_back(Struck { at, class: usize::from(pitch % 12), weight });
            }
            ShowKind::Bar { time_signature, .. } => {
                (self.bar, self.metre) = (at, (time_signature.bar_beats().0, time_signature.beat_beats().0));
            }
            ShowKind::Beat { .. } => {
                let near = self.notes.iter().filter(|n| n.at > at - 2.0 && n.at <= at);
                let dense = near.map(|n| f64::from(n.weight)).sum::<f64>() / (2.0 * DENSE);
                self.density.turn_to(dense.min(1.0), at);
            }
            ShowKind::Energy { level } if level.is_finite() => {
                self.energy.turn_to(f64::from(level.clamp(0.0, 1.0)), at);
            }
            ShowKind::Chord { root, .. } => {
                let angle = std::f64::consts::TAU * f64::from(root % 12 * 7 % 12) / 12.0;
                self.chord[0].turn_to(angle.cos(), at);
                self.chord[1].turn_to(angle.sin(), at);
            }
            ShowKind::Transport { .. } => {
                // Whatever lies ahead was heard before a jump back.
                self.notes.retain(|n| n.at <= at);
                for slow in [&mut self.energy, &mut self.density].into_iter().chain(&mut self.chord) {
                    slow.at = slow.at.min(at);
                }
                self.bar = self.bar.min(at);
            }
            ShowKind::NoteOff { .. } | ShowKind::Phrase { .. } | ShowKind::Energy { .. } => {}
        }
        while self.notes.front().is_some_and(|n| n.at < at - MEMORY) {
            self.notes.pop_front();
        }
    }

    /// Where the bar that holds a position begins, or began last.
    pub fn bar_at(&self, beats: f64) -> f64 {
        let length = self.metre.0.max(0.25);
        self.bar + ((beats - self.bar) / length).floor().max(0.0) * length
    }

    /// Quarter notes of a bar, and of a beat of its metre.
    pub fn metre(&self) -> (f64, f64) {
        self.metre
    }

    /// The notes that were struck lately.
    pub fn notes(&self) -> impl Iterator<Item = &Struck> {
        self.notes.iter()
    }

    /// What the music is like at a position at or after the last event.
    pub fn at(&self, beats: Beats) -> Signals {
        let beats = if beats.is_finite() { beats.0 } else { 0.0 };
        let into = (beats - self.bar_at(beats)).max(0.0);
        let beat = self.metre.1.max(0.125);
        let number = (into / beat).floor();
        let strength = if number == 0.0 { 1.0 } else { 0.55 };
        let since = into - number * beat;
        let struck = |n: &Struck| {
            let since = beats - n.at;
            if since < 0.0 { 0.0 } else { f64::from(n.weight) * (-since / ONSET).exp() }
        };
        let note = self.notes.iter().map(struck).sum::<f64>();
        let (x, y) = (self.chord[0].get(beats), self.chord[1].get(beats));
        Signals {
            beats,
            beat: (strength * rise(since) * (-3.2 * since).exp()) as f32,
            bar: (rise(into) * (-1.4 * into).exp()) as f32,
            note: (1.0 - (-note).exp()) as f32,
            energy: self.energy.get(beats) as f32,
            density: self.density.get(beats) as f32,
            chord: (y.atan2(x) / std::f64::consts::TAU).rem_euclid(1.0) as f32,
        }
    }
}

/// The first sixteenth of a quarter note of an accent: it is quick, but has no corner.
fn rise(since: f64) -> f64 {
    let x = (since / 0.06).clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oneiro::time::{Bpm, TimeSignature};

    fn event(at: f64, kind: ShowKind) -> ShowEvent {
        ShowEvent { pos_beats: Beats(at), kind }
    }

    #[test]
    fn accents_fall_on_beats_and_the_first_is_the_strongest() {
        let mut music = Music::default();
        music.hear(&event(0.0, ShowKind::Bar { bar: 0, time_signature: TimeSignature::new(3, 4).unwrap() }));
        let at = |b: f64| music.at(Beats(b)).beat;
        assert!(at(0.08) > at(1.08) && at(1.08) > at(0.9) && at(3.08) > at(2.08));
    }

    #[test]
    fn a_note_flashes_and_fades_and_a_jump_back_forgets_what_lies_ahead() {
        let mut music = Music::default();
        music.hear(&event(8.0, ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 127 }));
        assert!(music.at(Beats(8.1)).note > 0.4 && music.at(Beats(12.0)).note < 0.01);
        music.hear(&event(2.0, ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: 1 }));
        assert_eq!(music.at(Beats(8.1)).note, 0.0);
    }

    #[test]
    fn nothing_is_ever_out_of_range_whatever_is_heard() {
        let mut music = Music::default();
        for i in 0..2000_u32 {
            let at = f64::from(i % 97) - 20.0;
            let kind = match i % 5 {
                0 => ShowKind::Energy { level: f32::NAN },
                1 => ShowKind::NoteOn { part: Part::Answer, pitch: 255, velocity: 255 },
                2 => ShowKind::Chord { root: 255, pitch_classes: 0 },
                3 => ShowKind::Beat { in_bar: 200 },
                _ => ShowKind::Transport { playing: false, tempo: Bpm(1.0), epoch: i },
            };
            music.hear(&event(if i % 11 == 0 { f64::NAN } else { at }, kind));
            let s = music.at(Beats(at));
            let all = [s.beat, s.bar, s.note, s.energy, s.density, s.chord];
            assert!(all.iter().all(|v| (0.0..=1.0).contains(v)), "{i}: {s:?}");
            assert!(music.notes().count() <= NOTES);
        }
    }
}
