//! Small things that are drawn everywhere.

use super::theme::{SLIGHTLY_ROUND, focus_line, ink};
use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Color32, FontId, Painter, Rect, Response, Shape, Stroke, StrokeKind, Ui, Vec2, pos2};

/// Writes a line into a place, in the middle of its height, and cuts it short with three dots where it is too long.
/// Gives where it stands.
pub fn line(painter: &Painter, place: Rect, align: Align, text: &str, font: FontId, colour: Color32) -> Rect {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping::truncate_at_width(place.width().max(1.0));
    let galley = painter.layout_job(job);
    let left = match align {
        Align::Min => place.left(),
        Align::Center => place.center().x - galley.size().x / 2.0,
        Align::Max => place.right() - galley.size().x,
    };
    let at = Rect::from_min_size(pos2(left, place.center().y - galley.size().y / 2.0), galley.size());
    painter.galley(at.min, galley, colour);
    at
}

/// The width of a line.
pub fn width(painter: &Painter, text: &str, font: FontId) -> f32 {
    painter.layout_no_wrap(text.to_owned(), font, ink().faint).size().x
}

/// Shows that something can be acted on: a ground when pointed at, a line when the keyboard acts on it.
pub fn touched(ui: &Ui, rect: Rect, response: &Response) {
    if response.hovered() || response.dragged() {
        ui.painter().rect_filled(rect, SLIGHTLY_ROUND, ink().raised);
    }
    focused(ui, rect, response);
}

/// A line around what the keyboard acts on.
pub fn focused(ui: &Ui, rect: Rect, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(rect, SLIGHTLY_ROUND, focus_line(), StrokeKind::Inside);
    }
}

/// Signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Icon {
    Undo,
    Redo,
    Left,
    Right,
    Down,
    Bell,
    Power,
    Ground,
    Again,
    Another,
    Lock,
    Hold,
    Export,
    Close,
    Screen,
    Information,
    Warning,
}

/// Draws a sign into a square of 14 points around the middle of a place.
pub fn icon(painter: &Painter, place: Rect, icon: Icon, colour: Color32) {
    let middle = place.center();
    let at = |x: f32, y: f32| middle + Vec2::new(x, y);
    let stroke = Stroke::new(1.4, colour);
    let path = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
    };
    // From one angle to another, in turns clockwise from the right.
    let arc = |x: f32, y: f32, radius: f32, from: f32, to: f32| {
        let points = (0..=14).map(|i| {
            let angle = std::f32::consts::TAU * (from + (to - from) * i as f32 / 14.0);
            at(x, y) + radius * Vec2::angled(angle)
        });
        painter.add(Shape::line(points.collect(), stroke));
    };
    match icon {
        Icon::Undo => {
            path(&[(-2.0, -5.5), (-5.5, -2.0), (-2.0, 1.5)]);
            path(&[(-5.5, -2.0), (1.5, -2.0)]);
            arc(1.5, 1.5, 3.5, -0.25, 0.25);
            path(&[(1.5, 5.0), (-2.0, 5.0)]);
        }
        Icon::Redo => {
            path(&[(2.0, -5.5), (5.5, -2.0), (2.0, 1.5)]);
            path(&[(5.5, -2.0), (-1.5, -2.0)]);
            arc(-1.5, 1.5, 3.5, 0.75, 0.25);
            path(&[(-1.5, 5.0), (2.0, 5.0)]);
        }
        Icon::Left => path(&[(2.0, -4.5), (-2.5, 0.0), (2.0, 4.5)]),
        Icon::Right => path(&[(-2.0, -4.5), (2.5, 0.0), (-2.0, 4.5)]),
        Icon::Down => path(&[(-3.5, -1.5), (0.0, 2.0), (3.5, -1.5)]),
        Icon::Bell => {
            arc(0.0, -1.5, 4.0, 0.5, 1.0);
            path(&[(-4.0, -1.5), (-4.0, 1.5), (-5.5, 4.0), (5.5, 4.0), (4.0, 1.5), (4.0, -1.5)]);
            arc(0.0, 4.0, 1.8, 0.0, 0.5);
        }
        Icon::Power => {
            arc(0.0, 0.5, 5.0, -0.15, 0.65);
            path(&[(0.0, -6.0), (0.0, -0.5)]);
        }
        Icon::Ground => {
            arc(0.0, 0.0, 5.0, 0.0, 1.0);
            let half = (0..=14).map(|i| middle + 5.0 * Vec2::angled(std::f32::consts::PI * (0.5 + i as f32 / 14.0)));
            painter.add(Shape::convex_polygon(half.collect(), colour, Stroke::NONE));
        }
        Icon::Again => {
            arc(0.0, 0.0, 4.8, -0.13, 0.68);
            path(&[(0.6, -4.9), (3.6, -3.2), (3.9, -6.6)]);
        }
        Icon::Another => {
            path(&[(-6.0, 3.5), (-3.5, 3.5), (2.0, -3.5), (5.5, -3.5)]);
            path(&[(-6.0, -3.5), (-3.5, -3.5), (-1.8, -1.4)]);
            path(&[(0.3, 1.4), (2.0, 3.5), (5.5, 3.5)]);
            path(&[(3.8, -5.5), (5.9, -3.5), (3.8, -1.5)]);
            path(&[(3.8, 1.5), (5.9, 3.5), (3.8, 5.5)]);
        }
        Icon::Lock => {
            let body = Rect::from_min_max(at(-3.5, -0.5), at(3.5, 4.5));
            painter.rect_filled(body, 1.5, colour);
            arc(0.0, -1.0, 2.4, 0.5, 1.0);
        }
        Icon::Hold => {
            path(&[(-2.5, -4.5), (-2.5, 4.5)]);
            path(&[(2.5, -4.5), (2.5, 4.5)]);
        }
        Icon::Export => {
            path(&[(0.0, 2.0), (0.0, -5.5)]);
            path(&[(-2.8, -2.8), (0.0, -5.6), (2.8, -2.8)]);
            path(&[(-5.0, 0.5), (-5.0, 5.0), (5.0, 5.0), (5.0, 0.5)]);
        }
        Icon::Close => {
            path(&[(-3.0, -3.0), (3.0, 3.0)]);
            path(&[(3.0, -3.0), (-3.0, 3.0)]);
        }
        Icon::Screen => {
            path(&[(-6.0, -4.5), (6.0, -4.5), (6.0, 3.0), (-6.0, 3.0), (-6.0, -4.5)]);
            path(&[(-2.5, 5.5), (2.5, 5.5)]);
        }
        Icon::Information => {
            arc(0.0, 0.0, 5.5, 0.0, 1.0);
            path(&[(0.0, -0.8), (0.0, 3.0)]);
            painter.circle_filled(at(0.0, -2.8), 0.9, colour);
        }
        Icon::Warning => {
            path(&[(0.0, -5.5), (5.8, 4.8), (-5.8, 4.8), (0.0, -5.5)]);
            path(&[(0.0, -1.8), (0.0, 1.6)]);
            painter.circle_filled(at(0.0, 3.2), 0.8, colour);
        }
    }
}
