//! What a visualizer shows, beside the roll while one follows, and the button that starts one.

use super::button::Button;
use super::hand::Hand;
use super::paint::{Icon, line};
use super::theme::{ROUND, SLIGHTLY_ROUND, font, ink};
use crate::view::{View, Wish};
use egui::{
    Align, Color32, ColorImage, Rect, Role, Sense, StrokeKind, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2,
    vec2,
};
use oneiro::link::{PICTURE, Thumbnail};
use std::sync::Arc;

/// Share of the roll's width that the picture takes, and its least and most.
const WIDTH: (f32, f32, f32) = (0.2, 112.0, 208.0);
/// Height of the line under it.
const LABEL: f32 = 20.0;
/// Space around it.
const MARGIN: f32 = 8.0;
/// Seconds in which it comes and goes.
const COMES: f32 = 0.25;

/// What is kept from one picture to the next.
#[derive(Default)]
pub struct Glass {
    shown: Option<(Thumbnail, TextureHandle)>,
}

impl Glass {
    /// The texture of the newest picture.
    fn texture(&mut self, ui: &Ui, newest: Option<&Thumbnail>) -> Option<&TextureHandle> {
        let Some(newest) = newest else {
            self.shown = None;
            return None;
        };
        let known = self.shown.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(&known.rgb, &newest.rgb));
        if !known {
            let image = ColorImage::from_rgb([usize::from(newest.width), usize::from(newest.height)], &newest.rgb);
            match &mut self.shown {
                Some((known, texture)) => {
                    texture.set(image, TextureOptions::LINEAR);
                    known.clone_from(newest);
                }
                None => {
                    let texture = ui.ctx().load_texture("visualizer", image, TextureOptions::LINEAR);
                    self.shown = Some((newest.clone(), texture));
                }
            }
        }
        self.shown.as_ref().map(|(_, texture)| texture)
    }
}

/// Divides the place of the roll: its own, and that of the picture, where a visualizer follows or has just gone.
pub fn split(ui: &Ui, roll: Rect, view: &View) -> (Rect, Option<Rect>) {
    let here = view.watched.watchers > 0;
    let share = ui.ctx().animate_bool_with_time(ui.make_persistent_id("visualizer"), here, COMES);
    if share <= 0.0 {
        return (roll, None);
    }
    let width = (WIDTH.0 * roll.width()).clamp(WIDTH.1, WIDTH.2) + 2.0 * MARGIN;
    let (rest, place) = roll.split_left_right_at_x(roll.right() - share * width);
    (Rect::from_min_max(rest.min, pos2(rest.right() - 6.0 * share, rest.bottom())), (share >= 1.0).then_some(place))
}

/// Draws the picture and who shows it.
pub fn show(ui: &mut Ui, place: Rect, view: &View, glass: &mut Glass) {
    let watched = &view.watched;
    ui.painter().rect_filled(place, ROUND, ink().panel);
    let inner = place.shrink(MARGIN);
    let height = inner.width() * f32::from(PICTURE.1) / f32::from(PICTURE.0);
    let frame = Rect::from_min_size(inner.min, vec2(inner.width(), height.min(inner.height() - LABEL).max(1.0)));
    ui.painter().rect_filled(frame, SLIGHTLY_ROUND, Color32::BLACK);
    if let Some(texture) = glass.texture(ui, watched.picture.as_ref()) {
        let size = texture.size_vec2();
        let scale = (frame.width() / size.x).min(frame.height() / size.y);
        let at = Rect::from_center_size(frame.center(), size * scale);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture.id(), at, whole, Color32::WHITE);
    } else {
        line(ui.painter(), frame.shrink(4.0), Align::Center, "no picture yet", font(11.0), ink().faint);
    }
    ui.painter().rect_stroke(frame, SLIGHTLY_ROUND, (1.0, ink().line), StrokeKind::Inside);
    let label = Rect::from_min_size(pos2(inner.left(), frame.bottom()), vec2(inner.width(), LABEL));
    let text = label_of(watched.watchers);
    line(ui.painter(), label, Align::Min, &text, font(11.0), ink().dim);
    let response = ui.interact(place, ui.make_persistent_id("visualizer's picture"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &text));
    response.on_hover_text("What the visualizer shows of this music, a few times a second.");
}

fn label_of(watchers: usize) -> String {
    match watchers {
        0 | 1 => "the visualizer".to_owned(),
        n => format!("{n} visualizers"),
    }
}

/// The button that starts one; `right` is where it ends. Gives where it begins.
pub fn button(ui: &mut Ui, area: Rect, right: f32, hand: &Hand, view: &View, narrow: bool) -> f32 {
    let follows = view.watched.watchers > 0;
    let tip = if follows {
        "A visualizer follows this instance. Opens another one."
    } else {
        "Opens the visualizer: moving pictures, locked to this music."
    };
    let button = Button::word(if narrow { "" } else { "Show" }, tip).with(Icon::Screen).on(follows);
    let width = button.width(ui);
    let at = Rect::from_min_size(pos2(right - width, area.top()), vec2(width, area.height()));
    let id = ui.make_persistent_id("show");
    if button.show(ui, at, id).clicked() {
        hand.wish(Wish::Show);
    }
    at.left()
}
