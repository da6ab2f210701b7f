//! Where everything stands in a window of any size.

use egui::{Rect, pos2, vec2};

/// The size of the window at first, in points.
pub const USUAL: (f64, f64) = (980.0, 620.0);
/// The least size that everything fits into, in points.
pub const LEAST: (f64, f64) = (640.0, 420.0);

/// Height of a row of a control, in points.
pub const ROW: f32 = 25.0;
/// Height of a group's title.
pub const TITLE: f32 = 24.0;
/// The least width of a column of controls.
const COLUMN: f32 = 128.0;
/// Space between columns.
const GUTTER: f32 = 14.0;

/// The places of the parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Name, presets, meters.
    pub header: Rect,
    /// The piano roll.
    pub roll: Rect,
    /// What belongs to the phrase.
    pub strip: Rect,
    /// The modes.
    pub modes: Rect,
    /// The pad.
    pub pad: Rect,
    /// The controls.
    pub groups: Rect,
    /// How things stand.
    pub status: Rect,
}

impl Layout {
    /// The layout of a window.
    pub fn of(window: Rect) -> Self {
        let roomy = window.height() >= 540.0;
        let margin = if window.width() >= 800.0 { 12.0 } else { 8.0 };
        let gap = if roomy { 8.0 } else { 6.0 };
        let inner = window.shrink2(vec2(margin, 0.0));
        let row = |top: f32, height: f32| Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), height));

        let header = row(window.top(), if roomy { 50.0 } else { 42.0 });
        let status_height = if roomy { 28.0 } else { 22.0 };
        let status = row(window.bottom() - status_height, status_height);
        let lower = (window.height() * 0.36).clamp(142.0, 250.0);
        let lower = row(status.top() - lower, lower);
        let modes_height = if roomy { 50.0 } else { 32.0 };
        let modes = row(lower.top() - gap - modes_height, modes_height);
        let strip_height = if roomy { 32.0 } else { 28.0 };
        let strip = row(modes.top() - gap - strip_height, strip_height);
        let roll = Rect::from_min_max(header.left_bottom(), pos2(inner.right(), strip.top() - gap));
        let side = lower.height().min(inner.width() * 0.28);
        let pad = Rect::from_min_size(lower.min, vec2(side, lower.height()));
        let groups = Rect::from_min_max(pos2(pad.right() + gap, lower.top()), lower.max);
        Self { header, roll, strip, modes, pad, groups, status }
    }
}

/// Where the controls of groups stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Columns {
    /// Each group has a column.
    All(Vec<Rect>),
    /// There is room for one group, whose rows flow through columns; the others are behind tabs.
    Tabs {
        /// The line of tabs.
        tabs: Rect,
        /// The columns.
        columns: Vec<Rect>,
    },
}

/// Divides the place of the controls for so many groups of at most so many rows.
pub fn columns(place: Rect, groups: usize, rows: usize) -> Columns {
    let inner = place.shrink2(vec2(12.0, 6.0));
    let split = |area: Rect, count: usize| {
        let count = count.max(1);
        let width = (area.width() - GUTTER * (count as f32 - 1.0)) / count as f32;
        let left = |i: usize| area.left() + i as f32 * (width + GUTTER);
        (0..count).map(|i| Rect::from_min_size(pos2(left(i), area.top()), vec2(width, area.height()))).collect()
    };
    let all_fit = inner.width() >= groups as f32 * (COLUMN + GUTTER) - GUTTER
        && inner.height() >= TITLE + rows as f32 * ROW.min(23.0);
    if all_fit {
        return Columns::All(split(inner, groups));
    }
    let (tabs, rest) = inner.split_top_bottom_at_y(inner.top() + TITLE);
    Columns::Tabs { tabs, columns: split(rest, ((inner.width() + GUTTER) / (COLUMN + GUTTER)) as usize) }
}

/// The height of the rows that share a column: at most [`ROW`].
pub fn row_height(column: f32, rows: usize) -> f32 {
    (column / rows.max(1) as f32).clamp(20.0, ROW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height))
    }

    #[test]
    fn nothing_overlaps_or_leaves_the_window_at_any_size() {
        for width in [640.0, 700.0, 801.0, 980.0, 1440.0, 2560.0] {
            for height in [420.0, 500.0, 539.0, 541.0, 620.0, 900.0, 1600.0] {
                let window = window(width, height);
                let Layout { header, roll, strip, modes, pad, groups, status } = Layout::of(window);
                let parts = [header, roll, strip, modes, pad, groups, status];
                for (i, a) in parts.iter().enumerate() {
                    assert!(window.contains_rect(*a) && a.is_positive(), "{width}x{height}: {a}");
                    assert!(parts[..i].iter().all(|b| !a.shrink(0.1).intersects(*b)), "{width}x{height}: part {i}");
                }
                assert!(roll.height() >= 90.0, "{width}x{height}: the roll has {}", roll.height());
                assert!(pad.width() >= 130.0 && groups.width() >= 2.0 * COLUMN, "{width}x{height}");
            }
        }
    }

    #[test]
    fn groups_stand_side_by_side_where_there_is_room_and_behind_tabs_where_there_is_not() {
        let of = |width, height| columns(Layout::of(window(width, height)).groups, 5, 7);
        let Columns::All(wide) = of(USUAL.0 as f32, USUAL.1 as f32) else { panic!("the usual window is too small") };
        assert_eq!(wide.len(), 5);
        assert!(wide.windows(2).all(|pair| pair[0].right() < pair[1].left()));
        let Columns::Tabs { tabs, columns } = of(LEAST.0 as f32, LEAST.1 as f32) else { panic!("too much is shown") };
        assert_eq!(columns.len(), 3);
        // Nine rows of one group have room.
        let rows = (columns[0].height() / row_height(columns[0].height(), 4)) as usize;
        assert!(rows * columns.len() >= 9 && tabs.bottom() <= columns[0].top(), "{rows} rows");
    }
}
