//! Letters: titles and lyrics, set once when they change and drawn over every frame.

use ab_glyph::{Font as _, FontRef, Glyph, PxScale, ScaleFont as _, point};

/// Longest text, in characters.
const LONGEST: usize = 2000;
/// Share of the height that a title's letters have, and a lyric's, and those of help.
const SIZES: [f32; 3] = [0.125, 0.062, 0.026];
/// Share of the width that lines may have.
const WIDTH: f32 = 0.86;
/// Line spacing in heights of letters.
const LEADING: f32 = 1.18;

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextBox {
    /// Large, in the middle.
    Title(String),
    /// At the foot.
    Lyric(String),
    /// Small, at the left: what keys do, and how the show is.
    Help(String),
}

/// Sets texts.
pub struct Letters {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letters")
    }
}

impl Default for Letters {
    fn default() -> Self {
        // The fonts are part of the program; a test sets every kind of text.
        let font = |bytes: &'static [u8]| FontRef::try_from_slice(bytes).expect("the font is sound");
        Self { regular: font(notosans::REGULAR_TTF), bold: font(notosans::BOLD_TTF) }
    }
}

impl Letters {
    /// Texts as pixels of a size: rows of four bytes, as [`super::Stage::text`] takes them.
    pub fn set(&self, texts: &[TextBox], (width, height): (u32, u32)) -> Vec<u8> {
        let (w, h) = (width as usize, height as usize);
        let mut ink = vec![0.0_f32; w * h];
        let mut plate = vec![0.0_f32; w * h];
        for text in texts {
            self.draw(text, w, h, &mut ink, &mut plate);
        }
        // A soft shade around the letters keeps them readable on anything.
        let reach = (h / 90).max(1);
        let shade = spread(&spread(&ink, w, h, reach), w, h, reach);
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let pixel = |((ink, shade), plate): ((&f32, &f32), &f32)| {
            let dark = (shade * 1.5).min(0.62).max(*plate);
            let alpha = ink + (1.0 - ink) * dark;
            let light = if alpha > 1e-3 { ink / alpha } else { 0.0 };
            [byte(light), byte(light), byte(light), byte(alpha)]
        };
        ink.iter().zip(&shade).zip(&plate).flat_map(pixel).collect()
    }

    fn draw(&self, text: &TextBox, w: usize, h: usize, ink: &mut [f32], plate: &mut [f32]) {
        let (kind, words, font) = match text {
            TextBox::Title(words) => (0, words, &self.bold),
            TextBox::Lyric(words) => (1, words, &self.regular),
            TextBox::Help(words) => (2, words, &self.regular),
        };
        let words: String = words.chars().take(LONGEST).map(|c| if c == '\t' { ' ' } else { c }).collect();
        let mut size = SIZES[kind] * h as f32;
        let room = WIDTH * w as f32;
        let mut lines = self.lines(&words, font, size, room);
        // A title that takes too many lines is set smaller.
        while lines.len() as f32 * size * LEADING > 0.86 * h as f32 && size > 6.0 {
            size *= 0.85;
            lines = self.lines(&words, font, size, room);
        }
        let block = lines.len() as f32 * size * LEADING;
        let top = match kind {
            0 => (h as f32 - block) / 2.0,
            1 => h as f32 * 0.94 - block,
            _ => h as f32 * 0.04,
        };
        let left = |line: &str| match kind {
            2 => w as f32 * 0.03,
            _ => (w as f32 - width_of(font, size, line)) / 2.0,
        };
        if kind == 2 && !lines.is_empty() {
            let widest = lines.iter().map(|line| width_of(font, size, line)).fold(0.0, f32::max);
            let margin = 0.8 * size;
            let (x0, y0) = ((w as f32 * 0.03 - margin).max(0.0) as usize, (top - margin).max(0.0) as usize);
            let (x1, y1) = ((w as f32 * 0.03 + widest + margin) as usize, (top + block + margin) as usize);
            for y in y0..y1.min(h) {
                plate[y * w + x0.min(w)..y * w + x1.min(w)].fill(0.72);
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let baseline = top + size * (0.9 + LEADING * number as f32);
            for glyph in glyphs(font, size, line, left(line), baseline) {
                let Some(outline) = font.outline_glyph(glyph) else { continue };
                let bounds = outline.px_bounds();
                outline.draw(|x, y, coverage| {
                    let (x, y) = (bounds.min.x as i64 + i64::from(x), bounds.min.y as i64 + i64::from(y));
                    if (0..w as i64).contains(&x) && (0..h as i64).contains(&y) {
                        let at = &mut ink[y as usize * w + x as usize];
                        *at = (*at + coverage).min(1.0);
                    }
                });
            }
        }
    }

    fn lines(&self, words: &str, font: &FontRef<'_>, size: f32, room: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in words.lines() {
            let mut line = String::new();
            for word in paragraph.split(' ') {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if !line.is_empty() && width_of(font, size, &longer) > room {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                } else {
                    line = longer;
                }
            }
            lines.push(line);
        }
        lines
    }
}

fn width_of(font: &FontRef<'_>, size: f32, line: &str) -> f32 {
    let scaled = font.as_scaled(PxScale::from(size));
    let mut width = 0.0;
    let mut before = None;
    for c in line.chars() {
        let id = font.glyph_id(c);
        width += before.map_or(0.0, |b| scaled.kern(b, id)) + scaled.h_advance(id);
        before = Some(id);
    }
    width
}

fn glyphs(font: &FontRef<'_>, size: f32, line: &str, left: f32, baseline: f32) -> Vec<Glyph> {
    let scale = PxScale::from(size);
    let scaled = font.as_scaled(scale);
    let (mut x, mut before) = (left, None);
    let place = |c: char| {
        let id = font.glyph_id(c);
        x += before.map_or(0.0, |b| scaled.kern(b, id));
        let glyph = id.with_scale_and_position(scale, point(x, baseline));
        x += scaled.h_advance(id);
        before = Some(id);
        glyph
    };
    line.chars().filter(|c| !c.is_control()).map(place).collect()
}

/// Mean over a square.
fn spread(values: &[f32], w: usize, h: usize, reach: usize) -> Vec<f32> {
    let scale = 1.0 / (2 * reach + 1) as f32;
    let run = |values: &[f32], lines: usize, length: usize, line_step: usize, step: usize| {
        let mut out = vec![0.0; values.len()];
        for line in 0..lines {
            let at = |i: i64| {
                if (0..length as i64).contains(&i) { values[line * line_step + i as usize * step] } else { 0.0 }
            };
            let reach = reach as i64;
            let mut sum: f32 = (-reach..=reach).map(at).sum();
            for i in 0..length {
                out[line * line_step + i * step] = (sum * scale).max(0.0);
                sum += at(i as i64 + reach + 1) - at(i as i64 - reach);
            }
        }
        out
    };
    run(&run(values, h, w, w, 1), w, h, 1, w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_text_is_set_and_stays_inside() {
        let letters = Letters::default();
        let long = "Traum ".repeat(400);
        for text in ["Oneiro", "Ænima\nΓειά", "", "\u{0}\u{7}", "e\u{301} 音", &long] {
            for kind in [TextBox::Title, TextBox::Lyric, TextBox::Help] {
                for size in [(320, 180), (17, 9), (1, 1)] {
                    let bytes = letters.set(&[kind(text.to_owned())], size);
                    assert_eq!(bytes.len(), 4 * (size.0 * size.1) as usize);
                }
            }
        }
        let light = |texts: &[TextBox]| {
            letters.set(texts, (320, 180)).chunks_exact(4).map(|p| u64::from(p[0]) * u64::from(p[3])).sum::<u64>()
        };
        assert_eq!(light(&[]), 0);
        let title = light(&[TextBox::Title("Oneiro".into())]);
        assert!(title > 2 * light(&[TextBox::Lyric("Oneiro".into())]) && title > 0);
    }
}
