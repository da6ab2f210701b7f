//! The models that there are, each file read and checked once.

use super::painter::{PainterError, Studio};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library::{self, NotFound};
use oneiro::model::spec::Kind;
use std::path::{Path, PathBuf};

/// Kinds that a painter has a use for.
const USED: [Kind; 4] = [Kind::ImageGan, Kind::Upscaler, Kind::StyleTransfer, Kind::ArtClassifier];

/// Models that were found sound.
#[derive(Debug)]
pub(super) struct Shelf {
    /// In the library's order; files that were named and lie elsewhere come last.
    models: Vec<Inspected>,
    searched: Vec<PathBuf>,
}

impl Shelf {
    /// Reads the files of the folders, and those that are named. Files of the folders that are refused are passed over.
    ///
    /// # Errors
    /// [`PainterError::Model`] for a named file that is refused.
    pub fn read(studio: &Studio) -> Result<Self, PainterError> {
        let found = library::files(&studio.folders).into_iter().filter_map(|path| inspect(&path).ok());
        let models = found.filter(|model| USED.contains(&model.spec.kind)).collect();
        let mut shelf = Self { models, searched: studio.folders.iter().map(|folder| folder.path.clone()).collect() };
        let Studio { first, second, upscaler, style, classifier, .. } = studio;
        for named in [first, second, upscaler, style, classifier].into_iter().flatten() {
            if let Some(file) = file(named) {
                shelf.add(file)?;
            }
        }
        studio.others.iter().try_for_each(|path| shelf.add(path))?;
        Ok(shelf)
    }

    fn add(&mut self, path: &Path) -> Result<(), PainterError> {
        if self.of_file(path).is_none() {
            self.models.push(inspect(path).map_err(|e| PainterError::Model(e.to_string()))?);
        }
        Ok(())
    }

    fn of_file(&self, path: &Path) -> Option<&Inspected> {
        self.models.iter().find(|model| model.origin == path)
    }

    /// The model of a kind, by its name, its file's name, or its file; the first of that kind without.
    ///
    /// # Errors
    /// [`PainterError::Model`] where there is none.
    pub fn find(&self, kind: Kind, named: Option<&str>) -> Result<&Inspected, PainterError> {
        if let Some(model) = named.and_then(file).and_then(|path| self.of_file(path)) {
            let (found, origin) = (model.spec.kind, model.origin.display());
            let wrong = || PainterError::Model(format!("{origin}: is of kind {found}; {kind} is needed"));
            return Some(model).filter(|_| found == kind).ok_or_else(wrong);
        }
        let by_name = |model: &&Inspected| {
            named
                .is_none_or(|name| model.spec.name == name || model.origin.file_stem().is_some_and(|stem| stem == name))
        };
        let mut models = self.models.iter().filter(|model| model.spec.kind == kind);
        models.find(by_name).ok_or_else(|| {
            let searched = self.searched.clone();
            PainterError::Model(NotFound { kind, name: named.map(str::to_owned), searched }.to_string())
        })
    }

    /// A generator of another name than this one.
    pub fn other(&self, name: &str) -> Option<&Inspected> {
        self.models.iter().find(|model| model.spec.kind == Kind::ImageGan && model.spec.name != name)
    }

    /// Names and files of the generators.
    pub fn generators(&self) -> Vec<(String, PathBuf)> {
        let generators = self.models.iter().filter(|model| model.spec.kind == Kind::ImageGan);
        generators.map(|model| (model.spec.name.clone(), model.origin.clone())).collect()
    }
}

/// The file that a name is, if it is one.
fn file(named: &str) -> Option<&Path> {
    let path = Path::new(named);
    (path.exists() || path.extension().is_some_and(|ending| ending == "onnx")).then_some(path)
}
