//! Sheets of phrases as piano rolls.

use super::Note;
use super::phrase::{CodedPhrase, Form};
use super::piano_roll::{ANSWER_COLOUR, CALL_COLOUR, RollView, RollVoice, draw_piano_roll};
use crate::time::{Beats, MetreMap, TimeSignature};
use image::{Rgb, RgbImage};

/// Reference that phrases without one are shown from.
const REFERENCE: u8 = 62;
/// Loudness that notes are shown with.
const VELOCITY: u8 = 100;
/// Pixels between two strips, and a strip's height.
const GAP: u32 = 4;
const HEIGHT: u32 = 120;

/// Phrases one after another, from amber for the first to teal for the last.
pub struct Strip {
    phrases: Vec<Vec<Note>>,
    metre: TimeSignature,
    length: Beats,
}

impl Strip {
    /// Phrases of one form.
    pub fn new(phrases: &[&CodedPhrase]) -> Self {
        let form = phrases.first().map_or_else(|| Form { metre: TimeSignature::COMMON, bars: 1 }, |p| p.form);
        let each = form.metre.bar_beats().0 * f64::from(form.bars);
        let notes =
            phrases.iter().enumerate().map(|(i, p)| p.decode("", REFERENCE).notes_at(Beats(each * i as f64), VELOCITY));
        Self::of_notes(notes.collect(), form.metre, Beats(each * phrases.len() as f64))
    }

    /// Phrases whose notes stand where they sound, up to `length`; bars begin at 0.
    pub fn of_notes(phrases: Vec<Vec<Note>>, metre: TimeSignature, length: Beats) -> Self {
        Self { phrases, metre, length }
    }

    fn draw(&self, width: u32) -> RgbImage {
        let last = self.phrases.len().saturating_sub(1).max(1);
        let colour = |i: usize| -> [u8; 3] {
            let share = i as f32 / last as f32;
            std::array::from_fn(|c| {
                let (from, to) = (f32::from(CALL_COLOUR[c]), f32::from(ANSWER_COLOUR[c]));
                (from + (to - from) * share).round() as u8
            })
        };
        let voices = self.phrases.iter().enumerate().map(|(i, notes)| RollVoice { notes, colour: colour(i) });
        let metres = MetreMap::constant(self.metre).unwrap_or_default();
        let view = RollView { width, height: HEIGHT, span: Some((Beats::ZERO, self.length)) };
        draw_piano_roll(&voices.collect::<Vec<_>>(), &metres, view)
    }
}

/// Strips below one another, each `width` pixels wide.
pub fn draw_strips(strips: &[Strip], width: u32) -> RgbImage {
    let height = strips.len().max(1) as u32 * (HEIGHT + GAP) + GAP;
    let mut page = RgbImage::from_pixel(width + 2 * GAP, height, Rgb([18, 18, 20]));
    for (i, strip) in strips.iter().enumerate() {
        let y = i64::from(GAP + i as u32 * (HEIGHT + GAP));
        image::imageops::replace(&mut page, &strip.draw(width), i64::from(GAP), y);
    }
    page
}
