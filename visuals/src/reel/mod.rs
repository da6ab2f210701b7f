//! Reels: films with scenes for programs that make files of them. No display is needed.

mod automation;
mod chapters;
mod exposure;
mod programme;

use crate::control::cues::CueError;
use crate::film::{Film, FilmError, Rehearsal};
use crate::show::{Show, scene};
use crate::sources::{Feed, Script};
use crate::stage::{Gpu, GpuError, Size, TextBox};
use crate::worker::{Offer, Painter, PainterError, Studio};
use chapters::{Chapter, chapters};
use exposure::Exposure;
use oneiro::model::devices::{Device, DeviceWish};
use oneiro::render::{Alpha, Caption, CaptionKind, Depth, Reel, ReelError};
use programme::Programme;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Frames that may be under way while none is read.
const UNREAD: u64 = 16;

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
    /// The chapters that are to come, the next one first.
    chapters: VecDeque<Chapter>,
    next: u64,
}

impl Screening {
    /// Opens the models and everything else that a reel names, and draws what is needed before its first frame.
    ///
    /// # Errors
    /// [`ReelFault`].
    pub fn open(gpu: impl FnOnce() -> Result<Gpu, GpuError>, reel: Reel) -> Result<Self, ReelFault> {
        reel.check()?;
        let mut painter = Some(Painter::open(&studio(&reel))?);
        let offer = painter.as_ref().map(Painter::offer).unwrap_or_default();
        let (show, mut programme) = show(&reel, &offer)?;
        let mut rehearsal = Rehearsal::new(show, feed(&reel));
        let mut coming: VecDeque<Chapter> = match reel.lead_in {
            Some(_) => VecDeque::new(),
            None => chapters(&reel, &mut rehearsal, |show, beats, seconds| programme.run(show, beats, seconds)).into(),
        };
        let gpu = gpu()?;
        // Those that have begun by the first frame, the last of them at the end.
        let later = coming.split_off(coming.partition_point(|chapter| chapter.begin <= reel.frames.0));
        loop {
            let begun = coming.pop_back();
            let painter = painter.take().map_or_else(|| Painter::open(&studio(&reel)), Ok)?;
            let mut screening = Self::new(&gpu, reel.clone(), painter, &offer)?;
            let first = match (reel.lead_in, begun) {
                (Some(frames), _) => reel.frames.0.saturating_sub(frames),
                (None, chapter) => chapter.map_or(0, |chapter| chapter.run_up),
            };
            screening.pass_over(first)?;
            screening.draw_to(begun.map_or(first, |chapter| chapter.begin))?;
            // A chapter whose run-up is not calm is none: whatever was before it counts.
            if begun.is_none() || screening.film.is_calm()? {
                screening.chapters.clone_from(&later);
                screening.draw_to(reel.frames.0)?;
                return Ok(screening);
            }
        }
    }

    fn new(gpu: &Gpu, reel: Reel, painter: Painter, offer: &Offer) -> Result<Self, ReelFault> {
        let (show, programme) = show(&reel, offer)?;
        let (width, height) = reel.size;
        let film = Film::new(gpu, Size { width, height, glow: true }, show, feed(&reel), painter);
        let captions = reel.texts.iter().map(|caption| caption_of(caption, &reel)).collect();
        let (exposure, shown, chapters) = (Exposure::new(&reel), Vec::new(), VecDeque::new());
        Ok(Self { reel, film, programme, captions, shown, exposure, chapters, next: 0 })
    }

    /// The next frame, of [`Reel::frame_bytes`]; `None` after the last.
    ///
    /// # Errors
    /// [`FilmError`].
    pub fn frame(&mut self) -> Result<Option<Vec<u8>>, FilmError> {
        if self.next >= self.reel.frames.1 {
            return Ok(None);
        }
        let number = self.turn()?;
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

    /// Comes to the next frame; gives its number.
    fn turn(&mut self) -> Result<u64, FilmError> {
        let number = self.next;
        self.next += 1;
        if let Some(chapter) = self.chapters.front().copied() {
            if chapter.run_up == number {
                self.film.run_up();
            }
            if chapter.begin == number {
                self.film.take_over()?;
                self.chapters.pop_front();
            }
        }
        Ok(number)
    }

    /// Draws what comes before a frame; nobody sees it.
    fn draw_to(&mut self, end: u64) -> Result<(), FilmError> {
        while self.next < end {
            let number = self.turn()?;
            for seconds in self.reel.moments(number) {
                self.draw(seconds)?;
            }
            if number.is_multiple_of(UNREAD) {
                self.film.finish()?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, seconds: f64) -> Result<(), FilmError> {
        self.write(seconds);
        let programme = &mut self.programme;
        self.film.draw_told(seconds, |show, beats| programme.run(show, beats, seconds))
    }

    /// Goes through what comes before a frame, and draws nothing.
    fn pass_over(&mut self, end: u64) -> Result<(), FilmError> {
        for frame in self.next..end {
            for seconds in self.reel.moments(frame) {
                self.write(seconds);
                let programme = &mut self.programme;
                self.film.pass_over(seconds, |show, beats| programme.run(show, beats, seconds))?;
            }
        }
        self.next = end;
        Ok(())
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

/// The show of a reel at its beginning, and what is ordered of it.
fn show(reel: &Reel, offer: &Offer) -> Result<(Show, Programme), ReelFault> {
    let scenes = match &reel.scenes {
        Some(path) => {
            let fail = |reason: String| ReelFault::Scenes { path: path.clone(), reason };
            scene::read_file(path).map_err(|e| fail(e.to_string()))?
        }
        None => scene::shipped(),
    };
    let mut show = Show::new(scenes, reel.seed);
    let programme = Programme::new(reel, &mut show, offer)?;
    Ok((show, programme))
}

fn feed(reel: &Reel) -> Box<dyn Feed> {
    Box::new(Script::of_events("a reel", reel.show.clone(), reel.tempo.clone()))
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
        // Another device would paint other pictures.
        device: DeviceWish::On(Device::Cpu),
        threads: reel.threads,
        pictures: reel.pictures.clone(),
        patient: true,
        ..Studio::default()
    }
}
