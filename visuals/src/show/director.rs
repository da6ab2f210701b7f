//! Directs the show: hears the music, obeys orders on the beat, and says what each frame is to be.

use super::controls::{Control, Settings, Shape};
use super::dials::{self, DIALS};
use super::music::{Music, Signals};
use super::plan::{Layer, Plan, Wish};
use super::scene::{Scene, Source};
use oneiro::bridge::{ShowEvent, ShowKind};
use oneiro::picture::Course;
use oneiro::time::Beats;

/// Share of the way of a beat that is made in a surge at its beginning.
const SURGE: f64 = 0.68;
/// Quarter notes in which a note's push rises, and the time constant in which it falls.
const PUSH_TIMES: (f64, f64) = (0.08, 0.9);
/// Longest time between two frames that anything is made of, in seconds.
const LONGEST_STEP: f64 = 0.25;
/// Seconds in which text comes and goes.
const TEXT_FADE: f64 = 0.6;

/// A value that goes straight from one to another in a time.
#[derive(Debug, Clone, Copy)]
struct Ramp {
    from: f64,
    to: f64,
    since: f64,
    lasts: f64,
}

impl Ramp {
    fn still(value: f64) -> Self {
        Self { from: value, to: value, since: 0.0, lasts: 0.0 }
    }

    fn at(&self, now: f64) -> f64 {
        let share = if self.lasts > 0.0 { ((now - self.since) / self.lasts).clamp(0.0, 1.0) } else { 1.0 };
        self.from + (self.to - self.from) * share
    }

    fn turn_to(&mut self, to: f64, now: f64, lasts: f64) {
        *self = Self { from: self.at(now), to, since: now, lasts };
    }
}

/// A scene on stage.
#[derive(Debug, Clone, Copy)]
struct Appearance {
    id: u64,
    scene: usize,
    /// From which position, and over how many quarter notes it comes.
    since: f64,
    fade: f64,
}

/// The show. The same events and orders at the same positions give the same frames.
#[derive(Debug)]
pub struct Show {
    scenes: Vec<Scene>,
    settings: Settings,
    seed: u64,
    music: Music,
    on_stage: Appearance,
    leaving: Option<Appearance>,
    waiting: Option<(usize, f64)>,
    light: Ramp,
    text: Ramp,
    /// How far the walk had come at a position, and keyframes a quarter note from there on.
    travelled: (f64, f64, f64),
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
            on_stage: Appearance { id: 0, scene: 0, since: f64::NEG_INFINITY, fade: 0.0 },
            leaving: None,
            waiting: None,
            light: Ramp::still(1.0),
            text: Ramp::still(0.0),
            travelled: (0.0, 0.0, 0.25),
            now: (0.0, 0.0),
        }
    }

    /// Puts a scene on stage without ado, before the show begins. A place that is none is ignored.
    pub fn begin_with(&mut self, scene: usize) {
        if scene < self.scenes.len() {
            self.on_stage.scene = scene;
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
        (self.on_stage.scene, self.waiting.map(|(scene, _)| scene))
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
                self.travelled = (self.walked(at), at, rate);
            }
            ShowKind::Transport { .. } => {
                // After a jump the walk goes on from where it is, and a scene that waited for a place comes at the next.
                let walked = self.walked(self.now.0);
                self.travelled = (walked, at, self.travelled.2);
                if at < self.now.0 {
                    for appearance in std::iter::once(&mut self.on_stage).chain(&mut self.leaving) {
                        appearance.since -= self.now.0 - at;
                    }
                    if let Some((scene, _)) = self.waiting {
                        self.waiting = Some((scene, at));
                    }
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
        let aim = self.waiting.map_or(self.on_stage.scene, |(scene, _)| scene);
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
        let (bar, beat) = self.music.metre();
        let at = if beats.is_finite() { beats.0 } else { self.now.0 };
        let begins = match self.settings.get(Control::SwitchAt) as u8 {
            0 => at,
            1 => {
                let start = self.music.bar_at(at);
                start + ((at - start) / beat.max(0.125)).ceil() * beat.max(0.125)
            }
            _ => {
                let start = self.music.bar_at(at);
                if at <= start { start } else { start + bar.max(0.25) }
            }
        };
        self.waiting = (scene != self.on_stage.scene || self.leaving.is_some()).then_some((scene, begins));
    }

    fn pace_keyframes(&self) -> f64 {
        self.scenes[self.on_stage.scene].pace.keyframes
    }

    fn walked(&self, beats: f64) -> f64 {
        let (from, at, rate) = self.travelled;
        from + rate * (surged(beats) - surged(at))
    }

    /// Brings scenes on stage whose position has come.
    fn change_scenes(&mut self, beats: f64) {
        if self.waiting.is_none() {
            let bars = self.settings.get(Control::Auto);
            let length = bars * self.music.metre().0.max(0.25);
            if bars >= 1.0 {
                let since = if self.on_stage.since.is_finite() { self.on_stage.since } else { 0.0 };
                // The first bar that begins when its time is over.
                let bar = self.music.bar_at(beats);
                if bar + 1e-9 >= since + length && self.scenes.len() > 1 {
                    self.waiting = Some(((self.on_stage.scene + 1) % self.scenes.len(), bar));
                }
            }
        }
        if let Some((scene, at)) = self.waiting.filter(|(_, at)| *at <= beats) {
            self.waiting = None;
            let id = self.on_stage.id + 1;
            self.leaving = Some(self.on_stage);
            self.on_stage = Appearance { id, scene, since: at, fade: self.settings.get(Control::SceneFade) };
            // So that a page or a knob shows the scene that is there.
            self.settings.set(Control::Scene, scene as f64 + 1.0);
        }
        if beats >= self.on_stage.since + self.on_stage.fade {
            self.leaving = None;
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
        let mut share = 0.0;
        if let Some(leaving) = self.leaving {
            let way = ((at - self.on_stage.since) / self.on_stage.fade.max(1e-6)).clamp(0.0, 1.0);
            share = (way * way * (3.0 - 2.0 * way)) as f32;
            layers.push(self.layer(leaving, &signals));
        }
        layers.push(self.layer(self.on_stage, &signals));
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

    fn layer(&self, appearance: Appearance, signals: &Signals) -> Layer {
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
        let scene = &self.scenes[self.on_stage.scene];
        let appearances = || self.leaving.iter().chain([&self.on_stage]).map(|a| &self.scenes[a.scene]);
        let coming = self.waiting.map(|(scene, _)| &self.scenes[scene]);
        let style = self.settings.get(Control::Style) as usize;
        let mut sources = Source::ALL.map(|source| appearances().chain(coming).any(|scene| scene.shows(source)));
        sources[Source::Styled.place()] |= style > 0;
        let (bar, _) = self.music.metre();
        let loop_bars = self.settings.get(Control::LoopBars);
        let bars = surged(at) / bar.max(0.25);
        let (course, travelled) = match self.settings.get(Control::Walk) as u8 {
            0 => (Course::Wander, self.walked(at)),
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
        let pushes = (0..12).zip(pushes).filter(|(_, amount)| amount.abs() > 1e-4).collect();
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

/// Seconds between two frames as effects count them: never too many, never backwards.
pub fn step(before: f64, now: f64) -> f64 {
    (now - before).clamp(0.0, LONGEST_STEP)
}

/// Positions that hurry at each quarter note and linger before the next; they never stand or run back.
fn surged(beats: f64) -> f64 {
    let number = beats.floor();
    let x = beats - number;
    number + SURGE * (1.0 - (1.0 - x).powi(3)) + (1.0 - SURGE) * x
}

/// How much of a note's push is left.
fn push_left(since: f64) -> f32 {
    if since < 0.0 {
        return 0.0;
    }
    let x = (since / PUSH_TIMES.0).min(1.0);
    (x * x * (3.0 - 2.0 * x) * (-(since - PUSH_TIMES.0).max(0.0) / PUSH_TIMES.1).exp()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::scene::shipped;
    use oneiro::bridge::Part;
    use oneiro::time::{Bpm, TimeSignature};

    fn event(at: f64, kind: ShowKind) -> ShowEvent {
        ShowEvent { pos_beats: Beats(at), kind }
    }

    /// A show that has heard two bars of three quarter notes.
    fn show() -> Show {
        let mut show = Show::new(shipped(), 1);
        for bar in 0..2 {
            let start = 3.0 * f64::from(bar);
            show.hear(&event(start, ShowKind::Bar { bar, time_signature: TimeSignature::new(3, 4).unwrap() }));
            for beat in 0..3_u8 {
                show.hear(&event(start + f64::from(beat), ShowKind::Beat { in_bar: beat }));
            }
        }
        show
    }

    #[test]
    fn a_scene_comes_on_the_bar_or_the_beat_whenever_it_was_chosen_and_however_frames_fall() {
        for (when, begins) in [(0.0, 4.3), (1.0, 5.0), (2.0, 6.0)] {
            for step in [0.01, 0.07, 0.9] {
                let mut show = show();
                show.tell(Control::SwitchAt, when, Beats(4.3), 0.0);
                show.tell(Control::SceneFade, 2.0, Beats(4.3), 0.0);
                show.frame(Beats(4.3), 0.0);
                show.tell(Control::Scene, 4.0, Beats(4.3), 0.0);
                let mut at = 4.3;
                let mut plan = show.frame(Beats(at), 0.0);
                while at < begins + 1.0 {
                    at = (at + step).min(begins + 1.0);
                    plan = show.frame(Beats(at), 0.0);
                    assert_eq!(plan.layers.len() == 2, at >= begins, "at {at}, to begin at {begins}");
                }
                // Half way through its fade, by the same amount whatever the frames.
                assert!((plan.share - 0.5).abs() < 1e-6 && plan.layers[1].scene == 3, "{}", plan.share);
                let plan = show.frame(Beats(begins + 2.0), 0.0);
                assert_eq!((plan.layers.len(), plan.layers[0].scene), (1, 3));
            }
        }
    }

    #[test]
    fn scenes_come_by_themselves_after_their_bars() {
        let mut show = show();
        show.tell(Control::Auto, 2.0, Beats::ZERO, 0.0);
        show.tell(Control::SceneFade, 0.0, Beats::ZERO, 0.0);
        for (at, scene) in [(5.9, 0), (6.0, 1), (11.9, 1), (12.0, 2), (18.1, 3)] {
            show.frame(Beats(at), 0.0);
            assert_eq!(show.scene().0, scene, "at {at}");
        }
    }

    #[test]
    fn black_fades_in_seconds_and_freeze_and_strobe_are_told() {
        let mut show = show();
        show.tell(Control::BlackFade, 2.0, Beats::ZERO, 10.0);
        show.tell(Control::Black, 1.0, Beats::ZERO, 10.0);
        show.tell(Control::Freeze, 1.0, Beats::ZERO, 10.0);
        show.tell(Control::Strobe, 1.0, Beats::ZERO, 10.0);
        for (seconds, light) in [(10.0, 1.0), (11.0, 0.5), (12.0, 0.0), (99.0, 0.0)] {
            let plan = show.frame(Beats(4.0), seconds);
            assert!((plan.light - light).abs() < 1e-6 && plan.frozen && plan.guard, "{seconds}: {}", plan.light);
        }
        assert!(show.frame(Beats(6.0), 99.0).strobe > 0.9 && show.frame(Beats(6.5), 99.0).strobe == 0.0);
    }

    #[test]
    fn notes_push_the_walk_a_jump_does_not_tear_it_and_loops_close() {
        let mut show = show();
        show.frame(Beats(5.0), 0.0);
        show.hear(&event(5.0, ShowKind::NoteOn { part: Part::Call, pitch: 64, velocity: 127 }));
        let wish = show.wish(Beats(5.2));
        assert!(matches!(wish.pushes[..], [(4, amount)] if amount > 0.5), "{:?}", wish.pushes);
        assert!(wish.sources[Source::Paintings.place()]);
        let before = show.wish(Beats(5.0)).travelled;
        show.hear(&event(0.0, ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: 1 }));
        assert!((show.wish(Beats(0.0)).travelled - before).abs() < 1e-9);
        show.tell(Control::Walk, 1.0, Beats::ZERO, 0.0);
        show.tell(Control::LoopBars, 4.0, Beats::ZERO, 0.0);
        let (a, b) = (show.wish(Beats(1.3)), show.wish(Beats(13.3)));
        let Course::Loop(count) = a.course else { panic!("{:?}", a.course) };
        assert!((b.travelled - a.travelled - f64::from(count)).abs() < 1e-9, "{} to {}", a.travelled, b.travelled);
    }

    #[test]
    fn whatever_is_told_and_heard_a_frame_is_fit_to_be_drawn() {
        let mut show = show();
        for i in 0..3000_u32 {
            let spec =
                &super::super::controls::CONTROLS[(i * 7 % 37) as usize % super::super::controls::CONTROLS.len()];
            let value = [f64::NAN, f64::INFINITY, -5.0, 0.3, 900.0][i as usize % 5];
            let at = [f64::NAN, f64::from(i) * 0.1, -4.0, 1e12][(i / 5) as usize % 4];
            show.tell(spec.control, value, Beats(at), f64::from(i) * 0.02);
            if i % 50 == 0 {
                show.hear(&event(at, ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: i }));
            }
            let plan = show.frame(Beats(at), f64::from(i) * 0.02);
            assert!((1..=2).contains(&plan.layers.len()) && (0.0..=1.0).contains(&plan.light), "{plan:?}");
            assert!(plan.layers.iter().all(|l| l.dials.iter().all(|d| d.is_finite())), "{i}: {plan:?}");
            assert!(show.wish(Beats(at)).travelled.is_finite(), "{i}");
        }
    }
}
