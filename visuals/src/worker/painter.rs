//! Paints what a show wishes.

use super::easel::Easel;
use super::gallery::Gallery;
use super::levels::level;
use super::shelf::Shelf;
use crate::show::plan::Wish;
use crate::show::scene::Source;
use oneiro::model::devices::{Device, DeviceWish, choose};
use oneiro::model::inspect::Inspected;
use oneiro::model::library::Folder;
use oneiro::model::session::{Session, SessionError, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Classifier, Generator, Picture, PictureError, Stylist, Upscaler, Walk};
use std::path::PathBuf;

/// Side that pictures are enlarged towards, in pixels.
const SIDE: u32 = 256;
/// Places that are looked at to find one of a class.
const LOOKS: u32 = 96;
/// Walks through the second model differ from those through the first.
const SECOND: u64 = 0x51de;
/// How much of the way to a newly found place a walk leans with each picture.
const LEANING: f32 = 0.04;

/// Which models to paint with; `None` takes what there is.
#[derive(Debug, Clone, Default)]
pub struct Studio {
    /// Folders in which models are looked for.
    pub folders: Vec<Folder>,
    /// The first model of kind `image-gan`, by name or file.
    pub first: Option<String>,
    /// The second.
    pub second: Option<String>,
    /// What enlarges, by name or file.
    pub upscaler: Option<String>,
    /// What repaints in styles.
    pub style: Option<String>,
    /// What tells classes of art apart.
    pub classifier: Option<String>,
    /// Files of further generators that can be turned to.
    pub others: Vec<PathBuf>,
    /// Where they run.
    pub device: DeviceWish,
    /// Threads of each session.
    pub threads: usize,
    /// Pictures of the user's that the walk can visit.
    pub pictures: Vec<PathBuf>,
    /// Whether models that are turned to, and places that are looked for, are waited for: for films, which have time.
    pub patient: bool,
}

/// Why nothing can be painted.
#[derive(Debug, thiserror::Error)]
pub enum PainterError {
    /// A model is not there, or not sound.
    #[error("{0}")]
    Model(String),
    /// It cannot be opened.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It is not what is needed.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A picture of the user's cannot be read.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// What a painter can be asked for, by name; each is asked for by its number, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// Models that paint.
    pub models: Vec<String>,
    /// Styles.
    pub styles: Vec<String>,
    /// Classes that a walk may lean towards.
    pub classes: Vec<String>,
    /// Pictures of the user's.
    pub places: Vec<String>,
}

/// A picture in bytes: rows of red, green, blue and 255, as displayed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture8 {
    /// Across and down.
    pub size: (u32, u32),
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The place of a class, looked for a little with every picture.
#[derive(Debug, Default)]
struct Search {
    class: usize,
    looked: u32,
    best: f32,
    place: Option<Vec<f32>>,
}

/// Has the models and paints with them.
#[derive(Debug)]
pub struct Painter {
    first: Easel,
    second: Option<Easel>,
    upscaler: Option<Upscaler>,
    stylist: Option<Stylist>,
    classifier: Option<Classifier>,
    search: Search,
    /// Where the walk leans to now, on its way to a place or a class.
    leaning: Option<Vec<f32>>,
    gallery: Gallery,
    about: Vec<String>,
    complaint: Option<String>,
}

impl Painter {
    /// Opens the models.
    ///
    /// # Errors
    /// [`PainterError`] where there is no model to paint with, or one that was named is not to be had. What only adds to it
    /// may be missing.
    pub fn open(studio: &Studio) -> Result<Self, PainterError> {
        let shelf = Shelf::read(studio)?;
        let (device, against) = choose(studio.device).map_err(SessionError::from)?;
        match Self::open_on(studio, &shelf, device) {
            Err(PainterError::Session(e)) if studio.device == DeviceWish::Auto && device != Device::Cpu => {
                let complaint = Some(format!("models run on the processor: {device}: {e}"));
                Ok(Self { complaint, ..Self::open_on(studio, &shelf, Device::Cpu)? })
            }
            opened => opened.map(|painter| Self { complaint: against, ..painter }),
        }
    }

    fn open_on(studio: &Studio, shelf: &Shelf, device: Device) -> Result<Self, PainterError> {
        let options = SessionOptions { intra_threads: studio.threads.max(1), device, ..SessionOptions::default() };
        let mut about = Vec::new();
        let gallery = Gallery::new(shelf.generators(), &studio.pictures, studio.patient, options)?;
        let mut easel = |model: &Inspected, salt: u64| {
            about.push(model.spec.name.clone());
            let number = gallery.number(&model.origin);
            let generator = Generator::new(Session::from_inspected(model.clone(), &options)?)?;
            Ok::<_, PainterError>(Easel::new(generator, number, salt))
        };
        let first = shelf.find(Kind::ImageGan, studio.first.as_deref())?;
        let second = match &studio.second {
            Some(named) => Some(shelf.find(Kind::ImageGan, Some(named))?),
            None => shelf.other(&first.spec.name),
        };
        let first = easel(first, 0)?;
        let second = second.map(|model| easel(model, SECOND)).transpose()?;
        let mut helper = |kind: Kind, named: Option<&str>| {
            let session =
                || Ok::<_, PainterError>(Session::from_inspected(shelf.find(kind, named)?.clone(), &options)?);
            let session = match (session(), named) {
                // What was asked for must be there.
                (Err(e), Some(_)) => return Err(e),
                (session, _) => session.ok(),
            };
            about.extend(session.iter().map(|session| session.spec().name.clone()));
            Ok(session)
        };
        let upscaler = helper(Kind::Upscaler, studio.upscaler.as_deref())?.map(Upscaler::new);
        let stylist = helper(Kind::StyleTransfer, studio.style.as_deref())?.map(Stylist::new);
        let classifier = helper(Kind::ArtClassifier, studio.classifier.as_deref())?.map(Classifier::new);
        about.push(format!("on {device}"));
        let upscaler = sound(upscaler, studio.upscaler.is_some())?;
        let stylist = sound(stylist, studio.style.is_some())?;
        let classifier = sound(classifier, studio.classifier.is_some())?;
        Ok(Self {
            first,
            second,
            upscaler,
            stylist,
            classifier,
            search: Search::default(),
            leaning: None,
            gallery,
            about,
            complaint: None,
        })
    }

    /// Names of the models, the first generator first, and where they run.
    pub fn about(&self) -> &[String] {
        &self.about
    }

    /// What it can be asked for.
    pub fn offer(&self) -> Offer {
        Offer {
            models: self.gallery.names(),
            styles: self.stylist.as_ref().map_or_else(Vec::new, |s| s.styles().to_vec()),
            classes: self.classifier.as_ref().map_or_else(Vec::new, |c| c.classes().to_vec()),
            places: self.gallery.places(),
        }
    }

    /// Why something that was wished could not be had, since this was last asked. What was there goes on.
    pub fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// Paints what is wished of each source for a second of the show: `(place, picture)`. Seconds do not run backwards.
    ///
    /// # Errors
    /// [`PictureError`] where a model fails. One that only adds to the picture is left out from then on; of those that paint, another
    /// can be turned to.
    pub fn paint(&mut self, wish: &Wish, due: f64) -> Result<Vec<(usize, Picture8)>, PictureError> {
        let mut painted = Vec::with_capacity(3);
        let lean = self.turn(wish, due)?;
        let wants = |source: Source| wish.sources[source.place()];
        if wants(Source::Paintings) || wants(Source::Styled) {
            let picture = self.first.paint(wish, due, lean.as_ref())?;
            let picture = self.finished(picture)?;
            if wants(Source::Styled) {
                let styled = self.repaint(&picture, wish)?;
                painted.push((Source::Styled.place(), bytes(&styled)));
            }
            if wants(Source::Paintings) {
                painted.push((Source::Paintings.place(), bytes(&picture)));
            }
        }
        if wants(Source::Light) {
            // With one model only, another walk through it stands for the second.
            let easel = self.second.as_mut().unwrap_or(&mut self.first);
            let picture = easel.paint(wish, due, None)?;
            let picture = self.finished(picture)?;
            painted.push((Source::Light.place(), bytes(&picture)));
        }
        Ok(painted)
    }

    /// Paints nothing of what is wished, but is then as if it had: what comes after is the same.
    ///
    /// # Errors
    /// As [`Painter::paint`].
    pub fn pass_over(&mut self, wish: &Wish, due: f64) -> Result<(), PictureError> {
        self.turn(wish, due)?;
        let wants = |source: Source| wish.sources[source.place()];
        if wants(Source::Paintings) || wants(Source::Styled) {
            self.first.pass_over(wish, due);
        }
        if wants(Source::Light) {
            self.second.as_mut().unwrap_or(&mut self.first).pass_over(wish, due);
        }
        Ok(())
    }

    /// Turns to the models that are wished. Gives where the walk leans to, and how far.
    fn turn(&mut self, wish: &Wish, due: f64) -> Result<Option<(Vec<f32>, f32)>, PictureError> {
        for (easel, number) in std::iter::once(&mut self.first).chain(&mut self.second).zip(wish.models) {
            if let Err(reason) = easel.turn_to(number, due, &self.gallery) {
                self.complaint = Some(reason);
            }
        }
        self.lean(wish)
    }

    fn repaint(&mut self, picture: &Picture, wish: &Wish) -> Result<Picture, PictureError> {
        let Some(stylist) = &mut self.stylist else { return Ok(picture.clone()) };
        let names = stylist.styles();
        let mut shares = vec![0.0; names.len()];
        if (1..=names.len()).contains(&wish.style) {
            shares[wish.style - 1] = 1.0;
        } else {
            for (name, share) in &wish.styles {
                if let Some(place) = names.iter().position(|n| n == name) {
                    shares[place] = *share;
                }
            }
        }
        let repainted = stylist.repaint(picture, &shares);
        if repainted.is_err() {
            self.stylist = None;
        }
        repainted
    }

    /// A picture that is levelled and enlarged.
    fn finished(&mut self, mut picture: Picture) -> Result<Picture, PictureError> {
        level(&mut picture);
        let Some(upscaler) = &mut self.upscaler else { return Ok(picture) };
        let enlarged = upscaler.enlarge_towards(picture, (SIDE, SIDE));
        if enlarged.is_err() {
            self.upscaler = None;
        }
        enlarged
    }

    /// Where the walk leans to, and how far: a picture of the user's before a class.
    fn lean(&mut self, wish: &Wish) -> Result<Option<(Vec<f32>, f32)>, PictureError> {
        let (place, share) = wish.place;
        let (class, class_share) = wish.lean;
        let aim = if place > 0 {
            self.first.place(place, &self.gallery).map(|aim| (aim, share))
        } else {
            self.search(class, wish.seed)?.map(|aim| (aim, class_share))
        };
        let Some((aim, share)) = aim else {
            self.leaning = None;
            return Ok(None);
        };
        // From one aim to the next in many small steps; another model has another space.
        let leaning = self.leaning.get_or_insert_with(|| aim.clone());
        if leaning.len() != aim.len() {
            leaning.clone_from(&aim);
        }
        for (x, y) in leaning.iter_mut().zip(&aim) {
            *x += LEANING * (y - *x);
        }
        Ok(Some((leaning.clone(), share.clamp(0.0, 1.0))))
    }

    /// Looks at one more place for a class; gives the best so far.
    fn search(&mut self, class: usize, seed: u64) -> Result<Option<Vec<f32>>, PictureError> {
        if class != self.search.class {
            self.search = Search { class, ..Search::default() };
        }
        let Some(classifier) = self.classifier.as_mut().filter(|c| (1..=c.classes().len()).contains(&class)) else {
            return Ok(None);
        };
        if self.search.looked < LOOKS {
            // A far walk of its own is as good as dice.
            let generator = self.first.generator();
            let walk = Walk::new(seed ^ 0xc1a5, generator.latent_size());
            let at = 17.0 * f64::from(self.search.looked);
            let look = walk.look(oneiro::picture::Course::Wander, at, &[], generator.psi());
            let judged = classifier.judge(&generator.paint(&look)?);
            if judged.is_err() {
                self.classifier = None;
            }
            let found = judged?[class - 1];
            if self.search.place.is_none() || found > self.search.best {
                (self.search.best, self.search.place) = (found, Some(look.z));
            }
            self.search.looked += 1;
        }
        Ok(self.search.place.clone())
    }
}

/// What only adds to a painter may be missing where it was not asked for.
fn sound<T>(made: Option<Result<T, PictureError>>, asked_for: bool) -> Result<Option<T>, PictureError> {
    match made {
        Some(Err(e)) if asked_for => Err(e),
        made => Ok(made.and_then(Result::ok)),
    }
}

fn bytes(picture: &Picture) -> Picture8 {
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let bytes = picture.data.chunks_exact(3).flat_map(|p| [byte(p[0]), byte(p[1]), byte(p[2]), 255]).collect();
    Picture8 { size: (picture.width as u32, picture.height as u32), bytes }
}
