//! The head: name, undo, A and B, presets, level, messages, bypass.

use super::button::Button;
use super::hand::Hand;
use super::menu;
use super::paint::{Icon, focused, icon, line};
use super::theme::{
    ANSWER, BACKING, CALL, DIM, FAINT, LINE, PANEL, RAISED, SLIGHTLY_ROUND, TEXT, WARNING, font, strong,
};
use crate::parameters::BYPASS;
use crate::presets::{Preset, factory, folder, in_folder, write};
use crate::view::{View, Wish};
use egui::{Align, Color32, CursorIcon, Rect, RichText, Role, Sense, StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2};
use oneiro::seen::Grade;

/// The quietest level that the meters show, in decibels.
const QUIETEST: f32 = -48.0;

/// What the head remembers.
#[derive(Debug, Default)]
pub struct Header {
    own: Vec<Preset>,
    /// The preset of the player's own that was called last.
    own_name: Option<String>,
    /// What is searched for, and the name to store under.
    search: String,
    name: String,
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
        line(ui.painter(), word, Align::Min, "Oneiro", strong(17.0), TEXT);
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
        let meters = before(if wide { 84.0 } else { 48.0 }, 10.0);
        let on = !hand.on(BYPASS);
        let power = Button::sign(Icon::Power, "Bypass: passes notes on and plays nothing.").on(on).colour(if on {
            BACKING
        } else {
            FAINT
        });
        let id = ui.make_persistent_id("bypass");
        if power.show(ui, bypass, id).clicked() {
            hand.set(BYPASS, f64::from(u8::from(on)));
        }
        messages(ui, bell, hand, view);
        levels(ui, meters, view);
        // In the middle of the window where there is room.
        let room = Rect::from_min_max(pos2(left, row.top()), pos2(meters.left() - 12.0, row.bottom()));
        let width = room.width().min(320.0);
        let middle = (area.center().x - width / 2.0).clamp(room.left(), room.right() - width);
        self.presets(ui, at(middle, width), hand);
    }

    fn presets(&mut self, ui: &mut Ui, area: Rect, hand: &mut Hand) {
        ui.painter().rect(area, SLIGHTLY_ROUND, PANEL, (1.0, LINE), StrokeKind::Inside);
        let (back, rest) = area.split_left_right_at_x(area.left() + 28.0);
        let (name, forth) = rest.split_left_right_at_x(rest.right() - 28.0);
        let bank = factory();
        let present = hand.shared().preset();
        let step = |by: isize| {
            let from = present.map_or(if by > 0 { -1 } else { 0 }, |number| number as isize);
            (from + by).rem_euclid(bank.len().max(1) as isize) as usize
        };
        for (place, sign, by, tip) in
            [(back, Icon::Left, -1, "The preset before."), (forth, Icon::Right, 1, "The next preset.")]
        {
            let id = ui.make_persistent_id(("preset", by));
            let clicked = Button::sign(sign, tip).show(ui, place.shrink(1.0), id).clicked();
            if let Some(preset) = bank.get(step(by)).filter(|_| clicked) {
                self.own_name = None;
                hand.call(preset, Some(step(by)));
            }
        }
        let id = ui.make_persistent_id("presets");
        let response = ui.interact(name, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "presets"));
        if response.hovered() {
            ui.painter().rect_filled(name.shrink2(vec2(0.0, 1.0)), SLIGHTLY_ROUND, RAISED);
        }
        let called = self.own_name.as_deref().or_else(|| Some(bank.get(present?)?.name.as_str()));
        let changed = present.and_then(|number| bank.get(number)).filter(|_| self.own_name.is_none());
        let changed = changed.is_some_and(|preset| differs(preset, |place| hand.value(place)));
        // What differs from the preset by now has a dot.
        let text = format!("{}{}", called.unwrap_or("Presets"), if changed { " •" } else { "" });
        let colour = if called.is_some() { TEXT } else { DIM };
        line(ui.painter(), name.shrink2(vec2(20.0, 0.0)), Align::Center, &text, strong(12.5), colour);
        let arrow = Rect::from_min_max(pos2(name.right() - 20.0, name.top()), name.max);
        icon(ui.painter(), arrow, Icon::Down, FAINT);
        focused(ui, name, &response);
        let mut open = false;
        menu::open(&response, 300.0, |ui| {
            open = true;
            self.list(ui, hand, present);
        });
        self.was_open = open;
        if !open {
            response.on_hover_text("Presets: factory and your own.");
        }
    }

    fn list(&mut self, ui: &mut Ui, hand: &mut Hand, present: Option<usize>) {
        if !self.was_open {
            self.look(hand);
            self.search.clear();
        }
        ui.add(
            TextEdit::singleline(&mut self.search)
                .hint_text("Search")
                .margin(vec2(7.0, 5.0))
                .desired_width(f32::INFINITY),
        );
        let wanted = self.search.to_lowercase();
        let fits = |preset: &&Preset| {
            wanted.is_empty() || format!("{} {}", preset.name, preset.about).to_lowercase().contains(&wanted)
        };
        menu::heading(ui, "Factory");
        let mut called = None;
        for (number, preset) in factory().iter().enumerate().filter(|(_, preset)| fits(preset)) {
            let on = present == Some(number) && self.own_name.is_none();
            if menu::entry(ui, &preset.name, Some(&preset.about), on) {
                called = Some((preset.clone(), Some(number)));
            }
        }
        menu::heading(ui, "Your own");
        for preset in self.own.iter().filter(fits) {
            let on = self.own_name.as_deref() == Some(&preset.name);
            let about = Some(preset.about.as_str()).filter(|about| !about.is_empty());
            if menu::entry(ui, &preset.name, about, on) {
                called = Some((preset.clone(), None));
            }
        }
        if let Some((preset, number)) = called {
            self.own_name = number.is_none().then(|| preset.name.clone());
            hand.call(&preset, number);
            ui.close();
        }
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
                self.store(hand);
            }
        });
    }

    /// Reads the player's own presets again.
    fn look(&mut self, hand: &Hand) {
        let Some(folder) = folder() else { return };
        let (own, errors) = in_folder(&folder);
        self.own = own;
        for error in errors {
            hand.shared().tell(Grade::Warning, error.to_string());
        }
    }

    fn store(&mut self, hand: &Hand) {
        let name = self.name.trim().to_owned();
        let stored = folder().map(|folder| write(&folder, &name, "", |place| hand.value(place)));
        match stored {
            Some(Ok(path)) => {
                hand.shared().tell(Grade::Note, format!("stored: {}", path.display()));
                self.own_name = Some(name);
                self.name.clear();
                self.look(hand);
            }
            Some(Err(e)) => hand.shared().tell(Grade::Warning, e.to_string()),
            None => hand.shared().tell(Grade::Warning, "there is no folder for presets on this system".to_owned()),
        }
    }
}

/// Two bars of a call and two of an answer.
fn emblem(ui: &Ui, area: Rect) {
    let middle = area.center();
    for (x, y, length, colour, round) in [
        (-12.0, 3.0, 9.0, CALL, 1.0),
        (-5.0, -2.0, 8.0, CALL, 1.0),
        (2.0, -7.0, 10.0, ANSWER, 2.5),
        (5.0, 3.0, 7.0, ANSWER, 2.5),
    ] {
        ui.painter().rect_filled(Rect::from_min_size(middle + vec2(x, y), vec2(length, 4.0)), round, colour);
    }
}

/// A and B.
fn compare(ui: &mut Ui, area: Rect, hand: &mut Hand) {
    ui.painter().rect(area, SLIGHTLY_ROUND, PANEL, (1.0, LINE), StrokeKind::Inside);
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
        ui.painter().rect_filled(bar, 2.0, RAISED);
        let part = |share: f32| Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
        let loud = peak >= 1.0;
        ui.painter().rect_filled(part(meter(rms)), 2.0, if loud { WARNING } else { BACKING });
        let x = bar.left() + bar.width() * meter(peak);
        if meter(peak) > 0.0 {
            ui.painter().vline(x, bar.y_range(), (1.5, if loud { WARNING } else { TEXT }));
        }
    }
}

/// The bell, and the messages behind it.
fn messages(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
    let count = view.notices.len();
    let warns = view.notices.iter().any(|notice| notice.grade == Grade::Warning);
    let colour = if warns {
        WARNING
    } else if count > 0 {
        TEXT
    } else {
        FAINT
    };
    let tip = if count > 0 { "Messages" } else { "No messages" };
    let id = ui.make_persistent_id("messages");
    let response = Button::sign(Icon::Bell, tip).colour(colour).show(ui, area, id);
    if count > 0 {
        let disc = area.center() + vec2(8.0, -7.0);
        ui.painter().circle_filled(disc, 6.5, if warns { WARNING } else { DIM });
        let place = Rect::from_center_size(disc, vec2(13.0, 13.0));
        line(ui.painter(), place, Align::Center, &count.min(99).to_string(), strong(9.0), Color32::BLACK);
    }
    let width = (ui.ctx().content_rect().width() * 0.6).min(400.0);
    menu::open(&response, width, |ui| {
        if view.notices.is_empty() {
            ui.label(RichText::new("Nothing to say.").color(DIM));
        }
        for notice in view.notices.iter().rev() {
            ui.horizontal_top(|ui| {
                let (sign, colour) = match notice.grade {
                    Grade::Warning => (Icon::Warning, WARNING),
                    Grade::Note => (Icon::Information, CALL),
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
