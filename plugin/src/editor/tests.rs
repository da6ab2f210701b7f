//! The editor with a hand at the mouse and the keyboard, and no screen.
#![allow(unsafe_code)]

use super::app::App;
use super::hand::Hand;
use super::layout::{Columns, LEAST, Layout, ROW, TITLE, USUAL, columns};
use crate::parameters::{Parameters, place};
use crate::shared::Shared;
use crate::view::{ModelState, Wish};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2, vec2};
use nice_plug::context::PluginApi;
use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::params::internals::ParamPtr;
use nice_plug::plugin::PluginState;
use oneiro::bridge::Part;
use oneiro::compose::{Corner, Order, Turn};
use oneiro::link::{Thumbnail, Watched};
use oneiro::music::{Chord, Melody, MelodyEvent, Note};
use oneiro::seen::Grade;
use oneiro::time::{Beats, TimeSignature};
use std::sync::Arc;
use std::time::Duration;

/// A host that takes every value at once.
struct Taker;

impl GuiContextInner for Taker {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}

    unsafe fn raw_set_parameter_normalized(&self, parameter: ParamPtr, normalized: f32) {
        // SAFETY: the editor's hand gives pointers into the parameters that it holds.
        unsafe { parameter._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

    fn get_state(&self) -> PluginState {
        PluginState { version: String::new(), params: Default::default(), fields: Default::default() }
    }

    fn set_state(&self, _: PluginState) {}

    fn request_restart(&self) {}
}

/// An editor on a desk.
struct Desk {
    app: App,
    ctx: egui::Context,
    shared: Arc<Shared>,
    parameters: Arc<Parameters>,
    size: (f32, f32),
    time: f64,
}

impl Desk {
    fn new(size: (f64, f64)) -> Self {
        let shared = Arc::new(Shared::default());
        let parameters = Arc::new(Parameters::new(Arc::clone(&shared)));
        let hand = Hand::new(Arc::clone(&parameters), Arc::clone(&shared), Arc::default());
        let (mut app, ctx) = (App::new(hand, Default::default()), egui::Context::default());
        app.open(&ctx, GuiContext::new(Arc::new(Taker)));
        let mut desk = Self { app, ctx, shared, parameters, size: (size.0 as f32, size.1 as f32), time: 0.0 };
        desk.look(Vec::new());
        desk
    }

    fn window(&self) -> Rect {
        Rect::from_min_size(Pos2::ZERO, vec2(self.size.0, self.size.1))
    }

    /// One picture; gives after what time the next one is due.
    fn look(&mut self, events: Vec<Event>) -> Duration {
        self.time += 0.02;
        let modifiers = events.iter().find_map(|event| match event {
            Event::Key { modifiers, .. } | Event::PointerButton { modifiers, .. } => Some(*modifiers),
            _ => None,
        });
        let screen_rect = Some(self.window());
        let mut all = events;
        if !all.is_empty() {
            all.insert(0, Event::ModifiersChanged(modifiers.unwrap_or_default()));
        }
        let input = RawInput { screen_rect, time: Some(self.time), events: all, ..RawInput::default() };
        let app = &mut self.app;
        let mut output = self.ctx.run_ui(input, |ui| app.draw(ui));
        output.textures_delta.clear();
        let shapes = std::mem::take(&mut output.shapes);
        assert!(!self.ctx.tessellate(shapes, 1.0).is_empty());
        output.viewport_output[&egui::ViewportId::ROOT].repaint_delay
    }

    fn button(&mut self, at: Pos2, pressed: bool, modifiers: Modifiers) {
        let button = PointerButton::Primary;
        self.look(vec![Event::PointerMoved(at), Event::PointerButton { pos: at, button, pressed, modifiers }]);
    }

    fn click(&mut self, at: Pos2, modifiers: Modifiers) {
        self.look(vec![Event::PointerMoved(at)]);
        self.button(at, true, modifiers);
        self.button(at, false, modifiers);
        // As the editor asks for where something has gained the focus.
        self.look(Vec::new());
        self.look(Vec::new());
    }

    fn key(&mut self, key: Key, modifiers: Modifiers) {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.look(vec![event(true)]);
        self.look(vec![event(false)]);
    }

    fn value(&self, id: &str) -> f64 {
        self.parameters.knob(place(id).unwrap()).set_value()
    }

    /// The middle of a row of a group in the usual window.
    fn row(&self, group: usize, row: usize) -> Pos2 {
        let Columns::All(columns) = columns(Layout::of(self.window()).groups, 5, 7) else { panic!("tabs") };
        let column = columns[group];
        pos2(column.center().x, column.top() + TITLE + (row as f32 + 0.5) * ROW)
    }
}

fn melody(pitch: u8) -> Melody {
    let event = |up, steps| MelodyEvent { pitch: Some(pitch + up), steps };
    let events = vec![event(0, 24), event(4, 24), MelodyEvent { pitch: None, steps: 24 }, event(7, 72)];
    Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 0, events }
}

/// Much to see.
fn fill(shared: &Shared) {
    let mut view = shared.view();
    view.seen.clock.playing = true;
    view.seen.clock.pos_beats = Beats(9.0);
    for (i, part) in Part::ALL.into_iter().enumerate() {
        view.seen.note_on(part, 60 + 4 * i as u8, Beats(7.0));
    }
    view.seen.note_off(Part::Call, 60, Beats(8.0));
    view.seen.coming = vec![Note { onset: Beats(10.0), duration: Beats(1.0), pitch: 72, velocity: 80 }];
    view.seen.window = Some((Beats(8.0), Beats(16.0)));
    view.seen.chord = Chord::of_pitches(&[60, 64, 67]);
    view.seen.status.turn = Turn::Playing { until: Beats(16.0) };
    view.seen.status.history = (2, 3);
    view.seen.answer_ms = Some(41.0);
    view.captured = std::array::from_fn(|i| (i != 1).then(|| melody(60 + i as u8)));
    view.models = [
        ModelState::Ready { name: "Melody".into(), file: "melody-rnn".into() },
        ModelState::Missing("there is no melody-vae model".into()),
    ];
    drop(view);
    shared.tell(Grade::Warning, "something is not as it should be ".repeat(8));
}

#[test]
fn every_state_is_drawn_at_every_size() {
    // The last ones no host should give; a panic would be its end all the same.
    for size in [LEAST, (700.0, 500.0), USUAL, (1920.0, 1080.0), (300.0, 200.0), (60.0, 40.0), (1.0, 1.0)] {
        let mut desk = Desk::new(size);
        desk.look(Vec::new());
        fill(&desk.shared);
        desk.look(Vec::new());
        desk.shared.view().models[0] = ModelState::Missing("there is no melody-rnn model ".repeat(9));
        desk.look(Vec::new());
        let odd = [f64::NAN, f64::INFINITY, -1e12, 1e17];
        for beats in odd {
            desk.shared.view().seen.clock.pos_beats = Beats(beats);
            desk.look(Vec::new());
        }
    }
}

#[test]
fn modes_pad_and_corners_answer_to_the_mouse() {
    let mut desk = Desk::new(USUAL);
    let layout = Layout::of(desk.window());
    let segment = layout.modes.width() / 6.0;
    desk.click(layout.modes.left_center() + vec2(3.5 * segment, 0.0), Modifiers::NONE);
    assert_eq!(desk.value("mode"), 3.0);
    desk.click(layout.pad.center(), Modifiers::NONE);
    assert!((desk.value("morph-x") - 0.5).abs() < 0.02 && (desk.value("morph-y") - 0.5).abs() < 0.02);
    // The corner at the upper left is empty: a click captures.
    desk.click(layout.pad.min + vec2(24.0, 24.0), Modifiers::NONE);
    assert_eq!(desk.shared.next_wish(), Some(Wish::Order(Order::Capture(Corner::A))));
    desk.click(layout.pad.max - vec2(24.0, 24.0), Modifiers::NONE);
    assert_eq!(desk.shared.next_wish(), Some(Wish::Order(Order::Capture(Corner::D))));
}

#[test]
fn a_number_is_dragged_typed_moved_by_keys_and_put_back() {
    let mut desk = Desk::new(USUAL);
    let (row, usual) = (desk.row(1, 0), desk.value("temperature"));
    desk.look(vec![Event::PointerMoved(row)]);
    desk.button(row, true, Modifiers::NONE);
    for i in 1..=6 {
        desk.look(vec![Event::PointerMoved(row + vec2(8.0 * i as f32, 0.0))]);
    }
    desk.button(row + vec2(48.0, 0.0), false, Modifiers::NONE);
    let dragged = desk.value("temperature");
    assert!(dragged > usual + 0.3, "{dragged}");

    desk.click(row, Modifiers::NONE);
    desk.key(Key::ArrowUp, Modifiers::NONE);
    assert!((desk.value("temperature") - dragged - 0.1).abs() < 1e-3, "{}", desk.value("temperature"));
    desk.key(Key::ArrowDown, Modifiers::SHIFT);
    assert!((desk.value("temperature") - dragged - 0.09).abs() < 1e-3, "{}", desk.value("temperature"));

    desk.key(Key::Enter, Modifiers::NONE);
    desk.look(vec![Event::Text("0.42".into())]);
    desk.key(Key::Enter, Modifiers::NONE);
    assert!((desk.value("temperature") - 0.42).abs() < 1e-4, "{}", desk.value("temperature"));

    // What is no value is not taken.
    desk.time += 1.0;
    desk.click(row, Modifiers::NONE);
    desk.click(row, Modifiers::NONE);
    desk.look(vec![Event::Text("warm".into())]);
    desk.key(Key::Enter, Modifiers::NONE);
    assert!((desk.value("temperature") - 0.42).abs() < 1e-4);
    desk.key(Key::Escape, Modifiers::NONE);

    desk.time += 1.0;
    desk.click(row, Modifiers::ALT);
    assert_eq!(desk.value("temperature"), usual);
}

#[test]
fn moves_are_undone_by_keys_and_the_other_place_is_heard() {
    let mut desk = Desk::new(USUAL);
    let layout = Layout::of(desk.window());
    let segment = layout.modes.width() / 6.0;
    desk.click(layout.modes.left_center() + vec2(4.5 * segment, 0.0), Modifiers::NONE);
    assert_eq!(desk.value("mode"), 4.0);
    desk.key(Key::Z, Modifiers::COMMAND);
    assert_eq!(desk.value("mode"), 0.0);
    desk.key(Key::Z, Modifiers::COMMAND | Modifiers::SHIFT);
    assert_eq!(desk.value("mode"), 4.0);
}

#[test]
fn everything_is_reached_by_the_tab_key() {
    let mut desk = Desk::new(USUAL);
    fill(&desk.shared);
    let mut reached = std::collections::HashSet::new();
    for _ in 0..120 {
        desk.key(Key::Tab, Modifiers::NONE);
        reached.extend(desk.ctx.memory(|memory| memory.focused()));
    }
    // Head 12, strip 8, modes 6, pad 5, rows 30, foot 2: two or three more or less.
    assert!(reached.len() >= 55, "{} are reached", reached.len());
}

#[test]
fn it_sleeps_while_nothing_moves_and_draws_sixty_pictures_a_second_while_music_plays() {
    let mut desk = Desk::new(USUAL);
    for _ in 0..100 {
        desk.look(Vec::new());
    }
    assert_eq!(desk.look(Vec::new()), Duration::MAX);
    desk.shared.view().seen.clock.playing = true;
    let due = desk.look(Vec::new());
    assert!(due <= Duration::from_millis(17), "{due:?}");
}

#[test]
fn a_visualizer_is_started_by_a_button_and_its_picture_is_shown_while_it_follows() {
    for size in [LEAST, USUAL] {
        let mut desk = Desk::new(size);
        fill(&desk.shared);
        let strip = Layout::of(desk.window()).strip;
        // The last button but one.
        let from_right = if size == USUAL { 114.0 } else { 45.0 };
        desk.click(pos2(strip.right() - from_right, strip.center().y), Modifiers::NONE);
        assert_eq!(desk.shared.next_wish(), Some(Wish::Show), "{size:?}");
        assert!(desk.shared.linked().wants_picture(), "an open editor wants to see");

        let picture = |shade: u8| Thumbnail { width: 160, height: 90, rgb: vec![shade; 3 * 160 * 90].into() };
        let shown = |desk: &Desk| {
            let manager = desk.ctx.tex_manager();
            let textures = manager.read();
            textures.allocated().filter(|(_, meta)| meta.name == "visualizer").count()
        };
        desk.shared.view().watched = Watched { watchers: 1, picture: None };
        for shade in 0..40 {
            desk.shared.view().watched.picture = (shade > 2).then(|| picture(shade));
            desk.look(Vec::new());
        }
        assert_eq!(shown(&desk), 1);
        desk.shared.view().watched = Watched::default();
        for _ in 0..40 {
            desk.look(Vec::new());
        }
        let shared = Arc::clone(&desk.shared);
        drop(desk);
        assert!(!shared.linked().wants_picture(), "a closed one does not");
    }
}
