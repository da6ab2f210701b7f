//! What belongs to the phrase: again, another, back and forth, hold, the locks of its bars, and its export.

use super::button::Button;
use super::hand::Hand;
use super::paint::{Icon, focused, icon, line};
use super::theme::{SLIGHTLY_ROUND, font, ink, veil};
use super::visuals;
use crate::parameters::place;
use crate::view::{View, Wish};
use egui::{Align, CursorIcon, Rect, Response, Role, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use oneiro::compose::Order;

/// Draws the strip. Gives the response of the export button.
pub fn show(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, now: f64) -> Response {
    let mut left = area.left();
    let mut next = |width: f32| {
        let at = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()));
        left = at.right() + 6.0;
        at
    };
    let (present, all) = view.seen.status.history;
    let narrow = area.width() < 760.0;
    let again =
        Button::word("Again", "Plays the phrase that sounded last once more.").with(Icon::Again).enabled(all > 0);
    let another =
        Button::word("Another", "Another phrase in place of the one that sounded last; its locked bars stay.");
    let another = another.with(Icon::Another).enabled(all > 0);
    for (name, button, order) in [("again", again, Order::Again), ("another", another, Order::Another)] {
        let at = next(button.width(ui));
        let id = ui.make_persistent_id(name);
        if button.show(ui, at, id).clicked() {
            hand.wish(Wish::Order(order));
        }
    }
    let history = next(if narrow { 92.0 } else { 124.0 });
    if let Some(order) = history_buttons(ui, history, present, all, narrow) {
        hand.wish(Wish::Order(order));
    }
    if let Some(hold) = place("hold") {
        let on = hand.on(hold);
        let button = Button::word("Hold", "The present phrase goes round until it is let go.").with(Icon::Hold).on(on);
        let at = next(button.width(ui));
        let id = ui.make_persistent_id("hold");
        if button.show(ui, at, id).clicked() {
            hand.set(hold, f64::from(u8::from(!on)));
        }
    }
    let word = if narrow { "" } else { "Export" };
    let tip = "Writes the last phrase that Oneiro played to a MIDI file.";
    let export = Button::word(word, tip).with(Icon::Export).enabled(!view.last_phrase.is_empty());
    let width = export.width(ui);
    let at = Rect::from_min_size(pos2(area.right() - width, area.top()), vec2(width, area.height()));
    let id = ui.make_persistent_id("export");
    let export = export.show(ui, at, id);
    let right = visuals::button(ui, area, at.left() - 6.0, hand, view, narrow);
    bars(ui, Rect::from_min_max(pos2(left + 6.0, area.top()), pos2(right - 12.0, area.bottom())), hand, view, now);
    export
}

/// The phrase before and the one after, with the place in the history between them.
fn history_buttons(ui: &mut Ui, area: Rect, present: usize, all: usize, narrow: bool) -> Option<Order> {
    ui.painter().rect_stroke(area, SLIGHTLY_ROUND, (1.0, ink().line), StrokeKind::Inside);
    let (back, rest) = area.split_left_right_at_x(area.left() + 26.0);
    let (middle, forth) = rest.split_left_right_at_x(rest.right() - 26.0);
    let text = match (all, narrow) {
        (0, _) => "no phrase".to_owned(),
        (_, true) => format!("{present}/{all}"),
        _ => format!("phrase {present}/{all}"),
    };
    line(ui.painter(), middle, Align::Center, &text, font(11.0), if all > 0 { ink().dim } else { ink().faint });
    let mut order = None;
    let back_button = Button::sign(Icon::Left, "The phrase before.").enabled(present > 1);
    let id = ui.make_persistent_id("phrase before");
    if back_button.show(ui, back.shrink(1.0), id).clicked() {
        order = Some(Order::Undo);
    }
    let forth_button = Button::sign(Icon::Right, "The phrase after.").enabled(present < all);
    let id = ui.make_persistent_id("phrase after");
    if forth_button.show(ui, forth.shrink(1.0), id).clicked() {
        order = Some(Order::Redo);
    }
    order
}

/// Which bar of a phrase sounds, from 0, and how far it is.
pub fn bar_of(window: Option<(f64, f64)>, now: f64, bar: f64) -> Option<(usize, f64)> {
    let (from, to) = window.filter(|(from, to)| (*from..*to).contains(&now))?;
    let bars = (now - from) / bar;
    (to > from && bar > 0.0).then(|| (bars as usize, bars.fract()))
}

/// A chip for each bar: click to lock.
fn bars(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, now: f64) {
    let Some(length) = place("phrase-length") else { return };
    let count = hand.value(length) as usize;
    let word = "Lock bars";
    let word_width = if area.width() > 200.0 { 62.0 } else { 0.0 };
    if word_width > 0.0 {
        line(ui.painter(), area, Align::Min, word, font(11.0), ink().faint);
    }
    let width = ((area.width() - word_width) / count as f32 - 3.0).clamp(8.0, 40.0);
    let window = view.seen.window.map(|(from, to)| (from.0, to.0));
    let sounds = bar_of(window, now, view.seen.clock.time_signature.bar_beats().0).filter(|_| view.seen.clock.playing);
    for bar in 0..count {
        let Some(lock) = place(&format!("lock-{}", bar + 1)) else { break };
        let left = area.left() + word_width + bar as f32 * (width + 3.0);
        let at = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height())).shrink2(vec2(0.0, 3.0));
        let id = ui.make_persistent_id(("lock", bar));
        let response = ui.interact(at, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
        let locked = hand.on(lock);
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, locked, format!("bar {}", bar + 1)));
        if response.clicked() {
            hand.set(lock, f64::from(u8::from(!locked)));
        }
        let painter = ui.painter();
        let ground = if locked { veil(ink().answer, 0.20) } else { ink().raised };
        painter.rect_filled(at, SLIGHTLY_ROUND, ground);
        if response.hovered() || locked {
            painter.rect_stroke(
                at,
                SLIGHTLY_ROUND,
                (1.0, if locked { ink().answer } else { ink().faint }),
                StrokeKind::Inside,
            );
        }
        if let Some((_, share)) = sounds.filter(|(sounding, _)| *sounding == bar) {
            let done = Rect::from_min_size(pos2(at.left(), at.bottom() - 3.0), vec2(at.width() * share as f32, 3.0));
            painter.rect_filled(done, 1.5, ink().answer);
        }
        if locked && width > 15.0 {
            let (sign, number) = at.split_left_right_at_fraction(if width > 26.0 { 0.5 } else { 1.0 });
            icon(painter, sign, Icon::Lock, ink().answer);
            if width > 26.0 {
                line(painter, number, Align::Min, &(bar + 1).to_string(), font(11.0), ink().text);
            }
        } else if width > 15.0 {
            line(painter, at, Align::Center, &(bar + 1).to_string(), font(11.0), ink().dim);
        }
        focused(ui, at, &response);
        response.on_hover_text("A locked bar stays as it is when another phrase is asked for.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_that_sounds_is_the_one_of_the_phrase() {
        assert_eq!(bar_of(Some((8.0, 16.0)), 13.0, 4.0), Some((1, 0.25)));
        assert_eq!(bar_of(Some((8.0, 16.0)), 16.0, 4.0), None);
        assert_eq!(bar_of(Some((8.0, 16.0)), 7.9, 4.0), None);
        assert_eq!(bar_of(None, 7.9, 4.0), None);
    }
}
