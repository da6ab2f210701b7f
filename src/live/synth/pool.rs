use super::Bus;
use super::patch::Patch;
use super::subtractive::Waves;
use super::voice::Voice;
use crate::bridge::Part;
use crate::time::SampleRate;

/// Notes that may sound at once, releases included.
const VOICES: usize = 32;
/// Places beyond these in which stolen voices fade out.
const FADING: usize = 16;
/// How long a stolen voice fades.
const FADE_SECONDS: f32 = 0.004;

/// A fixed number of voices.
#[derive(Debug)]
pub(super) struct Pool {
    voices: [Option<Voice>; VOICES + FADING],
    waves: Waves,
    rate: f32,
    notes: u32,
}

impl Pool {
    pub fn prepare(rate: SampleRate) -> Self {
        Self { voices: [None; VOICES + FADING], waves: Waves::prepare(), rate: rate.0 as f32, notes: 0 }
    }

    pub fn active(&self) -> u32 {
        self.voices.iter().flatten().count() as u32
    }

    pub fn silence(&mut self) {
        self.voices = [None; VOICES + FADING];
    }

    pub fn fade_all(&mut self) {
        let samples = self.fade_samples();
        self.voices.iter_mut().flatten().for_each(|voice| voice.fade_out(samples));
    }

    fn fade_samples(&self) -> f32 {
        FADE_SECONDS * self.rate
    }

    /// Begins a note; true where another had to make room.
    pub fn note_on(&mut self, part: Part, patch: Patch, pitch: u8, velocity: u8) -> bool {
        let number = self.notes;
        self.notes = self.notes.wrapping_add(1);
        let voice = Voice::new(part, patch, pitch, velocity, number, self.rate);
        let sounding = self.voices.iter().flatten().filter(|voice| !voice.is_fading()).count();
        let steals = sounding >= VOICES;
        if steals {
            let samples = self.fade_samples();
            // First those let go, the quietest of them; then the oldest.
            let victim = self.voices.iter_mut().flatten().filter(|voice| !voice.is_fading()).min_by(|a, b| {
                let released = |voice: &Voice| if voice.held { f32::INFINITY } else { voice.level() };
                released(a).total_cmp(&released(b)).then_with(|| a.number.cmp(&b.number))
            });
            if let Some(victim) = victim {
                victim.fade_out(samples);
            }
        }
        let place = self.voices.iter().position(Option::is_none).unwrap_or_else(|| self.quietest_fading());
        self.voices[place] = Some(voice);
        steals
    }

    /// The place that can be taken with the least harm when even the places to fade in are full.
    fn quietest_fading(&self) -> usize {
        let level = |place: &usize| match &self.voices[*place] {
            Some(voice) if voice.is_fading() => voice.level(),
            Some(_) => f32::INFINITY,
            None => -1.0,
        };
        (0..self.voices.len()).min_by(|a, b| level(a).total_cmp(&level(b))).unwrap_or(0)
    }

    pub fn note_off(&mut self, part: Part, pitch: u8) {
        for voice in self.voices.iter_mut().flatten() {
            if voice.held && voice.part == part && voice.pitch == pitch {
                voice.let_go();
            }
        }
    }

    /// Adds every voice to the bus of its part.
    pub fn render(&mut self, buses: &mut [Bus], length: usize) {
        for place in &mut self.voices {
            let Some(voice) = place else { continue };
            let [left, right] = &mut buses[voice.part.index()];
            voice.render(&self.waves, &mut left[..length], &mut right[..length]);
            if voice.is_over() {
                *place = None;
            }
        }
    }
}
