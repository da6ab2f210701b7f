use super::fm::FmVoice;
use super::patch::{Patch, Sound};
use super::subtractive::{SubtractiveVoice, Waves};
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
        let engine = match patch.sound() {
            Sound::Fm(sound) => Engine::Fm(FmVoice::new(&sound, frequency_hz, velocity, rate)),
            Sound::Subtractive(sound) => {
                Engine::Subtractive(SubtractiveVoice::new(&sound, frequency_hz, velocity, number, rate))
            }
        };
        // As on a piano, low notes stand a little to the left.
        let place = ((f32::from(pitch) - 64.0) / 160.0).clamp(-0.3, 0.3);
        Self { engine, part, pitch, held: true, number, pan: [1.0 - place, 1.0 + place], fade: 1.0, fade_step: 0.0 }
    }

    pub fn let_go(&mut self) {
        self.held = false;
        match &mut self.engine {
            Engine::Fm(voice) => voice.let_go(),
            Engine::Subtractive(voice) => voice.let_go(),
        }
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
        let over = match &self.engine {
            Engine::Fm(voice) => voice.is_over(),
            Engine::Subtractive(voice) => voice.is_over(),
        };
        over || self.fade <= 0.0
    }

    /// How loud it is, roughly.
    pub fn level(&self) -> f32 {
        self.fade
            * match &self.engine {
                Engine::Fm(voice) => voice.level(),
                Engine::Subtractive(voice) => voice.level(),
            }
    }

    /// Adds its samples to the two sides.
    pub fn render(&mut self, waves: &Waves, left: &mut [f32], right: &mut [f32]) {
        for (l, r) in left.iter_mut().zip(right) {
            if self.is_over() {
                return;
            }
            let [a, b] = match &mut self.engine {
                Engine::Fm(voice) => voice.tick(),
                Engine::Subtractive(voice) => voice.tick(waves),
            };
            *l += a * self.pan[0] * self.fade;
            *r += b * self.pan[1] * self.fade;
            self.fade = (self.fade - self.fade_step).max(0.0);
        }
    }
}
