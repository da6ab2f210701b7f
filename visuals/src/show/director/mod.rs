//! Directs the show: hears the music, obeys orders on the beat, and says what each frame is to be.

mod bill;
mod look;
mod ramp;
#[cfg(test)]
mod tests;
mod travel;

use super::controls::{Control, Settings, Shape};
use super::dials;
use super::music::Music;
use super::plan::Plan;
use super::scene::Scene;
use bill::Bill;
use oneiro::bridge::{ShowEvent, ShowKind};
use oneiro::time::Beats;
use ramp::Ramp;
use serde::{Deserialize, Serialize};
use travel::Travel;

/// Longest time between two frames that anything is made of, in seconds.
const LONGEST_STEP: f64 = 0.25;
/// Seconds in which text comes and goes.
const TEXT_FADE: f64 = 0.6;

/// The show. The same events and orders at the same positions give the same frames.
#[derive(Debug)]
pub struct Show {
    scenes: Vec<Scene>,
    settings: Settings,
    seed: u64,
    music: Music,
    bill: Bill,
    light: Ramp,
    text: Ramp,
    travel: Travel,
    now: (f64, f64),
}

impl Show {
    /// A show of scenes; at least one.
    ///
    /// # Panics
    /// Without scenes.
    pub fn new(scenes: Vec<Scene>, seed: u64) -> Self {
        assert!(!scenes.is_empty(), "a show has scenes");
        Self {
            scenes,
            settings: Settings::default(),
            seed,
            music: Music::default(),
            bill: Bill::new(),
            light: Ramp::still(1.0),
            text: Ramp::still(0.0),
            travel: Travel::default(),
            now: (0.0, 0.0),
        }
    }

    /// Puts a scene on stage without ado, before the show begins. A place that is none is ignored.
    pub fn begin_with(&mut self, scene: usize) {
        if scene < self.scenes.len() {
            self.bill.on_stage.scene = scene;
            self.settings.set(Control::Scene, scene as f64 + 1.0);
        }
    }

    /// The scenes.
    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The scene on stage, and the one that waits for its beat, by their places.
    pub fn scene(&self) -> (usize, Option<usize>) {
        (self.bill.on_stage.scene, self.bill.waiting())
    }

    /// The seed of the pictures.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Hears an event; they come in order.
    pub fn hear(&mut self, event: &ShowEvent) {
        let at = event.pos_beats.0;
        if !at.is_finite() {
            return;
        }
        self.music.hear(event);
        match event.kind {
            ShowKind::Beat { .. } => {
                let signals = self.music.at(event.pos_beats);
                let (bar, _) = self.music.metre();
                let lively = 0.55 + 0.5 * f64::from(signals.energy) + 0.4 * f64::from(signals.density);
                let rate = self.pace_keyframes() / bar.max(0.25) * lively * self.settings.get(Control::Speed);
                self.travel.turn_to(rate, at);
            }
            ShowKind::Transport { .. } => {
                // After a jump the walk goes on from where it is, and a scene that waited for a place comes at the next.
                self.travel.jump(self.now.0, at);
                if at < self.now.0 {
                    self.bill.jump_back(self.now.0 - at, at);
                    self.now.0 = at;
                }
            }
            _ => {}
        }
    }

    /// Obeys: a control was set at a position of the music and a second of the show. Gives the value that it has now.
    pub fn tell(&mut self, control: Control, value: f64, beats: Beats, seconds: f64) -> f64 {
        let before = self.settings.get(control);
        let value = self.settings.set(control, value);
        if control.spec().shape == Shape::Trigger && value < 0.5 {
            return value;
        }
        let count = self.scenes.len();
        let aim = self.bill.waiting().unwrap_or(self.bill.on_stage.scene);
        match control {
            Control::Scene => self.cue((value as usize - 1).min(count - 1), beats),
            Control::Next => self.cue((aim + 1) % count, beats),
            Control::Previous => self.cue((aim + count - 1) % count, beats),
            Control::Black if value != before => {
                self.light.turn_to(1.0 - value, seconds, self.settings.get(Control::BlackFade));
            }
            Control::Another => self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1),
            _ => {}
        }
        value
    }

    /// A text was set or taken away.
    pub fn text(&mut self, there: bool, seconds: f64) {
        self.text.turn_to(f64::from(u8::from(there)), seconds, TEXT_FADE);
    }

    fn cue(&mut self, scene: usize, beats: Beats) {
        let begins = self.begins(When::ALL[self.settings.get(Control::SwitchAt) as usize], beats);
        self.bill.call(scene, begins, None);
    }

    /// A scene is to come at a position, and to take so many quarter notes for it. A place that is none is ignored.
    pub fn call(&mut self, scene: usize, begins: f64, fade: f64) {
        if scene < self.scenes.len() {
            self.bill.call(scene, begins, Some(fade));
        }
    }

    /// The first position from one on at which something may begin.
    pub fn begins(&self, when: When, beats: Beats) -> f64 {
        let (bar, beat) = self.music.metre();
        let at = if beats.is_finite() { beats.0 } else { self.now.0 };
        let start = self.music.bar_at(at);
        match when {
            When::Now => at,
            When::Beat => start + ((at - start) / beat.max(0.125)).ceil() * beat.max(0.125),
            When::Bar if at <= start => start,
            When::Bar => start + bar.max(0.25),
        }
    }

    /// The music that was heard.
    pub fn music(&self) -> &Music {
        &self.music
    }

    fn pace_keyframes(&self) -> f64 {
        self.scenes[self.bill.on_stage.scene].pace.keyframes
    }

    /// Brings scenes on stage whose position has come.
    fn change_scenes(&mut self, beats: f64) {
        if self.bill.waiting().is_none() {
            let bars = self.settings.get(Control::Auto);
            let length = bars * self.music.metre().0.max(0.25);
            if bars >= 1.0 {
                let since = self.bill.on_stage.since;
                let since = if since.is_finite() { since } else { 0.0 };
                // The first bar that begins when its time is over.
                let bar = self.music.bar_at(beats);
                if bar + 1e-9 >= since + length && self.scenes.len() > 1 {
                    self.bill.call((self.bill.on_stage.scene + 1) % self.scenes.len(), bar, None);
                }
            }
        }
        if self.bill.advance(beats, self.settings.get(Control::SceneFade)) {
            // So that a page or a knob shows the scene that is there.
            self.settings.set(Control::Scene, self.bill.on_stage.scene as f64 + 1.0);
        }
    }

    /// What the frame at a position and a second of the show is to be. Positions may not run backwards but by a
    /// [`ShowKind::Transport`]; what they jump over is not made up for.
    pub fn frame(&mut self, beats: Beats, seconds: f64) -> Plan {
        let at = if beats.is_finite() { beats.0 } else { self.now.0 };
        self.now = (at, seconds);
        self.change_scenes(at);
        let signals = self.music.at(Beats(at));
        let mut layers = Vec::with_capacity(2);
        let share = self.bill.share(at).unwrap_or(0.0);
        layers.extend(self.bill.leaving.map(|leaving| self.layer(leaving, &signals)));
        layers.push(self.layer(self.bill.on_stage, &signals));
        let own = layers.last().map_or(0.0, |layer| layer.dials[dials::STROBE]);
        let strobe = f64::from(own).max(self.settings.get(Control::Strobe));
        let rate = self.settings.get(Control::StrobeRate).max(0.25);
        let phase = (at * rate).rem_euclid(1.0);
        let strobe = if strobe > 0.0 && phase < 0.28 { strobe * (1.0 - phase / 0.28) } else { 0.0 };
        let light = self.light.at(seconds) * self.settings.get(Control::Light);
        let text = if self.settings.on(Control::Text) { self.text.at(seconds) } else { 0.0 };
        Plan {
            layers,
            share,
            light: light as f32,
            strobe: strobe as f32,
            text: text as f32,
            frozen: self.settings.on(Control::Freeze),
            guard: self.settings.on(Control::Guard),
        }
    }
}

/// When something that was ordered begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// At once.
    Now,
    /// With the next beat.
    Beat,
    /// With the next bar.
    #[default]
    Bar,
}

impl When {
    /// All of them, in the order of the control `switch-at`.
    pub const ALL: [Self; 3] = [Self::Now, Self::Beat, Self::Bar];
}

/// Seconds between two frames as effects count them: never too many, never backwards.
pub fn step(before: f64, now: f64) -> f64 {
    (now - before).clamp(0.0, LONGEST_STEP)
}
