//! Finding and loading ONNX Runtime, once per process.
//!
//! The library is looked for in this order, and the first that loads and is new enough is kept:
//!
//! 1. the file named by `ORT_DYLIB_PATH`; when it is set, nothing else is tried
//! 2. beside the program, then in a folder `lib` beside it
//! 3. the per-user cache that `cargo xtask setup` fills, the pinned version first, then newer ones first
//! 4. the system's library folders
//!
//! There can be one environment per process and it must outlive every session, so it is kept for ever.
//! Loading happens on a thread of its own with a time limit: on some systems it is known to hang, and
//! a plugin must not take its host with it.

use super::devices::Device;
use super::telemetry;
use crate::complaint::one_line;
use directories::ProjectDirs;
use ort::environment::Environment;
use ort::logging::LogLevel;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// The version of ONNX Runtime that set-up installs and that everything is tested with.
pub const VERSION: &str = "1.31.1";

/// Longest time that loading the library may take.
const LOAD_LIMIT: Duration = Duration::from_secs(30);

/// File name of the library, as the pinned package names it on this system.
#[cfg(target_os = "macos")]
const FILE_NAMES: &[&str] = &["libonnxruntime.1.31.1.dylib", "libonnxruntime.dylib"];
/// File name of the library, as the pinned package names it on this system.
#[cfg(target_os = "windows")]
const FILE_NAMES: &[&str] = &["onnxruntime.dll"];
/// File name of the library, as the pinned package names it on this system.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const FILE_NAMES: &[&str] = &["libonnxruntime.so.1.31.1", "libonnxruntime.so.1", "libonnxruntime.so"];

static LOADED: OnceLock<Loaded> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());
static HANGS: AtomicBool = AtomicBool::new(false);

/// Why a library was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `ORT_DYLIB_PATH` names it.
    Environment,
    /// It lies beside the program.
    BesideProgram,
    /// Set-up put it into the user's cache.
    Cache,
    /// The system has it.
    System,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "named by ORT_DYLIB_PATH",
            Self::BesideProgram => "beside the program",
            Self::Cache => "from the cache that `cargo xtask setup` fills",
            Self::System => "from the system's library folders",
        })
    }
}

/// A library file that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Why it is considered.
    pub source: Source,
}

/// The loaded library and its one environment.
#[derive(Debug)]
pub struct Loaded {
    environment: Environment,
    candidate: Candidate,
}

impl Loaded {
    /// The environment that sessions are made in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The library file.
    pub fn path(&self) -> &Path {
        &self.candidate.path
    }

    /// Why this library was chosen.
    pub fn source(&self) -> Source {
        self.candidate.source
    }

    /// Build information as the library reports it; names its branch and flags.
    pub fn build_info(&self) -> &'static str {
        ort::info()
    }

    /// Names of the execution providers that have a device on this machine, `CPUExecutionProvider` among them.
    pub fn providers(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.environment.devices().filter_map(|d| d.ep().ok().map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Why ONNX Runtime could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// `ORT_DYLIB_PATH` is set and names no file.
    #[error("ORT_DYLIB_PATH names {}, which is not a file; unset it or point it to the library", path.display())]
    NamedFileMissing {
        /// What the variable says.
        path: PathBuf,
    },
    /// There is no library in any place.
    #[error("ONNX Runtime was not found; run `cargo xtask setup`, or set ORT_DYLIB_PATH to the library (looked for {} in: {})",
        FILE_NAMES[0], list(searched))]
    NotFound {
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// Libraries are there, but none could be used.
    #[error("no ONNX Runtime could be used; run `cargo xtask setup`, or set ORT_DYLIB_PATH to version {VERSION} or newer ({})",
        failures.join("; "))]
    NoneUsable {
        /// One line for each library that was tried.
        failures: Vec<String>,
    },
    /// The library that drives a device is not installed.
    #[error("models cannot run on {device}: there is no `{file}` in {}, where ONNX Runtime is; {package}", folder.display())]
    NoProvider {
        /// The device.
        device: Device,
        /// The library.
        file: String,
        /// Where it is looked for.
        folder: PathBuf,
        /// What has it.
        package: &'static str,
    },
    /// A device cannot be used.
    #[error("models cannot run on {device}: {reason}")]
    NoDevice {
        /// The device.
        device: Device,
        /// Why.
        reason: String,
    },
    /// Loading did not come back.
    #[error("loading ONNX Runtime from {} took longer than {} s and was given up; restart the program, or set ORT_DYLIB_PATH to another copy",
        path.display(), limit.as_secs())]
    TimedOut {
        /// The library, or the place where the search stood.
        path: PathBuf,
        /// The time limit.
        limit: Duration,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The places where a library may lie.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// What `ORT_DYLIB_PATH` says.
    pub named: Option<PathBuf>,
    /// Folder of the program, or of the plugin's own file.
    pub program: Option<PathBuf>,
    /// Folder of the per-user cache.
    pub cache: Option<PathBuf>,
    /// The system's library folders.
    pub system: Vec<PathBuf>,
}

impl Lookup {
    /// The places of this process and user.
    pub fn of_this_process() -> Self {
        Self {
            named: env::var_os("ORT_DYLIB_PATH").filter(|v| !v.is_empty()).map(PathBuf::from),
            program: env::current_exe().ok().and_then(|p| p.parent().map(Path::to_owned)),
            cache: cache_folder(),
            system: system_folders(),
        }
    }

    /// All library files there are, in the order in which they are tried.
    ///
    /// # Errors
    /// [`RuntimeError::NamedFileMissing`] or [`RuntimeError::NotFound`].
    pub fn candidates(&self) -> Result<Vec<Candidate>, RuntimeError> {
        if let Some(path) = &self.named {
            return if path.is_file() {
                Ok(vec![Candidate { path: path.clone(), source: Source::Environment }])
            } else {
                Err(RuntimeError::NamedFileMissing { path: path.clone() })
            };
        }
        let mut folders = Vec::new();
        if let Some(program) = &self.program {
            folders.push((program.clone(), Source::BesideProgram));
            folders.push((program.join("lib"), Source::BesideProgram));
        }
        if let Some(cache) = &self.cache {
            folders.extend(cached_versions(&cache.join("onnxruntime")).into_iter().map(|f| (f, Source::Cache)));
        }
        folders.extend(self.system.iter().map(|f| (f.clone(), Source::System)));
        let found: Vec<Candidate> = folders
            .iter()
            .flat_map(|(folder, source)| {
                let file = FILE_NAMES.iter().map(|name| folder.join(name)).find(|p| p.is_file());
                file.map(|path| Candidate { path, source: *source })
            })
            .collect();
        if found.is_empty() {
            let searched = folders.into_iter().map(|(folder, _)| folder).collect();
            return Err(RuntimeError::NotFound { searched });
        }
        Ok(found)
    }
}

/// The per-user cache: `ONEIRO_CACHE`, or the place the system has for such things.
///
/// It holds `onnxruntime/VERSION/` and `data/NAME/`, both written by `cargo xtask`.
pub fn cache_folder() -> Option<PathBuf> {
    match env::var_os("ONEIRO_CACHE").filter(|v| !v.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => ProjectDirs::from("", "", "oneiro").map(|dirs| dirs.cache_dir().to_owned()),
    }
}

/// The version folders of the cache: the pinned version first (also when it is not there, so that an error names it),
/// then newer before older.
fn cached_versions(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u32>>>()?;
            (name != VERSION).then(|| (version, entry.path()))
        })
        .collect();
    others.sort();
    std::iter::once(folder.join(VERSION)).chain(others.into_iter().rev().map(|(_, path)| path)).collect()
}

fn system_folders() -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        ["/opt/homebrew/lib", "/usr/local/lib"].map(PathBuf::from).to_vec()
    } else if cfg!(target_os = "windows") {
        Vec::new() // Windows ships an old library of its own under this name: it must never be picked up.
    } else {
        let mut folders = vec![PathBuf::from("/usr/local/lib")];
        folders.push(PathBuf::from(format!("/usr/lib/{}-linux-gnu", env::consts::ARCH)));
        folders.extend(["/usr/lib64", "/usr/lib"].map(PathBuf::from));
        folders
    }
}

/// Loads ONNX Runtime from where this process and user have it; later calls return the same.
///
/// A failure is not final: the next call looks again, so that a user can mend it while the program runs.
///
/// # Errors
/// [`RuntimeError`] says where was looked and what to do.
pub fn load() -> Result<&'static Loaded, RuntimeError> {
    match LOADED.get() {
        Some(loaded) => Ok(loaded),
        None => load_with(&Lookup::of_this_process()),
    }
}

/// As [`load`], from places of the caller's choice. When a library is loaded already, that one is returned.
///
/// # Errors
/// As [`load`].
pub fn load_with(lookup: &Lookup) -> Result<&'static Loaded, RuntimeError> {
    if let Some(loaded) = LOADED.get() {
        return Ok(loaded);
    }
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return Ok(loaded);
    }
    let candidates = lookup.candidates()?;
    let first = candidates[0].path.clone();
    let timed_out = || RuntimeError::TimedOut { path: first.clone(), limit: LOAD_LIMIT };
    if HANGS.load(Ordering::Acquire) {
        return Err(timed_out()); // a thread of ours still hangs in the loader: a second one would hang too
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let worker = move || {
        let result = first_usable(candidates);
        let outcome = match result {
            Ok(loaded) => {
                let _already = LOADED.set(loaded);
                Ok(())
            }
            Err(failures) => Err(failures),
        };
        let _nobody_waits = sender.send(outcome);
    };
    let spawned = thread::Builder::new().name("onnx-loader".into()).spawn(worker);
    if let Err(e) = spawned {
        return Err(RuntimeError::NoneUsable { failures: vec![format!("no thread could be started: {e}")] });
    }
    match receiver.recv_timeout(LOAD_LIMIT) {
        Ok(Ok(())) => LOADED.get().ok_or_else(timed_out),
        Ok(Err(failures)) => Err(RuntimeError::NoneUsable { failures }),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            HANGS.store(true, Ordering::Release);
            Err(timed_out())
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(RuntimeError::NoneUsable { failures: vec![format!("{}: the loader failed", first.display())] })
        }
    }
}

fn first_usable(candidates: Vec<Candidate>) -> Result<Loaded, Vec<String>> {
    let mut failures = Vec::new();
    for candidate in candidates {
        match try_load(&candidate.path) {
            Ok(environment) => return Ok(Loaded { environment, candidate }),
            Err(reason) => failures.push(reason),
        }
    }
    Err(failures)
}

/// `ort` refuses a library that is no ONNX Runtime or older than the interface it was built for.
fn try_load(path: &Path) -> Result<Environment, String> {
    telemetry::decline();
    // An absolute path, so that neither `ort` nor the system looks elsewhere.
    let path = std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let builder = ort::init_from(&path).map_err(|e| one_line(&e))?;
    let environment = builder
        .with_name("oneiro")
        .with_telemetry(false) // for Windows, where the variable is not read
        .build()
        .map_err(|e| format!("{}: {}", path.display(), one_line(&e)))?;
    // Whatever goes wrong comes back as an error value; printing it too would only say it twice.
    environment.set_log_level(LogLevel::Fatal);
    Ok(environment)
}
