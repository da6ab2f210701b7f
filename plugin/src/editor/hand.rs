//! The hand on the controls: reads and moves parameters, with undo, and asks for everything else.

use super::texts::value_text;
use crate::moves::{Moves, Values, present};
use crate::parameters::{Parameters, Sheet, exact, sheets};
use crate::presets::Called;
use crate::shared::Shared;
use crate::view::Wish;
use nice_plug::context::gui::GuiContext;
use oneiro::compose::{Corner, Order};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a value that was sent is shown, whatever the host says: it takes it at its next block.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

/// A value that is being typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Typing {
    /// The parameter.
    pub place: usize,
    /// What stands there.
    pub text: String,
    /// What the value was.
    pub before: String,
    /// Whether what stands there is no value.
    pub wrong: bool,
    /// Whether the field was just opened.
    pub fresh: bool,
}

/// What parts of the editor move parameters with.
pub struct Hand {
    parameters: Arc<Parameters>,
    shared: Arc<Shared>,
    gui: Option<GuiContext>,
    /// Values on their way to the host, and until when they are shown.
    sent: Vec<Option<(f64, Instant)>>,
    /// The parameters that are being moved.
    held: Vec<usize>,
    /// The parameter whose value is being typed.
    pub typing: Option<Typing>,
    /// Turns of the wheel that make no whole step yet.
    wheel: f32,
    moves: Arc<Mutex<Moves>>,
    /// When the values are to be noted for undo.
    settles: Option<Instant>,
}

impl Hand {
    /// A hand that is not at a window yet. `moves` outlives the window.
    pub fn new(parameters: Arc<Parameters>, shared: Arc<Shared>, moves: Arc<Mutex<Moves>>) -> Self {
        let sent = vec![None; sheets().len()];
        Self { parameters, shared, gui: None, sent, held: Vec::new(), typing: None, wheel: 0.0, moves, settles: None }
    }

    /// A window was opened.
    pub fn opened(&mut self, gui: GuiContext) {
        self.gui = Some(gui);
        self.note();
    }

    /// The window was closed; a gesture that was in progress ends.
    pub fn closed(&mut self) {
        self.end();
        self.note();
        self.gui = None;
    }

    /// Asks for something.
    pub fn wish(&self, wish: Wish) {
        self.shared.wish(wish);
    }

    /// What is shared with the other threads.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What a parameter stands at.
    pub fn value(&self, place: usize) -> f64 {
        match self.sent[place] {
            Some((value, until)) if self.held.contains(&place) || Instant::now() < until => value,
            _ => self.shared.overlay(place).unwrap_or_else(|| self.parameters.knob(place).set_value()),
        }
    }

    /// Whether a switch is on.
    pub fn on(&self, place: usize) -> bool {
        self.value(place) > 0.5
    }

    /// What a parameter stands at with the host's modulation, if that is something else.
    pub fn modulated(&self, place: usize) -> Option<f64> {
        let (knob, value) = (self.parameters.knob(place), self.parameters.value(place));
        Some(value).filter(|value| (value - knob.set_value()).abs() > 1e-4 && self.shared.overlay(place).is_none())
    }

    /// Begins to move parameters.
    pub fn begin(&mut self, places: &[usize]) {
        if self.held == places {
            return;
        }
        self.end();
        if self.settles.is_none() {
            // What the host has moved since is no part of this move.
            self.note();
        }
        if let Some(gui) = &self.gui {
            places.iter().for_each(|place| self.parameters.begin(&gui.param_setter(), *place));
        }
        self.held = places.to_vec();
    }

    /// Moves a parameter that [`Self::begin`] took.
    pub fn turn(&mut self, place: usize, value: f64) {
        let value = sheets()[place].allow(value);
        if value == self.value(place) {
            return;
        }
        if let Some(gui) = &self.gui {
            self.parameters.turn(&gui.param_setter(), place, value);
        }
        // As the host gives it back.
        self.sent[place] = Some((exact(value as f32), Instant::now() + ON_ITS_WAY));
    }

    /// Lets go.
    pub fn end(&mut self) {
        if self.held.is_empty() {
            return;
        }
        for place in std::mem::take(&mut self.held) {
            if let Some(gui) = &self.gui {
                self.parameters.end(&gui.param_setter(), place);
            }
        }
        self.settles = Some(Instant::now() + 2 * ON_ITS_WAY);
    }

    /// Moves a parameter at once.
    pub fn set(&mut self, place: usize, value: f64) {
        self.begin(&[place]);
        self.turn(place, value);
        self.end();
    }

    /// Puts a parameter back to its usual value.
    pub fn reset(&mut self, place: usize) {
        self.set(place, sheets()[place].usual);
    }

    /// Moves a parameter by steps; fine ones are a tenth of the others.
    pub fn step(&mut self, place: usize, steps: f64, fine: bool) {
        let sheet = &sheets()[place];
        self.set(place, self.value(place) + steps * step(sheet, fine));
    }

    /// Whole steps that the wheel has made.
    pub fn wheel(&mut self, lines: f32) -> f64 {
        self.wheel += lines;
        let steps = self.wheel.trunc();
        self.wheel -= steps;
        f64::from(steps)
    }

    /// Begins to type a value.
    pub fn type_value(&mut self, place: usize) {
        let before = value_text(&sheets()[place], self.value(place));
        self.typing = Some(Typing { place, text: String::new(), before, wrong: false, fresh: true });
    }

    /// Takes what was typed; leaves the field open where that is no value.
    pub fn take_typed(&mut self) {
        let Some(typing) = &mut self.typing else { return };
        let sheet = &sheets()[typing.place];
        let text = typing.text.trim();
        let text = text.strip_suffix(sheet.unit).unwrap_or(text).trim();
        if text.is_empty() {
            self.typing = None;
            return;
        }
        match sheet.parse(text) {
            Some(value) => {
                let place = typing.place;
                self.typing = None;
                self.set(place, value);
            }
            None => typing.wrong = true,
        }
    }

    /// Sets what differs, as one move.
    fn set_all(&mut self, values: &Values) {
        // They are noted when all of them have moved.
        self.settles = Some(Instant::now() + 2 * ON_ITS_WAY);
        for &(place, value) in values {
            if self.value(place) != value {
                self.set(place, value);
            }
        }
    }

    /// Calls a preset.
    pub fn call(&mut self, called: Called) {
        let Some(preset) = called.preset() else { return };
        self.note();
        self.set_all(&preset.values);
        for (corner, phrase) in Corner::ALL.into_iter().zip(&preset.phrases).filter(|(_, phrase)| phrase.is_some()) {
            self.wish(Wish::Order(Order::Keep(corner, phrase.clone())));
        }
        self.shared.set_preset(called);
    }

    fn moves(&self) -> std::sync::MutexGuard<'_, Moves> {
        self.moves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the values, so that one can come back to them.
    fn note(&mut self) {
        let mut values = present(&self.parameters);
        values.iter_mut().for_each(|(place, value)| *value = self.value(*place));
        self.moves().note(values);
        self.settles = None;
    }

    /// Goes one move back.
    pub fn undo(&mut self) {
        self.note();
        let values = self.moves().undo();
        self.set_all(&values);
    }

    /// Goes one move forward.
    pub fn redo(&mut self) {
        let values = self.moves().redo();
        self.set_all(&values);
    }

    /// Whether there is something to undo and to redo.
    pub fn can(&self) -> (bool, bool) {
        let (undo, redo) = self.moves().can();
        (undo || self.settles.is_some(), redo)
    }

    /// Changes between A and B.
    pub fn switch(&mut self) {
        self.note();
        let values = self.moves().switch();
        self.set_all(&values);
    }

    /// Makes the place that is not heard the same as the one that is.
    pub fn copy(&mut self) {
        self.note();
        self.moves().copy();
    }

    /// Whether B is heard.
    pub fn on_b(&self) -> bool {
        self.moves().on_b()
    }

    /// Once a picture: notes what has settled, and writes into the parameters what a preset called by automation has
    /// laid over them.
    pub fn tick(&mut self) {
        let now = Instant::now();
        if self.held.is_empty() && self.settles.is_some_and(|at| at <= now) {
            self.note();
        }
        if !self.held.is_empty() {
            return;
        }
        for place in 0..self.sent.len() {
            let on_its_way = self.sent[place].is_some_and(|(_, until)| now < until);
            if let Some(value) = self.shared.overlay(place).filter(|_| !on_its_way) {
                self.set(place, value);
            }
        }
    }

    /// Whether something is to be done soon without anyone touching anything.
    pub fn is_busy(&self) -> bool {
        self.settles.is_some()
    }
}

/// What one press of an arrow key changes.
pub fn step(sheet: &Sheet, fine: bool) -> f64 {
    let step = sheet.control.map_or(1.0, |control| control.spec().step);
    let whole = !matches!(sheet.shape, oneiro::controls::Shape::Smooth(_));
    if fine && !whole { step * 0.1 } else { step }
}
