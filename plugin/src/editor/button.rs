//! Buttons: a sign, a word, or both.

use super::paint::{Icon, focused, icon, line, width};
use super::theme::{SLIGHTLY_ROUND, font, ink, veil};
use egui::{Align, Color32, CursorIcon, Id, Rect, Response, Role, Sense, Ui, WidgetInfo};

/// A button, to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Button<'a> {
    sign: Option<Icon>,
    word: &'a str,
    tip: &'a str,
    on: bool,
    enabled: bool,
    bare: bool,
    size: f32,
    colour: Option<Color32>,
}

impl<'a> Button<'a> {
    /// A button with a word; `tip` says what it does.
    pub fn word(word: &'a str, tip: &'a str) -> Self {
        Self { sign: None, word, tip, on: false, enabled: true, bare: false, size: 12.0, colour: None }
    }

    /// A button with a sign alone.
    pub fn sign(sign: Icon, tip: &'a str) -> Self {
        Self { sign: Some(sign), bare: true, ..Self::word("", tip) }
    }

    /// A sign before the word.
    pub fn with(self, sign: Icon) -> Self {
        Self { sign: Some(sign), ..self }
    }

    /// Whether what it stands for is on.
    pub fn on(self, on: bool) -> Self {
        Self { on, ..self }
    }

    /// Whether it can be pressed.
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// Without a ground of its own.
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// In a colour of its own.
    pub fn colour(self, colour: Color32) -> Self {
        Self { colour: Some(colour), ..self }
    }

    /// The width that it needs.
    pub fn width(&self, ui: &Ui) -> f32 {
        let sign = if self.sign.is_some() { 20.0 } else { 0.0 };
        let word = if self.word.is_empty() { 6.0 } else { width(ui.painter(), self.word, font(self.size)) + 18.0 };
        sign + word
    }

    /// Draws it, and says whether it was pressed.
    pub fn show(self, ui: &mut Ui, place: Rect, id: Id) -> Response {
        let sense = if self.enabled { Sense::click() } else { Sense::hover() };
        let mut response = ui.interact(place, id, sense);
        let name = if self.word.is_empty() { self.tip } else { self.word };
        response.widget_info(|| WidgetInfo::selected(Role::Button, self.enabled, self.on, name));
        let pointed = self.enabled && (response.hovered() || response.is_pointer_button_down_on());
        let ground = match (self.on, pointed, self.bare) {
            (true, _, _) => veil(self.colour.unwrap_or(ink().answer), 0.20),
            (_, true, _) => ink().raised,
            (_, _, true) => Color32::TRANSPARENT,
            _ => ink().panel,
        };
        ui.painter().rect_filled(place, SLIGHTLY_ROUND, ground);
        if !self.bare && !self.on {
            ui.painter().rect_stroke(place, SLIGHTLY_ROUND, (1.0, ink().line), egui::StrokeKind::Inside);
        }
        let colour = match (self.enabled, self.on, pointed) {
            (false, _, _) => veil(ink().faint, 0.45),
            (_, true, _) => self.colour.unwrap_or(ink().answer),
            (_, _, true) => ink().text,
            _ => self.colour.unwrap_or(ink().dim),
        };
        let mut rest = place;
        if let Some(sign) = self.sign {
            let whole = if self.word.is_empty() { 0.0 } else { width(ui.painter(), self.word, font(self.size)) + 5.0 };
            let left = place.center().x - (14.0 + whole) / 2.0;
            icon(
                ui.painter(),
                Rect::from_min_size(egui::pos2(left, place.top()), egui::vec2(14.0, place.height())),
                sign,
                colour,
            );
            rest.min.x = left + 19.0;
        }
        if !self.word.is_empty() {
            let (align, rest) = if self.sign.is_some() {
                (Align::Min, rest)
            } else {
                (Align::Center, rest.shrink2(egui::vec2(4.0, 0.0)))
            };
            line(ui.painter(), rest, align, self.word, font(self.size), colour);
        }
        focused(ui, place, &response);
        if self.enabled {
            response = response.on_hover_cursor(CursorIcon::PointingHand);
        }
        if self.tip.is_empty() { response } else { response.on_hover_text(self.tip) }
    }
}
