//! The foot: the models, whose turn it is, the newest message, what went wrong and how quick the answers are.

use super::hand::Hand;
use super::menu;
use super::paint::{focused, line, width};
use super::theme::{SLIGHTLY_ROUND, font, ink};
use crate::view::{KINDS, ModelState, Notice, View, Wish};
use egui::{Align, Color32, CursorIcon, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use oneiro::compose::Turn;
use oneiro::seen::Grade;

/// What kinds of models are called here.
const NAMES: [&str; 2] = ["Melody", "Phrases"];

/// A model's state in a word, and whether it plays.
pub fn state_text(state: &ModelState) -> (&str, bool) {
    match state {
        ModelState::Asleep => ("asleep", false),
        ModelState::Opening => ("opening…", false),
        ModelState::Ready { name, .. } => (name, true),
        ModelState::Off => ("off", false),
        ModelState::Missing(_) => ("missing", false),
    }
}

/// Whose turn it is, in words.
pub fn turn_text(turn: Turn, now: f64, bar: f64) -> String {
    let left = |until: f64| {
        let bars = ((until - now) / bar).max(0.0).ceil();
        if bars == 1.0 { "1 bar".to_owned() } else { format!("{bars} bars") }
    };
    match turn {
        Turn::Waiting => "waiting for you".to_owned(),
        Turn::Listening { until, .. } => format!("listening · {} left", left(until.0)),
        Turn::Playing { until } => format!("playing · {} left", left(until.0)),
    }
}

/// Draws the foot. `toast` is a message that has just come.
pub fn show(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, now: f64, toast: Option<&Notice>) {
    let wide = area.width() > 800.0;
    let mut left = area.left();
    for place in 0..KINDS.len() {
        let at = Rect::from_min_size(pos2(left, area.top()), vec2(if wide { 186.0 } else { 128.0 }, area.height()));
        model(ui, at.shrink2(vec2(0.0, 2.0)), hand, view, place);
        left = at.right() + 4.0;
    }
    let right = figures(ui, area, view, wide);
    let middle = Rect::from_min_max(pos2(left + 8.0, area.top()), pos2(right - 12.0, area.bottom()));
    if middle.width() < 40.0 {
        return;
    }
    match toast {
        Some(notice) => {
            let colour = if notice.grade == Grade::Warning { ink().warning } else { ink().text };
            line(ui.painter(), middle, Align::Center, &notice.text, font(11.0), colour);
        }
        None => {
            let turn = view.seen.status.turn;
            let colour = match turn {
                Turn::Waiting => ink().faint,
                Turn::Listening { .. } => ink().call,
                Turn::Playing { .. } => ink().answer,
            };
            let bar = view.seen.clock.time_signature.bar_beats().0;
            let text =
                if view.seen.clock.playing { turn_text(turn, now, bar) } else { "the host stands still".to_owned() };
            line(ui.painter(), middle, Align::Center, &text, font(11.0), colour);
        }
    }
}

/// What is counted, from the right; gives the left edge.
fn figures(ui: &mut Ui, area: Rect, view: &View, wide: bool) -> f32 {
    let losses = view.seen.losses;
    let late = losses.late_dropped + losses.late_moved;
    let clock = &view.seen.clock;
    let mut figures: Vec<(String, Color32, &str)> = Vec::new();
    if view.in_sync {
        figures.push((
            "in sync".to_owned(),
            ink().backing,
            "Audio waits for the composer: what is rendered is what was meant, note for note.",
        ));
    }
    let count = |n: u64| if n == 0 { ink().dim } else { ink().warning };
    let about_late = "Notes that came too late: dropped, or moved to the next step of the raster.";
    figures.push((format!("late {late}"), count(late), about_late));
    let about_lost = "Messages between the threads that found no room.";
    figures.push((format!("lost {}", losses.dropped), count(losses.dropped), about_lost));
    if let Some(ms) = view.seen.answer_ms {
        figures.push((format!("answer {ms:.0} ms"), ink().dim, "How long the composer took for its last answer."));
    }
    if wide {
        let text = format!("{:.1} bpm · {}", clock.tempo.0, clock.time_signature);
        figures.push((text, ink().dim, "The host's tempo and metre."));
    }
    let mut right = area.right();
    for (i, (text, colour, about)) in figures.into_iter().enumerate() {
        let wide = width(ui.painter(), &text, font(11.0));
        let at = Rect::from_min_max(pos2(right - wide, area.top()), pos2(right, area.bottom()));
        line(ui.painter(), at, Align::Max, &text, font(11.0), colour);
        let id = ui.make_persistent_id(("figure", i));
        ui.interact(at, id, Sense::hover()).on_hover_text(about);
        right = at.left() - 14.0;
    }
    right
}

/// A model, and the list of those that can be chosen.
fn model(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, place: usize) -> Response {
    let state = &view.models[place];
    let (text, plays) = state_text(state);
    let id = ui.make_persistent_id(("model", place));
    let response = ui.interact(area, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{} model", NAMES[place])));
    if response.hovered() {
        ui.painter().rect_filled(area, SLIGHTLY_ROUND, ink().raised);
    }
    // Full, hollow or crossed: it plays, it does not, it cannot.
    let lamp = pos2(area.left() + 9.0, area.center().y);
    match state {
        _ if plays => {
            ui.painter().circle_filled(lamp, 3.5, ink().backing);
        }
        ModelState::Missing(_) => {
            let arm = |x: f32| [lamp + vec2(-x, -3.0), lamp + vec2(x, 3.0)];
            ui.painter().line_segment(arm(3.0), Stroke::new(1.6, ink().warning));
            ui.painter().line_segment(arm(-3.0), Stroke::new(1.6, ink().warning));
        }
        _ => {
            ui.painter().circle_stroke(lamp, 3.0, Stroke::new(1.3, ink().faint));
        }
    }
    let rest = Rect::from_min_max(pos2(area.left() + 18.0, area.top()), area.max - vec2(4.0, 0.0));
    let name = line(ui.painter(), rest, Align::Min, NAMES[place], font(11.0), ink().faint);
    let rest = Rect::from_min_max(pos2(name.right() + 6.0, rest.top()), rest.max);
    let colour = if matches!(state, ModelState::Missing(_)) { ink().warning } else { ink().dim };
    line(ui.painter(), rest, Align::Min, text, font(11.0), colour);
    focused(ui, area, &response);
    if response.clicked() {
        hand.wish(Wish::List);
    }
    let mut open = false;
    menu::open(&response, 240.0, |ui| {
        open = true;
        menu::heading(
            ui,
            ["Melody network: answers, continues, improvises", "Phrase network: morphs and varies"][place],
        );
        let kind = KINDS[place];
        let present = if let ModelState::Ready { file, .. } = state { Some(file.as_str()) } else { None };
        let mut wish = None;
        for choice in view.library.iter().filter(|choice| choice.kind == kind) {
            if menu::entry(ui, &choice.name, Some(&choice.file), present == Some(&choice.file)) {
                wish = Some(Wish::Choose(kind, Some(choice.file.clone())));
            }
        }
        if menu::entry(ui, "None", Some("Switches it off."), *state == ModelState::Off) {
            wish = Some(Wish::Choose(kind, None));
        }
        ui.separator();
        if menu::entry(ui, "Look again", Some("Looks for models once more, after something was mended."), false) {
            wish = Some(Wish::LookAgain);
        }
        if let Some(wish) = wish {
            hand.wish(wish);
            ui.close();
        }
    });
    match (open, state) {
        (true, _) => response,
        (_, ModelState::Missing(reason)) => response.on_hover_text(reason),
        (_, ModelState::Ready { name, file }) => response.on_hover_text(format!("{name}\n{file}.onnx")),
        _ => response.on_hover_text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oneiro::time::Beats;

    #[test]
    fn turns_say_how_long_they_last() {
        let playing = Turn::Playing { until: Beats(16.0) };
        assert_eq!(turn_text(playing, 8.5, 4.0), "playing · 2 bars left");
        assert_eq!(turn_text(playing, 12.0, 4.0), "playing · 1 bar left");
        assert_eq!(turn_text(playing, 17.0, 4.0), "playing · 0 bars left");
        let listening = Turn::Listening { from: Beats(0.0), until: Beats(8.0) };
        assert_eq!(turn_text(listening, 0.0, 4.0), "listening · 2 bars left");
        assert_eq!(turn_text(Turn::Waiting, 0.0, 4.0), "waiting for you");
    }
}
