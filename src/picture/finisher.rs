//! From the generator's small pictures to the canvas that video frames are printed from.

use super::grade::{lighten, sharpen};
use super::printer::{Print, Printer, Proof};
use super::resize::cover;
use super::{Look, Picture, PictureError, light, luminance};
use fast_image_resize::{FilterType, Resizer};

/// Side of the canvas on which trails are drawn, in pixels, at most.
const CANVAS: u32 = 384;
/// How much closer the picture is at rest (generators are weakest at their edges), and how much closer it comes at a
/// full accent.
const ZOOM: [f64; 2] = [1.025, 0.04];
/// How much of the canvas stays as a trail after 2/15 of a second, at rest and in motion.
const TRAIL: [f32; 2] = [0.045, 0.012];
/// How much the trail grows a second.
const TRAIL_GROWTH: f64 = 0.35;

/// Pixels of a video frame; both are even, as video needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoSize {
    /// 16 to 4096.
    pub width: u32,
    /// 16 to 4096.
    pub height: u32,
}

/// Enlarges and finishes: a zoom with the beat, trails, light, grain. What it makes depends on the pictures it was
/// given, in their order, and on nothing else.
///
/// A film is long, and whoever draws a part of it does not want to draw all that went before. So at places that are agreed
/// upon the trails begin anew: [`Finisher::run_up`] starts a second canvas that sees the same pictures from there on, and
/// [`Finisher::take_over`], some seconds later, puts it in place of the first. By then both are alike, and nobody sees it.
/// A finisher that begins at the run-up makes the same frames from the take-over on.
pub struct Finisher {
    size: VideoSize,
    canvas: (u32, u32),
    seconds: f32,
    resizer: Resizer,
    /// Made when it is first wanted.
    printer: Option<Printer>,
    shown: Option<Canvas>,
    /// What will be shown from the next take-over on, where a run-up has begun.
    coming: Option<Option<Canvas>>,
    accent: f32,
    number: u64,
}

/// What is on the canvas, and its light and red by field.
type Canvas = (Vec<f32>, luminance::Fields);

impl Finisher {
    /// A finisher for video frames of a size, `fps` a second.
    pub fn new(size: VideoSize, fps: f64) -> Self {
        let scale = (f64::from(CANVAS) / f64::from(size.width.max(size.height))).min(1.0);
        let side = |pixels: u32| ((f64::from(pixels) * scale).round() as u32).max(2);
        Self {
            size,
            canvas: (side(size.width), side(size.height)),
            seconds: (1.0 / fps.max(1.0)) as f32,
            resizer: Resizer::new(),
            printer: None,
            shown: None,
            coming: None,
            accent: 0.0,
            number: 0,
        }
    }

    /// The same, but its first video frame is number `number` of the film.
    #[must_use]
    pub fn beginning_at(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// Pixels of the canvas that pictures are drawn on, across and down: what is larger is shown smaller.
    pub fn canvas(&self) -> (u32, u32) {
        self.canvas
    }

    /// A second canvas begins with the next video frame.
    pub fn run_up(&mut self) {
        self.coming = Some(None);
    }

    /// The second canvas takes the place of the first, if there is one.
    pub fn take_over(&mut self) {
        if let Some(Some(coming)) = self.coming.take() {
            self.shown = Some(coming);
        }
    }

    /// Draws the next video frame on the canvas: the mean, in linear light, of pictures during which the shutter is open.
    ///
    /// # Errors
    /// [`PictureError::Resize`], also where there is no picture.
    pub fn draw(&mut self, exposed: &[(&Picture, &Look)]) -> Result<(), PictureError> {
        let Some((_, look)) = exposed.last() else { return Err(PictureError::Resize("no picture".into())) };
        let (width, height) = (self.canvas.0 as usize, self.canvas.1 as usize);
        let mut mean = light::Mean::new(exposed.len());
        for (picture, look) in exposed {
            let zoom = ZOOM[0] + ZOOM[1] * f64::from(look.accent);
            let source = (picture.width as u32, picture.height as u32);
            let mut fresh = cover(&mut self.resizer, &picture.data, source, self.canvas, zoom, FilterType::CatmullRom)?;
            lighten(&mut fresh);
            sharpen(&mut fresh, width, height);
            mean.add(fresh);
        }
        let fresh = mean.done();
        if let Some(before) = self.coming.take() {
            self.coming = Some(Some(self.follow(before, fresh.clone(), look)?));
        }
        let before = self.shown.take();
        self.shown = Some(self.follow(before, fresh, look)?);
        self.accent = look.accent;
        self.number += 1;
        Ok(())
    }

    /// What a canvas shows after a fresh picture: that, over the trail of what was there, and no flash.
    fn follow(&mut self, before: Option<Canvas>, fresh: Vec<f32>, look: &Look) -> Result<Canvas, PictureError> {
        let (width, height) = (self.canvas.0 as usize, self.canvas.1 as usize);
        let mut next = fresh;
        if let Some((old, old_fields)) = before {
            // The trail grows out of the middle; livelier music wipes it sooner.
            let growth = 1.0 + TRAIL_GROWTH * f64::from(self.seconds);
            let grown = cover(&mut self.resizer, &old, self.canvas, self.canvas, growth, FilterType::Bilinear)?;
            let rest = TRAIL[0] + (TRAIL[1] - TRAIL[0]) * look.activity;
            let stays = rest.powf(3.0 * self.seconds / 0.4).min(0.9);
            mix(&mut next, &grown, stays);
            let next_fields = luminance::fields(&next, width, height);
            let share = luminance::allowed_share(&old_fields, &next_fields, self.seconds);
            if share < 1.0 {
                mix(&mut next, &old, 1.0 - share);
            }
        }
        let fields = luminance::fields(&next, width, height);
        Ok((next, fields))
    }

    /// What is needed to print the video frame that was drawn last; `fade` is 0 in the dark and 1 in full light.
    ///
    /// # Errors
    /// [`PictureError::Resize`] where nothing was drawn.
    pub fn proof(&self, fade: f32) -> Result<Proof, PictureError> {
        let (canvas, _) = self.shown.as_ref().ok_or_else(|| PictureError::Resize("nothing was drawn".into()))?;
        // A warm breath on the beat, far below what counts as a flash.
        let exposure = fade.clamp(0.0, 1.0) * (1.0 + 0.02 * self.accent);
        Ok(Proof { canvas: canvas.clone(), number: self.number.saturating_sub(1), exposure })
    }

    /// A printer of its proofs, for a thread of its own.
    pub fn printer(&self) -> Printer {
        Printer::new(self.canvas, self.size)
    }

    /// The video frame that was drawn last, as [`Printer::print`] makes it of its [`Finisher::proof`].
    ///
    /// # Errors
    /// [`PictureError::Resize`], also where nothing was drawn.
    pub fn print(&mut self, fade: f32) -> Result<Print, PictureError> {
        let proof = self.proof(fade)?;
        let printer = self.printer.get_or_insert_with(|| Printer::new(self.canvas, self.size));
        printer.print(&proof)
    }
}

/// `into` becomes `into + (other − into)·share`.
fn mix(into: &mut [f32], other: &[f32], share: f32) {
    for (x, y) in into.iter_mut().zip(other) {
        *x += (y - *x) * share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: VideoSize = VideoSize { width: 96, height: 64 };

    /// The next video frame of 8 bits in full light.
    fn finish(finisher: &mut Finisher, picture: &Picture, accent: f32) -> Vec<u8> {
        finisher.draw(&[(picture, &look(accent))]).unwrap();
        finisher.print(1.0).unwrap().eight()
    }

    fn flat(value: f32) -> Picture {
        Picture { width: 16, height: 16, data: vec![value; 3 * 256] }
    }

    fn look(accent: f32) -> Look {
        Look { z: Vec::new(), psi: 0.7, accent, activity: 1.0 }
    }

    fn luminance_of(frame: &[u8]) -> f32 {
        frame.iter().map(|&b| (f32::from(b) / 255.0).powf(2.2)).sum::<f32>() / frame.len() as f32
    }

    #[test]
    fn even_a_strobing_generator_gives_fewer_than_three_flashes_a_second() {
        let mut finisher = Finisher::new(SIZE, 30.0);
        let frames: Vec<f32> = (0..90)
            .map(|i| finish(&mut finisher, &flat(if i / 2 % 2 == 0 { 0.0 } else { 1.0 }), 1.0))
            .map(|frame| luminance_of(&frame))
            .collect();
        // Opposing changes of a tenth or more: the extremes that are that far apart, in turn.
        let (mut turns, mut extreme, mut rising) = (0, frames[0], true);
        for &now in &frames {
            if (rising && now > extreme) || (!rising && now < extreme) {
                extreme = now;
            } else if (now - extreme).abs() >= 0.1 {
                (turns, extreme, rising) = (turns + 1, now, !rising);
            }
        }
        assert!(turns / 2 <= 3 * 3, "{turns} changes of a tenth in three seconds");
        let fastest = frames.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(fastest < 0.03, "{fastest} from one video frame to the next");
    }

    #[test]
    fn the_same_pictures_give_the_same_bytes_and_a_steady_one_stays() {
        let run = || {
            let mut finisher = Finisher::new(SIZE, 25.0);
            (0..6).map(|i| finish(&mut finisher, &flat(0.1 * i as f32), 0.5)).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        let mut finisher = Finisher::new(SIZE, 25.0);
        let frames: Vec<_> = (0..4).map(|_| finish(&mut finisher, &flat(0.5), 0.0)).collect();
        let means = frames.iter().map(|f| luminance_of(f)).collect::<Vec<_>>();
        assert!(means.iter().all(|m| (m - means[0]).abs() < 2e-3), "{means:?}");
        assert_ne!(frames[0], frames[1], "the grain moves");
    }

    /// A picture that moves: stripes, `at` pixels to the right.
    fn stripes(at: usize) -> Picture {
        let data = (0..256).flat_map(|i| [((i % 16 + at) % 5) as f32 / 5.0, (i / 16) as f32 / 16.0, 0.4]).collect();
        Picture { width: 16, height: 16, data }
    }

    #[test]
    fn a_part_of_a_film_is_the_film_s_and_nobody_sees_where_trails_begin_anew() {
        let (run_up, take_over, end) = (30, 120, 150);
        let film = |begin: u64, anew: bool| -> Vec<Vec<u8>> {
            let mut finisher = Finisher::new(SIZE, 30.0).beginning_at(begin);
            let frame = |n: u64| {
                if n == run_up && anew && n > begin {
                    finisher.run_up();
                }
                if n == take_over {
                    finisher.take_over();
                }
                finish(&mut finisher, &stripes(n as usize / 3), (n % 15) as f32 / 15.0)
            };
            (begin..end).map(frame).collect()
        };
        let whole = film(0, true);
        let part = film(run_up, true);
        assert!(whole[take_over as usize..] == part[(take_over - run_up) as usize..]);
        let plain = film(0, false);
        assert!(plain[..take_over as usize] == whole[..take_over as usize]);
        let farthest = plain.iter().flatten().zip(whole.iter().flatten()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(farthest <= Some(1), "{farthest:?}");
    }

    #[test]
    fn sixteen_bits_are_the_same_picture_with_finer_steps() {
        let mut finisher = Finisher::new(SIZE, 30.0);
        finisher.draw(&[(&stripes(0), &look(0.2))]).unwrap();
        let print = finisher.print(0.8).unwrap();
        let (eight, sixteen) = (print.eight(), print.sixteen());
        assert!(eight.iter().zip(&sixteen).all(|(a, b)| (f64::from(*a) - f64::from(*b) / 257.0).abs() <= 0.51));
        assert!(sixteen.iter().filter(|x| *x % 257 != 0).count() > sixteen.len() / 2, "8 bits, scaled up");
    }

    #[test]
    fn an_open_shutter_gives_the_mean_of_the_light() {
        let mut finisher = Finisher::new(SIZE, 30.0);
        let middle = |finisher: &mut Finisher, levels: &[f32]| {
            let pictures: Vec<Picture> = levels.iter().map(|level| flat(*level)).collect();
            let still = look(0.0);
            let exposed: Vec<_> = pictures.iter().map(|picture| (picture, &still)).collect();
            finisher.draw(&exposed).unwrap();
            finisher.shown.take().unwrap().0[3 * 48]
        };
        let linear = |x: f32| if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) };
        let [dark, light] = [0.4, 0.9].map(|level| middle(&mut finisher, &[level]));
        let both = middle(&mut finisher, &[0.4, 0.9]);
        assert!((linear(both) - (linear(dark) + linear(light)) / 2.0).abs() < 1e-3, "{dark} {light} {both}");
        assert_eq!(middle(&mut finisher, &[0.4]), dark, "one picture is left as it is");
    }

    #[test]
    fn a_picture_of_another_shape_covers_the_video_frame() {
        let mut wide = Picture { width: 32, height: 8, data: vec![0.5; 3 * 256] };
        // Bands left and right that must be cropped away.
        for (i, pixel) in wide.data.chunks_exact_mut(3).enumerate() {
            if i % 32 < 4 || i % 32 >= 28 {
                pixel.fill(0.0);
            }
        }
        let frame = finish(&mut Finisher::new(SIZE, 25.0), &wide, 0.0);
        let corner = &frame[..3];
        assert!(corner[0] > 40, "{corner:?}");
        assert_eq!(frame.len(), 3 * 96 * 64);
    }
}
