//! The six modes, as large segments.

use super::hand::Hand;
use super::paint::{focused, line};
use super::texts::{about_mode, large};
use super::theme::{ROUND, SLIGHTLY_ROUND, font, ink, strong, veil};
use crate::parameters::{place, sheets};
use crate::view::View;
use egui::{
    Align, Color32, CursorIcon, EventFilter, Key, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

/// Draws them; the one that is heard and the one that comes next are told apart.
pub fn show(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
    let Some(mode_place) = place("mode") else { return };
    let oneiro::controls::Shape::Choice(names) = sheets()[mode_place].shape else { return };
    ui.painter().rect_filled(area, ROUND, ink().panel);
    let chosen = hand.value(mode_place) as usize;
    let heard = view.seen.status.mode as usize;
    let hints = area.height() > 40.0;
    let inner = area.shrink(3.0);
    let width = inner.width() / names.len() as f32;
    for (i, name) in names.iter().enumerate() {
        let at = Rect::from_min_size(pos2(inner.left() + i as f32 * width, inner.top()), vec2(width, inner.height()));
        let at = at.shrink2(vec2(1.5, 0.0));
        let id = ui.make_persistent_id(("mode", i));
        let response = ui.interact(at, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
        let on = i == chosen;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, *name));
        if response.clicked() {
            hand.set(mode_place, i as f64);
        }
        if response.has_focus() {
            arrows(ui, id, hand, mode_place, names.len());
        }
        let comes = view.seen.status.next_mode.is_some_and(|next| next as usize == i) && i != heard;
        if on {
            ui.painter().rect_filled(at, SLIGHTLY_ROUND, veil(ink().answer, 0.16));
        } else if response.hovered() {
            ui.painter().rect_filled(at, SLIGHTLY_ROUND, ink().raised);
        }
        let colour = if on {
            ink().answer
        } else if response.hovered() {
            ink().text
        } else {
            ink().dim
        };
        if on {
            // On its way it is a dashed line, there it is a full one.
            let (left, right, y) = (at.left() + 8.0, at.right() - 8.0, at.bottom() - 1.0);
            let stroke = Stroke::new(2.0, ink().answer);
            if comes {
                ui.painter().extend(Shape::dashed_line(&[pos2(left, y), pos2(right, y)], stroke, 6.0, 5.0));
            } else {
                ui.painter().line_segment([pos2(left, y), pos2(right, y)], stroke);
            }
        }
        let roomy = at.width() > 126.0;
        let text_left = if roomy {
            42.0
        } else if at.width() > 92.0 {
            34.0
        } else {
            6.0
        };
        if text_left > 10.0 {
            sign(ui.painter(), pos2(at.left() + text_left / 2.0 + 1.0, at.center().y), i, colour);
        }
        let text = Rect::from_min_max(at.min + vec2(text_left, 0.0), at.max - vec2(2.0, 0.0));
        let align = if text_left > 10.0 { Align::Min } else { Align::Center };
        let title = large(name);
        if hints && roomy {
            let (top, bottom) = text.split_top_bottom_at_y(text.center().y);
            line(
                ui.painter(),
                Rect::from_min_max(top.min + vec2(0.0, 6.0), top.max),
                align,
                &title,
                strong(13.0),
                if on { ink().answer } else { ink().text },
            );
            let hint = if comes { "from the next bar on" } else { about_mode(i) };
            line(
                ui.painter(),
                Rect::from_min_max(bottom.min, bottom.max - vec2(0.0, 7.0)),
                align,
                hint,
                font(10.5),
                if on { ink().dim } else { ink().faint },
            );
        } else {
            line(ui.painter(), text, align, &title, strong(11.5), if on { ink().answer } else { ink().text });
        }
        focused(ui, at, &response);
        response.on_hover_text(format!("{title}: {}", about_mode(i)));
    }
    ui.painter().rect_stroke(area, ROUND, (1.0, veil(ink().line, 0.6)), StrokeKind::Inside);
}

/// Left and right choose the neighbour.
fn arrows(ui: &Ui, id: egui::Id, hand: &mut Hand, place: usize, count: usize) {
    ui.memory_mut(|memory| {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        memory.set_focus_lock_filter(id, filter);
    });
    let presses = |key| ui.input(|input| input.num_presses(key)) as f64;
    let steps = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
    if steps != 0.0 {
        let next = (hand.value(place) + steps).clamp(0.0, count as f64 - 1.0);
        hand.set(place, next);
        ui.memory_mut(|memory| memory.request_focus(ui.make_persistent_id(("mode", next as usize))));
    }
}

/// A small picture of what a mode does: notes of a call as bars, of an answer as outlines.
fn sign(painter: &Painter, middle: Pos2, mode: usize, colour: Color32) {
    let note = |x: f32, y: f32, length: f32, filled: bool| {
        let at = Rect::from_min_size(middle + vec2(x, y - 1.75), vec2(length, 3.5));
        if filled {
            painter.rect_filled(at, 1.0, colour);
        } else {
            painter.rect(at, 1.75, ink().ground, Stroke::new(1.1, colour), StrokeKind::Inside);
        }
    };
    match mode {
        0 => {
            note(-12.0, -4.0, 6.0, true);
            note(-5.0, 0.0, 5.0, true);
            note(1.5, 4.0, 5.0, false);
            note(7.5, 0.0, 5.0, false);
        }
        1 => {
            note(-12.0, 4.0, 6.0, true);
            note(-5.0, 1.0, 6.0, true);
            note(2.0, -2.0, 5.0, false);
            note(8.0, -5.0, 5.0, false);
        }
        2 => {
            for y in [1.5, 6.0] {
                note(-12.0, y, 25.0, true);
            }
            note(-10.0, -3.0, 5.0, false);
            note(-3.0, -6.0, 6.0, false);
            note(5.0, -3.5, 7.0, false);
        }
        3 => {
            for (x, y) in [(-9.0, -6.0), (9.0, -6.0), (-9.0, 6.0), (9.0, 6.0)] {
                painter.circle_filled(middle + vec2(x, y), 2.0, colour);
                painter.line_segment([middle + vec2(x, y), middle], Stroke::new(1.0, veil(colour, 0.6)));
            }
            painter.circle(middle, 3.6, ink().ground, Stroke::new(1.3, colour));
        }
        4 => {
            note(-12.0, 0.0, 7.0, true);
            for y in [-6.0, 0.0, 6.0] {
                painter.line_segment(
                    [middle + vec2(-4.0, 0.0), middle + vec2(2.0, y)],
                    Stroke::new(1.0, veil(colour, 0.6)),
                );
                note(3.0, y, 8.0, false);
            }
        }
        _ => {
            for (x, y) in [(-12.0, 3.0), (-3.5, 0.0), (5.0, 5.0)] {
                note(x, y, 7.5, true);
                note(x, y - 6.0, 7.5, false);
            }
        }
    }
}
