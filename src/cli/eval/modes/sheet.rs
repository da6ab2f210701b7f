//! Calls and answers as piano rolls: a heading for each mode, and the same few calls below each.

use super::label;
use super::material::Call;
use super::stage::Performed;
use anyhow::Result;
use image::{ImageFormat, Rgb, RgbImage};
use oneiro::compose::Mode;
use oneiro::files::write_whole;
use oneiro::music::Note;
use oneiro::music::piano_roll::{ANSWER_COLOUR, BACKING_COLOUR, CALL_COLOUR, RollView, RollVoice, draw_piano_roll};
use oneiro::time::{Beats, MetreMap};
use std::io::Cursor;
use std::path::Path;

/// Pixels of a roll, rolls in a row, and the space around them.
const ROLL: (u32, u32) = (620, 92);
const COLUMNS: u32 = 2;
const GAP: u32 = 6;
const GROUND: [u8; 3] = [18, 18, 20];
const INK: [u8; 3] = [186, 192, 208];

/// A roll: what was played, what came of it, and what went along.
pub struct Shown {
    call: Vec<Note>,
    answer: Vec<Note>,
    chords: Vec<Note>,
    metres: MetreMap,
    span: (Beats, Beats),
}

impl Shown {
    /// The call, and an answer after it.
    pub fn after(call: &Call, answer: &[Note]) -> Self {
        Self {
            call: call.notes.clone(),
            answer: answer.to_vec(),
            chords: Vec::new(),
            metres: MetreMap::constant(call.metre).unwrap_or_default(),
            // The pick-up needs half a bar at most.
            span: (call.bar(1) - call.metre.bar_beats() * 0.5, call.answered().1),
        }
    }

    /// What came of a call in a mode.
    pub fn of(mode: Mode, call: &Call, performed: &Performed) -> Self {
        let shown = Self::after(call, &performed.answer);
        let length = call.span().1 - call.span().0;
        match mode {
            Mode::Answer | Mode::Continue | Mode::Vary => shown,
            Mode::Improvise => {
                let inside = |n: &&Note| n.onset >= call.answered().0;
                let answer = performed.answer.iter().filter(inside).copied().collect();
                Self { answer, chords: call.chords(), ..shown }
            }
            Mode::Harmonise => Self { span: (shown.span.0, call.span().1), ..shown },
            // What lies between them stands between them.
            Mode::Morph => {
                let moved = |n: &Note| if n.onset < call.span().1 { *n } else { n.shifted(length) };
                Self {
                    call: performed.heard.iter().map(moved).collect(),
                    answer: performed.answer.iter().map(|n| n.shifted(length)).collect(),
                    span: (call.span().0, call.span().0 + length * 3.0),
                    ..shown
                }
            }
        }
    }

    fn draw(&self) -> RgbImage {
        let voices = [(&self.chords, BACKING_COLOUR), (&self.call, CALL_COLOUR), (&self.answer, ANSWER_COLOUR)]
            .map(|(notes, colour)| RollVoice { notes, colour });
        draw_piano_roll(&voices, &self.metres, RollView { width: ROLL.0, height: ROLL.1, span: Some(self.span) })
    }
}

/// Draws all and writes it, as PNG or JPEG by the name.
///
/// # Errors
/// If the picture cannot be made or written.
pub fn write(path: &Path, parts: &[(String, Vec<Shown>)]) -> Result<()> {
    let rows = |shown: &[Shown]| (shown.len() as u32).div_ceil(COLUMNS);
    let heading = label::HEIGHT + 2 * GAP;
    let height = parts.iter().map(|(_, shown)| heading + rows(shown) * (ROLL.1 + GAP)).sum::<u32>() + GAP;
    let mut page = RgbImage::from_pixel(COLUMNS * (ROLL.0 + GAP) + GAP, height, Rgb(GROUND));
    let mut y = 0;
    for (name, shown) in parts {
        label::write(&mut page, name, (GAP + 4, y + GAP + 4), INK);
        y += heading;
        for (i, roll) in shown.iter().enumerate() {
            let (column, row) = (i as u32 % COLUMNS, i as u32 / COLUMNS);
            let (left, top) = (GAP + column * (ROLL.0 + GAP), y + row * (ROLL.1 + GAP));
            image::imageops::replace(&mut page, &roll.draw(), i64::from(left), i64::from(top));
        }
        y += rows(shown) * (ROLL.1 + GAP);
    }
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
        let mut bytes = Cursor::new(Vec::new());
        page.write_to(&mut bytes, ImageFormat::Png)?;
        return Ok(write_whole(path, bytes.get_ref())?);
    }
    super::super::save_jpeg(&page, path)
}
