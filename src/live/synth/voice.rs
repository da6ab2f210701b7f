use super::envelope::Envelope;
use super::fm::FmVoice;
use super::patch::{Patch, Sound};
use super::subtractive::{SubtractiveVoice, Waves};
use super::{GROUP, Group};
use crate::bridge::Part;

#[derive(Debug, Clone, Copy)]
enum Engine {
    Fm(FmVoice),
    Subtractive(SubtractiveVoice),
}

/// One note that makes sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice {
    engine: Engine,
    /// How its key opens and closes it.
    key: Envelope,
    /// The last group that the engine computed, and how much of it has been played. Groups count from the beginning of the
    /// note, so that they are the same however blocks are cut.
    group: Group,
    played: usize,
    pub part: Part,
    pub pitch: u8,
    /// Whether its key is still down.
    pub held: bool,
    /// Counts notes: the smaller, the older.
    pub number: u32,
    pan: [f32; 2],
    /// 1, or falling to 0 in a straight line once the voice was stolen.
    fade: f32,
    fade_step: f32,
}

impl Voice {
    pub fn new(part: Part, patch: Patch, pitch: u8, velocity: u8, number: u32, rate: f32) -> Self {
        let frequency_hz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let velocity = f32::from(velocity) / 127.0;
        let (engine, key) = match patch.sound() {
            Sound::Fm(sound) => {
                let (voice, key) = FmVoice::new(&sound, frequency_hz, velocity, rate);
                (Engine::Fm(voice), key)
            }
            Sound::Subtractive(sound) => {
                let (voice, key) = SubtractiveVoice::new(&sound, frequency_hz, velocity, number, rate);
                (Engine::Subtractive(voice), key)
            }
        };
        // As on a piano, low notes stand a little to the left.
        let place = ((f32::from(pitch) - 64.0) / 160.0).clamp(-0.3, 0.3);
        let pan = [1.0 - place, 1.0 + place];
        let (group, played) = ([[0.0; GROUP]; 2], GROUP);
        Self { engine, key, group, played, part, pitch, held: true, number, pan, fade: 1.0, fade_step: 0.0 }
    }

    pub fn let_go(&mut self) {
        self.held = false;
        self.key.let_go();
    }

    /// Goes silent within `samples`.
    pub fn fade_out(&mut self, samples: f32) {
        self.held = false;
        if self.fade_step == 0.0 {
            self.fade_step = 1.0 / samples;
        }
    }

    pub fn is_fading(&self) -> bool {
        self.fade_step > 0.0
    }

    pub fn is_over(&self) -> bool {
        // What was computed is played to its end.
        let rung_out = matches!(&self.engine, Engine::Fm(voice) if self.played == GROUP && voice.is_over());
        rung_out || self.key.is_over() || self.fade <= 0.0
    }

    /// How loud it is, roughly.
    pub fn level(&self) -> f32 {
        self.fade
            * self.key.level()
            * match &self.engine {
                Engine::Fm(voice) => voice.level(),
                Engine::Subtractive(voice) => voice.level(),
            }
    }

    /// Adds its samples to the two sides.
    pub fn render(&mut self, waves: &Waves, left: &mut [f32], right: &mut [f32]) {
        let mut done = 0;
        while done < left.len() && !self.is_over() {
            if self.played == GROUP {
                self.played = 0;
                match &mut self.engine {
                    Engine::Fm(voice) => voice.group(&mut self.group),
                    Engine::Subtractive(voice) => voice.group(waves, &mut self.group),
                }
            }
            let count = (GROUP - self.played).min(left.len() - done);
            let mut levels = [0.0; GROUP];
            let count = self.levels(&mut levels[..count]);
            let sides = [&mut *left, &mut *right].into_iter().zip(&self.group).zip(self.pan);
            for ((side, group), pan) in sides {
                let places = side[done..done + count].iter_mut().zip(&group[self.played..self.played + count]);
                for ((out, x), level) in places.zip(&levels) {
                    *out += x * (level * pan);
                }
            }
            self.played += count;
            done += count;
        }
    }

    /// How loud it is at the next samples; how many there are before it is over.
    fn levels(&mut self, levels: &mut [f32]) -> usize {
        let count = self.key.run(levels);
        if self.fade_step > 0.0 {
            for (i, level) in levels[..count].iter_mut().enumerate() {
                if self.fade <= 0.0 {
                    return i;
                }
                *level *= self.fade;
                self.fade = (self.fade - self.fade_step).max(0.0);
            }
        }
        count
    }
}
