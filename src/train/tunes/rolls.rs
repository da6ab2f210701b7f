use crate::music::piano_roll::{ANSWER_COLOUR, RollView, RollVoice, draw_piano_roll};
use crate::music::{Melody, STEPS_PER_BEAT};
use crate::time::{Beats, MetreMap};
use image::{Rgb, RgbImage};

/// Pixels of one roll.
const TILE: (u32, u32) = (288, 96);
/// Pixels between rolls and around.
const GUTTER: u32 = 6;
const PAGE: Rgb<u8> = Rgb([18, 18, 20]);
/// Beats of a tune that a roll shows.
const SHOWN: i64 = 32;

/// A page of piano rolls, row by row, each of the first 32 beats of a tune; as wide as high, roughly.
pub fn roll_sheet(melodies: &[Melody]) -> RgbImage {
    let (width, height) = (TILE.0 + GUTTER, TILE.1 + GUTTER);
    let columns = ((melodies.len() as f64 * f64::from(height) / f64::from(width)).sqrt().ceil() as u32).clamp(1, 32);
    let rows = (melodies.len() as u32).div_ceil(columns).min(128);
    let mut page = RgbImage::from_pixel(columns * width + GUTTER, rows * height + GUTTER, PAGE);
    for (at, melody) in melodies.iter().enumerate().take((columns * rows) as usize) {
        let (column, row) = (at as u32 % columns, at as u32 / columns);
        let start = Beats::from_steps(i64::from(melody.start_step), STEPS_PER_BEAT);
        let notes = melody.notes_at(start, 100);
        let metres = MetreMap::constant(melody.metre).unwrap_or_default();
        let span = Some((Beats::ZERO, Beats::from_steps(SHOWN, 1)));
        let voice = RollVoice { notes: &notes, colour: ANSWER_COLOUR };
        let roll = draw_piano_roll(&[voice], &metres, RollView { width: TILE.0, height: TILE.1, span });
        let (x, y) = (GUTTER + column * width, GUTTER + row * height);
        image::imageops::replace(&mut page, &roll, i64::from(x), i64::from(y));
    }
    page
}
