//! The head: name, undo, A and B, presets, level, messages, bypass.

use super::button::Button;
use super::hand::Hand;
use super::menu;
use super::paint::{Icon, focused, icon, line};
use super::taste;
use super::theme::{self, SLIGHTLY_ROUND, font, ink, strong};
use crate::parameters::BYPASS;
use crate::presets::{Called, Phrases, Preset, bank, factory, folder, look, write};
use crate::view::{View, Wish};
use egui::{Align, CursorIcon, Rect, RichText, Role, Sense, StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2};
use oneiro::seen::Grade;

/// The quietest level that the meters show, in decibels.
const QUIETEST: f32 = -48.0;

/// What the head remembers.
#[derive(Debug, Default)]
pub struct Header {
    /// What is searched for, and the name to store under.
    search: String,
    name: String,
    /// Whether the captured phrases are stored too.
    with_phrases: bool,
    was_open: bool,
}

/// How far a level reaches on a meter, 0 to 1.
pub fn meter(peak: f32) -> f32 {
    (1.0 - 20.0 * peak.max(1e-6).log10() / QUIETEST).clamp(0.0, 1.0)
}

impl Header {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
        let row = area.shrink2(vec2(0.0, ((area.height() - 28.0) / 2.0).max(0.0)));
        let at = |left: f32, width: f32| Rect::from_min_size(pos2(left, row.top()), vec2(width, row.height()));
        let wide = area.width() > 760.0;

        let mark = at(row.left(), 28.0);
        emblem(ui, mark);
        let word = at(mark.right() + 5.0, 62.0);
        line(ui.painter(), word, Align::Min, "Oneiro", strong(17.0), ink().text);
        let mut left = word.right() + if wide { 18.0 } else { 6.0 };
        let (can_undo, can_redo) = hand.can();
        let undo = Button::sign(Icon::Undo, "Takes the last change of a control back (Ctrl+Z).").enabled(can_undo);
        let redo = Button::sign(Icon::Redo, "Makes it again (Ctrl+Shift+Z).").enabled(can_redo);
        let (undo_id, redo_id) = (ui.make_persistent_id("undo"), ui.make_persistent_id("redo"));
        if undo.show(ui, at(left, 26.0), undo_id).clicked() {
            hand.undo();
        }
        if redo.show(ui, at(left + 26.0, 26.0), redo_id).clicked() {
            hand.redo();
        }
        left += 52.0 + if wide { 12.0 } else { 4.0 };
        compare(ui, at(left, 52.0), hand);
        left += 52.0 + if wide { 18.0 } else { 6.0 };

        let mut right = row.right();
        let mut before = |width: f32, gap: f32| {
            right -= width + gap;
            at(right, width)
        };
        let bypass = before(28.0, 0.0);
        let bell = before(28.0, 2.0);
        let ground = before(28.0, 2.0);
        let meters = before(if wide { 84.0 } else { 48.0 }, 10.0);
        let on = !hand.on(BYPASS);
        let power = Button::sign(Icon::Power, "Bypass: passes notes on and plays nothing.").on(on).colour(if on {
            ink().backing
        } else {
            ink().faint
        });
        let id = ui.make_persistent_id("bypass");
        if power.show(ui, bypass, id).clicked() {
            hand.set(BYPASS, f64::from(u8::from(on)));
        }
        messages(ui, bell, hand, view);
        let tip =
            if theme::is_light() { "A dark ground, for all windows." } else { "A light ground, for all windows." };
        let id = ui.make_persistent_id("ground");
        if Button::sign(Icon::Ground, tip).colour(ink().faint).show(ui, ground, id).clicked()
            && let Err(e) = taste::turn_light()
        {
            hand.shared().tell(Grade::Warning, format!("the choice of the ground cannot be kept: {e}"));
        }
        levels(ui, meters, view);
        // In the middle of the window where there is room.
        let room = Rect::from_min_max(pos2(left, row.top()), pos2(meters.left() - 12.0, row.bottom()));
        let width = room.width().min(320.0);
        let middle = (area.center().x - width / 2.0).min(room.right() - width).max(room.left());
        self.presets(ui, at(middle, width), hand, view);
    }

    fn presets(&mut self, ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
        ui.painter().rect(area, SLIGHTLY_ROUND, ink().panel, (1.0, ink().line), StrokeKind::Inside);
        let (back, rest) = area.split_left_right_at_x(area.left() + 28.0);
        let (name, forth) = rest.split_left_right_at_x(rest.right() - 28.0);
        let present = hand.shared().preset();
        for (place, sign, by, tip) in
            [(back, Icon::Left, -1, "The preset before."), (forth, Icon::Right, 1, "The next preset.")]
        {
            let id = ui.make_persistent_id(("preset", by));
            let clicked = Button::sign(sign, tip).show(ui, place.shrink(1.0), id).clicked();
            if let Some((called, _)) = Called::after(present, by).filter(|_| clicked) {
                hand.call(called);
            }
        }
        let id = ui.make_persistent_id("presets");
        let response = ui.interact(name, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "presets"));
        if response.hovered() {
            ui.painter().rect_filled(name.shrink2(vec2(0.0, 1.0)), SLIGHTLY_ROUND, ink().raised);
        }
        let called = present.and_then(Called::preset);
        let changed = called.is_some_and(|preset| differs(preset, |place| hand.value(place)));
        // What differs from the preset by now has a dot.
        let text =
            format!("{}{}", called.map_or("Presets", |preset| preset.name.as_str()), if changed { " •" } else { "" });
        let colour = if called.is_some() { ink().text } else { ink().dim };
        line(ui.painter(), name.shrink2(vec2(20.0, 0.0)), Align::Center, &text, strong(12.5), colour);
        let arrow = Rect::from_min_max(pos2(name.right() - 20.0, name.top()), name.max);
        icon(ui.painter(), arrow, Icon::Down, ink().faint);
        focused(ui, name, &response);
        let mut open = false;
        menu::open(&response, 300.0, |ui| {
            open = true;
            self.list(ui, hand, view, present.and_then(Called::number));
        });
        self.was_open = open;
        if !open {
            response.on_hover_text("Presets: factory and your own.");
        }
    }

    fn list(&mut self, ui: &mut Ui, hand: &mut Hand, view: &View, present: Option<usize>) {
        if !self.was_open {
            look_again(hand);
            self.search.clear();
        }
        ui.add(
            TextEdit::singleline(&mut self.search)
                .hint_text("Search")
                .margin(vec2(7.0, 5.0))
                .desired_width(f32::INFINITY),
        );
        let wanted = self.search.to_lowercase();
        let fits = |preset: &Preset| {
            wanted.is_empty() || format!("{} {}", preset.name, preset.about).to_lowercase().contains(&wanted)
        };
        let mut called = None;
        for (number, preset) in bank().iter().enumerate() {
            match number {
                0 => menu::heading(ui, "Factory"),
                _ if number == factory().len() => menu::heading(ui, "Your own"),
                _ => {}
            }
            let about = Some(preset.about.as_str()).filter(|about| !about.is_empty());
            if fits(preset) && menu::entry(ui, &preset.name, about, present == Some(number)) {
                called = Some(Called::new(number));
            }
        }
        if let Some(called) = called {
            hand.call(called);
            ui.close();
        }
        let captured = view.captured.iter().any(Option::is_some);
        ui.add_enabled(captured, egui::Checkbox::new(&mut self.with_phrases, "With the phrases A to D"));
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.name)
                .hint_text("Name")
                .margin(vec2(7.0, 4.0))
                .desired_width(200.0)
                .char_limit(60);
            let response = ui.add(field);
            let named = !self.name.trim().is_empty();
            let enter = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if (ui.add_enabled(named, egui::Button::new("Store")).clicked() || enter) && named {
                self.store(hand, view);
            }
        });
    }

    fn store(&mut self, hand: &Hand, view: &View) {
        let name = self.name.trim().to_owned();
        let none = Phrases::default();
        let phrases = if self.with_phrases { &view.captured } else { &none };
        let stored = folder().map(|folder| write(&folder, &name, "", |place| hand.value(place), phrases));
        match stored {
            Some(Ok(path)) => {
                hand.shared().tell(Grade::Note, format!("stored: {}", path.display()));
                look_again(hand);
                let own = bank().iter().rposition(|preset| preset.name == name);
                if let Some(number) = own {
                    hand.shared().set_preset(Called::new(number));
                }
                self.name.clear();
            }
            Some(Err(e)) => hand.shared().tell(Grade::Warning, e.to_string()),
            None => hand.shared().tell(Grade::Warning, "there is no folder for presets on this system".to_owned()),
        }
    }
}

/// Reads the player's own presets again.
fn look_again(hand: &Hand) {
    for error in look() {
        hand.shared().tell(Grade::Warning, error.to_string());
    }
}

/// Two bars of a call and two of an answer.
fn emblem(ui: &Ui, area: Rect) {
    let middle = area.center();
    for (x, y, length, colour, round) in [
        (-12.0, 3.0, 9.0, ink().call, 1.0),
        (-5.0, -2.0, 8.0, ink().call, 1.0),
        (2.0, -7.0, 10.0, ink().answer, 2.5),
        (5.0, 3.0, 7.0, ink().answer, 2.5),
    ] {
        ui.painter().rect_filled(Rect::from_min_size(middle + vec2(x, y), vec2(length, 4.0)), round, colour);
    }
}

/// A and B.
fn compare(ui: &mut Ui, area: Rect, hand: &mut Hand) {
    ui.painter().rect(area, SLIGHTLY_ROUND, ink().panel, (1.0, ink().line), StrokeKind::Inside);
    let halves = area.split_left_right_at_fraction(0.5);
    for (place, name, is_b) in [(halves.0, "A", false), (halves.1, "B", true)] {
        let on = hand.on_b() == is_b;
        let tip = if on {
            "This one is heard. A click with Alt makes the other one the same."
        } else {
            "Compares: all controls change to those of this one."
        };
        let id = ui.make_persistent_id(("compare", is_b));
        let response = Button::word(name, tip).bare().on(on).show(ui, place.shrink(1.5), id);
        if response.clicked() {
            match (on, ui.input(|input| input.modifiers.alt)) {
                (true, true) => hand.copy(),
                (false, _) => hand.switch(),
                _ => {}
            }
        }
    }
}

/// Left and right.
fn levels(ui: &Ui, area: Rect, view: &View) {
    let bars = Rect::from_center_size(area.center(), vec2(area.width(), 12.0));
    for (i, (peak, rms)) in view.seen.peak.into_iter().zip(view.seen.meters.rms).enumerate() {
        let top = bars.top() + 7.0 * i as f32;
        let bar = Rect::from_min_size(pos2(bars.left(), top), vec2(bars.width(), 5.0));
        ui.painter().rect_filled(bar, 2.0, ink().raised);
        let part = |share: f32| Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
        let loud = peak >= 1.0;
        ui.painter().rect_filled(part(meter(rms)), 2.0, if loud { ink().warning } else { ink().backing });
        let x = bar.left() + bar.width() * meter(peak);
        if meter(peak) > 0.0 {
            ui.painter().vline(x, bar.y_range(), (1.5, if loud { ink().warning } else { ink().text }));
        }
    }
}

/// The bell, and the messages behind it.
fn messages(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
    let count = view.notices.len();
    let warns = view.notices.iter().any(|notice| notice.grade == Grade::Warning);
    let colour = if warns {
        ink().warning
    } else if count > 0 {
        ink().text
    } else {
        ink().faint
    };
    let tip = if count > 0 { "Messages" } else { "No messages" };
    let id = ui.make_persistent_id("messages");
    let response = Button::sign(Icon::Bell, tip).colour(colour).show(ui, area, id);
    if count > 0 {
        let disc = area.center() + vec2(8.0, -7.0);
        ui.painter().circle_filled(disc, 6.5, if warns { ink().warning } else { ink().dim });
        let place = Rect::from_center_size(disc, vec2(13.0, 13.0));
        line(ui.painter(), place, Align::Center, &count.min(99).to_string(), strong(9.0), ink().ground);
    }
    let width = (ui.ctx().content_rect().width() * 0.6).min(400.0);
    menu::open(&response, width, |ui| {
        if view.notices.is_empty() {
            ui.label(RichText::new("Nothing to say.").color(ink().dim));
        }
        for notice in view.notices.iter().rev() {
            ui.horizontal_top(|ui| {
                let (sign, colour) = match notice.grade {
                    Grade::Warning => (Icon::Warning, ink().warning),
                    Grade::Note => (Icon::Information, ink().call),
                };
                let (place, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
                icon(ui.painter(), place, sign, colour);
                ui.allocate_ui(vec2(width - 70.0, 0.0), |ui| {
                    ui.add(egui::Label::new(RichText::new(&notice.text).font(font(11.5))).wrap());
                });
                let (place, _) = ui.allocate_exact_size(vec2(20.0, 18.0), Sense::hover());
                let id = ui.make_persistent_id(("dismiss", notice.number));
                if Button::sign(Icon::Close, "Dismiss").show(ui, place, id).clicked() {
                    hand.wish(Wish::Dismiss(notice.number));
                }
            });
            ui.add_space(2.0);
        }
        if count > 1 && ui.button("Dismiss all").clicked() {
            for notice in &view.notices {
                hand.wish(Wish::Dismiss(notice.number));
            }
            ui.close();
        }
    });
}

/// Whether something stands otherwise than a preset has it.
pub fn differs(preset: &Preset, value: impl Fn(usize) -> f64) -> bool {
    preset.values.iter().any(|&(place, stored)| (value(place) - stored).abs() > 1e-4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_are_even_in_decibels() {
        assert_eq!((meter(0.0), meter(1.0), meter(4.0)), (0.0, 1.0, 1.0));
        assert!((meter(10_f32.powf(-24.0 / 20.0)) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn a_preset_that_was_changed_is_known() {
        let preset = &factory()[3];
        let value = |place: usize| preset.values.iter().find(|(p, _)| *p == place).map_or(0.0, |(_, v)| *v);
        assert!(!differs(preset, value));
        assert!(differs(preset, |place| value(place) + 0.1));
    }
}
