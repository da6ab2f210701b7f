//! The pad between four captured phrases, each with its notes in its corner.

use super::field::{keep_arrows, wheel};
use super::hand::Hand;
use super::menu;
use super::paint::{focused, line};
use super::theme::{ROUND, SLIGHTLY_ROUND, font, ink, strong, veil};
use crate::parameters::place;
use crate::view::{View, Wish};
use egui::{
    Align, Color32, CursorIcon, Key, Mesh, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo,
    lerp, pos2, vec2,
};
use oneiro::compose::{Corner, Order};
use oneiro::music::{Melody, Note};
use oneiro::time::Beats;

/// Height of a corner's strip of notes.
const STRIP: f32 = 30.0;
/// How far one press of an arrow key goes.
const STEP: f64 = 0.05;

/// The weights of A, B, C and D at a place, each from 0 to 1.
pub fn weights([x, y]: [f64; 2]) -> [f64; 4] {
    [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y]
}

/// The place on the pad at a point of the screen, within the pad.
pub fn place_at(field: Rect, point: Pos2) -> [f64; 2] {
    let share = |at: f32, from: f32, to: f32| f64::from(((at - from) / (to - from)).clamp(0.0, 1.0));
    [share(point.x, field.left(), field.right()), share(point.y, field.top(), field.bottom())]
}

/// The point of the screen of a place on the pad.
pub fn point_of(field: Rect, [x, y]: [f64; 2]) -> Pos2 {
    pos2(lerp(field.left()..=field.right(), x as f32), lerp(field.top()..=field.bottom(), y as f32))
}

/// Draws the pad. `morphs` says whether the mode uses it. Gives the corner whose phrase is to be exported, if one is.
pub fn show(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, morphs: bool) -> Option<Corner> {
    let axes = place("morph-x").zip(place("morph-y"))?;
    let axes = [axes.0, axes.1];
    ui.painter().rect_filled(area, ROUND, ink().panel);
    let inner = area.shrink(8.0);
    let half = (inner.width() - 6.0) / 2.0;
    let strip = |right: bool, bottom: bool| {
        let left = if right { inner.right() - half } else { inner.left() };
        let top = if bottom { inner.bottom() - STRIP } else { inner.top() };
        Rect::from_min_size(pos2(left, top), vec2(half, STRIP))
    };
    let field = Rect::from_min_max(inner.min + vec2(0.0, STRIP + 6.0), inner.max - vec2(0.0, STRIP + 6.0));
    let mut export = None;
    for (i, corner) in Corner::ALL.into_iter().enumerate().take(2) {
        export = corner_strip(ui, strip(i % 2 == 1, false), hand, view, corner).or(export);
    }
    let now = axes.map(|axis| hand.value(axis));
    moves(ui, field, hand, axes, now);
    draw(ui, field, axes.map(|axis| hand.value(axis)), &view.captured, morphs);
    for (i, corner) in Corner::ALL.into_iter().enumerate().skip(2) {
        export = corner_strip(ui, strip(i % 2 == 1, true), hand, view, corner).or(export);
    }
    export
}

/// Lets the pad be dragged and moved by keys.
fn moves(ui: &mut Ui, field: Rect, hand: &mut Hand, axes: [usize; 2], now: [f64; 2]) {
    let id = ui.make_persistent_id("pad");
    let response = ui.interact(field, id, Sense::click_and_drag()).on_hover_cursor(CursorIcon::Crosshair);
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "the place between the captured phrases"));
    keep_arrows(ui, &response);
    let go = |hand: &mut Hand, to: [f64; 2]| {
        hand.begin(&axes);
        for (axis, value) in axes.into_iter().zip(to) {
            hand.turn(axis, (value.clamp(0.0, 1.0) * 1000.0).round() / 1000.0);
        }
        if !response.dragged() {
            hand.end();
        }
    };
    let (alt, shift) = ui.input(|input| (input.modifiers.alt, input.modifiers.shift));
    if response.double_clicked() {
        go(hand, [0.5; 2]);
    } else if alt && response.clicked() {
        go(hand, [0.0; 2]);
    } else if let Some(point) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        go(hand, place_at(field, point));
        response.request_focus();
    }
    if response.drag_stopped() {
        hand.end();
    }
    if response.hovered() {
        let steps = hand.wheel(wheel(ui));
        if steps != 0.0 {
            let step = STEP * steps;
            go(hand, if shift { [now[0] + step, now[1]] } else { [now[0], now[1] - step] });
        }
    }
    if response.has_focus() {
        let presses = |key| ui.input(|input| input.num_presses(key)) as f64;
        let step = if shift { STEP * 0.2 } else { STEP };
        let x = presses(Key::ArrowRight) - presses(Key::ArrowLeft);
        let y = presses(Key::ArrowDown) - presses(Key::ArrowUp);
        if (x, y) != (0.0, 0.0) {
            go(hand, [now[0] + step * x, now[1] + step * y]);
        }
        if presses(Key::Home) + presses(Key::Delete) > 0.0 {
            go(hand, [0.0; 2]);
        }
    }
    let response = response.on_hover_text(
        "The place between the phrases A to D: drag, or use the wheel (with Shift sideways) and the arrow keys. \
         A double click goes to the middle.",
    );
    focused(ui, field.expand(2.0), &response);
}

/// Draws the field between the corners.
fn draw(ui: &Ui, field: Rect, at: [f64; 2], captured: &[Option<Melody>; 4], morphs: bool) {
    let painter = ui.painter();
    painter.rect_filled(field, SLIGHTLY_ROUND, ink().ground);
    let share = if morphs { 1.0 } else { 0.45 };
    let hue =
        |i: usize| if captured[i].is_some() { veil(ink().corners[i], 0.42 * share) } else { veil(ink().line, 0.25) };
    painter.add(blend(field, std::array::from_fn(hue)));
    for part in 1..4 {
        let part = part as f32 / 4.0;
        let line = Stroke::new(1.0, veil(ink().line, 0.6));
        painter.vline(lerp(field.left()..=field.right(), part), field.y_range(), line);
        painter.hline(field.x_range(), lerp(field.top()..=field.bottom(), part), line);
    }
    let point = point_of(field, at);
    let corners = [field.left_top(), field.right_top(), field.left_bottom(), field.right_bottom()];
    for (i, (corner, weight)) in corners.into_iter().zip(weights(at)).enumerate() {
        if captured[i].is_some() {
            let line =
                Stroke::new(0.5 + 2.0 * weight as f32, veil(ink().corners[i], (0.25 + 0.6 * weight as f32) * share));
            painter.line_segment([corner, point], line);
        }
    }
    painter.rect_stroke(field, SLIGHTLY_ROUND, (1.0, ink().line), StrokeKind::Inside);
    // A window that a host has made too small has no room for it.
    let within = |at: f32, least: f32, most: f32| at.min(most - 7.0).max(least + 7.0);
    let point = pos2(within(point.x, field.left(), field.right()), within(point.y, field.top(), field.bottom()));
    painter.circle(point, 7.0, veil(ink().ground, 0.8), Stroke::new(2.0, if morphs { ink().text } else { ink().dim }));
    painter.circle_filled(point, 2.2, if morphs { ink().text } else { ink().dim });
    if captured.iter().all(Option::is_none) && field.height() > 90.0 {
        let text = "Capture phrases in the corners, then morph between them.";
        let galley = painter.layout(text.to_owned(), font(11.0), ink().faint, field.width() - 24.0);
        let place = Rect::from_center_size(field.center() + vec2(0.0, 12.0), galley.size());
        painter.galley(place.min, galley, ink().faint);
    }
}

/// Four colours that run into one another, as a mesh fine enough for that to be even.
fn blend(field: Rect, colours: [Color32; 4]) -> Shape {
    const PARTS: u32 = 8;
    let mut mesh = Mesh::default();
    for row in 0..=PARTS {
        for column in 0..=PARTS {
            let (x, y) = (f64::from(column) / f64::from(PARTS), f64::from(row) / f64::from(PARTS));
            let mixed = weights([x, y]).iter().zip(colours).fold([0.0; 4], |sum, (weight, colour)| {
                std::array::from_fn(|i| sum[i] + *weight as f32 * f32::from(colour.to_array()[i]))
            });
            let [r, g, b, a] = mixed.map(|v| v.round() as u8);
            mesh.colored_vertex(point_of(field, [x, y]), Color32::from_rgba_premultiplied(r, g, b, a));
        }
    }
    for row in 0..PARTS {
        for column in 0..PARTS {
            let at = row * (PARTS + 1) + column;
            mesh.add_triangle(at, at + 1, at + PARTS + 1);
            mesh.add_triangle(at + 1, at + PARTS + 1, at + PARTS + 2);
        }
    }
    Shape::mesh(mesh)
}

/// A corner: its letter, its notes, and what can be done with them. Gives the corner if its phrase is to be exported.
fn corner_strip(ui: &mut Ui, place: Rect, hand: &mut Hand, view: &View, corner: Corner) -> Option<Corner> {
    let i = corner as usize;
    let name = ["A", "B", "C", "D"][i];
    let id = ui.make_persistent_id(("corner", i));
    let response = ui.interact(place, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    let melody = view.captured[i].as_ref();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("phrase {name}")));
    let painter = ui.painter();
    let pointed = response.hovered();
    painter.rect_filled(place, SLIGHTLY_ROUND, if pointed { ink().line } else { ink().raised });
    let badge = Rect::from_min_size(place.min, vec2(18.0, place.height()));
    let colour = if melody.is_some() { ink().corners[i] } else { ink().faint };
    line(painter, badge, Align::Center, name, strong(12.0), colour);
    let rest = Rect::from_min_max(pos2(badge.right(), place.top()), place.max - vec2(5.0, 0.0));
    match melody {
        Some(melody) => notes(painter, rest.shrink2(vec2(0.0, 5.0)), &melody.notes_at(Beats(0.0), 80), colour),
        None => {
            line(painter, rest, Align::Min, "capture", font(11.0), if pointed { ink().text } else { ink().faint });
        }
    }
    focused(ui, place, &response);
    let mut export = None;
    if melody.is_none() {
        if response.clicked() {
            hand.wish(Wish::Order(Order::Capture(corner)));
        }
        response.on_hover_text(format!("Keeps the bars that you have just played as phrase {name}."));
        return None;
    }
    menu::open(&response, 150.0, |ui| {
        menu::heading(ui, &format!("Phrase {name}"));
        let wish = if menu::entry(ui, "Capture again", Some("What you have just played takes its place."), false) {
            Some(Wish::Order(Order::Capture(corner)))
        } else if menu::entry(ui, "Empty", Some("Takes the phrase out of the corner."), false) {
            Some(Wish::Order(Order::Keep(corner, None)))
        } else {
            if menu::entry(ui, "Export…", Some("Writes it to a MIDI file."), false) {
                export = Some(corner);
                ui.close();
            }
            None
        };
        if let Some(wish) = wish {
            hand.wish(wish);
            ui.close();
        }
    });
    export
}

/// Notes, as large as they fit.
fn notes(painter: &Painter, place: Rect, notes: &[Note], colour: Color32) {
    let pitches = || notes.iter().map(|note| note.pitch);
    let Some((low, high)) = pitches().min().zip(pitches().max()) else { return };
    let length = notes.iter().map(|note| note.end().0).fold(1.0, f64::max);
    let lane = (place.height() / f32::from(high - low + 1)).min(4.0);
    let empty = (place.height() - lane * f32::from(high - low + 1)) / 2.0;
    for note in notes {
        let x = |beats: f64| lerp(place.left()..=place.right(), (beats / length) as f32);
        let top = place.top() + empty + lane * f32::from(high - note.pitch);
        let (left, right) = (x(note.onset.0), x(note.end().0).max(x(note.onset.0) + 1.5) - 0.5);
        let height = lane.max(1.5);
        painter.rect_filled(Rect::from_min_max(pos2(left, top), pos2(right, top + height)), 0.5, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_of_the_pad_is_a_place_between_the_corners_and_back() {
        let field = Rect::from_min_max(pos2(10.0, 20.0), pos2(110.0, 220.0));
        for at in [[0.0, 0.0], [1.0, 0.0], [0.25, 0.75], [0.5, 0.5]] {
            let back = place_at(field, point_of(field, at));
            assert!((back[0] - at[0]).abs() < 1e-6 && (back[1] - at[1]).abs() < 1e-6, "{at:?} {back:?}");
            assert!((weights(at).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        // Beside the pad is its edge.
        assert_eq!(place_at(field, pos2(-50.0, 500.0)), [0.0, 1.0]);
        assert_eq!(weights([1.0, 0.0]), [0.0, 1.0, 0.0, 0.0]);
    }
}
