//! What a show looks like at a position: its scenes as they are moved, and what is to be painted for them.

use super::Show;
use super::bill::{Appearance, Bill};
use super::travel::{push_left, surged};
use crate::show::controls::Control;
use crate::show::dials::{self, DIALS};
use crate::show::music::Signals;
use crate::show::plan::{Layer, Wish};
use crate::show::scene::Source;
use oneiro::picture::{Course, PAD};
use oneiro::time::Beats;

/// How far the pad pans at its edge, in full pushes.
const PAN: f32 = 2.5;

impl Show {
    /// A scene on stage, as the music and the controls move it.
    pub(super) fn layer(&self, appearance: Appearance, signals: &Signals) -> Layer {
        let scene = &self.scenes[appearance.scene];
        let motion = self.settings.get(Control::Motion) as f32;
        let moved = Signals {
            beat: signals.beat * motion,
            bar: signals.bar * motion,
            note: signals.note * motion,
            energy: signals.energy * motion,
            density: signals.density * motion,
            ..*signals
        };
        let mut dials = scene.dials(&moved);
        let get = |control| self.settings.get(control) as f32;
        dials[dials::ZOOM] *= get(Control::Zoom);
        dials[dials::TURN] += get(Control::Turn);
        dials[dials::HUE] += get(Control::Hue);
        dials[dials::WARP] += get(Control::Warp);
        for (dial, control) in [
            (dials::CHROMA, Control::Chroma),
            (dials::EXPOSURE, Control::Exposure),
            (dials::TRAIL, Control::Trail),
            (dials::GLOW, Control::Glow),
            (dials::GRAIN, Control::Grain),
        ] {
            dials[dial] *= get(control);
        }
        if scene.sources[0] != scene.sources[1] {
            let bias = get(Control::Blend);
            let blend = &mut dials[dials::BLEND];
            *blend = if bias > 0.0 { *blend + bias * (1.0 - *blend) } else { *blend * (1.0 + bias) };
        }
        for (place, dial) in DIALS.iter().enumerate() {
            if place != dials::FLOW && place != dials::TRAVEL {
                dials[place] = dial.allow(dials[place]);
            }
        }
        Layer {
            id: appearance.id,
            scene: appearance.scene,
            dials,
            palette: scene.palette,
            sources: scene.sources.map(Source::place),
            signals: [moved.beat, moved.note, moved.energy].map(|v| v.clamp(0.0, 1.0)),
        }
    }

    /// What is to be painted for a position, which may lie a little ahead of the last frame.
    pub fn wish(&self, beats: Beats) -> Wish {
        let at = if beats.is_finite() { beats.0 } else { self.now.0 };
        let Bill { on_stage, leaving, .. } = &self.bill;
        let scene = &self.scenes[on_stage.scene];
        let appearances = || leaving.iter().chain([on_stage]).map(|a| &self.scenes[a.scene]);
        let coming = self.bill.waiting().map(|scene| &self.scenes[scene]);
        let style = self.settings.get(Control::Style) as usize;
        let mut sources = Source::ALL.map(|source| appearances().chain(coming).any(|scene| scene.shows(source)));
        sources[Source::Styled.place()] |= style > 0;
        let (bar, _) = self.music.metre();
        let loop_bars = self.settings.get(Control::LoopBars);
        let bars = surged(at) / bar.max(0.25);
        let (course, travelled) = match self.settings.get(Control::Walk) as u8 {
            0 => (Course::Wander, self.travel.at(at)),
            1 => {
                let keyframes = (loop_bars * self.pace_keyframes()).round().max(2.0);
                (Course::Loop(keyframes as u32), bars / loop_bars * keyframes)
            }
            _ => (Course::Circle(loop_bars), bars),
        };
        let signals = self.music.at(Beats(at));
        let push = scene.pace.push * self.settings.get(Control::Push) as f32;
        let mut pushes = [0.0_f32; 12];
        for note in self.music.notes() {
            pushes[note.class] += push * note.weight * push_left(at - note.at);
        }
        let pan = [Control::PadX, Control::PadY].map(|control| PAN * self.settings.get(control) as f32);
        let pushes =
            (0..12).zip(pushes).chain(PAD.into_iter().zip(pan)).filter(|(_, amount)| amount.abs() > 1e-4).collect();
        let density = 0.1 * (2.0 * signals.density - 1.0);
        let styled = appearances().chain(coming).find(|scene| scene.shows(Source::Styled));
        Wish {
            seed: self.seed,
            course,
            travelled,
            pushes,
            truncation: scene.pace.truncation + density + self.settings.get(Control::Truncation) as f32,
            sources,
            styles: styled.map(|scene| scene.styles.clone()).unwrap_or_default(),
            style,
            lean: (self.settings.get(Control::Drift) as usize, self.settings.get(Control::Lean) as f32),
            place: (self.settings.get(Control::Place) as usize, self.settings.get(Control::Lean) as f32),
            models: [Control::First, Control::Second].map(|control| self.settings.get(control) as usize),
            model_fade: self.settings.get(Control::ModelFade),
        }
    }
}
