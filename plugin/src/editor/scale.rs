//! The scale on an octave of keys, with the root to be chosen and the chord that sounds.

use super::field::row;
use super::hand::Hand;
use super::paint::focused;
use super::theme::{font, ink, veil};
use crate::parameters::{place, sheets};
use crate::view::View;
use egui::{Align2, CursorIcon, Rect, Role, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use oneiro::controls::Shape;
use oneiro::music::{PitchClass, PitchClassSet, Scale};

/// The white keys of an octave.
const WHITE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];

/// The tones that are kept to; `None` where the player is followed.
pub fn tones(hand: &Hand) -> Option<PitchClassSet> {
    let (scale, root) = place("scale").zip(place("root"))?;
    let Shape::Choice(names) = sheets()[scale].shape else { return None };
    let scale = Scale::by_name(names.get(hand.value(scale) as usize)?)?;
    Some(scale.on(PitchClass::of(hand.value(root) as u8)))
}

/// Where the key of a pitch class is; black ones lie over white ones.
pub fn key_place(keys: Rect, class: u8) -> Rect {
    let white = keys.width() / WHITE.len() as f32;
    match WHITE.iter().position(|w| *w == class) {
        Some(i) => Rect::from_min_size(pos2(keys.left() + i as f32 * white, keys.top()), vec2(white, keys.height())),
        None => {
            let after = WHITE.iter().filter(|w| **w < class).count() as f32;
            let middle = keys.left() + after * white;
            let size = vec2(white * 0.62, keys.height() * 0.60);
            Rect::from_min_size(pos2(middle - size.x / 2.0, keys.top()), size)
        }
    }
}

/// The pitch class at a point: black keys first.
pub fn class_at(keys: Rect, point: egui::Pos2) -> Option<u8> {
    let black = (0..12).filter(|class| !WHITE.contains(class));
    black.chain(WHITE).find(|class| key_place(keys, *class).contains(point))
}

/// Draws the octave. A click on a key makes it the root.
pub fn keys(ui: &mut Ui, area: Rect, hand: &mut Hand, view: &View) {
    let Some(root_place) = place("root") else { return };
    let tones = tones(hand);
    let root = hand.value(root_place) as u8;
    let chord = view.seen.chord.map(|chord| chord.tones());
    let area = area.shrink2(vec2(6.0, 1.0));
    let draw = |ui: &Ui, class: u8| {
        let white = WHITE.contains(&class);
        let at = key_place(area, class).shrink2(vec2(0.75, 0.0));
        let within = tones.is_none_or(|tones| tones.contains(PitchClass::of(class)));
        let ground = match (white, within) {
            (true, true) => ink().keys[0],
            (true, false) => ink().keys[1],
            (false, true) => ink().keys[2],
            (false, false) => ink().keys[3],
        };
        ui.painter().rect(at, 2.0, ground, (1.0, ink().line), StrokeKind::Inside);
        let foot = pos2(at.center().x, at.bottom() - 7.0);
        // The root has a disc, tones of the scale a small one, the chord that sounds a line.
        if tones.is_some() && class == root {
            ui.painter().circle(foot, 4.2, ink().answer, (1.0, ink().ground));
        } else if tones.is_some() && within {
            ui.painter().circle_filled(foot, 1.8, ink().on_keys[usize::from(!white)]);
        }
        if chord.is_some_and(|tones| tones.contains(PitchClass::of(class))) {
            let line = Rect::from_min_size(at.left_top() + vec2(1.0, 1.0), vec2(at.width() - 2.0, 4.0));
            ui.painter().rect_filled(line, 1.0, ink().call);
        }
    };
    for class in WHITE {
        draw(ui, class);
    }
    for class in (0..12).filter(|class| !WHITE.contains(class)) {
        draw(ui, class);
    }
    let id = ui.make_persistent_id("octave");
    let response = ui.interact(area, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "the root of the scale"));
    if response.clicked() {
        let point = response.interact_pointer_pos().and_then(|point| class_at(area, point));
        // By the keyboard, the root goes up.
        hand.set(root_place, f64::from(point.unwrap_or((root + 1) % 12)));
    }
    focused(ui, area.expand(2.0), &response);
    response.on_hover_text(
        "The tones that are kept to. A click on a key makes it the root; blue lines are the chord that sounds.",
    );
}

/// The harmony column: the octave, then rows.
pub fn show(ui: &mut Ui, column: Rect, height: f32, hand: &mut Hand, view: &View) {
    let octave = (column.height() - 3.0 * height).clamp(34.0, 62.0);
    let (top, rest) = column.split_top_bottom_at_y(column.top() + octave);
    keys(ui, top, hand, view);
    let rows = ["scale", "root", "transposition"];
    for (i, parameter) in rows.into_iter().filter_map(place).enumerate() {
        let at = pos2(rest.left(), rest.top() + 4.0 + i as f32 * height);
        row(ui, Rect::from_min_size(at, vec2(rest.width(), height)), hand, parameter);
    }
    let left = Rect::from_min_max(pos2(rest.left(), rest.top() + 4.0 + 3.0 * height), rest.max);
    if left.height() > 20.0 {
        let chord = view.seen.chord.map_or("–".to_owned(), |chord| chord.to_string());
        let key = view.seen.key.map_or("–".to_owned(), |key| key.to_string());
        let y = left.top() + 14.0;
        for (x, align, text, colour) in [
            (left.left() + 6.0, Align2::LEFT_CENTER, format!("chord {chord}"), veil(ink().call, 0.95)),
            (left.right() - 6.0, Align2::RIGHT_CENTER, key, ink().dim),
        ] {
            ui.painter().text(pos2(x, y), align, text, font(11.0), colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_hit_at_its_foot_and_black_keys_lie_over_white_ones() {
        let keys = Rect::from_min_max(pos2(0.0, 0.0), pos2(140.0, 60.0));
        for class in 0..12 {
            let at = key_place(keys, class);
            let foot = pos2(at.center().x, at.bottom() - 1.0);
            assert_eq!(class_at(keys, foot), Some(class));
        }
        // Between C and D, above: C sharp.
        assert_eq!(class_at(keys, pos2(20.0, 10.0)), Some(1));
        assert_eq!(class_at(keys, pos2(19.0, 55.0)), Some(0));
        assert_eq!(class_at(keys, pos2(-1.0, 10.0)), None);
    }
}
