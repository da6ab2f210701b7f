//! Pictures of music: time to the right, pitch upwards.

use super::Note;
use crate::files::write_whole;
use crate::time::{Beats, MetreMap};
use image::{ImageEncoder, Rgb, RgbImage};
use std::path::Path;

/// Colour of what was played to the composer: a warm amber.
pub const CALL_COLOUR: [u8; 3] = [244, 180, 104];
/// Colour of what it answered: a clear teal.
pub const ANSWER_COLOUR: [u8; 3] = [92, 214, 200];
/// Colour of parts that stand behind: a quiet slate.
pub const BACKING_COLOUR: [u8; 3] = [86, 98, 134];

/// Notes that share a colour.
#[derive(Debug, Clone, Copy)]
pub struct RollVoice<'a> {
    /// In any order.
    pub notes: &'a [Note],
    /// Red, green, blue of the loudest of them.
    pub colour: [u8; 3],
}

/// Size of the picture and the music it shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollView {
    /// Pixels, 64 to 8192; values outside are brought in.
    pub width: u32,
    /// Pixels, 64 to 8192; values outside are brought in.
    pub height: u32,
    /// From where to where; `None` shows all notes, in whole bars.
    pub span: Option<(Beats, Beats)>,
}

impl Default for RollView {
    fn default() -> Self {
        Self { width: 1600, height: 480, span: None }
    }
}

/// Draws voices over one another, the first at the back, on a dark ground with faint bar lines.
///
/// Softer notes are dimmer. The same notes give the same picture, byte for byte.
pub fn draw_piano_roll(voices: &[RollVoice], metres: &MetreMap, view: RollView) -> RgbImage {
    let (width, height) = (view.width.clamp(64, 8192), view.height.clamp(64, 8192));
    let frame = Frame::around(voices, metres, view.span, width as f32, height as f32);
    let mut canvas = Canvas::new(width, height);
    canvas.ground();
    draw_lanes(&mut canvas, &frame);
    draw_lines(&mut canvas, &frame, metres);
    for voice in voices {
        // All glows first: no note may lie in the haze of the next one.
        for solid in [false, true] {
            for note in voice.notes.iter().filter(|n| frame.shows(n)) {
                draw_note(&mut canvas, &frame, note, voice.colour, solid);
            }
        }
    }
    canvas.into_image()
}

/// Draws as [`draw_piano_roll`] does and writes a PNG: beside the path first, then renamed.
///
/// # Errors
/// What the disk says.
pub fn write_piano_roll(
    path: impl AsRef<Path>,
    voices: &[RollVoice],
    metres: &MetreMap,
    view: RollView,
) -> std::io::Result<()> {
    let picture = draw_piano_roll(voices, metres, view);
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .map_err(std::io::Error::other)?;
    write_whole(path.as_ref(), &png)
}

/// Where beats and pitches lie in the picture.
struct Frame {
    from: f64,
    to: f64,
    lowest: f32,
    left: f32,
    right: f32,
    bottom: f32,
    top: f32,
    lane: f32,
}

impl Frame {
    fn around(voices: &[RollVoice], metres: &MetreMap, span: Option<(Beats, Beats)>, width: f32, height: f32) -> Self {
        let notes = || voices.iter().flat_map(|v| v.notes);
        let whole_bars = || {
            let first = notes().map(|n| n.onset).reduce(Beats::min).unwrap_or(Beats::ZERO);
            let last = notes().map(Note::end).reduce(Beats::max).unwrap_or(Beats(16.0));
            let end = metres.bar_at(last);
            (metres.bar_at(first).start, if end.start < last { end.end } else { last })
        };
        let (from, to) =
            span.filter(|(from, to)| from < to && from.is_finite() && to.is_finite()).unwrap_or_else(whole_bars);
        let visible = || notes().filter(|n| n.onset < to && n.end() > from);
        let lowest = visible().map(|n| n.pitch).min().unwrap_or(60);
        let highest = visible().map(|n| n.pitch).max().unwrap_or(72);
        // At least two octaves, so that a narrow tune does not become a wall of bricks.
        let air = ((24.0 - f32::from(highest - lowest)) / 2.0).max(2.0);
        let margin = (height * 0.04).round();
        let (top, bottom) = (margin, height - margin);
        let lane = (bottom - top) / (f32::from(highest - lowest) + 1.0 + 2.0 * air);
        Self {
            from: from.0,
            to: to.0.max(from.0 + 1e-3),
            lowest: f32::from(lowest) - air,
            left: margin,
            right: width - margin,
            bottom,
            top,
            lane,
        }
    }

    fn shows(&self, note: &Note) -> bool {
        note.onset.0 < self.to && note.end().0 > self.from
    }

    fn x(&self, beats: f64) -> f32 {
        self.left + ((beats - self.from) / (self.to - self.from)) as f32 * (self.right - self.left)
    }

    /// The middle of a pitch's lane.
    fn y(&self, pitch: f32) -> f32 {
        self.bottom - (pitch - self.lowest + 0.5) * self.lane
    }
}

/// Red, green, blue, 0 to 1.
type Colour = [f32; 3];

const GROUND_TOP: Colour = [0.071, 0.082, 0.118];
const GROUND_BOTTOM: Colour = [0.047, 0.055, 0.082];
const LINE: Colour = [0.66, 0.72, 0.88];

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    fn ground(&mut self) {
        for (y, row) in self.pixels.chunks_mut(self.width).enumerate() {
            let down = y as f32 / self.height as f32;
            row.fill(std::array::from_fn(|i| GROUND_TOP[i] + (GROUND_BOTTOM[i] - GROUND_TOP[i]) * down));
        }
    }

    fn mix(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        let pixel = &mut self.pixels[y * self.width + x];
        for (channel, target) in pixel.iter_mut().zip(colour) {
            *channel += (target - *channel) * share;
        }
    }

    /// Fills a box whose edges may lie inside pixels: an edge pixel gets the share of it that the box covers.
    fn fill(&mut self, [x0, y0, x1, y1]: [f32; 4], colour: Colour, share: f32) {
        let cover =
            |pixel: usize, low: f32, high: f32| (high.min(pixel as f32 + 1.0) - low.max(pixel as f32)).clamp(0.0, 1.0);
        for y in pixels_between(y0, y1, self.height) {
            for x in pixels_between(x0, x1, self.width) {
                self.mix(x, y, colour, share * cover(x, x0, x1) * cover(y, y0, y1));
            }
        }
    }

    fn into_image(self) -> RgbImage {
        let pixels = self.pixels;
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            // An ordered dither of less than one step keeps the dark ground free of bands.
            let dither = ((x * 5 + y * 3) % 8) as f32 / 8.0;
            Rgb(pixels[y as usize * self.width + x as usize].map(|c| (c.clamp(0.0, 1.0) * 255.0 + dither) as u8))
        })
    }
}

fn pixels_between(low: f32, high: f32, size: usize) -> std::ops::Range<usize> {
    (low.floor().max(0.0) as usize).min(size)..(high.ceil().max(0.0) as usize).min(size)
}

/// Lanes of the black keys are darker; a thin line lies under each C.
fn draw_lanes(canvas: &mut Canvas, frame: &Frame) {
    let rows = ((frame.bottom - frame.top) / frame.lane).ceil() as i32;
    for row in 0..=rows {
        let pitch = frame.lowest.ceil() as i32 + row;
        let middle = frame.y(pitch as f32);
        let (low, high) = (middle + frame.lane / 2.0, middle - frame.lane / 2.0);
        if high < frame.top - 1.0 {
            break;
        }
        if matches!(pitch.rem_euclid(12), 1 | 3 | 6 | 8 | 10) {
            canvas.fill([frame.left, high, frame.right, low], [0.0; 3], 0.16);
        }
        if pitch.rem_euclid(12) == 0 {
            canvas.fill([frame.left, low - 0.5, frame.right, low + 0.5], LINE, 0.10);
        }
    }
}

/// A line for each bar and, where there is room, a fainter one for each beat of the metre.
fn draw_lines(canvas: &mut Canvas, frame: &Frame, metres: &MetreMap) {
    let pixels_a_beat = (frame.right - frame.left) / (frame.to - frame.from) as f32;
    // A piece of a million bars, or a span that no music fills, would be a grey wall: it gets no lines.
    let bars = metres.bar_at(Beats(frame.to)).index - metres.bar_at(Beats(frame.from)).index;
    if bars > canvas.width as i64 {
        return;
    }
    for bar in metres.bars(Beats(frame.from), Beats(frame.to)) {
        let x = frame.x(bar.start.0);
        if x >= frame.left - 0.5 {
            let share = if bar.index.rem_euclid(4) == 0 { 0.22 } else { 0.11 };
            canvas.fill([x - 0.5, frame.top, x + 0.5, frame.bottom], LINE, share);
        }
        let pulse = bar.metre.pulse_beats().0;
        if pixels_a_beat * pulse as f32 >= 12.0 {
            for i in 1.. {
                let at = bar.start.0 + pulse * f64::from(i);
                if at >= bar.end.0.min(frame.to) {
                    break;
                }
                let x = frame.x(at);
                if x > frame.left {
                    canvas.fill([x - 0.5, frame.top, x + 0.5, frame.bottom], LINE, 0.04);
                }
            }
        }
    }
}

/// A rounded bar with a lit upper edge, or (not `solid`) the glow around it.
fn draw_note(canvas: &mut Canvas, frame: &Frame, note: &Note, colour: [u8; 3], solid: bool) {
    let loud = f32::from(note.velocity.min(127)) / 127.0;
    let colour: Colour = colour.map(|c| f32::from(c) / 255.0 * (0.55 + 0.45 * loud));
    let thickness = (frame.lane * 0.82).max(2.0);
    // A hair of space before the next note, so that repeated notes can be counted.
    let (x0, x1) = (frame.x(note.onset.0.max(frame.from)), frame.x(note.end().0.min(frame.to)));
    let x1 = (x1 - (0.12 * thickness).min(1.5)).max(x0 + 1.5);
    let middle = frame.y(f32::from(note.pitch));
    let half = [(x1 - x0) / 2.0, thickness / 2.0];
    let centre = [(x0 + x1) / 2.0, middle];
    let radius = (thickness * 0.38).min(half[0]).min(half[1]);
    let reach = if solid { 1.0 } else { thickness * 1.6 };
    for y in pixels_between(middle - half[1] - reach, middle + half[1] + reach, canvas.height) {
        for x in pixels_between(x0 - reach, x1 + reach, canvas.width) {
            let point = [x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]];
            let outside = distance(point, half, radius);
            if solid {
                let lit = 1.0 + 0.22 * (-point[1] / half[1]).clamp(-1.0, 1.0);
                canvas.mix(x, y, colour.map(|c| (c * lit).min(1.0)), (0.5 - outside).clamp(0.0, 1.0));
            } else {
                let fade = (1.0 - outside.max(0.0) / reach).max(0.0);
                canvas.mix(x, y, colour, 0.20 * loud * fade * fade);
            }
        }
    }
}

/// Distance of a point from a rounded box around the origin, negative inside.
fn distance(point: [f32; 2], half: [f32; 2], radius: f32) -> f32 {
    let [x, y]: [f32; 2] = std::array::from_fn(|i| point[i].abs() - half[i] + radius);
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - radius
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset: f64, duration: f64, pitch: u8) -> Note {
        Note { onset: Beats(onset), duration: Beats(duration), pitch, velocity: 127 }
    }

    /// Pixels that are much nearer to a colour than the ground is.
    fn close_to(picture: &RgbImage, colour: [u8; 3]) -> Vec<(u32, u32)> {
        let near = |p: &Rgb<u8>| p.0.iter().zip(colour).all(|(&a, b)| a.abs_diff(b) < 60);
        picture.enumerate_pixels().filter(|(.., p)| near(p)).map(|(x, y, _)| (x, y)).collect()
    }

    #[test]
    fn notes_lie_where_their_time_and_pitch_put_them() {
        let (call, answer) = ([note(0.0, 4.0, 60)], [note(4.0, 4.0, 72)]);
        let voices =
            [RollVoice { notes: &call, colour: CALL_COLOUR }, RollVoice { notes: &answer, colour: ANSWER_COLOUR }];
        let view = RollView { width: 400, height: 200, span: None };
        let picture = draw_piano_roll(&voices, &MetreMap::default(), view);
        let (low, high) = (close_to(&picture, CALL_COLOUR), close_to(&picture, ANSWER_COLOUR));
        assert!(low.len() > 500 && high.len() > 500, "{} and {} pixels", low.len(), high.len());
        assert!(low.iter().all(|&(x, y)| x <= 200 && y > 100));
        assert!(high.iter().all(|&(x, y)| x >= 199 && y < 100));
    }

    #[test]
    fn any_notes_any_size_and_any_span_give_a_picture() {
        let odd = [note(-3.0, 0.001, 0), note(1e6, 1e6, 127), note(0.5, 3.0, 60)];
        for notes in [&odd[..], &odd[2..], &[]] {
            for (width, height) in [(0, 0), (64, 100), (300, 65)] {
                for span in [
                    None,
                    Some((Beats(2.0), Beats(1.0))),
                    Some((Beats(-4.0), Beats(4.0))),
                    Some((Beats(0.0), Beats(1e300))),
                ] {
                    let voices = [RollVoice { notes, colour: CALL_COLOUR }];
                    let picture = draw_piano_roll(&voices, &MetreMap::default(), RollView { width, height, span });
                    assert_eq!(picture.dimensions(), (width.max(64), height.max(64)));
                }
            }
        }
    }

    #[test]
    fn the_same_notes_give_the_same_bytes_in_a_file_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let notes = [note(0.0, 1.0, 60), note(1.0, 2.0, 64)];
        let voices = [RollVoice { notes: &notes, colour: ANSWER_COLOUR }];
        let view = RollView { width: 200, height: 100, span: None };
        let write = |name: &str| {
            let path = folder.path().join(name);
            write_piano_roll(&path, &voices, &MetreMap::default(), view).unwrap();
            std::fs::read(path).unwrap()
        };
        assert!(write("a.png") == write("b.png"));
        let opened = image::open(folder.path().join("a.png")).unwrap();
        assert_eq!((opened.width(), opened.height()), (200, 100));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write_piano_roll(folder.path().join("no/a.png"), &voices, &MetreMap::default(), view).is_err());
    }
}
