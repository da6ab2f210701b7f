//! The presets that can be called stand in one list, those that ship before the player's own. The audio thread steps
//! through it, so a list is never changed and never freed: another takes its place.

use super::{Preset, PresetError, folder, in_folder, read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Most lists that a process makes. A player who changes his presets more often starts the host again to see the last.
pub(super) const LISTS: usize = 512;

/// Every list that there was; the newest is in force.
static ALL: [OnceLock<Vec<Preset>>; LISTS] = [const { OnceLock::new() }; LISTS];
static NEWEST: AtomicUsize = AtomicUsize::new(0);
/// One thread at a time makes a list.
static MAKING: Mutex<()> = Mutex::new(());

/// The presets that ship.
pub fn factory() -> &'static [Preset] {
    // A test reads it; an instance without them still plays.
    ALL[0].get_or_init(|| read("the presets that ship", include_str!("../../presets/factory.toml")).unwrap_or_default())
}

/// Every preset that can be called: those that ship, then the player's own.
///
/// # Realtime Safety
/// As safe as reading an atomic, once [`factory`] was called.
pub fn bank() -> &'static [Preset] {
    ALL[NEWEST.load(Ordering::Acquire)].get().map_or(&[][..], Vec::as_slice)
}

/// Reads the player's own presets again; what cannot be read is told.
pub fn look() -> Vec<PresetError> {
    folder().map_or_else(Vec::new, |folder| look_into(&folder))
}

/// As [`look`], in any folder.
pub fn look_into(folder: &Path) -> Vec<PresetError> {
    let shipped = factory();
    let (own, mut errors) = in_folder(folder);
    let _one_at_a_time = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if bank()[shipped.len()..] != own {
        let list = NEWEST.load(Ordering::Acquire) + 1;
        match ALL.get(list).map(|place| place.set([shipped, &own[..]].concat())) {
            Some(Ok(())) => NEWEST.store(list, Ordering::Release),
            _ => errors.push(PresetError::TooOften),
        }
    }
    errors
}

/// A preset that was called: its place in the list that was in force then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    list: u16,
    number: u16,
}

impl Called {
    /// A preset of [`bank`], by its number there.
    pub fn new(number: usize) -> Self {
        Self { list: NEWEST.load(Ordering::Acquire) as u16, number: number as u16 }
    }

    /// The preset.
    pub fn preset(self) -> Option<&'static Preset> {
        ALL.get(usize::from(self.list))?.get()?.get(usize::from(self.number))
    }

    /// Its number in [`bank`]: it may be gone from there.
    pub fn number(self) -> Option<usize> {
        if usize::from(self.list) == NEWEST.load(Ordering::Acquire) {
            return Some(usize::from(self.number));
        }
        let name = &self.preset()?.name;
        bank().iter().position(|preset| preset.name == *name)
    }

    /// The preset so many steps further, round and round; without a present one the first, or the last.
    ///
    /// # Realtime Safety
    /// As [`bank`].
    pub fn after(present: Option<Self>, steps: isize) -> Option<(Self, &'static Preset)> {
        let from = present.and_then(Self::number).map_or(if steps > 0 { -1 } else { 0 }, |number| number as isize);
        let number = (from + steps).rem_euclid(bank().len().max(1) as isize) as usize;
        let called = Self::new(number);
        Some((called, called.preset()?))
    }

    /// As a number above 0, for an atomic.
    pub(crate) fn bits(self) -> u32 {
        (u32::from(self.list) << 16 | u32::from(self.number)) + 1
    }

    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        let bits = bits.checked_sub(1)?;
        Some(Self { list: (bits >> 16) as u16, number: bits as u16 })
    }
}
