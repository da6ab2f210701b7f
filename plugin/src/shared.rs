//! What the threads of one instance share, and none of them waits for long.

use crate::editor::bell::Bell;
use crate::linked::Linked;
use crate::parameters::sheets;
use crate::presets::Called;
use crate::state::{self, Kept};
use crate::view::{Notice, View, Wish};
use oneiro::seen::Grade;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages that are kept.
const NOTICES: usize = 50;
/// Stands for no value in [`Shared::overlay`]: the bits of a number that is none.
const NONE: u64 = u64::MAX;

/// What the host's threads, the editor and the worker of one instance share. The audio thread touches its atomics alone.
#[derive(Debug)]
pub struct Shared {
    view: Mutex<View>,
    wishes: Mutex<VecDeque<Wish>>,
    kept: Mutex<Kept>,
    notices: AtomicU64,
    /// Wakes the editor's window.
    bell: Bell,
    linked: Linked,
    /// Raised whenever a project was loaded.
    loaded: AtomicU64,
    /// What a preset that was called by automation lays over the parameters, by place: bits of numbers, or [`NONE`].
    overlay: Vec<AtomicU64>,
    /// The preset that was called last: [`Called::bits`], or 0.
    preset: AtomicU32,
    /// How often audio has asked the worker to catch up, and up to which of these it has.
    pub(crate) asked: AtomicU64,
    pub(crate) done: AtomicU64,
    /// Whether the worker is to end, and whether it has.
    pub(crate) leave: AtomicBool,
    pub(crate) left: AtomicBool,
    /// Whether audio waits for the worker.
    pub(crate) in_sync: AtomicBool,
    /// Whether something went wrong on the audio thread that must not happen, so that it is silent now.
    pub(crate) muted: AtomicBool,
    /// Whether everything that sounds is to end.
    pub(crate) panic: AtomicBool,
}

/// Locks; a thread that panicked with it has left nothing half done that matters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            view: Mutex::default(),
            wishes: Mutex::default(),
            kept: Mutex::default(),
            notices: AtomicU64::new(0),
            bell: Bell::default(),
            linked: Linked::default(),
            loaded: AtomicU64::new(0),
            overlay: sheets().iter().map(|_| AtomicU64::new(NONE)).collect(),
            preset: AtomicU32::new(0),
            asked: AtomicU64::new(0),
            done: AtomicU64::new(0),
            leave: AtomicBool::new(false),
            left: AtomicBool::new(false),
            in_sync: AtomicBool::new(false),
            muted: AtomicBool::new(false),
            panic: AtomicBool::new(false),
        }
    }
}

impl Shared {
    /// Brings an editor's copy of the view up to date.
    pub fn look(&self, copy: &mut View) {
        copy.clone_from(&self.view());
    }

    pub(crate) fn view(&self) -> MutexGuard<'_, View> {
        lock(&self.view)
    }

    /// Asks for something. It is fulfilled within a twentieth of a second.
    pub fn wish(&self, wish: Wish) {
        match wish {
            Wish::Dismiss(number) => self.view().notices.retain(|notice| notice.number != number),
            other => lock(&self.wishes).push_back(other),
        }
    }

    pub(crate) fn next_wish(&self) -> Option<Wish> {
        lock(&self.wishes).pop_front()
    }

    /// Tells the player something; what is told already is not told again.
    pub fn tell(&self, grade: Grade, text: String) {
        let mut view = self.view();
        if view.notices.iter().any(|notice| notice.text == text) {
            return;
        }
        let number = self.notices.fetch_add(1, Ordering::Relaxed);
        view.notices.push(Notice { number, grade, text });
        if view.notices.len() > NOTICES {
            view.notices.remove(0);
        }
        self.bell.ring();
    }

    /// Wakes the editor's window, if one is open: there is something new to see.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// What other programs are to know.
    pub fn linked(&self) -> &Linked {
        &self.linked
    }

    /// What the project keeps beside the parameters.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// How often a project was loaded.
    pub(crate) fn loaded(&self) -> u64 {
        self.loaded.load(Ordering::Acquire)
    }

    /// The fields of a project.
    pub(crate) fn stored(&self) -> BTreeMap<String, String> {
        state::stored(&self.kept(), |place| self.overlay(place))
    }

    /// Takes the fields of a project. What is not sound is told, and leaves everything as it was.
    pub(crate) fn restore(&self, fields: &BTreeMap<String, String>) {
        match state::restored(fields) {
            Ok(kept) => {
                *self.kept() = kept;
                for value in &self.overlay {
                    value.store(NONE, Ordering::Relaxed);
                }
                self.loaded.fetch_add(1, Ordering::Release);
            }
            Err(e) => self.tell(Grade::Warning, e.to_string()),
        }
    }

    /// Forgets that the worker has ended, for another one.
    pub(crate) fn revive(&self) {
        self.asked.store(0, Ordering::Release);
        self.done.store(0, Ordering::Release);
        self.leave.store(false, Ordering::Release);
        self.left.store(false, Ordering::Release);
    }

    /// What a preset lays over a parameter. A preset that automation has called cannot move the host's parameters: only an
    /// editor may. So its values count in their place until the parameter moves, or the editor writes them into it.
    pub fn overlay(&self, place: usize) -> Option<f64> {
        Some(self.overlay[place].load(Ordering::Relaxed)).filter(|bits| *bits != NONE).map(f64::from_bits)
    }

    pub(crate) fn set_overlay(&self, place: usize, value: Option<f64>) {
        self.overlay[place].store(value.map_or(NONE, f64::to_bits), Ordering::Relaxed);
    }

    /// The preset that was called last.
    pub fn preset(&self) -> Option<Called> {
        Called::from_bits(self.preset.load(Ordering::Relaxed))
    }

    /// Notes which preset was called.
    pub fn set_preset(&self, called: Called) {
        self.preset.store(called.bits(), Ordering::Relaxed);
    }
}
