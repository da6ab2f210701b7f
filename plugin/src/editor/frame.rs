//! The geometry of the roll: which beats and keys it shows, and where.

use egui::{Rect, pos2};

/// Where the present stands in the roll, as a share of its width.
pub const NOW: f64 = 0.56;
/// Fewest and most bars that are shown.
pub const BARS: (f64, f64) = (2.0, 32.0);
/// Fewest keys that are shown.
const KEYS: f32 = 22.0;

/// What a piano roll shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Where on the screen.
    pub place: Rect,
    /// The first and the last beat.
    pub beats: (f64, f64),
    /// The lowest and, above it, the highest key; between keys while it moves.
    pub keys: (f32, f32),
}

impl Frame {
    /// So many beats around the present.
    pub fn around(place: Rect, now: f64, beats: f64, keys: (f32, f32)) -> Self {
        Self { place, beats: (now - NOW * beats, now + (1.0 - NOW) * beats), keys }
    }

    /// Where a beat is.
    pub fn x(&self, beats: f64) -> f32 {
        let share = (beats - self.beats.0) / (self.beats.1 - self.beats.0);
        self.place.left() + self.place.width() * share as f32
    }

    /// The height of a key.
    pub fn lane(&self) -> f32 {
        self.place.height() / (self.keys.1 - self.keys.0 + 1.0)
    }

    /// The upper edge of a key.
    pub fn y(&self, key: u8) -> f32 {
        self.place.top() + (self.keys.1 - f32::from(key)) * self.lane()
    }

    /// Where a note is; `None` if no part of it is shown.
    pub fn note(&self, key: u8, from: f64, to: f64) -> Option<Rect> {
        if to < self.beats.0 || from > self.beats.1 {
            return None;
        }
        let (left, right) = (self.x(from), self.x(to));
        let gap = (self.lane() * 0.12).clamp(0.5, 1.5);
        let note = Rect::from_min_max(
            pos2(left, self.y(key) + gap),
            pos2(right.max(left + 3.0) - 0.5, self.y(key) + self.lane() - gap),
        );
        Some(note).filter(|note| note.intersects(self.place))
    }

    /// The keys of the screen that show at least a part, from below.
    pub fn shown_keys(&self) -> std::ops::RangeInclusive<u8> {
        (self.keys.0.floor().max(0.0) as u8)..=(self.keys.1.ceil().min(127.0) as u8)
    }
}

/// The keys to show so that some are seen with room around them; at least [`KEYS`] of them.
pub fn fit(lowest_highest: Option<(u8, u8)>) -> (f32, f32) {
    let (low, high) = lowest_highest.unwrap_or((60, 72));
    let (low, high) = (f32::from(low) - 3.0, f32::from(high) + 3.0);
    let more = ((KEYS - 1.0 - (high - low)) / 2.0).max(0.0);
    let (low, high) = (low - more, high + more);
    // Moved back within the keyboard, whole.
    let shift = (0.0 - low).max(0.0) - (high - 127.0).max(0.0);
    ((low + shift).max(0.0), (high + shift).min(127.0))
}

/// Moves a share of the way towards what is to be shown; arrives when it is near.
pub fn ease(from: (f32, f32), to: (f32, f32), share: f32) -> (f32, f32) {
    let one = |from: f32, to: f32| if (to - from).abs() < 0.05 { to } else { from + (to - from) * share };
    (one(from.0, to.0), one(from.1, to.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        let place = Rect::from_min_max(pos2(100.0, 50.0), pos2(900.0, 250.0));
        Frame::around(place, 100.0, 32.0, (50.0, 69.0))
    }

    #[test]
    fn beats_and_keys_have_their_places() {
        let frame = frame();
        assert!((frame.x(100.0) - (100.0 + 800.0 * NOW as f32)).abs() < 1e-3);
        assert!((frame.x(frame.beats.1) - 900.0).abs() < 1e-3);
        assert_eq!((frame.lane(), frame.y(69), frame.y(50)), (10.0, 50.0, 240.0));
        let note = frame.note(60, 100.0, 101.0).unwrap();
        assert!((note.width() - 24.5).abs() < 1e-2 && note.top() > 140.0 && note.bottom() < 150.0, "{note}");
        // However short, it is seen.
        assert!(frame.note(60, 100.0, 100.001).unwrap().width() >= 2.0);
        assert_eq!(frame.note(60, 0.0, 50.0), None);
        assert_eq!(frame.note(100, 100.0, 101.0), None);
        assert_eq!(frame.shown_keys(), 50..=69);
    }

    #[test]
    fn all_notes_fit_within_the_keyboard() {
        for (low, high) in [(60, 60), (0, 3), (120, 127), (30, 100), (0, 127)] {
            let (from, to) = fit(Some((low, high)));
            assert!(from >= 0.0 && to <= 127.0 && from <= f32::from(low) && to >= f32::from(high), "{low} {high}");
            assert!(to - from >= KEYS - 1.01, "{low} {high}: {from} {to}");
        }
        let mut keys = fit(None);
        let aim = fit(Some((40, 90)));
        for _ in 0..60 {
            keys = ease(keys, aim, 0.2);
        }
        assert_eq!(keys, aim);
    }
}
