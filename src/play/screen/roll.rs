//! The piano roll: what was played lies to the left of now, what is coming to the right.

use super::super::scene::Scene;
use crate::bridge::Part;
use crate::music::Note;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

/// Beats that a column is wide.
const COLUMN: f64 = 0.125;
/// Share of the width that is past.
const PAST: f64 = 0.6;
/// Semitones that are shown at least, and the pitch in their middle where there is no note.
const SPAN: (i32, i32) = (24, 64);

/// The roll of a scene.
pub(super) struct Roll<'a>(pub &'a Scene);

fn colour(part: Part) -> Color {
    match part {
        Part::Call => Color::Cyan,
        Part::Answer => Color::Yellow,
        Part::Backing => Color::DarkGray,
    }
}

fn mark(part: Part) -> &'static str {
    match part {
        Part::Call => "█",
        Part::Answer => "▓",
        Part::Backing => "▒",
    }
}

impl Widget for Roll<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let scene = self.0;
        if area.width < 8 || area.height < 2 {
            return;
        }
        let now = scene.clock.pos_beats.0;
        let here = (f64::from(area.width) * PAST) as i32;
        // Time is shown in whole columns, so that notes do not flicker as they move.
        let first = (now / COLUMN).floor() as i64 - i64::from(here);
        let column = |beats: f64| ((beats / COLUMN).floor() as i64 - first).clamp(-1, i64::from(area.width)) as i32;
        let bars = scene.clock.time_signature.bar_beats().0 / COLUMN;
        for x in 0..i32::from(area.width) {
            let at = (first + i64::from(x)) as f64;
            let is_bar = (at % bars).abs() < 0.5;
            let (symbol, colour) = match x {
                _ if x == here => ("│", Color::White),
                _ if is_bar => ("┊", Color::DarkGray),
                _ => continue,
            };
            for y in area.top()..area.bottom() {
                buffer.set_string(area.x + x as u16, y, symbol, Style::new().fg(colour));
            }
        }
        let seen = || scene.notes.iter().filter(|n| n.to.is_none_or(|to| column(to.0) >= 0));
        let pitches = || seen().map(|n| n.pitch).chain(scene.coming.iter().map(|n| n.pitch)).map(i32::from);
        let (low, high) = (pitches().min().unwrap_or(SPAN.1), pitches().max().unwrap_or(SPAN.1));
        let air = (SPAN.0 - (high - low)).max(2) / 2;
        let (low, high) = (low - air, high + air);
        let height = i32::from(area.height);
        let per_row = (high - low + 1 + height - 1) / height;
        let mut draw = |pitch: u8, from: i32, to: i32, symbol: &str, colour: Color| {
            let row = ((i32::from(pitch) - low) / per_row.max(1)).clamp(0, height - 1);
            let y = area.bottom() - 1 - row as u16;
            for x in from.max(0)..to.max(from + 1).min(i32::from(area.width)) {
                buffer.set_string(area.x + x as u16, y, symbol, Style::new().fg(colour));
            }
        };
        for Note { onset, duration, pitch, .. } in &scene.coming {
            draw(*pitch, column(onset.0).max(here), column(onset.0 + duration.0), "░", colour(Part::Answer));
        }
        for note in seen() {
            let to = note.to.map_or(now, |to| to.0);
            draw(note.pitch, column(note.from.0), column(to), mark(note.part), colour(note.part));
        }
    }
}
