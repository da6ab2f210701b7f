//! Where programs meet: a folder of the user's cache, and a prefix of names in shared memory.

use super::VERSION;
use crate::model::runtime::cache_folder;
use crate::moment::now_ns;
use iceoryx2::prelude::{
    Config, FileName, LogLevel, Node, NodeBuilder, Path, SemanticString, ServiceName, SignalHandlingMode, ipc,
    set_log_level,
};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::sync::{Once, OnceLock};

/// Shared memory that has to be free, in bytes: what lies in it is written where it is first used, and a system that has none left
/// then ends the program.
#[cfg(target_os = "linux")]
const SPARE: u64 = 16 << 20;
/// Longest folder that rooms lie in, in bytes: names of files come after it.
const LONGEST_FOLDER: usize = 160;
/// Longest name of a room.
const LONGEST_NAME: usize = 24;

/// Why programs cannot be linked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The player does not want it.
    #[error("the link between programs is switched off (ONEIRO_LINK=off)")]
    Off,
    /// There is no such room.
    #[error("ONEIRO_LINK={name}: a room's name is at most {LONGEST_NAME} letters, digits and `-`")]
    Name {
        /// What it was called.
        name: String,
    },
    /// There is no folder to meet in.
    #[error("there is no folder for the link between programs: {0}")]
    Folder(String),
    /// The system gives no shared memory, or something else that is needed.
    #[error("the link between programs cannot be opened: {what} ({reason})")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
}

impl LinkError {
    /// What `iceoryx2` says.
    pub(super) fn system(what: &'static str) -> impl Fn(&dyn std::fmt::Debug) -> Self {
        move |reason| Self::System { what, reason: format!("{reason:?}") }
    }
}

/// Where programs meet: those in other rooms are not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    folder: PathBuf,
    prefix: String,
}

impl Room {
    /// The usual one of this user; `ONEIRO_LINK` names another, or is `off`.
    ///
    /// # Errors
    /// [`LinkError`] where there is none.
    pub fn usual() -> Result<Self, LinkError> {
        let cache = || cache_folder().ok_or_else(|| LinkError::Folder("this system names no folder for caches".into()));
        match std::env::var("ONEIRO_LINK").unwrap_or_default().as_str() {
            "" => Self::new(cache()?, ""),
            "off" => Err(LinkError::Off),
            name => Self::new(cache()?, name),
        }
    }

    /// A room below a folder.
    ///
    /// # Errors
    /// [`LinkError::Name`].
    pub fn new(folder: PathBuf, name: &str) -> Result<Self, LinkError> {
        let fits = name.len() <= LONGEST_NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !fits {
            return Err(LinkError::Name { name: name.to_owned() });
        }
        let end = if name.is_empty() { String::new() } else { format!("{name}_") };
        let folder = plain(folder.join("link")).join(if name.is_empty() { "usual" } else { name });
        Ok(Self { folder, prefix: format!("oneiro_{end}") })
    }

    /// The folder where its files are.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// What its names in shared memory begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How `iceoryx2` is to work: nothing is taken from files of its own.
    pub(super) fn config(&self) -> Result<Config, LinkError> {
        static QUIET: Once = Once::new();
        // It writes to the terminal otherwise, which may be a screen of ours or a host's.
        QUIET.call_once(|| set_log_level(LogLevel::Fatal));
        let long = || LinkError::Folder(format!("{}: no name that can be used", self.folder.display()));
        let text = self.folder.to_str().ok_or_else(long)?;
        let mut config = Config::default();
        config.global.set_root_path(&Path::new(text.as_bytes()).map_err(|_| long())?);
        config.global.prefix = FileName::new(self.prefix.as_bytes()).map_err(|_| long())?;
        Ok(config)
    }

    /// Makes the folder, where it is not there.
    pub(super) fn find_folder(&self) -> Result<(), LinkError> {
        let folder = |e: std::io::Error| LinkError::Folder(format!("{}: {e}", self.folder.display()));
        std::fs::create_dir_all(&self.folder).map_err(folder)
    }

    /// Joins the room. What killed programs have left in it is removed.
    pub(super) fn join(&self) -> Result<Node<ipc::Service>, LinkError> {
        let config = self.config()?;
        self.find_folder()?;
        find_memory()?;
        // Signals are the program's own business, or the host's.
        let builder = NodeBuilder::new().config(&config).signal_handling_mode(SignalHandlingMode::Disabled);
        builder.create().map_err(|e| LinkError::system("a place in the room")(&e))
    }
}

/// The folder itself where `iceoryx2` can use its name; another one for the same that it can, in the folder for what is temporary.
fn plain(folder: PathBuf) -> PathBuf {
    let fits = |text: &str| text.is_ascii() && text.len() <= LONGEST_FOLDER;
    if folder.to_str().is_some_and(fits) {
        return folder;
    }
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let number: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(format!("oneiro-link-{number}"))
}

/// Whether there is enough shared memory.
fn find_memory() -> Result<(), LinkError> {
    #[cfg(target_os = "linux")]
    {
        let what = "shared memory";
        let state = rustix::fs::statvfs("/dev/shm");
        let state = state.map_err(|e| LinkError::System { what, reason: format!("/dev/shm: {e}") })?;
        let free = state.f_bavail.saturating_mul(state.f_frsize);
        if free < SPARE {
            let reason = format!("of /dev/shm {} KiB are free, {} are wanted", free >> 10, SPARE >> 10);
            return Err(LinkError::System { what, reason });
        }
    }
    Ok(())
}

/// A corner of a room: the place of one process's instances.
///
/// A process may hold several copies of this code, in a CLAP and a VST3 file for instance. `iceoryx2` would take what another copy
/// in the same process has opened for that of a dead process, and remove it; so each copy has a corner of its own, and looks into
/// no other of its process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Corner {
    name: String,
    process: u32,
}

impl Corner {
    /// This copy's own.
    pub fn own() -> Self {
        static NAME: OnceLock<String> = OnceLock::new();
        let process = std::process::id();
        let name = NAME.get_or_init(|| format!("{process}-{:x}", now_ns()));
        Self { name: name.clone(), process }
    }

    fn is_gone(&self) -> bool {
        #[cfg(unix)]
        {
            let process = i32::try_from(self.process).ok().and_then(rustix::process::Pid::from_raw);
            process.is_none_or(|process| {
                rustix::process::test_kill_process(process).is_err_and(|e| e == rustix::io::Errno::SRCH)
            })
        }
        #[cfg(not(unix))]
        false
    }
}

impl Room {
    /// A corner of it, as a room of its own.
    pub(super) fn corner(&self, corner: &Corner) -> Self {
        Self { folder: self.folder.join(&corner.name), prefix: self.prefix.clone() }
    }

    /// The corners that may be looked into.
    pub(super) fn corners(&self) -> Vec<Corner> {
        let own = Corner::own();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let corners = names.filter_map(|name| {
            let process = name.split_once('-')?.0.parse().ok()?;
            Some(Corner { name, process })
        });
        let mut corners: Vec<_> = corners.filter(|corner| corner.process != own.process || *corner == own).collect();
        corners.sort();
        corners
    }

    /// Removes what killed programs have left.
    pub(super) fn sweep(&self) {
        for corner in self.corners().iter().filter(|corner| corner.is_gone()) {
            let corner = self.corner(corner);
            // Who joins clears up; where somebody else still looks, the last who goes does.
            drop(corner.join());
            corner.remove();
        }
    }

    /// Removes the folders of a corner that are empty.
    pub(super) fn remove(&self) {
        for folder in [self.folder.join("nodes"), self.folder.join("services"), self.folder.clone()] {
            // What is not empty stays.
            drop(std::fs::remove_dir(folder));
        }
    }
}

/// The names of an instance's services: what it tells, and what it is told.
pub(super) fn services(id: &str) -> Result<[ServiceName; 2], LinkError> {
    let name = |end: &str| {
        let name = format!("oneiro/{VERSION}/{id}/{end}");
        ServiceName::new(&name).map_err(|e| LinkError::system("an instance's name")(&e))
    };
    Ok([name("show")?, name("watch")?])
}

/// The instance that a service tells of.
pub(super) fn instance_of(service: &str) -> Option<&str> {
    let rest = service.strip_prefix("oneiro/")?.strip_suffix("/show")?;
    let id = rest.strip_prefix(&format!("{VERSION}/"))?;
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_have_names_that_fit_into_those_of_files() {
        let room = |name: &str| Room::new("somewhere".into(), name);
        assert_eq!(room("").unwrap().prefix(), "oneiro_");
        assert_eq!(room("stage-2").unwrap().prefix(), "oneiro_stage-2_");
        assert_ne!(room("").unwrap().folder(), room("a").unwrap().folder());
        let odd = |folder: &str| Room::new(folder.into(), "a").unwrap().folder().to_owned();
        assert!(odd("/of/jürgen").to_str().unwrap().is_ascii() && odd("/of/jürgen") != odd("/of/jörgen"));
        assert!(odd(&"long".repeat(80)).as_os_str().len() < 100);
        for name in ["a/b", "..", "a b", "ü", &"x".repeat(25)] {
            assert_eq!(room(name), Err(LinkError::Name { name: name.to_owned() }));
        }
    }

    #[test]
    fn only_our_services_of_this_version_are_instances() {
        let [show, watch] = services("12-34").unwrap();
        assert_eq!(instance_of(show.as_str()), Some("12-34"));
        for other in [watch.as_str(), "oneiro/1//show", "oneiro/99/12/show", "oneiro/1/a b/show", "radar/left"] {
            assert_eq!(instance_of(other), None, "{other}");
        }
    }
}
