//! Finding models beside the plugin's own file, reading each of them once for all instances, and opening ONNX Runtime.
//!
//! Instances share what was read and inspected (bytes and description, by file) as long as one of them plays with it. Each
//! has sessions of its own: a session belongs to one thread, and the shipped networks are small.

use crate::state::{ModelMark, Wanted};
use crate::view::Choice;
use oneiro::compose::{ComposeError, MelodyModel, PhraseModel};
use oneiro::model::inspect::{Inspected, inspect};
use oneiro::model::library::{self, Folder};
use oneiro::model::runtime::{self, Lookup};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

/// How far up from the plugin's own file `models` and `lib` are looked for: out of a VST3 bundle it is four steps.
const STEPS_UP: usize = 5;

/// A model file that was found sound.
#[derive(Debug)]
pub struct Model {
    /// Its bytes and its description.
    pub inspected: Inspected,
    /// How a project remembers it.
    pub mark: ModelMark,
}

/// A model that was chosen, and what the player should know of the choice.
#[derive(Debug)]
pub struct Chosen {
    /// The model.
    pub model: Arc<Model>,
    /// Why it is not the one that was wanted.
    pub notice: Option<String>,
}

/// A file as it was read: its path, when it was changed, its length.
type Version = (PathBuf, SystemTime, u64);

/// What any instance plays with, by file.
static READ: Mutex<Vec<(Version, Weak<Model>)>> = Mutex::new(Vec::new());

/// Reads a model, unless another instance has it.
fn read(path: &Path) -> Result<Arc<Model>, String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let version = (path.to_owned(), meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len());
    // Held while reading, so that twenty instances that start together read once.
    let mut all = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = all.iter().find(|(v, _)| *v == version).and_then(|(_, model)| model.upgrade()) {
        return Ok(model);
    }
    let inspected = inspect(path).map_err(|e| e.to_string())?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sha256 = format!("{:x}", Sha256::digest(&inspected.bytes));
    let mark = ModelMark { name: inspected.spec.name.clone(), file, sha256 };
    let model = Arc::new(Model { inspected, mark });
    all.retain(|(_, model)| model.strong_count() > 0);
    all.push((version, Arc::downgrade(&model)));
    Ok(model)
}

/// The nearest folder above the plugin's own file that holds models or libraries.
fn home() -> Option<PathBuf> {
    let own = process_path::get_dylib_path()?;
    let own = own.canonicalize().unwrap_or(own);
    let above = own.ancestors().skip(1).take(STEPS_UP);
    above.map(Path::to_owned).find(|folder| folder.join("models").is_dir() || folder.join("lib").is_dir())
}

/// Where models lie, in the order in which they are searched.
fn folders() -> Vec<Folder> {
    let mut folders = library::folders(None);
    if let Some(home) = home() {
        // What the user names comes first, as everywhere.
        let named = folders.iter().take_while(|folder| folder.why.contains("ONEIRO_MODELS")).count();
        folders.insert(named, Folder { path: home.join("models"), why: "beside the plugin" });
    }
    folders
}

/// All model files, those first whose name says that they are of this kind: others need not be read to know better.
fn files(kind: Kind) -> Vec<PathBuf> {
    let mut files = library::files(&folders());
    files.sort_by_key(|path| !is_named(path, kind));
    files
}

fn is_named(path: &Path, kind: Kind) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with(kind.name()))
}

/// Loads ONNX Runtime, from beside the plugin if it lies there.
///
/// # Errors
/// In one line: what is missing, and what to do.
pub fn load_runtime() -> Result<(), String> {
    let usual = Lookup::of_this_process();
    let lookup = Lookup { program: home().or_else(|| usual.program.clone()), ..usual };
    runtime::load_with(&lookup).map(drop).map_err(|e| {
        format!("{e}; the folder `lib` of the download belongs beside the plugin, with the library inside")
    })
}

/// What is told where another model than the project's plays, in one line whatever names the project has stored.
fn not_here(wanted: &ModelMark, plays: &ModelMark) -> String {
    let ModelMark { name, file, sha256 } = wanted;
    let sha256 = sha256.get(..8).unwrap_or_default();
    let told = format!(
        "the project's model {name} ({file}, {sha256}…) is not here; {} plays in its place, and other notes",
        plays.file
    );
    told.replace(char::is_control, "\u{fffd}")
}

/// The model of a kind that is wanted; `None` where none is.
///
/// # Errors
/// In one line: what is missing, and what to do.
pub fn choose(kind: Kind, wanted: &Wanted) -> Result<Option<Chosen>, String> {
    let (files, mut refused) = (files(kind), None);
    let sound = |path: &PathBuf, refused: &mut Option<String>| match read(path) {
        Ok(model) => Some(model).filter(|model| model.inspected.spec.kind == kind),
        Err(e) => {
            // Of a file of another kind it does not matter here.
            if is_named(path, kind) {
                refused.get_or_insert(e);
            }
            None
        }
    };
    let usual = |refused: &mut Option<String>| files.iter().find_map(|path| sound(path, refused));
    let chosen = match wanted {
        Wanted::Off => return Ok(None),
        Wanted::Usual => usual(&mut refused).map(|model| Chosen { model, notice: None }),
        Wanted::Model(mark) => {
            let same_name = |path: &&PathBuf| path.file_name().is_some_and(|name| *name == *mark.file);
            let named = files.iter().filter(same_name).find_map(|path| sound(path, &mut refused));
            let is_it = |model: &Arc<Model>| model.mark.sha256 == mark.sha256;
            let exact = named.clone().filter(is_it);
            let exact = exact.or_else(|| files.iter().filter_map(|path| sound(path, &mut None)).find(is_it));
            match exact {
                Some(model) => Some(Chosen { model, notice: None }),
                None => named
                    .or_else(|| usual(&mut refused))
                    .map(|model| Chosen { notice: Some(not_here(mark, &model.mark)), model }),
            }
        }
    };
    chosen.map(Some).ok_or_else(|| match refused {
        Some(reason) => reason,
        None => format!(
            "there is no {kind} model; the folder `models` of the download belongs beside the plugin (looked in: {})",
            folders().iter().map(|folder| folder.path.display().to_string()).collect::<Vec<_>>().join(", ")
        ),
    })
}

/// The model in a file, by its name without the ending.
///
/// # Errors
/// In one line.
pub fn by_file(kind: Kind, stem: &str) -> Result<ModelMark, String> {
    let path = files(kind).into_iter().find(|path| path.file_stem().is_some_and(|s| s == stem));
    let model = read(&path.ok_or_else(|| format!("there is no model file {stem}.onnx"))?)?;
    if model.inspected.spec.kind == kind {
        Ok(model.mark.clone())
    } else {
        Err(format!("{stem}.onnx is no {kind} model"))
    }
}

/// Every model of some kinds, by name. Reads all files whose name does not say of what kind they are.
pub fn list(kinds: &[Kind]) -> Vec<Choice> {
    let mut all = Vec::new();
    for &kind in kinds {
        let others: Vec<&str> = Kind::ALL.iter().filter(|other| **other != kind).map(|other| other.name()).collect();
        for path in files(kind) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if others.iter().any(|other| stem.starts_with(other)) {
                continue;
            }
            let Ok(model) = read(&path) else { continue };
            let known = |choice: &Choice| choice.kind == kind && choice.file == stem;
            if model.inspected.spec.kind == kind && !all.iter().any(known) {
                all.push(Choice { kind, name: model.inspected.spec.name.clone(), file: stem });
            }
        }
    }
    all
}

/// Opens a melody model; what was read stays shared.
///
/// # Errors
/// [`ComposeError`].
pub fn open_melody(model: &Model) -> Result<MelodyModel, ComposeError> {
    MelodyModel::new(Session::from_inspected(model.inspected.clone(), &SessionOptions::default())?)
}

/// Opens a phrase model; what was read stays shared.
///
/// # Errors
/// [`ComposeError`].
pub fn open_phrases(model: &Model) -> Result<PhraseModel, ComposeError> {
    PhraseModel::new(model.inspected.clone(), &SessionOptions::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_missing_is_told_in_one_line_whatever_it_is_called() {
        let mark = |name: &str, file: &str, sha256: &str| ModelMark {
            name: name.into(),
            file: file.into(),
            sha256: sha256.into(),
        };
        let told = not_here(&mark("Lost\nand found", "lost.onnx\r", "00\n11223344"), &mark("Here", "here.onnx", ""));
        assert!(
            told.starts_with("the project's model Lost\u{fffd}and found (lost.onnx\u{fffd}, 00\u{fffd}11223…) is"),
            "{told}"
        );
        assert!(told.contains("; here.onnx plays") && !told.contains(char::is_control), "{told}");
    }
}
