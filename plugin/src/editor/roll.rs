//! The piano roll: what was heard, what sounds, what is coming.
//!
//! What the player played has square ends and is filled; what Oneiro played has round ends; what it is going to play is an
//! outline; what accompanies is thin.

use super::frame::{BARS, Frame, ease, fit};
use super::paint::{Icon, icon, line, width};
use super::texts::key_name;
use super::theme::{ROUND, font, ink, strong, veil};
use crate::view::View;
use egui::text::LayoutJob;
use egui::{Align, Align2, Color32, Painter, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use oneiro::bridge::Part;
use oneiro::compose::Turn;
use oneiro::music::{Chord, PitchClassSet};
use oneiro::time::TimeSignature;
use std::collections::VecDeque;

/// Height of the line with bars and chords.
const RULER: f32 = 20.0;
/// Width of the keyboard at the left.
const KEYBOARD: f32 = 26.0;
/// Most lines of one kind: more than the beats of [`BARS`] in any metre.
const MOST_LINES: u16 = 4096;

/// What the roll remembers from one picture to the next.
#[derive(Debug)]
pub struct Roll {
    keys: (f32, f32),
    bars: f64,
    chords: VecDeque<(f64, Chord)>,
    epoch: u32,
    /// Whether the keys still move.
    moves: bool,
}

impl Default for Roll {
    fn default() -> Self {
        Self { keys: fit(None), bars: 8.0, chords: VecDeque::new(), epoch: 0, moves: false }
    }
}

impl Roll {
    /// Whether it is still moving by itself.
    pub fn moves(&self) -> bool {
        self.moves
    }

    /// Draws it. `tones` is the scale that is kept to.
    pub fn show(&mut self, ui: &mut Ui, place: Rect, view: &View, now: f64, tones: Option<PitchClassSet>) {
        let seen = &view.seen;
        self.remember(view, now);
        ui.painter().rect_filled(place, ROUND, ink().panel);
        let response = ui.interact(place, ui.make_persistent_id("roll"), Sense::hover());
        if response.hovered() {
            self.bars = (self.bars * 2.0_f64.powf(-0.25 * f64::from(super::field::wheel(ui)))).clamp(BARS.0, BARS.1);
        }
        let metre = seen.clock.time_signature;
        let inside = Rect::from_min_max(place.min + vec2(KEYBOARD, RULER), place.max - vec2(0.0, 4.0));
        let beats = self.bars * metre.bar_beats().0;
        let frame = Frame::around(inside, now, beats, self.keys);
        let heard = seen.notes.iter().filter(|note| note.to.is_none_or(|to| to.0 > frame.beats.0)).map(|n| n.pitch);
        let coming = seen.coming.iter().filter(|note| note.onset.0 < frame.beats.1).map(|n| n.pitch);
        let all = || heard.clone().chain(coming.clone());
        let aim = all().min().zip(all().max()).map_or_else(|| fit(None), |range| fit(Some(range)));
        // A tenth of a second, more or less.
        let time = ui.input(|input| input.stable_dt).min(0.1);
        self.keys = ease(self.keys, aim, (8.0 * time).min(1.0));
        self.moves = self.keys != aim;

        let painter = ui.painter_at(place.shrink(1.0));
        let within = ui.painter_at(inside);
        lanes(&within, &frame, tones);
        turns(&within, &frame, view);
        grid(&painter, &within, &frame, metre);
        self.name_chords(&painter, &frame);
        for note in &seen.notes {
            let to = note.to.map_or(now, |to| to.0).max(note.from.0);
            if let Some(at) = frame.note(note.pitch, note.from.0, to) {
                sounded(&within, at, note.part, note.to.is_none());
            }
        }
        for note in &seen.coming {
            if let Some(at) = frame.note(note.pitch, note.onset.0, note.end().0) {
                to_come(&within, at);
            }
        }
        let x = frame.x(now);
        within.vline(x, inside.y_range(), Stroke::new(1.2, veil(ink().text, 0.8)));
        keyboard(&painter, &frame, view);
        triangle(&painter, pos2(x, inside.top()));
        corner(&painter, place, view);
    }

    /// Chords are told only while they sound; the roll keeps them.
    fn remember(&mut self, view: &View, now: f64) {
        if view.seen.clock.epoch != self.epoch {
            self.epoch = view.seen.clock.epoch;
            self.chords.clear();
        }
        if let Some(chord) = view.seen.chord.filter(|chord| self.chords.back().is_none_or(|(_, last)| last != chord)) {
            self.chords.push_back((now, chord));
        }
        while self.chords.len() > 32 {
            self.chords.pop_front();
        }
    }

    fn name_chords(&self, painter: &Painter, frame: &Frame) {
        let mut free = frame.place.left();
        for (at, chord) in &self.chords {
            let x = frame.x(*at).max(free);
            if frame.x(*at) < frame.place.left() - 40.0 || x > frame.place.right() {
                continue;
            }
            let place = Rect::from_min_size(pos2(x + 26.0, frame.place.top() - RULER), vec2(90.0, RULER));
            free = line(painter, place, Align::Min, &chord.to_string(), strong(11.5), ink().call).right();
        }
    }
}

fn is_black(key: u8) -> bool {
    matches!(key % 12, 1 | 3 | 6 | 8 | 10)
}

/// Grounds of the keys: those outside the scale are darker; without a scale the black ones are.
fn lanes(painter: &Painter, frame: &Frame, tones: Option<PitchClassSet>) {
    for key in frame.shown_keys() {
        let dark = tones.map_or_else(|| is_black(key), |tones| !tones.contains_pitch(key));
        let (top, lane) = (frame.y(key), frame.lane());
        let at = Rect::from_min_max(pos2(frame.place.left(), top), pos2(frame.place.right(), top + lane));
        if dark {
            painter.rect_filled(at, 0.0, veil(ink().ground, 0.55));
        }
        if key % 12 == 0 {
            painter.hline(frame.place.x_range(), top + lane, Stroke::new(1.0, veil(ink().line, 0.9)));
        }
    }
}

/// Whose turn it is where.
fn turns(painter: &Painter, frame: &Frame, view: &View) {
    let stretch = |from: f64, to: f64, colour: Color32, word: &str| {
        let at = Rect::from_x_y_ranges(frame.x(from)..=frame.x(to), frame.place.y_range()).intersect(frame.place);
        if !at.is_positive() {
            return;
        }
        painter.rect_filled(at, 0.0, veil(colour, 0.055));
        painter.hline(at.x_range(), frame.place.top() + 1.0, Stroke::new(2.0, veil(colour, 0.75)));
        let place = Rect::from_min_size(at.min + vec2(6.0, 4.0), vec2((at.width() - 8.0).max(0.0), 14.0));
        if place.width() > 30.0 {
            line(painter, place, Align::Min, word, font(10.5), veil(colour, 0.9));
        }
    };
    if let Turn::Listening { from, until } = view.seen.status.turn {
        stretch(from.0, until.0, ink().call, "listening");
    }
    if let Some((from, to)) = view.seen.window {
        stretch(from.0, to.0, ink().answer, "Oneiro");
    }
}

/// Bar and beat lines, and the numbers of bars.
fn grid(ruler: &Painter, painter: &Painter, frame: &Frame, metre: TimeSignature) {
    let (bar, beat) = (metre.bar_beats().0, metre.beat_beats().0);
    let y = frame.place.y_range();
    let points_a_beat = f64::from(frame.place.width()) * beat / (frame.beats.1 - frame.beats.0);
    if points_a_beat > 9.0 {
        for at in multiples((frame.beats.0 / beat).ceil(), beat, frame.beats.1) {
            painter.vline(frame.x(at * beat), y, Stroke::new(1.0, veil(ink().line, 0.35)));
        }
    }
    // Numbers are written as often as they have room.
    let every = (44.0 / (points_a_beat * bar / beat)).log2().ceil().max(0.0).exp2();
    for index in multiples((frame.beats.0 / bar).floor(), bar, frame.beats.1) {
        let x = frame.x(index * bar);
        painter.vline(x, y, Stroke::new(1.0, ink().line));
        if index.rem_euclid(every) == 0.0 && x > frame.place.left() - 4.0 {
            let place = Rect::from_min_size(pos2(x + 5.0, frame.place.top() - RULER), vec2(40.0, RULER));
            line(ruler, place, Align::Min, &format!("{}", index + 1.0), font(10.5), ink().faint);
        }
    }
}

/// Whole numbers from `first` on whose multiples of `step` lie before `end`. So far out that one more is the same number, there
/// is an end to them too.
fn multiples(first: f64, step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..MOST_LINES).map(move |number| first + f64::from(number)).take_while(move |number| number * step < end)
}

fn sounded(painter: &Painter, at: Rect, part: Part, sounds: bool) {
    let fade = if sounds { 1.0 } else { 0.80 };
    match part {
        Part::Call => {
            painter.rect_filled(at, 1.0, veil(ink().call, fade));
        }
        Part::Answer => {
            painter.rect_filled(at, at.height() / 2.0, veil(ink().answer, fade));
        }
        Part::Backing => {
            let thin = Rect::from_center_size(at.center(), vec2(at.width(), (at.height() * 0.4).max(2.0)));
            painter.rect_filled(thin, 0.0, veil(ink().backing, fade));
        }
    }
    if sounds {
        let round = if part == Part::Answer { at.height() / 2.0 + 2.0 } else { 2.0 };
        painter.rect_stroke(at.expand(1.5), round, (1.0, veil(ink().text, 0.8)), StrokeKind::Outside);
    }
}

fn to_come(painter: &Painter, at: Rect) {
    let round = at.height() / 2.0;
    painter.rect(at, round, veil(ink().answer, 0.14), Stroke::new(1.2, veil(ink().answer, 0.95)), StrokeKind::Inside);
}

fn triangle(painter: &Painter, at: Pos2) {
    let points = vec![at + vec2(-4.5, -5.0), at + vec2(4.5, -5.0), at + vec2(0.0, 1.5)];
    painter.add(egui::Shape::convex_polygon(points, ink().text, Stroke::NONE));
}

/// The keyboard at the left, with what sounds.
fn keyboard(painter: &Painter, frame: &Frame, view: &View) {
    let place = Rect::from_min_max(pos2(frame.place.left() - KEYBOARD, frame.place.top()), frame.place.left_bottom());
    let painter = painter.with_clip_rect(place.intersect(painter.clip_rect()));
    painter.rect_filled(place, 0.0, ink().raised);
    let lane = frame.lane();
    for key in frame.shown_keys() {
        let y = frame.y(key);
        let at = Rect::from_min_max(pos2(place.left(), y), pos2(place.right(), y + lane));
        if is_black(key) {
            painter.rect_filled(Rect::from_min_max(at.min, pos2(at.left() + 13.0, at.bottom())), 0.0, ink().ground);
        }
        let sounding = view.seen.notes.iter().rev().take_while(|n| frame.beats.0 < n.from.0 + 64.0);
        if let Some(note) = sounding.clone().find(|note| note.to.is_none() && note.pitch == key) {
            let colour = [ink().call, ink().answer, ink().backing][note.part.index()];
            painter.rect_filled(at.shrink2(vec2(0.0, 0.5)), 1.0, colour);
        }
    }
    for key in frame.shown_keys() {
        let at = Rect::from_min_max(pos2(place.left(), frame.y(key)), pos2(place.right(), frame.y(key) + lane));
        if key % 12 == 0 {
            let place = Rect::from_min_max(pos2(at.left(), at.bottom() - 12.0), pos2(at.right() - 3.0, at.bottom()));
            line(&painter, place, Align::Max, &key_name(key), font(8.5), ink().dim);
        }
    }
    painter.vline(place.right(), place.y_range(), Stroke::new(1.0, ink().line));
}

/// The key of the last answer, at the upper right.
fn corner(painter: &Painter, place: Rect, view: &View) {
    let Some(key) = view.seen.key else { return };
    let text = format!("in {key}");
    let room = width(painter, &text, font(10.5)) + 14.0;
    let at = Rect::from_min_max(
        pos2(place.right() - room, place.top() + 2.0),
        pos2(place.right() - 4.0, place.top() + RULER - 2.0),
    );
    painter.rect_filled(at, 4.0, ink().panel);
    line(painter, at.shrink2(vec2(4.0, 0.0)), Align::Max, &text, font(10.5), ink().dim);
}

/// What is said where there is nothing to see yet.
pub fn invite(ui: &Ui, place: Rect, title: &str, text: &str) {
    let painter = ui.painter_at(place);
    let middle = place.center() + vec2(KEYBOARD / 2.0, RULER / 2.0);
    let wide = width(&painter, text, font(12.0)).max(width(&painter, title, strong(15.0)));
    painter.rect_filled(Rect::from_center_size(middle, vec2(wide + 48.0, 62.0)), ROUND, veil(ink().panel, 0.94));
    painter.text(middle - vec2(0.0, 10.0), Align2::CENTER_CENTER, title, strong(15.0), ink().text);
    painter.text(middle + vec2(0.0, 12.0), Align2::CENTER_CENTER, text, font(12.0), ink().dim);
}

/// A card over the roll that says what is missing. Gives where a button may stand.
pub fn missing(ui: &Ui, place: Rect, title: &str, text: &str) -> Rect {
    let card = Rect::from_center_size(
        place.center(),
        vec2((place.width() - 24.0).min(560.0), (place.height() - 12.0).min(118.0)),
    );
    ui.painter().rect_filled(place, ROUND, veil(ink().ground, 0.6));
    ui.painter().rect(card, ROUND, ink().raised, (1.0, ink().line), StrokeKind::Inside);
    let sign = Rect::from_min_size(card.min + vec2(14.0, 12.0), vec2(16.0, 16.0));
    icon(ui.painter(), sign, Icon::Warning, ink().warning);
    let inner = Rect::from_min_max(card.min + vec2(40.0, 10.0), card.max - vec2(14.0, 10.0));
    ui.painter().text(inner.min, Align2::LEFT_TOP, title, strong(13.5), ink().text);
    let mut job = LayoutJob::simple(text.to_owned(), font(11.5), ink().dim, inner.width());
    job.wrap.max_rows = ((inner.height() - 44.0) / 14.0).max(1.0) as usize;
    ui.painter().galley(inner.min + vec2(0.0, 21.0), ui.painter().layout_job(job), ink().dim);
    Rect::from_min_max(pos2(inner.right() - 96.0, inner.bottom() - 22.0), inner.max)
}
