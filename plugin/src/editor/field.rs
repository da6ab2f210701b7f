//! Rows of controls: a name, a value, and a line that shows where the value lies in its range.
//!
//! Numbers are dragged, turned by the wheel, moved by the arrow keys (Home, End, Page up and down), typed after a double
//! click or Enter, and put back by a click with Alt or by Delete; Shift makes steps fine.

use super::hand::Hand;
use super::menu;
use super::paint::{Icon, focused, icon, line, touched, width};
use super::texts::{about, label, value_text};
use super::theme::{SLIGHTLY_ROUND, font, ink, veil};
use crate::parameters::{Sheet, sheets};
use egui::{
    Align, CursorIcon, EventFilter, Key, MouseWheelUnit, Rect, Response, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo,
    pos2, vec2,
};
use oneiro::controls::Shape;

/// Points of dragging that go through a whole range.
const DRAG: f32 = 180.0;
/// Points between the edge of a row and what stands in it.
const INDENT: f32 = 6.0;

/// A row for a parameter.
pub fn row(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize) {
    let sheet = &sheets()[parameter];
    match sheet.shape {
        _ if sheet.is_switch() => switch(ui, place, hand, parameter),
        Shape::Choice(names) => choice(ui, place, hand, parameter, names),
        _ => number(ui, place, hand, parameter),
    }
}

fn inner(place: Rect) -> Rect {
    place.shrink2(vec2(INDENT, 0.0))
}

/// What a row is called, in what is left of the value.
fn name(ui: &Ui, place: Rect, sheet: &Sheet, value_left: f32) {
    let place = Rect::from_min_max(inner(place).min, pos2(value_left - 6.0, place.bottom()));
    line(ui.painter(), place, Align::Min, label(sheet), font(12.0), ink().dim);
}

fn tip(response: Response, sheet: &Sheet) -> Response {
    response.on_hover_ui(|ui| {
        ui.set_max_width(250.0);
        ui.label(egui::RichText::new(&sheet.title).font(super::theme::strong(12.5)));
        ui.label(egui::RichText::new(about(sheet)).color(ink().dim));
        if !sheet.is_switch() && !matches!(sheet.shape, Shape::Choice(_)) {
            let text = |value| value_text(sheet, value);
            let (low, high) = sheet.range;
            let unit = if sheet.unit.is_empty() { String::new() } else { format!(" {}", sheet.unit) };
            let range = format!("{} to {}{unit}; usually {}", text(low), text(high), text(sheet.usual));
            ui.label(egui::RichText::new(range).color(ink().faint).small());
        }
    })
}

/// What makes a place of the window move a number. Gives the response of the place.
fn turns(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize) -> Response {
    let sheet = &sheets()[parameter];
    let id = ui.make_persistent_id(("parameter", parameter));
    let response = ui.interact(place, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::ResizeHorizontal);
    response.widget_info(|| WidgetInfo::slider(true, hand.value(parameter), &sheet.title));
    keep_arrows(ui, &response);
    let (alt, shift) = ui.input(|input| (input.modifiers.alt, input.modifiers.shift));
    if response.drag_started() && !alt {
        hand.begin(&[parameter]);
        ui.data_mut(|data| data.insert_temp(id, hand.value(parameter)));
    }
    if response.dragged() && !alt {
        let reach = if shift { 10.0 * DRAG } else { DRAG };
        let (low, high) = sheet.range;
        let delta = response.drag_delta();
        // What is dragged so far is kept unrounded, so that whole numbers move too.
        let so_far: f64 = ui.data(|data| data.get_temp(id)).unwrap_or_else(|| hand.value(parameter));
        let value = so_far + f64::from((delta.x - delta.y) / reach) * (high - low);
        let value = value.clamp(low, high);
        ui.data_mut(|data| data.insert_temp(id, value));
        hand.turn(parameter, value);
    }
    if response.drag_stopped() {
        hand.end();
    }
    if response.clicked() && alt {
        hand.reset(parameter);
    } else if response.double_clicked() {
        hand.type_value(parameter);
    } else if response.clicked() && !ui.input(|input| input.pointer.any_released()) {
        // egui makes a click of Enter and of the space bar.
        hand.type_value(parameter);
    } else if response.clicked() {
        response.request_focus();
    }
    if response.hovered() {
        let lines = wheel(ui);
        let steps = hand.wheel(lines);
        if steps != 0.0 {
            hand.step(parameter, steps, shift);
        }
    }
    if response.has_focus() && hand.typing.is_none() {
        keys(ui, hand, parameter, shift);
    }
    response
}

/// The arrow keys act on this while the keyboard does, and do not lead elsewhere.
pub fn keep_arrows(ui: &Ui, response: &Response) {
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    if response.gained_focus() {
        // It holds from the second picture on, which would else be the one with the first key.
        ui.ctx().request_repaint();
    }
}

/// Lines that the wheel was turned by, upwards.
pub fn wheel(ui: &Ui) -> f32 {
    ui.input(|input| {
        let lines = input.events.iter().map(|event| match event {
            egui::Event::MouseWheel { unit: MouseWheelUnit::Point, delta, .. } => delta.y / 40.0,
            egui::Event::MouseWheel { delta, .. } => delta.y,
            _ => 0.0,
        });
        lines.sum()
    })
}

fn keys(ui: &Ui, hand: &mut Hand, parameter: usize, fine: bool) {
    let sheet = &sheets()[parameter];
    let presses = |key| ui.input(|input| input.num_presses(key)) as f64;
    let steps = presses(Key::ArrowUp) + presses(Key::ArrowRight) - presses(Key::ArrowDown) - presses(Key::ArrowLeft)
        + 5.0 * (presses(Key::PageUp) - presses(Key::PageDown));
    if steps != 0.0 {
        hand.step(parameter, steps, fine);
    }
    if presses(Key::Home) > 0.0 {
        hand.set(parameter, sheet.range.0);
    }
    if presses(Key::End) > 0.0 {
        hand.set(parameter, sheet.range.1);
    }
    if presses(Key::Delete) + presses(Key::Backspace) > 0.0 {
        hand.reset(parameter);
    }
}

/// The field into which a value is typed, if it is this one's turn. Says whether it was.
fn typed(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize) -> bool {
    let Some(typing) = hand.typing.as_mut().filter(|typing| typing.place == parameter) else { return false };
    let line = if typing.wrong { ink().warning } else { ink().answer };
    ui.painter().rect_filled(place, SLIGHTLY_ROUND, ink().ground);
    ui.painter().rect_stroke(place, SLIGHTLY_ROUND, (1.0, line), egui::StrokeKind::Inside);
    let id = ui.make_persistent_id(("typed", parameter));
    let edit = TextEdit::singleline(&mut typing.text)
        .hint_text(typing.before.as_str())
        .id(id)
        .frame(egui::Frame::NONE)
        .font(font(12.0));
    let edit = edit.margin(vec2(4.0, 0.0)).align(egui::Align2::RIGHT_CENTER);
    let response = ui.put(place, edit.desired_width(place.width() - 8.0));
    if std::mem::take(&mut typing.fresh) {
        response.request_focus();
    }
    if response.changed() {
        typing.wrong = false;
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        hand.typing = None;
    } else if response.lost_focus() {
        let enter = ui.input(|input| input.key_pressed(Key::Enter));
        hand.take_typed();
        match &mut hand.typing {
            Some(typing) if enter => typing.fresh = true,
            _ => hand.typing = None,
        }
    }
    true
}

/// Writes a value at the right of a row, with its unit where there is room. Gives its left edge.
fn value(ui: &Ui, place: Rect, sheet: &Sheet, value: f64, unit: bool) -> f32 {
    let text = value_text(sheet, value);
    let mut place = inner(place);
    let (word, unit_width) =
        (width(ui.painter(), label(sheet), font(12.0)), width(ui.painter(), sheet.unit, font(10.5)));
    let fits = word + unit_width + width(ui.painter(), &text, font(12.0)) + 16.0 < place.width();
    if unit && fits && !sheet.unit.is_empty() && text.parse::<f64>().is_ok() {
        line(ui.painter(), place, Align::Max, sheet.unit, font(10.5), ink().faint);
        place.max.x -= unit_width + 4.0;
    }
    let usual = (value - sheet.usual).abs() < 1e-6;
    line(ui.painter(), place, Align::Max, &text, font(12.0), if usual { ink().dim } else { ink().text }).left()
}

fn number(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize) {
    let sheet = &sheets()[parameter];
    let response = turns(ui, place, hand, parameter);
    touched(ui, place, &response);
    let field = Rect::from_min_max(pos2(place.center().x, place.top() + 2.0), place.max - vec2(2.0, 3.0));
    let now = hand.value(parameter);
    if typed(ui, field, hand, parameter) {
        name(ui, place, sheet, field.left());
    } else {
        let left = value(ui, place, sheet, now, true);
        name(ui, place, sheet, left);
    }
    let share = |value: f64| ((value - sheet.range.0) / (sheet.range.1 - sheet.range.0)) as f32;
    let from = if sheet.range.0 < 0.0 && sheet.range.1 > 0.0 { share(0.0) } else { 0.0 };
    track(ui, place, from, share(now));
    if let Some(modulated) = hand.modulated(parameter) {
        let track = inner(place);
        let x = egui::lerp(track.left()..=track.right(), share(modulated));
        ui.painter().circle_filled(pos2(x, place.bottom() - 2.5), 2.5, ink().text);
    }
    tip(response, sheet);
}

/// The line below a number, filled from one share of its range to another.
fn track(ui: &Ui, place: Rect, from: f32, to: f32) {
    let track = inner(place);
    let (y, x) = (place.bottom() - 2.5, |share: f32| egui::lerp(track.left()..=track.right(), share));
    ui.painter().hline(track.x_range(), y, Stroke::new(2.0, ink().line));
    ui.painter().line_segment([pos2(x(from), y), pos2(x(to), y)], Stroke::new(2.0, veil(ink().answer, 0.85)));
    ui.painter().circle_filled(pos2(x(to), y), 2.5, ink().answer);
}

/// One row for the least and the greatest of two numbers.
pub fn span(ui: &mut Ui, place: Rect, hand: &mut Hand, [low, high]: [usize; 2]) {
    // As wide as the longest name of a key.
    let half = 40.0_f32.min(place.width() * 0.3);
    let cell = |right: f32| Rect::from_min_max(pos2(right - half, place.top()), pos2(right, place.bottom()));
    let cells = [cell(place.right() - half), cell(place.right())];
    let sheet = &sheets()[low];
    for (cell, parameter) in cells.into_iter().zip([low, high]) {
        let response = turns(ui, cell, hand, parameter);
        touched(ui, cell, &response);
        if !typed(ui, cell.shrink2(vec2(1.0, 3.0)), hand, parameter) {
            value(ui, cell, &sheets()[parameter], hand.value(parameter), false);
        }
        tip(response, &sheets()[parameter]);
    }
    line(
        ui.painter(),
        Rect::from_center_size(cells[0].right_center(), vec2(8.0, 16.0)),
        Align::Center,
        "–",
        font(12.0),
        ink().faint,
    );
    let place_of_name = Rect::from_min_max(inner(place).min, cells[0].left_bottom());
    line(ui.painter(), place_of_name, Align::Min, "Range", font(12.0), ink().dim);
    let share = |parameter| ((hand.value(parameter) - sheet.range.0) / (sheet.range.1 - sheet.range.0)) as f32;
    let (from, to) = (share(low), share(high));
    track(ui, place, from, to);
    let x = egui::lerp(inner(place).left()..=inner(place).right(), from);
    ui.painter().circle_filled(pos2(x, place.bottom() - 2.5), 2.5, ink().answer);
}

fn switch(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize) {
    let sheet = &sheets()[parameter];
    let id = ui.make_persistent_id(("parameter", parameter));
    let response = ui.interact(place, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    let on = hand.on(parameter);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, &sheet.title));
    touched(ui, place, &response);
    if response.clicked() {
        if ui.input(|input| input.modifiers.alt) {
            hand.reset(parameter)
        } else {
            hand.set(parameter, f64::from(u8::from(!on)))
        }
    }
    let pill = vec2(22.0, 12.0);
    let pill = Rect::from_min_size(pos2(inner(place).right() - pill.x, place.center().y - pill.y / 2.0 - 1.0), pill);
    let way = ui.ctx().animate_bool(id, hand.on(parameter));
    ui.painter().rect_filled(pill, 6.0, if on { veil(ink().answer, 0.35) } else { ink().line });
    let x = egui::lerp(pill.left() + 6.0..=pill.right() - 6.0, way);
    ui.painter().circle_filled(pos2(x, pill.center().y), 4.5, if on { ink().answer } else { ink().faint });
    name(ui, place.translate(vec2(0.0, -1.0)), sheet, pill.left());
    tip(response, sheet);
}

fn choice(ui: &mut Ui, place: Rect, hand: &mut Hand, parameter: usize, names: &[&str]) {
    let sheet = &sheets()[parameter];
    let id = ui.make_persistent_id(("parameter", parameter));
    let response = ui.interact(place, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &sheet.title));
    touched(ui, place, &response);
    let alt = ui.input(|input| input.modifiers.alt);
    if response.clicked() && alt {
        hand.reset(parameter);
    }
    if response.hovered() {
        let lines = wheel(ui);
        // Up is the one above in the list.
        let steps = -hand.wheel(lines);
        if steps != 0.0 {
            hand.step(parameter, steps, false);
        }
    }
    let now = hand.value(parameter);
    let shown = place.translate(vec2(0.0, -1.0));
    let arrow =
        Rect::from_min_max(pos2(inner(place).right() - 10.0, shown.top()), pos2(inner(place).right(), shown.bottom()));
    icon(ui.painter(), arrow, Icon::Down, ink().faint);
    let text = Rect::from_min_max(inner(shown).min, pos2(arrow.left() - 3.0, shown.bottom()));
    let word = width(ui.painter(), label(sheet), font(12.0)).min(text.width() * 0.5);
    let text = Rect::from_min_max(pos2(text.left() + word + 8.0, text.top()), text.max);
    let usual = now == sheet.usual;
    let colour = if usual { ink().dim } else { ink().text };
    let at =
        line(ui.painter(), text, Align::Max, names.get(now as usize).copied().unwrap_or_default(), font(12.0), colour);
    name(ui, shown, sheet, at.left());
    focused(ui, place, &response);
    let response = if alt {
        response
    } else {
        menu::choices(response, names, now as usize, |chosen| hand.set(parameter, chosen as f64))
    };
    tip(response, sheet);
}
