//! The controls in their groups: side by side where there is room, behind tabs where there is not.

use super::button::Button;
use super::field::{row, span};
use super::hand::Hand;
use super::layout::{Columns, TITLE, columns, row_height};
use super::paint::line;
use super::scale;
use super::theme::{ROUND, ink, strong, veil};
use crate::parameters::place;
use crate::view::View;
use egui::{Align, Rect, Stroke, Ui, pos2, vec2};

/// The groups, with their rows. `range` is the one row for two numbers; `octave` the scale on keys.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Answer", &["answers", "phrase-length", "switch-at", "stop", "vary", "second-voice", "seed"]),
    ("Freedom", &["temperature", "top-p", "density", "rests", "grid", "range"]),
    ("Harmony", &["octave", "scale", "root", "transposition"]),
    ("Expression", &["swing", "timing", "dynamics", "velocity-curve", "gate"]),
    ("Output", &["sound", "volume", "midi-thru", "channel", "free-run", "in-sync"]),
];
/// Most rows of a group; the octave stands for three.
const MOST_ROWS: usize = 7;

/// Draws them. `tab` is the group that is shown where there is room for one.
pub fn show(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View, tab: &mut usize) {
    ui.painter().rect_filled(area, ROUND, ink().panel);
    match columns(area, GROUPS.len(), MOST_ROWS) {
        Columns::All(columns) => {
            for (i, column) in columns.iter().enumerate() {
                let (title, rest) = column.split_top_bottom_at_y(column.top() + TITLE);
                let text = Rect::from_min_max(title.min + vec2(6.0, 0.0), title.max);
                line(ui.painter(), text, Align::Min, GROUPS[i].0, strong(11.5), ink().faint);
                if i > 0 {
                    let x = column.left() - 7.0;
                    let y = column.top() + 6.0..=column.bottom() - 6.0;
                    ui.painter().vline(x, y, Stroke::new(1.0, veil(ink().line, 0.7)));
                }
                group(ui, &[rest], hand, view, i);
            }
        }
        Columns::Tabs { tabs, columns } => {
            *tab = (*tab).min(GROUPS.len() - 1);
            let width = tabs.width() / GROUPS.len() as f32;
            for (i, (name, _)) in GROUPS.iter().enumerate() {
                let at =
                    Rect::from_min_size(pos2(tabs.left() + i as f32 * width, tabs.top()), vec2(width, TITLE - 3.0));
                let id = ui.make_persistent_id(("tab", i));
                if Button::word(name, "").bare().on(i == *tab).show(ui, at.shrink2(vec2(1.5, 0.0)), id).clicked() {
                    *tab = i;
                }
            }
            group(ui, &columns, hand, view, *tab);
        }
    }
}

/// The rows of a group, flowing through columns.
fn group(ui: &mut Ui, columns: &[Rect], hand: &mut Hand, view: &View, group: usize) {
    let Some(first) = columns.first() else { return };
    let (name, rows) = GROUPS[group];
    if name == "Harmony" {
        let wide = Rect::from_min_max(first.min, pos2(columns[columns.len().min(2) - 1].right(), first.bottom()));
        scale::show(ui, wide, row_height(first.height(), MOST_ROWS), hand, view);
        return;
    }
    let a_column = rows.len().div_ceil(columns.len());
    let height = row_height(first.height(), if columns.len() == 1 { MOST_ROWS } else { a_column });
    for (i, id) in rows.iter().enumerate() {
        let column = columns[i / a_column];
        let at = pos2(column.left(), column.top() + (i % a_column) as f32 * height);
        let at = Rect::from_min_size(at, vec2(column.width(), height));
        match place(id) {
            Some(parameter) => row(ui, at, hand, parameter),
            None => {
                let Some((low, high)) = place("lowest").zip(place("highest")) else { continue };
                span(ui, at, hand, [low, high]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{THRU, sheets};
    use std::collections::HashSet;

    #[test]
    fn every_parameter_that_can_be_turned_stands_somewhere() {
        let here: HashSet<&str> = GROUPS.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
        assert!(here.contains(sheets()[THRU].id));
        let elsewhere = ["mode", "hold", "bypass", "morph-x", "morph-y", "lowest", "highest"];
        for sheet in sheets().iter().filter(|sheet| !sheet.is_trigger() && !sheet.id.starts_with("lock-")) {
            assert!(here.contains(sheet.id) || elsewhere.contains(&sheet.id), "{} cannot be turned", sheet.id);
        }
        for (name, rows) in GROUPS {
            assert!(rows.len() <= MOST_ROWS, "{name}");
            assert!(rows.iter().all(|id| ["range", "octave"].contains(id) || place(id).is_some()), "{name}");
        }
    }
}
