//! The instance and the visualizers that follow it: what it is called, who looks, what they show, and how one is started.

use crate::shared::Shared;
use oneiro::bridge::RelayReceiver;
use oneiro::link::{Identity, Onlooker, Publisher, Watched};
use oneiro::model::runtime::cache_folder;
use oneiro::seen::Grade;
use oneiro::time::SampleRate;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// The visualizer's file, without what the system adds to it.
const PROGRAM: &str = "oneiro-visuals";

/// What the link's thread and the others of an instance know of each other.
#[derive(Debug)]
pub struct Linked {
    /// Which instance of this process it is, from 1.
    number: u32,
    track: Mutex<String>,
    rate: AtomicU32,
    renamed: AtomicBool,
    wants_picture: AtomicBool,
}

impl Default for Linked {
    fn default() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Self {
            number: 1 + MADE.fetch_add(1, Ordering::Relaxed),
            track: Mutex::default(),
            rate: AtomicU32::new(0),
            renamed: AtomicBool::new(false),
            wants_picture: AtomicBool::new(false),
        }
    }
}

impl Linked {
    /// The host says which track it is on.
    pub fn set_track(&self, name: &str) {
        *self.track.lock().unwrap_or_else(PoisonError::into_inner) = name.trim().to_owned();
        self.renamed.store(true, Ordering::Release);
    }

    /// Samples come at another rate.
    pub fn set_rate(&self, rate: SampleRate) {
        if self.rate.swap(rate.0, Ordering::AcqRel) != rate.0 {
            self.renamed.store(true, Ordering::Release);
        }
    }

    /// Whether an editor is open, which shows what a visualizer shows.
    pub fn want_picture(&self, wanted: bool) {
        self.wants_picture.store(wanted, Ordering::Relaxed);
    }

    /// Whether one is.
    pub fn wants_picture(&self) -> bool {
        self.wants_picture.load(Ordering::Relaxed)
    }

    /// What other programs see of the instance.
    pub fn identity(&self) -> Identity {
        let track = self.track.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = if track.is_empty() { format!("Oneiro {}", self.number) } else { track };
        let host = std::env::current_exe().ok();
        let host = host.as_deref().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        let rate = SampleRate(self.rate.load(Ordering::Acquire));
        Identity { name, program: host.unwrap_or_else(|| "a host".to_owned()), rate }
    }
}

struct Teller(Arc<Shared>);

impl Onlooker for Teller {
    fn watched(&mut self, watched: &Watched) {
        self.0.view().watched.clone_from(watched);
        self.0.bell().ring();
    }

    fn problem(&mut self, reason: &str) {
        self.0.tell(Grade::Warning, format!("visualizers cannot follow: {reason}"));
    }

    fn wants_picture(&self) -> bool {
        self.0.linked().wants_picture()
    }

    fn renamed(&mut self) -> Option<Identity> {
        let linked = self.0.linked();
        linked.renamed.swap(false, Ordering::AcqRel).then(|| linked.identity())
    }
}

/// Tells other programs what an instance plays, as long as what it gives lives. Everything is opened on its thread.
pub fn publish(shared: &Arc<Shared>, relay: RelayReceiver) -> Publisher {
    Publisher::spawn(shared.linked().identity(), relay, Box::new(Teller(Arc::clone(shared))))
}

/// Where the visualizer may be: in the folders above the plugin's own file, on the path, and in the usual ones of a user.
fn places() -> Vec<PathBuf> {
    let own = process_path::get_dylib_path();
    let above = own.iter().flat_map(|file| file.ancestors().skip(1).take(5));
    let mut folders: Vec<PathBuf> = above.flat_map(|folder| [folder.to_owned(), folder.join("bin")]).collect();
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    // Hosts that a desktop starts do not know what a shell does.
    folders.extend(directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".cargo").join("bin")));
    folders
}

/// The visualizers that an instance has started. They outlive it: nothing here waits for their end, since code of a plugin may
/// be gone before.
#[derive(Debug, Default)]
pub struct Shows(Vec<(Child, Option<PathBuf>)>);

impl Shows {
    /// Starts a visualizer.
    ///
    /// # Errors
    /// What to do where there is none, or why it cannot be started; in one line.
    pub fn start(&mut self) -> Result<(), String> {
        let file = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
        let found = places().into_iter().map(|folder| folder.join(&file)).find(|path| path.is_file());
        let Some(path) = found else {
            return Err(format!(
                "the visualizer `{file}` is neither beside the plugin nor on the path: copy it there, or start it by \
                 hand; it finds this instance by itself"
            ));
        };
        // A pipe would break when the host ends.
        let words = words_file();
        let stderr = words.as_ref().and_then(|path| File::create(path).ok()).map_or(Stdio::null(), Stdio::from);
        let mut command = Command::new(&path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().map_err(|e| format!("{} cannot be started: {e}", path.display()))?;
        self.0.push((child, words));
        Ok(())
    }

    /// What is to be told of one that has ended with an error.
    pub fn look(&mut self) -> Option<String> {
        let ended = self.0.iter_mut().position(|(child, _)| !matches!(child.try_wait(), Ok(None)))?;
        let (mut child, words) = self.0.swap_remove(ended);
        let said = words.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        if let Some(path) = words {
            // It stays where it cannot be removed.
            drop(std::fs::remove_file(path));
        }
        let failed = child.wait().is_ok_and(|status| !status.success());
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
        failed.then(|| format!("the visualizer has ended: {last}"))
    }
}

/// Where a visualizer writes what goes wrong.
fn words_file() -> Option<PathBuf> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let folder = cache_folder()?.join("link");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join(format!("visuals-{}-{number}.txt", std::process::id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_called_like_its_track_and_else_by_a_number() {
        let (one, two) = (Linked::default(), Linked::default());
        assert_ne!(one.identity().name, two.identity().name);
        assert!(one.identity().name.starts_with("Oneiro "));
        one.set_track(" Lead ");
        one.set_rate(SampleRate(44_100));
        let identity = one.identity();
        assert_eq!((identity.name.as_str(), identity.rate), ("Lead", SampleRate(44_100)));
        assert!(one.renamed.load(Ordering::Acquire) && !identity.program.is_empty());
    }
}
