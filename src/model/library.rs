//! Where model files are found.
//!
//! The folders, in the order in which they are searched: the one given by hand, those in `ONEIRO_MODELS`, `models`
//! beside the program, `models` in a checkout that the program was built in or is run from, and the user's own.

use super::inspect::{self, Inspected, ModelError};
use super::spec::Kind;
use directories::ProjectDirs;
use std::env;
use std::path::{Path, PathBuf};

/// A folder of the search path and why it is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The folder; it need not exist.
    pub path: PathBuf,
    /// Why it is searched.
    pub why: &'static str,
}

/// Why no model was found.
#[derive(Debug, thiserror::Error)]
#[error("no {kind} model was found{}; searched: {}", match name { Some(n) => format!(" by the name `{n}`"), None => String::new() },
    searched.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
pub struct NotFound {
    /// Kind asked for.
    pub kind: Kind,
    /// Name asked for.
    pub name: Option<String>,
    /// Folders searched.
    pub searched: Vec<PathBuf>,
}

/// The search path; `given` comes from the command line.
pub fn folders(given: Option<&Path>) -> Vec<Folder> {
    let mut all: Vec<Folder> = Vec::new();
    // One folder by two names is one folder.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut add = |path: PathBuf, why| {
        if !all.iter().any(|folder| real(&folder.path) == real(&path)) {
            all.push(Folder { path, why });
        }
    };
    if let Some(path) = given {
        add(path.to_owned(), "given on the command line");
    }
    for path in env::var_os("ONEIRO_MODELS").iter().flat_map(env::split_paths).filter(|p| !p.as_os_str().is_empty()) {
        add(path, "named by ONEIRO_MODELS");
    }
    let program = env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        add(folder.join("models"), "beside the program");
    }
    let here = env::current_dir().ok();
    for start in [program.as_deref(), here.as_deref()].into_iter().flatten() {
        if let Some(root) = start.ancestors().find(|folder| is_checkout(folder)) {
            add(root.join("models"), "the project's own");
        }
    }
    if let Some(dirs) = ProjectDirs::from("", "", "oneiro") {
        add(dirs.data_dir().join("models"), "your own");
    }
    all
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file() && folder.join("xtask").is_dir() && folder.join("src/model").is_dir()
}

/// All `.onnx` files in these folders, by folder and name; a folder that cannot be read counts as empty.
pub fn files(folders: &[Folder]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(&folder.path).into_iter().flatten().flatten();
        let mut here: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "onnx")).collect();
        // By stem: `image-gan` comes before `image-gan-luminous`.
        here.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));
        files.extend(here);
    }
    files
}

/// The model of a kind to use: the first on the search path, or the one of this name (`NAME.onnx` or the name in its
/// description). Files that are refused are passed over.
///
/// # Errors
/// [`NotFound`].
pub fn find(folders: &[Folder], kind: Kind, name: Option<&str>) -> Result<Inspected, NotFound> {
    find_telling(folders, kind, name, &mut |_| ())
}

/// As [`find`], and tells of each file that is refused on the way.
///
/// # Errors
/// [`NotFound`].
pub fn find_telling(
    folders: &[Folder],
    kind: Kind,
    name: Option<&str>,
    refused: &mut dyn FnMut(ModelError),
) -> Result<Inspected, NotFound> {
    let by_name = |path: &Path, model: &Inspected| {
        name.is_none_or(|n| model.spec.name == n || path.file_stem().is_some_and(|stem| stem == n))
    };
    files(folders)
        .into_iter()
        .find_map(|path| {
            let model = inspect::inspect(&path).map_err(&mut *refused).ok()?;
            (model.spec.kind == kind && by_name(&path, &model)).then_some(model)
        })
        .ok_or_else(|| NotFound {
            kind,
            name: name.map(str::to_owned),
            searched: folders.iter().map(|folder| folder.path.clone()).collect(),
        })
}
