//! The models of a rendering: found, compared with those of a project, opened.

use super::Usage;
use anyhow::{Context as _, Result};
use oneiro::compose::{MelodyModel, PhraseModel};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library::{self, Folder};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Generator, Upscaler};
use oneiro::render::project::{ModelTable, Project};
use oneiro::render::{Painter, ReelModels};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Models that were found, not yet opened.
pub struct Chosen {
    /// Composes.
    pub melody: Option<Inspected>,
    /// Turns phrases into each other.
    pub phrases: Option<Inspected>,
    /// Paints.
    pub picture: Option<Inspected>,
    /// Enlarges.
    pub upscaler: Option<Inspected>,
    /// Repaints in styles, for a show.
    pub style: Option<Inspected>,
    /// Tells what pictures are, for a show.
    pub classifier: Option<Inspected>,
    options: SessionOptions,
}

/// What models are needed for.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// A tune is answered.
    pub melody: bool,
    /// The instrument plays along in a mode, for which a network of phrases is of use.
    pub phrases: bool,
    /// Pictures are painted.
    pub pictures: bool,
    /// Scenes are drawn over them.
    pub show: bool,
}

/// Most threads that paint: more wait for what is done with their pictures.
const MOST_PAINTERS: usize = 4;
/// Kinds that a model may be named of.
const KINDS: [Kind; 6] =
    [Kind::MelodyRnn, Kind::MelodyVae, Kind::ImageGan, Kind::Upscaler, Kind::StyleTransfer, Kind::ArtClassifier];

/// The SHA-256 of a model's file.
pub fn sha256(model: &Inspected) -> String {
    format!("{:x}", Sha256::digest(&model.bytes))
}

impl Chosen {
    /// Finds the models that a project names, and the usual ones for the rest. Another file than a project has noted is refused, or
    /// told to `other` if that is given.
    pub fn find(
        project: &Project,
        folders: &[Folder],
        needs: Needs,
        threads: usize,
        mut other: Option<&mut dyn FnMut(String)>,
    ) -> Result<Self> {
        let (mut melody, mut phrases, mut picture, mut upscaler) = (None, None, None, None);
        let (mut style, mut classifier) = (None, None);
        for named in &project.models {
            let name = &named.model;
            let model = open(name, &KINDS, folders).with_context(|| format!("--model {name}"))?;
            if let Some(noted) = named.sha256.as_deref().filter(|noted| !noted.eq_ignore_ascii_case(&sha256(&model))) {
                let told = format!("{}: is not the model that the project was made with", model.origin.display());
                let hashes = format!("SHA-256 {} instead of {}", short(&sha256(&model)), short(noted));
                match &mut other {
                    Some(tell) => tell(format!("{told} ({hashes})")),
                    None => anyhow::bail!("{told} ({hashes}); --accept-models goes on with it"),
                }
            }
            let place = match model.spec.kind {
                Kind::MelodyRnn => &mut melody,
                Kind::MelodyVae if needs.phrases => &mut phrases,
                Kind::ImageGan => &mut picture,
                // Where a project names it; on a command line `--upscaler` does.
                Kind::StyleTransfer if needs.show => &mut style,
                Kind::ArtClassifier if needs.show => &mut classifier,
                Kind::Upscaler if named.sha256.is_some() => &mut upscaler,
                other => {
                    let origin = model.origin.display();
                    let (melody, picture) = (Kind::MelodyRnn, Kind::ImageGan);
                    anyhow::bail!("{origin}: is of kind {other}; render uses {melody} and {picture}");
                }
            };
            if place.is_some() {
                return Err(Usage(format!("two models of kind {} are named", model.spec.kind)).into());
            }
            *place = Some(model);
        }
        let melody = match melody {
            None if needs.melody => Some(library::find(folders, Kind::MelodyRnn, None)?),
            found => found,
        };
        // Without one the melody network does what it can.
        let phrases = match phrases {
            None if needs.phrases => library::find(folders, Kind::MelodyVae, None).ok(),
            found => found,
        };
        let picture = match picture {
            None if needs.pictures => Some(library::find(folders, Kind::ImageGan, None)?),
            found => found.filter(|_| needs.pictures),
        };
        let upscaler = match (&picture, project.picture.upscaler.as_deref()) {
            (None, _) | (_, Some("none")) => None,
            (_, Some(name)) => {
                let found = open(name, &[Kind::Upscaler], folders).with_context(|| format!("--upscaler {name}"))?;
                Some(found.expect_kind(Kind::Upscaler)?)
            }
            // Without a name whatever is there, which may be nothing.
            (Some(_), None) => upscaler.or_else(|| library::find(folders, Kind::Upscaler, None).ok()),
        };
        if needs.show && needs.pictures {
            style = style.or_else(|| library::find(folders, Kind::StyleTransfer, None).ok());
            classifier = classifier.or_else(|| library::find(folders, Kind::ArtClassifier, None).ok());
        }
        let options = SessionOptions { intra_threads: threads, ..SessionOptions::default() };
        Ok(Self { melody, phrases, picture, upscaler, style, classifier, options })
    }

    /// Those that there are.
    pub fn all(&self) -> impl Iterator<Item = &Inspected> {
        [&self.melody, &self.phrases, &self.picture, &self.upscaler, &self.style, &self.classifier]
            .into_iter()
            .flatten()
    }

    /// How a project notes them.
    pub fn noted(&self) -> Vec<ModelTable> {
        let note =
            |model: &Inspected| ModelTable { model: model.origin.display().to_string(), sha256: Some(sha256(model)) };
        self.all().map(note).collect()
    }

    /// As a show names them.
    pub fn of_show(&self) -> ReelModels {
        let file = |model: &Option<Inspected>| model.as_ref().map(|model| model.origin.clone());
        ReelModels {
            first: file(&self.picture).unwrap_or_default(),
            upscaler: file(&self.upscaler),
            style: file(&self.style),
            classifier: file(&self.classifier),
            ..ReelModels::default()
        }
    }

    /// The composer's network.
    pub fn melody(&self) -> Result<Option<MelodyModel>> {
        let Some(model) = &self.melody else { return Ok(None) };
        Ok(Some(MelodyModel::new(Session::from_inspected(model.clone(), &self.options)?)?))
    }

    /// The network of phrases.
    pub fn phrases(&self) -> Result<Option<PhraseModel>> {
        let Some(model) = &self.phrases else { return Ok(None) };
        Ok(Some(PhraseModel::new(model.clone(), &self.options)?))
    }

    /// Those that paint: one for each processor that the models leave, so that all are at work.
    pub fn painters(&self) -> Result<Vec<Painter>> {
        let Some(generator) = &self.picture else { return Ok(Vec::new()) };
        painters(generator, self.upscaler.as_ref(), &self.options)
    }
}

/// Painters with the same models: one for each processor, where a model keeps one busy.
pub fn painters(generator: &Inspected, upscaler: Option<&Inspected>, options: &SessionOptions) -> Result<Vec<Painter>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = (cores / options.intra_threads.max(1)).clamp(1, MOST_PAINTERS);
    let session = |model: &Inspected| Session::from_inspected(model.clone(), options);
    let painter = |_| {
        let upscaler = upscaler.map(|model| Ok::<_, anyhow::Error>(Upscaler::new(session(model)?)?)).transpose()?;
        Ok(Painter { generator: Generator::new(session(generator)?)?, upscaler })
    };
    (0..count).map(painter).collect()
}

/// A model by its file, or by its name among those of some kinds.
fn open(name: &str, kinds: &[Kind], folders: &[Folder]) -> Result<Inspected> {
    let path = Path::new(name);
    if path.exists() || path.extension().is_some_and(|e| e == "onnx") {
        return Ok(inspect(path)?);
    }
    let mut last = None;
    for kind in kinds {
        match library::find(folders, *kind, Some(name)) {
            Ok(found) => return Ok(found),
            Err(e) => last = last.or(Some(e)),
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("there is no model of that name"), Into::into))
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
