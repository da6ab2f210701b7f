//! Lists that open at a button.

use super::theme::{ink, strong};
use egui::{Popup, PopupCloseBehavior, Response, RichText, ScrollArea, Ui};

/// Most points that a list is high; what does not fit is scrolled to.
const HEIGHT: f32 = 320.0;

/// A list of choices that opens at a button.
pub fn choices(button: Response, names: &[&str], now: usize, mut choose: impl FnMut(usize)) -> Response {
    open(&button, 130.0, |ui| {
        for (i, name) in names.iter().enumerate() {
            if entry(ui, name, None, i == now) {
                choose(i);
                ui.close();
            }
        }
    });
    button
}

/// Opens something at a button, closed by a click elsewhere or Escape.
pub fn open(button: &Response, width: f32, content: impl FnOnce(&mut Ui)) {
    Popup::menu(button).gap(3.0).width(width).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_min_width(width);
        let height = (ui.ctx().content_rect().height() * 0.7).min(HEIGHT);
        ScrollArea::vertical().max_height(height).show(ui, |ui| {
            ui.set_min_width(width);
            content(ui);
        });
    });
}

/// A line of a list; with a second line that explains. Says whether it was chosen.
pub fn entry(ui: &mut Ui, name: &str, about: Option<&str>, on: bool) -> bool {
    // The mark at the front says what the colour says.
    let mark = if on { "●  " } else { "     " };
    let title = RichText::new(format!("{mark}{name}"));
    let title = if on { title.color(ink().answer) } else { title };
    let response = ui.button(title);
    match about {
        Some(about) => response.on_hover_text(about).clicked(),
        None => response.clicked(),
    }
}

/// A heading within a list.
pub fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(text).font(strong(11.0)).color(ink().dim));
}
