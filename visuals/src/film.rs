//! The show on a virtual clock: frames without a window and without haste, the same every time.

use crate::show::clock::Reading;
use crate::show::controls::Control;
use crate::show::plan::Plan;
use crate::show::scene::Source;
use crate::show::{Show, step};
use crate::sources::Feed;
use crate::stage::{Gpu, GpuError, Letters, Offscreen, Size, TextBox};
use crate::worker::{Offer, Painter, PainterError};
use oneiro::picture::PictureError;
use oneiro::time::Beats;

/// Pictures that are painted a second.
const PAINTED: f64 = 25.0;
/// Sources of pictures.
const SOURCES: usize = Source::ALL.len();

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

/// A show and the music that it hears; nothing draws it.
pub struct Rehearsal {
    show: Show,
    feed: Box<dyn Feed>,
    beats: Beats,
}

impl Rehearsal {
    /// Of a show, with the music of a feed.
    pub fn new(show: Show, feed: Box<dyn Feed>) -> Self {
        Self { show, feed, beats: Beats::ZERO }
    }

    /// What the frame of a second of the show is to be, later than the one before; the show is told what it is to do when it has heard
    /// the music up to that second.
    pub fn frame(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) -> Plan {
        self.advance(seconds, tell).1
    }

    fn advance(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) -> (Reading, Plan) {
        let mut events = Vec::new();
        let reading = self.feed.advance(seconds, &mut events);
        for event in &events {
            self.show.hear(event);
        }
        self.beats = reading.beats;
        tell(&mut self.show, reading.beats);
        (reading, self.show.frame(reading.beats, seconds))
    }
}

/// A show that waits for every picture.
///
/// A film is long, and whoever draws a part of it does not want to draw all that went before. So its stage can begin anew, unseen:
/// [`Film::run_up`] begins a second stage, on which the same is drawn from there on, and [`Film::take_over`] puts it in the place of
/// the first. A film that passed over everything before the run-up draws the same frames from the take-over on. When that is not
/// seen, [`crate::reel`] knows.
pub struct Film {
    rehearsal: Rehearsal,
    painter: Painter,
    screen: Offscreen,
    /// What will be shown from the next take-over on, where a run-up has begun.
    coming: Option<Offscreen>,
    /// What was shown up to the last.
    gone: Option<Offscreen>,
    letters: Letters,
    size: Size,
    /// Number of the picture that is painted next; picture n is due at n / PAINTED seconds.
    next: u64,
    before: Option<f64>,
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film").field("show", &self.rehearsal.show).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Film {
    /// A film of a show with the music of a feed.
    pub fn new(gpu: &Gpu, size: Size, show: Show, feed: Box<dyn Feed>, painter: Painter) -> Self {
        let screen = Offscreen::new(gpu, size, SOURCES);
        Self {
            rehearsal: Rehearsal::new(show, feed),
            painter,
            screen,
            coming: None,
            gone: None,
            letters: Letters::default(),
            size,
            next: 0,
            before: None,
        }
    }

    /// The show.
    pub fn show(&self) -> &Show {
        &self.rehearsal.show
    }

    /// Sets a control now.
    pub fn tell(&mut self, control: Control, value: f64) {
        let Rehearsal { show, beats, .. } = &mut self.rehearsal;
        show.tell(control, value, *beats, self.before.unwrap_or(0.0));
    }

    /// What it can be asked for by name.
    pub fn offer(&self) -> Offer {
        self.painter.offer()
    }

    /// Lets the texts go that are shown.
    pub fn fade_text(&mut self) {
        self.rehearsal.show.text(false, self.before.unwrap_or(0.0));
    }

    /// Shows texts from now on.
    pub fn text(&mut self, texts: &[TextBox]) {
        let pixels = (self.size.width, self.size.height);
        let bytes = self.letters.set(texts, pixels);
        for screen in std::iter::once(&mut self.screen).chain(&mut self.coming) {
            screen.stage().text(pixels, &bytes);
        }
        self.rehearsal.show.text(!texts.is_empty(), self.before.unwrap_or(0.0));
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
        let (reading, plan) = self.rehearsal.advance(seconds, tell);
        while let Some((beats, due)) = self.due(&reading, seconds) {
            for (place, picture) in self.painter.paint(&self.rehearsal.show.wish(beats), due)? {
                for screen in std::iter::once(&mut self.screen).chain(&mut self.coming) {
                    screen.stage().push(place, picture.size, &picture.bytes);
                }
            }
        }
        let share = (seconds * PAINTED).fract() as f32;
        let step = self.before.map_or(0.0, |before| step(before, seconds));
        self.before = Some(seconds);
        for screen in std::iter::once(&mut self.screen).chain(&mut self.coming) {
            screen.draw(&plan, &[share; SOURCES], step as f32);
        }
        Ok(())
    }

    /// Hears and does what belongs to a frame; paints and draws nothing.
    ///
    /// # Errors
    /// [`FilmError::Picture`].
    pub fn pass_over(&mut self, seconds: f64, tell: impl FnOnce(&mut Show, Beats)) -> Result<(), FilmError> {
        let (reading, _) = self.rehearsal.advance(seconds, tell);
        while let Some((beats, due)) = self.due(&reading, seconds) {
            self.painter.pass_over(&self.rehearsal.show.wish(beats), due)?;
        }
        self.before = Some(seconds);
        self.screen.stage().pass_over();
        Ok(())
    }

    /// The next picture that is painted by a second of the show, with what is known then: its position and its second. The last of
    /// them is the one that is due after that second.
    fn due(&mut self, reading: &Reading, seconds: f64) -> Option<(Beats, f64)> {
        let needed = (seconds * PAINTED).floor() as u64 + 1;
        self.next = self.next.max(needed.saturating_sub(2));
        let due = self.next as f64 / PAINTED;
        let beats = Beats(reading.beats.0 + (due - seconds) / reading.tempo.seconds_per_beat());
        (self.next <= needed).then(|| {
            self.next += 1;
            (beats, due)
        })
    }

    /// A second stage begins with the next frame.
    pub fn run_up(&mut self) {
        let mut coming = self.gone.take().unwrap_or_else(|| self.screen.another());
        coming.stage().begin_beside(self.screen.stage());
        self.coming = Some(coming);
    }

    /// The second stage takes the place of the first, but where its flash guard had something to hold back: then the first, which knows
    /// more of the past, stays. Whether there is a second that did.
    ///
    /// # Errors
    /// [`FilmError::Gpu`].
    pub fn take_over(&mut self) -> Result<bool, FilmError> {
        let Some(mut coming) = self.coming.take() else { return Ok(false) };
        let calm = coming.is_calm()?;
        if calm {
            std::mem::swap(&mut self.screen, &mut coming);
        }
        self.gone = Some(coming);
        Ok(calm)
    }

    /// Whether the flash guard of what is shown has held nothing back since it began.
    ///
    /// # Errors
    /// [`FilmError::Gpu`].
    pub fn is_calm(&self) -> Result<bool, FilmError> {
        Ok(self.screen.is_calm()?)
    }

    /// Waits until everything that was ordered is drawn.
    ///
    /// # Errors
    /// [`FilmError::Gpu`].
    pub fn finish(&self) -> Result<(), FilmError> {
        Ok(self.screen.finish()?)
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
        (self.rehearsal, self.next, self.before) = (Rehearsal::new(show, feed), 0, None);
        self.coming = None;
        self.screen.stage().begin_anew();
    }
}
