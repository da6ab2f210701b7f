//! Reels: films with scenes for programs that make files of them. No display is needed.

mod automation;
mod exposure;
mod programme;

use crate::control::cues::CueError;
use crate::film::{Film, FilmError};
use crate::show::{Show, scene};
use crate::sources::Script;
use crate::stage::{Gpu, GpuError, Size, TextBox};
use crate::worker::{Painter, PainterError, Studio};
use exposure::Exposure;
use oneiro::render::{Alpha, Caption, CaptionKind, Depth, Reel, ReelError};
use programme::Programme;
use std::path::{Path, PathBuf};

/// Why a reel cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ReelFault {
    /// The reel itself.
    #[error(transparent)]
    Reel(#[from] ReelError),
    /// Its cues.
    #[error(transparent)]
    Cues(#[from] CueError),
    /// Its scenes.
    #[error("{}: {reason}", path.display())]
    Scenes {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Its models.
    #[error(transparent)]
    Painter(#[from] PainterError),
    /// Nothing can draw it.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// It cannot be drawn on.
    #[error(transparent)]
    Film(#[from] FilmError),
}

/// A reel while it is drawn: frame after frame, the same every time.
#[derive(Debug)]
pub struct Screening {
    reel: Reel,
    film: Film,
    programme: Programme,
    /// Captions and where they stand, in quarter notes.
    captions: Vec<(std::ops::Range<f64>, TextBox)>,
    /// Places of those that are shown.
    shown: Vec<usize>,
    exposure: Exposure,
    next: u64,
}

impl Screening {
    /// Opens the models and everything else that a reel names.
    ///
    /// # Errors
    /// [`ReelFault`].
    pub fn open(gpu: impl FnOnce() -> Result<Gpu, GpuError>, reel: Reel) -> Result<Self, ReelFault> {
        reel.check()?;
        let scenes = match &reel.scenes {
            Some(path) => {
                let fail = |reason: String| ReelFault::Scenes { path: path.clone(), reason };
                let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
                scene::read(&text).map_err(|e| fail(e.to_string()))?
            }
            None => scene::shipped(),
        };
        let painter = Painter::open(&studio(&reel))?;
        let mut show = Show::new(scenes, reel.seed);
        let programme = Programme::new(&reel, &mut show, &painter.offer())?;
        let (width, height) = reel.size;
        let feed = Script::of_events("a reel", reel.show.clone(), reel.tempo.clone());
        let film = Film::new(&gpu()?, Size { width, height, glow: true }, show, Box::new(feed), painter);
        let captions = reel.texts.iter().map(|caption| caption_of(caption, &reel)).collect();
        let next = reel.lead_in.map_or(0, |frames| reel.frames.0.saturating_sub(frames));
        let mut screening =
            Self { exposure: Exposure::new(&reel), reel, film, programme, captions, shown: Vec::new(), next };
        for frame in 0..next {
            screening.pass_over(frame);
        }
        Ok(screening)
    }

    /// The next frame, of [`Reel::frame_bytes`]; `None` after the last.
    ///
    /// # Errors
    /// [`FilmError`].
    pub fn frame(&mut self) -> Result<Option<Vec<u8>>, FilmError> {
        while self.next < self.reel.frames.0 {
            for seconds in self.reel.moments(self.next) {
                self.draw(seconds)?;
            }
            self.next += 1;
        }
        if self.next >= self.reel.frames.1 {
            return Ok(None);
        }
        let number = self.next;
        self.next += 1;
        let several = self.reel.blur.is_some_and(|blur| blur.sub_frames > 1);
        for seconds in self.reel.moments(number) {
            self.draw(seconds)?;
            if !several && self.reel.depth == Depth::Eight && self.reel.alpha == Alpha::None {
                // As a window shows it.
                return Ok(Some(self.film.read()?));
            }
            self.exposure.add(self.film.light()?);
        }
        Ok(Some(self.exposure.develop(number)))
    }

    fn draw(&mut self, seconds: f64) -> Result<(), FilmError> {
        self.write(seconds);
        let programme = &mut self.programme;
        self.film.draw_told(seconds, |show, beats| programme.run(show, beats, seconds))
    }

    fn pass_over(&mut self, frame: u64) {
        for seconds in self.reel.moments(frame) {
            self.write(seconds);
            let programme = &mut self.programme;
            self.film.pass_over(seconds, |show, beats| programme.run(show, beats, seconds));
        }
    }

    /// Shows the captions of a second, where they are others than before.
    fn write(&mut self, seconds: f64) {
        let beats = self.reel.tempo.beats_at(seconds).0;
        let there = self.captions.iter().enumerate().filter(|(_, (range, _))| range.contains(&beats));
        let there: Vec<usize> = there.map(|(place, _)| place).collect();
        if there == self.shown {
            return;
        }
        if there.is_empty() {
            self.film.fade_text();
        } else {
            let texts: Vec<TextBox> = there.iter().map(|place| self.captions[*place].1.clone()).collect();
            self.film.text(&texts);
        }
        self.shown = there;
    }
}

fn caption_of(caption: &Caption, reel: &Reel) -> (std::ops::Range<f64>, TextBox) {
    let from = caption.from.map_or(f64::NEG_INFINITY, |from| from.beats(&reel.metres).0);
    let to = caption.to.map_or(f64::INFINITY, |to| to.beats(&reel.metres).0);
    let text = match caption.kind {
        CaptionKind::Title => TextBox::Title(caption.text.clone()),
        CaptionKind::Lyric => TextBox::Lyric(caption.text.clone()),
    };
    (from..to, text)
}

fn studio(reel: &Reel) -> Studio {
    let models = &reel.models;
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let named = |path: &Option<PathBuf>| path.as_deref().map(name);
    Studio {
        first: Some(name(&models.first)),
        second: named(&models.second),
        others: models.others.clone(),
        upscaler: named(&models.upscaler),
        style: named(&models.style),
        classifier: named(&models.classifier),
        threads: reel.threads,
        pictures: reel.pictures.clone(),
        patient: true,
        ..Studio::default()
    }
}
