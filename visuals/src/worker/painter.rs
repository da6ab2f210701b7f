//! Paints what a show wishes.

use super::levels::level;
use crate::show::plan::Wish;
use crate::show::scene::Source;
use oneiro::link::Mirror;
use oneiro::model::library::{self, Folder};
use oneiro::model::session::{Session, SessionError, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Classifier, Generator, Look, Picture, PictureError, Stylist, Upscaler, Walk};
use std::path::PathBuf;

/// Side that pictures are enlarged towards, in pixels.
const SIDE: u32 = 256;
/// Places that are looked at to find one of a class.
const LOOKS: u32 = 96;
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
    /// Threads of each session.
    pub threads: usize,
    /// Where pictures are left for those who want a small one.
    pub mirror: Mirror,
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
}

/// A picture in bytes: rows of red, green, blue and 255, as displayed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture8 {
    /// Across and down.
    pub size: (u32, u32),
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A generator and its walk.
#[derive(Debug)]
struct Easel {
    generator: Generator,
    walk: Walk,
    /// Walks of one show differ from model to model.
    salt: u64,
    seed: u64,
}

impl Easel {
    fn new(generator: Generator, salt: u64) -> Self {
        let walk = Walk::new(salt, generator.latent_size());
        Self { generator, walk, salt, seed: salt }
    }

    fn look(&mut self, wish: &Wish) -> Look {
        let seed = wish.seed ^ self.salt;
        if seed != self.seed {
            self.seed = seed;
            self.walk = Walk::new(seed, self.generator.latent_size());
        }
        let psi = (self.generator.psi() + wish.truncation).clamp(0.05, 1.0);
        self.walk.look(wish.course, wish.travelled, &wish.pushes, psi)
    }
}

/// The place of a class, looked for a little with every picture.
#[derive(Debug, Default)]
struct Search {
    class: usize,
    looked: u32,
    best: f32,
    place: Option<Vec<f32>>,
    /// Where the walk leans to now, on its way to the best place.
    leaning: Option<Vec<f32>>,
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
    about: Vec<String>,
}

impl Painter {
    /// Opens the models.
    ///
    /// # Errors
    /// [`PainterError`] where there is no model to paint with, or one that was named is not to be had. What only adds to it
    /// may be missing.
    pub fn open(studio: &Studio) -> Result<Self, PainterError> {
        let options = SessionOptions { intra_threads: studio.threads.max(1), ..SessionOptions::default() };
        let mut about = Vec::new();
        let first = open(studio, Kind::ImageGan, studio.first.as_deref())?;
        let name = first.spec.name.clone();
        about.push(name.clone());
        let first = Easel::new(Generator::new(Session::from_inspected(first, &options)?)?, 0);
        let second = match &studio.second {
            Some(named) => Some(open(studio, Kind::ImageGan, Some(named))?),
            None => others(studio, &name),
        };
        let second = match second {
            Some(model) => {
                about.push(model.spec.name.clone());
                Some(Easel::new(Generator::new(Session::from_inspected(model, &options)?)?, 0x51de))
            }
            None => None,
        };
        let mut helper = |kind: Kind| {
            let model = library::find(&studio.folders, kind, None).ok()?;
            about.push(model.spec.name.clone());
            Session::from_inspected(model, &options).ok()
        };
        let upscaler = helper(Kind::Upscaler).and_then(|session| Upscaler::new(session).ok());
        let stylist = helper(Kind::StyleTransfer).and_then(|session| Stylist::new(session).ok());
        let classifier = helper(Kind::ArtClassifier).and_then(|session| Classifier::new(session).ok());
        Ok(Self { first, second, upscaler, stylist, classifier, search: Search::default(), about })
    }

    /// Names of the models, the first generator first.
    pub fn about(&self) -> &[String] {
        &self.about
    }

    /// Names of the styles.
    pub fn styles(&self) -> Vec<String> {
        self.stylist.as_ref().map_or_else(Vec::new, |s| s.styles().to_vec())
    }

    /// Names of the classes that a walk may lean towards.
    pub fn classes(&self) -> Vec<String> {
        self.classifier.as_ref().map_or_else(Vec::new, |c| c.classes().to_vec())
    }

    /// Paints what is wished of each source: `(place, picture)`.
    ///
    /// # Errors
    /// [`PictureError`] where a model fails.
    pub fn paint(&mut self, wish: &Wish) -> Result<Vec<(usize, Picture8)>, PictureError> {
        let mut painted = Vec::with_capacity(3);
        self.search(wish)?;
        let wants = |source: Source| wish.sources[source.place()];
        if wants(Source::Paintings) || wants(Source::Styled) {
            let look = self.first.look(wish);
            let picture = finished(self.first.generator.paint(&look)?, &mut self.upscaler)?;
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
            let look = easel.look(wish);
            let picture = finished(easel.generator.paint(&look)?, &mut self.upscaler)?;
            painted.push((Source::Light.place(), bytes(&picture)));
        }
        Ok(painted)
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
        stylist.repaint(picture, &shares)
    }

    /// Looks at one more place for the class that is wished, and leans a little farther towards the best.
    fn search(&mut self, wish: &Wish) -> Result<(), PictureError> {
        let (class, share) = wish.lean;
        if class != self.search.class {
            self.search = Search { class, leaning: self.search.leaning.take(), ..Search::default() };
        }
        let Some(classifier) = self.classifier.as_mut().filter(|c| (1..=c.classes().len()).contains(&class)) else {
            self.search.leaning = None;
            self.first.walk.lean(None);
            return Ok(());
        };
        if self.search.looked < LOOKS {
            // A far walk of its own is as good as dice.
            let seed = wish.seed ^ 0xc1a5;
            let walk = Walk::new(seed, self.first.generator.latent_size());
            let at = 17.0 * f64::from(self.search.looked) + 0.0;
            let look = walk.look(oneiro::picture::Course::Wander, at, &[], self.first.generator.psi());
            let found = classifier.judge(&self.first.generator.paint(&look)?)?[class - 1];
            if self.search.place.is_none() || found > self.search.best {
                (self.search.best, self.search.place) = (found, Some(look.z));
            }
            self.search.looked += 1;
        }
        if let Some(place) = &self.search.place {
            let leaning = self.search.leaning.get_or_insert_with(|| place.clone());
            for (x, y) in leaning.iter_mut().zip(place) {
                *x += LEANING * (y - *x);
            }
            self.first.walk.lean(Some((leaning.clone(), share.clamp(0.0, 1.0))));
        }
        Ok(())
    }
}

fn open(studio: &Studio, kind: Kind, name: Option<&str>) -> Result<oneiro::model::inspect::Inspected, PainterError> {
    let fail = |e: &dyn std::fmt::Display| PainterError::Model(e.to_string());
    if let Some(file) = name.map(PathBuf::from).filter(|p| p.exists() || p.extension().is_some_and(|e| e == "onnx")) {
        let model = oneiro::model::inspect::inspect(&file).map_err(|e| fail(&e))?;
        return model.expect_kind(kind).map_err(|e| fail(&e));
    }
    library::find(&studio.folders, kind, name).map_err(|e| fail(&e))
}

/// Another generator than the one of this name.
fn others(studio: &Studio, name: &str) -> Option<oneiro::model::inspect::Inspected> {
    library::files(&studio.folders).into_iter().find_map(|path| {
        let model = oneiro::model::inspect::inspect(&path).ok()?;
        (model.spec.kind == Kind::ImageGan && model.spec.name != name).then_some(model)
    })
}

fn finished(mut picture: Picture, upscaler: &mut Option<Upscaler>) -> Result<Picture, PictureError> {
    level(&mut picture);
    match upscaler {
        Some(upscaler) => upscaler.enlarge_towards(picture, (SIDE, SIDE)),
        None => Ok(picture),
    }
}

fn bytes(picture: &Picture) -> Picture8 {
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let bytes = picture.data.chunks_exact(3).flat_map(|p| [byte(p[0]), byte(p[1]), byte(p[2]), 255]).collect();
    Picture8 { size: (picture.width as u32, picture.height as u32), bytes }
}
