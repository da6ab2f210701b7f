//! Music that nobody plays: the show's own chords and bells, so that pictures breathe when nothing is connected. A function of
//! (seed, tempo changes).

use super::Feed;
use crate::show::clock::Reading;
use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::time::{Beats, Bpm, TimeSignature};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Roots that follow each other well, in semitones above the first.
const ROOTS: [[u8; 4]; 4] = [[0, 9, 5, 7], [0, 5, 9, 7], [9, 5, 0, 7], [0, 4, 5, 7]];
/// A scale with five notes, above a root.
const SCALE: [u8; 5] = [0, 2, 4, 7, 9];
/// Keyframes of loudness last so many bars.
const SWELL: f64 = 12.0;

/// The show's own music.
#[derive(Debug)]
pub struct Dream {
    seed: u64,
    tempo: Bpm,
    /// A second of the show, and the position then.
    anchor: (f64, f64),
    /// The last second that was asked for.
    asked: f64,
    /// The next bar to be made.
    bar: i32,
    waiting: std::collections::VecDeque<ShowEvent>,
}

impl Dream {
    /// Begins at second 0 with a tempo.
    pub fn new(seed: u64, tempo: f64) -> Self {
        Self {
            seed,
            tempo: Bpm(tempo.clamp(20.0, 400.0)),
            anchor: (0.0, 0.0),
            asked: 0.0,
            bar: 0,
            waiting: Default::default(),
        }
    }

    fn beats_at(&self, seconds: f64) -> f64 {
        self.anchor.1 + (seconds - self.anchor.0).max(0.0) / self.tempo.seconds_per_beat()
    }

    /// A bar of four quarter notes.
    fn dream(&mut self) {
        let bar = self.bar;
        self.bar += 1;
        let start = 4.0 * f64::from(bar);
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(bar.unsigned_abs()));
        let mut form = ChaCha8Rng::seed_from_u64(self.seed ^ 0xd2ea);
        form.set_stream(u64::from(bar.unsigned_abs() / 16));
        let key: u8 = form.random_range(0..12);
        let roots = ROOTS[form.random_range(0..ROOTS.len())];
        let root = (key + roots[bar.unsigned_abs() as usize % 4]) % 12;
        let swell = (0.5 - 0.5 * (std::f64::consts::TAU * f64::from(bar) / SWELL).cos()) as f32;
        let mut put = |at: f64, kind| self.waiting.push_back(ShowEvent { pos_beats: Beats(start + at), kind });
        put(0.0, ShowKind::Bar { bar, time_signature: TimeSignature::COMMON });
        let pitch_classes = [0, 4, 7].into_iter().fold(0_u16, |set, step| set | 1 << ((root + step) % 12));
        put(0.0, ShowKind::Chord { root, pitch_classes });
        for beat in 0..4_u8 {
            let at = f64::from(beat);
            put(at, ShowKind::Energy { level: 0.3 + 0.45 * swell });
            put(at, ShowKind::Beat { in_bar: beat });
            let likely = if beat == 0 { 0.9 } else { 0.35 + 0.4 * swell };
            if rng.random::<f32>() < likely {
                let pitch = 60 + (root + SCALE[rng.random_range(0..SCALE.len())]) % 24;
                put(at, ShowKind::NoteOn { part: Part::Answer, pitch, velocity: 60 + (50.0 * swell) as u8 });
            }
            if rng.random::<f32>() < 0.25 * swell {
                let pitch = 72 + (root + SCALE[rng.random_range(0..SCALE.len())]) % 12;
                put(at + 0.5, ShowKind::NoteOn { part: Part::Answer, pitch, velocity: 55 });
            }
        }
    }
}

impl Feed for Dream {
    fn advance(&mut self, seconds: f64, events: &mut Vec<ShowEvent>) -> Reading {
        self.asked = seconds;
        let beats = self.beats_at(seconds);
        while 4.0 * f64::from(self.bar) <= beats {
            self.dream();
        }
        while let Some(event) = self.waiting.pop_front() {
            if event.pos_beats.0 > beats {
                self.waiting.push_front(event);
                break;
            }
            events.push(event);
        }
        Reading { seconds, beats: Beats(beats), tempo: self.tempo, playing: true }
    }

    fn set_tempo(&mut self, tempo: f64) -> bool {
        if tempo.is_finite() && (tempo - self.tempo.0).abs() > 1e-9 {
            // The position stays where it was last asked for.
            self.anchor = (self.asked, self.beats_at(self.asked));
            self.tempo = Bpm(tempo.clamp(20.0, 400.0));
        }
        true
    }

    fn about(&self) -> String {
        format!("dreaming at {:.0} bpm", self.tempo.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(steps: &[f64]) -> Vec<ShowEvent> {
        let mut dream = Dream::new(3, 120.0);
        let mut events = Vec::new();
        for at in steps {
            dream.advance(*at, &mut events);
        }
        events
    }

    #[test]
    fn a_dream_is_the_same_however_often_it_is_asked_and_in_order() {
        let fine: Vec<f64> = (0..=600).map(|i| f64::from(i) * 0.05).collect();
        let events = heard(&fine);
        assert_eq!(events, heard(&[0.3, 30.0]));
        assert!(events.windows(2).all(|w| w[0].pos_beats.0 <= w[1].pos_beats.0));
        assert!(events.len() > 100);
    }

    #[test]
    fn another_tempo_does_not_move_the_position() {
        let mut dream = Dream::new(3, 120.0);
        let mut events = Vec::new();
        let before = dream.advance(10.0, &mut events).beats;
        assert!(dream.set_tempo(60.0));
        assert_eq!(dream.advance(10.0, &mut events).beats, before);
        assert_eq!(dream.advance(12.0, &mut events).beats.0, before.0 + 2.0);
    }
}
