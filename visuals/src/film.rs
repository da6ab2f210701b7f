//! The show on a virtual clock: frames without a window and without haste, the same every time.

use crate::show::clock::Reading;
use crate::show::controls::Control;
use crate::show::{Show, step};
use crate::sources::Feed;
use crate::stage::{Gpu, GpuError, Letters, Offscreen, Size, TextBox};
use crate::worker::{Offer, Painter, PainterError};
use oneiro::picture::PictureError;
use oneiro::time::Beats;

/// Pictures that are painted a second.
const PAINTED: f64 = 25.0;
/// Sources of pictures.
const SOURCES: usize = 3;

/// Why a frame cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// Nothing can draw.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// There is nothing to paint with.
    #[error(transparent)]
    Painter(#[from] PainterError),
    /// A model fails.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// A show that waits for every picture.
pub struct Film {
    show: Show,
    feed: Box<dyn Feed>,
    painter: Painter,
    screen: Offscreen,
    letters: Letters,
    size: Size,
    /// Number of the picture that is painted next; picture n is due at n / PAINTED seconds.
    next: u64,
    before: Option<f64>,
    /// Whether a frame was drawn.
    drawn: bool,
    beats: Beats,
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film").field("show", &self.show).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Film {
    /// A film of a show with the music of a feed.
    pub fn new(gpu: &Gpu, size: Size, show: Show, feed: Box<dyn Feed>, painter: Painter) -> Self {
        let screen = Offscreen::new(gpu, size, SOURCES);
        Self {
            show,
            feed,
            painter,
            screen,
            letters: Letters::default(),
            size,
            next: 0,
            before: None,
            drawn: false,
            beats: Beats::ZERO,
        }
    }

    /// The show.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// Sets a control now.
    pub fn tell(&mut self, control: Control, value: f64) {
        self.show.tell(control, value, self.beats, self.before.unwrap_or(0.0));
    }

    /// What it can be asked for by name.
    pub fn offer(&self) -> Offer {
        self.painter.offer()
    }

    /// Lets the texts go that are shown.
    pub fn fade_text(&mut self) {
        self.show.text(false, self.before.unwrap_or(0.0));
    }

    /// Shows texts from now on.
    pub fn text(&mut self, texts: &[TextBox]) {
        let pixels = (self.size.width, self.size.height);
        let bytes = self.letters.set(texts, pixels);
        self.screen.stage().text(pixels, &bytes);
        self.show.text(!texts.is_empty(), self.before.unwrap_or(0.0));
    }

    /// Draws the frame of a second of the show, later than the one before.
    ///
    /// # Errors
    /// [`FilmError`].
    pub fn draw(&mut self, seconds: f64) -> Result<(), FilmError> {
        self.draw_told(seconds, |_, _| ())
    }

    /// The same; the show is told what it is to do when it has heard the music up to that second.
    ///
    /// # Errors
    /// [`FilmError`].
    pub fn draw_told(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) -> Result<(), FilmError> {
        let reading = self.hear(seconds, tell);
        let plan = self.show.frame(reading.beats, seconds);
        // The picture that is due after this moment is painted before it, with what is known now.
        let needed = (seconds * PAINTED).floor() as u64 + 1;
        self.next = self.next.max(needed.saturating_sub(2));
        while self.next <= needed {
            let ahead = self.next as f64 / PAINTED - seconds;
            let beats = Beats(reading.beats.0 + ahead / reading.tempo.seconds_per_beat());
            let due = self.next as f64 / PAINTED;
            for (place, picture) in self.painter.paint(&self.show.wish(beats), due)? {
                self.screen.stage().push(place, picture.size, &picture.bytes);
            }
            self.next += 1;
        }
        let share = (seconds * PAINTED).fract() as f32;
        // Before the first frame nothing was shown for long.
        let step = self.before.filter(|_| self.drawn).map_or(9.0, |before| step(before, seconds));
        (self.before, self.drawn) = (Some(seconds), true);
        self.screen.draw(&plan, &[share; SOURCES], step as f32);
        Ok(())
    }

    /// Hears and does what belongs to a frame, and draws nothing.
    pub fn pass_over(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) {
        let reading = self.hear(seconds, tell);
        self.show.frame(reading.beats, seconds);
        self.before = Some(seconds);
        self.screen.stage().pass_over();
    }

    fn hear(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) -> Reading {
        let mut events = Vec::new();
        let reading = self.feed.advance(seconds, &mut events);
        for event in &events {
            self.show.hear(event);
        }
        self.beats = reading.beats;
        tell(&mut self.show, reading.beats);
        reading
    }

    /// Its light: rows of red, green, blue, linear, 0 to 1, without noise below the steps of bytes.
    ///
    /// # Errors
    /// [`FilmError::Gpu`].
    pub fn light(&mut self) -> Result<Vec<f32>, FilmError> {
        Ok(self.screen.light()?)
    }

    /// The frame that was drawn last: rows of red, green, blue.
    ///
    /// # Errors
    /// [`FilmError::Gpu`].
    pub fn read(&mut self) -> Result<Vec<u8>, FilmError> {
        Ok(self.screen.read()?)
    }

    /// Begins another show from its first second, with what is there: sessions and shaders are not made anew.
    pub fn restart(&mut self, show: Show, feed: Box<dyn Feed>) {
        (self.show, self.feed, self.next, self.before, self.beats) = (show, feed, 0, None, Beats::ZERO);
        self.drawn = false;
        self.screen.stage().begin_anew();
    }
}
